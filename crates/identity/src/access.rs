//! What a caller may do, and where integrations and grants are looked up.
//!
//! The konfigurasjon service implements [`IntegrasjonSource`] and [`Authoriser`]; everyone else only asks.

use async_trait::async_trait;
use fiks_core::id::{Aktor, IntegrasjonId, RessursId};
use fiks_core::{ErrorKind, Problem};
use tokio::sync::watch;

use crate::caller::{Caller, Integrasjon};

/// Increases by one after each change to an integration, a password or a grant has been committed.
/// Whoever holds a long-lived permission (an AMQP connection) checks it again then.
pub type AccessChanges = watch::Receiver<u64>;

/// An integration as stored.
#[derive(Clone, Debug)]
pub struct StoredIntegrasjon {
    /// Who it is.
    pub integrasjon: Integrasjon,
    /// Keyed hash of its password; `None` until one has been made.
    pub passord_hash: Option<Vec<u8>>,
}

/// The store behind an identity check failed; says nothing about the caller.
#[derive(Debug, thiserror::Error)]
#[error("access data could not be read")]
pub struct StoreFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where integrations are found. Answers from memory where it can, and never with what has been revoked.
#[async_trait]
pub trait IntegrasjonSource: Send + Sync {
    /// The integration with that id, unless it was deleted or never existed.
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed>;

    /// Tells when something has been revoked or granted.
    fn changes(&self) -> AccessChanges;
}

/// Decides whether an aktor holds a privilege on a ressurs: by a grant on it or on an ancestor, by a type grant,
/// or as `ADMIN` there (auth-og-konfigurasjon §7). An inactive aktor holds nothing.
#[async_trait]
pub trait Authoriser: Send + Sync {
    /// Whether `aktor` holds `privilegium` on `ressurs` now.
    async fn is_authorised(
        &self,
        aktor: &Aktor,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, StoreFailed>;
}

/// The caller lacks a privilege.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{aktor} lacks {privilegium} on {ressurs}")]
pub struct Forbidden {
    aktor: String,
    privilegium: &'static str,
    ressurs: RessursId,
}

/// 403 for a missing privilege; the text names privilege and ressurs as the real platform does.
pub const FORBIDDEN: ErrorKind = ErrorKind {
    code: "tilgang.mangler",
    status: 403,
    text: "Integrasjonen har ikke privilegiet som kreves på ressursen.",
    remedy: "Be en administrator for organisasjonen gi integrasjonen privilegiet, på ressursen eller over den.",
};

impl Problem for Forbidden {
    fn kind(&self) -> &'static ErrorKind {
        &FORBIDDEN
    }

    fn text(&self) -> String {
        format!(
            "{} har ikke privilegiet {} på ressurs {}",
            self.aktor, self.privilegium, self.ressurs
        )
    }
}

/// Why a check did not pass.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Nobody knows.
    #[error(transparent)]
    Store(#[from] StoreFailed),
}

/// 500 when grants or integrations cannot be read.
pub const STORE_FAILED: ErrorKind = ErrorKind {
    code: "tilgang.utilgjengelig",
    status: 500,
    text: "Tilgangen kunne ikke kontrolleres nå.",
    remedy: "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.",
};

impl Problem for AccessError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Forbidden(forbidden) => forbidden.kind(),
            Self::Store(_) => &STORE_FAILED,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Forbidden(forbidden) => forbidden.text(),
            Self::Store(_) => STORE_FAILED.text.to_owned(),
        }
    }
}

/// The check that handles of services call.
#[derive(Clone)]
pub struct Access(std::sync::Arc<dyn Authoriser>);

impl Access {
    /// Checks with that authoriser.
    pub fn new(authoriser: std::sync::Arc<dyn Authoriser>) -> Self {
        Self(authoriser)
    }

    /// Whether the caller holds the privilege.
    pub async fn allows(
        &self,
        caller: &Caller,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, StoreFailed> {
        match caller.aktor() {
            None => Ok(true),
            Some(aktor) => self.0.is_authorised(&aktor, privilegium, ressurs).await,
        }
    }

    /// Fails with [`Forbidden`] unless the caller holds the privilege.
    pub async fn require(
        &self,
        caller: &Caller,
        privilegium: &'static str,
        ressurs: RessursId,
    ) -> Result<(), AccessError> {
        if self.allows(caller, privilegium, ressurs).await? {
            return Ok(());
        }
        Err(Forbidden {
            aktor: caller.name(),
            privilegium,
            ressurs,
        }
        .into())
    }
}
