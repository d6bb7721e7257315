use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::time::timeout;

use super::broker::Link;
use super::hode::Meldingshode;
use crate::klient::Core;
use crate::{Feil, Melding};

/// A received message. Settle it with [`ack`](Self::ack), [`nack`](Self::nack) or
/// [`nack_med_retur`](Self::nack_med_retur), in any order and from any task.
///
/// Dropped without that, it stays with this client, unsettled, until the connection ends; then it is delivered again.
/// Ten such messages (see [`forhandsuthenting`](crate::KonfigurasjonBuilder::forhandsuthenting)), and no more come.
/// [`retur_ved_tap`](Self::retur_ved_tap) gives a dropped message back at once instead.
#[must_use = "a message that is not settled blocks the queue, and is delivered again"]
pub struct MottattMelding {
    /// Everything but the content.
    pub hode: Meldingshode,
    pub(super) body: Bytes,
    pub(super) core: Arc<Core>,
    receipt: Option<Receipt>,
    is_returned_on_drop: bool,
}

/// What settling takes. Keeps the connection open until then.
struct Receipt {
    acker: Acker,
    _link: Option<Arc<dyn Link>>,
}

enum Verdict {
    Ack,
    Nack { requeue: bool },
}

impl MottattMelding {
    pub(super) fn new(
        hode: Meldingshode,
        delivery: Delivery,
        link: Option<Arc<dyn Link>>,
        core: Arc<Core>,
    ) -> Self {
        let receipt = Receipt {
            acker: delivery.acker,
            _link: link,
        };
        let body = Bytes::from(delivery.data);
        Self {
            hode,
            body,
            core,
            receipt: Some(receipt),
            is_returned_on_drop: false,
        }
    }

    /// The message has been dealt with: removes it from the queue.
    ///
    /// Fails with [`Feil::Kvittering`] when the connection that it came on is gone. It will be delivered again then,
    /// so dealing with it must be safe to repeat.
    pub async fn ack(mut self) -> Result<(), Feil> {
        self.settle(Verdict::Ack).await
    }

    /// Removes the message from the queue without having dealt with it. Its sender is **not** told; send an answer
    /// first. Fails as [`ack`](Self::ack) does.
    pub async fn nack(mut self) -> Result<(), Feil> {
        self.settle(Verdict::Nack { requeue: false }).await
    }

    /// Gives the message back to the queue, to be delivered again at once. After three tries the platform removes it
    /// and tells its sender. Fails as [`ack`](Self::ack) does.
    pub async fn nack_med_retur(mut self) -> Result<(), Feil> {
        self.settle(Verdict::Nack { requeue: true }).await
    }

    /// Gives the message back to the queue when it is dropped without having been settled, as by `?` or a panic.
    pub fn retur_ved_tap(mut self) -> Self {
        self.is_returned_on_drop = true;
        self
    }

    /// An answer to this message: to its sender, naming it, with its correlation id. Send it with
    /// [`Klient::send`](crate::Klient::send).
    pub fn svar(&self, meldingstype: impl Into<String>) -> Melding {
        Melding::svar_pa(&self.hode, meldingstype)
    }

    async fn settle(&mut self, verdict: Verdict) -> Result<(), Feil> {
        let Some(Receipt { acker, _link }) = self.receipt.take() else {
            return Err(Feil::Kvittering);
        };
        let settled = timeout(self.core.api().limits().svar, verdict.tell(&acker)).await;
        match settled {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Feil::Kvittering),
        }
    }
}

impl Verdict {
    async fn tell(self, acker: &Acker) -> lapin::Result<bool> {
        match self {
            Self::Ack => acker.ack(BasicAckOptions::default()).await,
            Self::Nack { requeue } => {
                acker
                    .nack(BasicNackOptions {
                        requeue,
                        ..BasicNackOptions::default()
                    })
                    .await
            }
        }
    }
}

impl Drop for MottattMelding {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take().filter(|_| self.is_returned_on_drop) {
            // The nack is on its way after the first poll; nobody can wait for more here.
            drop(
                Verdict::Nack { requeue: true }
                    .tell(&receipt.acker)
                    .now_or_never(),
            );
        }
    }
}

impl std::fmt::Debug for MottattMelding {
    /// Without the content.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MottattMelding")
            .field("hode", &self.hode)
            .finish_non_exhaustive()
    }
}
