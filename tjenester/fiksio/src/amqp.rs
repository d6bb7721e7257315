//! Fiks IO as the back end of the AMQP endpoint (fiks-io §8).
//!
//! A connection proves once who it is; its token may expire meanwhile. It is closed when what it was let in for is
//! withdrawn: the integration, its password, or access to a konto that it has consumed from.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fiks_amqp::{
    AuthenticateError, Backend, Closure, ConsumeError, ConsumeOptions, ExposeSecret, Login, QueueStatus,
    ReplyCode, SecretString, Subscription,
};
use fiks_core::Problem;
use fiks_core::id::KontoId;
use fiks_identity::{AccessChanges, Authenticator, Caller, Credentials, Session};
use parking_lot::Mutex;

use crate::errors::FiksioError;
use crate::handle::Fiksio;
use crate::ko::Broker;

/// Pause before access that could not be checked is checked again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Lets integrations in to their kontoer's queues.
pub struct AmqpBackend {
    fiksio: Fiksio,
    authenticator: Authenticator,
}

impl AmqpBackend {
    /// Queues of `fiksio` for integrations known to `authenticator`.
    pub fn new(fiksio: Fiksio, authenticator: Authenticator) -> Self {
        Self {
            fiksio,
            authenticator,
        }
    }
}

#[async_trait]
impl Backend for AmqpBackend {
    async fn authenticate(&self, login: Login) -> Result<Arc<dyn fiks_amqp::Session>, AuthenticateError> {
        // Before the check, so that a change during it is seen by `revoked`.
        let changes = self.authenticator.changes();
        let credentials = Credentials::from_amqp(&login.username, login.secret.expose_secret());
        let session = open(&self.authenticator, &credentials).await?;
        Ok(Arc::new(Connection {
            fiksio: self.fiksio.clone(),
            authenticator: self.authenticator.clone(),
            caller: session.caller(),
            username: login.username,
            session: Mutex::new(session),
            kontoer: Mutex::default(),
            changes: Mutex::new(changes),
        }))
    }
}

async fn open(
    authenticator: &Authenticator,
    credentials: &Credentials<'_>,
) -> Result<Session, AuthenticateError> {
    authenticator
        .open_session(credentials)
        .await
        .map_err(|error| match error.kind().status {
            500.. => AuthenticateError::Unavailable,
            _ => AuthenticateError::refused(),
        })
}

struct Connection {
    fiksio: Fiksio,
    authenticator: Authenticator,
    caller: Caller,
    username: String,
    session: Mutex<Session>,
    /// Kontoer that were consumed from on this connection.
    kontoer: Mutex<HashSet<KontoId>>,
    changes: Mutex<AccessChanges>,
}

impl Connection {
    async fn allowed_konto(&self, queue: &str) -> Result<KontoId, ConsumeError> {
        let konto = Broker::konto_of(queue).ok_or(ConsumeError::NotFound)?;
        match self.fiksio.require_motta(&self.caller, konto).await {
            Ok(()) => Ok(konto),
            Err(FiksioError::UkjentKonto { .. }) => Err(ConsumeError::NotFound),
            Err(error) if error.kind().status == 403 => Err(ConsumeError::AccessRefused),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, %konto, "access to a queue not checked");
                Err(ConsumeError::Unavailable)
            }
        }
    }

    /// Whether what the connection was let in for still holds.
    async fn may_go_on(&self) -> Result<bool, FiksioError> {
        let session = self.session.lock().clone();
        let valid = self.authenticator.still_valid(&session).await;
        if !valid.map_err(|error| FiksioError::Tilgang(error.into()))? {
            return Ok(false);
        }
        let kontoer: Vec<KontoId> = self.kontoer.lock().iter().copied().collect();
        for konto in kontoer {
            match self.fiksio.require_motta(&self.caller, konto).await {
                // A deleted konto cancels its consumers by itself.
                Ok(()) | Err(FiksioError::UkjentKonto { .. }) => {}
                Err(error) if error.kind().status == 403 => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// As [`Self::may_go_on`]. What cannot be checked goes on until it can, and is asked about until then.
    async fn is_welcome(&self) -> bool {
        loop {
            match self.may_go_on().await {
                Ok(may) => return may,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "connection not checked");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
}

#[async_trait]
impl fiks_amqp::Session for Connection {
    async fn consume(
        &self,
        queue: &str,
        options: ConsumeOptions,
    ) -> Result<Box<dyn Subscription>, ConsumeError> {
        if options.exclusive {
            return Err(ConsumeError::ExclusiveUnsupported);
        }
        let konto = self.allowed_konto(queue).await?;
        self.kontoer.lock().insert(konto);
        let konsument = self.fiksio.broker().konsumer(konto);
        // Access that was withdrawn since the first check would not be seen by `revoked`, nor would the consumer have
        // been told of a deletion.
        self.allowed_konto(queue).await?;
        Ok(Box::new(konsument))
    }

    async fn inspect(&self, queue: &str) -> Result<QueueStatus, ConsumeError> {
        let konto = self.allowed_konto(queue).await?;
        let messages = self
            .fiksio
            .antall(&self.caller, konto)
            .await
            .map_err(|_| ConsumeError::Unavailable)?;
        let unanswered = u64::try_from(self.fiksio.broker().antall_ukvitterte(konto)).unwrap_or(u64::MAX);
        Ok(QueueStatus {
            messages: u32::try_from(messages.saturating_sub(unanswered)).unwrap_or(u32::MAX),
            consumers: u32::try_from(self.fiksio.broker().antall_konsumenter(konto)).unwrap_or(u32::MAX),
        })
    }

    async fn renew(&self, secret: SecretString) -> Result<(), AuthenticateError> {
        let credentials = Credentials::from_amqp(&self.username, secret.expose_secret());
        let renewed = open(&self.authenticator, &credentials).await?;
        *self.session.lock() = renewed;
        Ok(())
    }

    async fn revoked(&self) -> Closure {
        let mut changes = self.changes.lock().clone();
        while changes.changed().await.is_ok() {
            if !self.is_welcome().await {
                return Closure::new(
                    ReplyCode::AccessRefused,
                    "access was withdrawn; log in again to see what is left",
                );
            }
        }
        std::future::pending().await
    }
}
