use std::sync::Arc;

use futures::{Stream, stream};
use lapin::message::Delivery;
use lapin::options::BasicNackOptions;
use tokio::time::timeout;

use super::broker::{Broker, Session};
use super::hode::Meldingshode;
use super::mottatt::MottattMelding;
use crate::Feil;
use crate::klient::Core;
use crate::retry::Reconnect;

/// Listens on the konto's queue. Made by [`Klient::lytt`](crate::Klient::lytt).
///
/// A lost connection is replaced, with pauses that grow from half a second to 30 (and up to twice that by chance),
/// for as long as it takes; each time with a valid token. Messages that were fetched and not settled come again then,
/// marked `resendt`.
///
/// When this is dropped, no more messages are fetched. The connection stays until the last received message has been
/// settled or dropped.
pub struct Mottaker {
    broker: Box<dyn Broker>,
    session: Option<Session>,
    reconnect: Reconnect,
    core: Arc<Core>,
}

impl Mottaker {
    /// Connects; what fails now fails the start.
    pub(crate) async fn start(broker: Box<dyn Broker>, core: Arc<Core>) -> Result<Self, Feil> {
        let session = broker.connect().await?;
        tracing::info!(konto = %core.konto(), "listening");
        Ok(Self {
            broker,
            session: Some(session),
            reconnect: Reconnect::new(),
            core,
        })
    }

    /// The next message. Waits until there is one, and for the connection when it is lost. Safe to cancel, as in
    /// `select!`: no message is lost.
    ///
    /// Fails when listening can't go on without somebody doing something ([`Feil::AmqpAvvist`], [`Feil::AmqpKonto`],
    /// [`Feil::MaskinportenAvvist`] and the like), and with [`Feil::UgyldigLeveranse`] for a message that can't be
    /// read, which goes back to the queue. It may be called again after any of them, and tries again after a pause.
    pub async fn neste(&mut self) -> Result<MottattMelding, Feil> {
        loop {
            let Some(session) = &mut self.session else {
                self.connect().await?;
                continue;
            };
            match session.next().await {
                Some(Ok(delivery)) => return self.received(delivery).await,
                Some(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "connection lost");
                }
                None => tracing::warn!("consumer cancelled by the server"),
            }
            self.lost();
        }
    }

    /// The messages as a stream without end. Its errors are those of [`Mottaker::neste`]; it goes on after them.
    pub fn strom(self) -> impl Stream<Item = Result<MottattMelding, Feil>> + Send {
        stream::unfold(self, |mut mottaker| async move {
            Some((mottaker.neste().await, mottaker))
        })
    }

    /// Closes the connection. Whatever has not been settled goes back to the queue, so settle first.
    pub async fn lukk(mut self) {
        if let Some(session) = self.session.take() {
            session.link().close().await;
        }
    }

    fn lost(&mut self) {
        if self.session.take().is_some_and(|session| session.is_proven()) {
            self.reconnect.reset();
        }
    }

    /// One attempt, after a pause. Failures that pass by themselves are only logged.
    async fn connect(&mut self) -> Result<(), Feil> {
        let pause = self.reconnect.next();
        self.broker.pause(pause).await;
        match self.broker.connect().await {
            Ok(session) => {
                tracing::info!(konto = %self.core.konto(), "listening again");
                self.session = Some(session);
                Ok(())
            }
            Err(feil) if feil.er_forbigaende() => {
                tracing::warn!(kode = feil.kode(), "not reconnected, trying again");
                Ok(())
            }
            Err(feil) => Err(feil),
        }
    }

    async fn received(&mut self, delivery: Delivery) -> Result<MottattMelding, Feil> {
        match Meldingshode::read(self.core.konto(), &delivery) {
            Ok(hode) => {
                let link = self.session.as_ref().map(|session| Arc::clone(session.link()));
                Ok(MottattMelding::new(hode, delivery, link, Arc::clone(&self.core)))
            }
            Err(feil) => {
                tracing::warn!(kode = feil.kode(), "unreadable message, given back to the queue");
                self.give_back(&delivery).await;
                Err(feil)
            }
        }
    }

    /// After three tries the platform tells the sender; without return nobody would be told. When this fails, the
    /// connection is on its way down, which returns the message as well.
    async fn give_back(&mut self, delivery: &Delivery) {
        let options = BasicNackOptions {
            requeue: true,
            ..BasicNackOptions::default()
        };
        drop(timeout(self.core.api().limits().svar, delivery.acker.nack(options)).await);
    }
}

#[cfg(test)]
mod tests;
