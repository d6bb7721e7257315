//! From credentials to a caller (auth-og-konfigurasjon §2).
//!
//! Invariants: the token is judged before the integration; an integration is looked up on every call, so that a
//! revocation counts at once; and whatever is wrong with an integration, the answer is the same.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use fiks_core::id::IntegrasjonId;

use crate::access::{AccessChanges, IntegrasjonSource, StoreFailed, StoredIntegrasjon};
use crate::caller::{Caller, Integrasjon};
use crate::credentials::Credentials;
use crate::errors::AuthenticationError;
use crate::password::PasswordHasher;
use crate::token::{TokenCache, TokenError, TokenValidator, ValidatedToken};

/// How many checked tokens are remembered: one token serves all calls of a client for two minutes.
const REMEMBERED_TOKENS: usize = 20_000;

/// Finds out who calls. Cheap to clone; all clones share what they remember. Used by HTTP and AMQP alike.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    tokens: TokenCache,
    integrasjoner: Arc<dyn IntegrasjonSource>,
    passord: PasswordHasher,
}

/// An identity proved once, for a connection that stays open. Its token may expire meanwhile (fiks-io §8.8).
#[derive(Clone)]
pub struct Session {
    integrasjon: Integrasjon,
    passord_hash: Vec<u8>,
}

impl Session {
    /// Who is connected.
    pub fn caller(&self) -> Caller {
        Caller::Integrasjon(self.integrasjon.clone())
    }
}

/// Shows who, never the hash.
impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Session").field(&self.integrasjon).finish()
    }
}

impl Authenticator {
    /// Checks tokens with `tokens`, integrations with `integrasjoner` and their passwords with `passord`.
    pub fn new(
        tokens: TokenValidator,
        integrasjoner: Arc<dyn IntegrasjonSource>,
        passord: PasswordHasher,
    ) -> Self {
        let tokens = TokenCache::new(tokens, REMEMBERED_TOKENS);
        Self(Arc::new(Inner {
            tokens,
            integrasjoner,
            passord,
        }))
    }

    /// Who sent these credentials, for one request.
    pub async fn authenticate(&self, credentials: &Credentials<'_>) -> Result<Caller, AuthenticationError> {
        Ok(self.open_session(credentials).await?.caller())
    }

    /// Who sent these credentials, for a connection: ask [`Self::still_valid`] whenever [`Self::changes`] fires.
    pub async fn open_session(&self, credentials: &Credentials<'_>) -> Result<Session, AuthenticationError> {
        let token = self.token(credentials).await?;
        let id = credentials.integrasjon_id.and_then(|id| id.trim().parse().ok());
        let stored = self.find(id).await?;
        match self.judge(stored, credentials, &token) {
            Ok(session) => Ok(session),
            Err(reason) => {
                tracing::info!(
                    integrasjon = id.map(tracing::field::display),
                    reason,
                    "integration refused"
                );
                Err(AuthenticationError::Integrasjon { id })
            }
        }
    }

    /// Whether the integration still exists as it was, with the password it had when the session was opened.
    pub async fn still_valid(&self, session: &Session) -> Result<bool, StoreFailed> {
        let stored = self.0.integrasjoner.find(session.integrasjon.id).await?;
        Ok(stored.is_some_and(|now| {
            now.integrasjon == session.integrasjon
                && now
                    .passord_hash
                    .is_some_and(|hash| verify_slices_are_equal(&hash, &session.passord_hash).is_ok())
        }))
    }

    /// Changes after each change to an integration, a password or a grant.
    pub fn changes(&self) -> AccessChanges {
        self.0.integrasjoner.changes()
    }

    async fn token(&self, credentials: &Credentials<'_>) -> Result<Arc<ValidatedToken>, TokenError> {
        let sent = credentials.token.map(str::trim).filter(|token| !token.is_empty());
        let checked = match sent {
            Some(token) => self.0.tokens.validate(token).await,
            None => Err(TokenError::Missing),
        };
        checked.inspect_err(|error| tracing::info!(reason = %error, "token refused"))
    }

    async fn find(&self, id: Option<IntegrasjonId>) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        match id {
            Some(id) => self.0.integrasjoner.find(id).await,
            None => Ok(None),
        }
    }

    /// Looks at everything before it answers, so that all refusals take equally long. The reason is for the log.
    fn judge(
        &self,
        stored: Option<StoredIntegrasjon>,
        credentials: &Credentials<'_>,
        token: &ValidatedToken,
    ) -> Result<Session, &'static str> {
        let hash = stored.as_ref().and_then(|stored| stored.passord_hash.as_deref());
        let passord_holds = self
            .0
            .passord
            .verify(credentials.passord.unwrap_or_default(), hash);
        let StoredIntegrasjon {
            integrasjon,
            passord_hash,
        } = stored.ok_or("unknown integration")?;
        let orgnr_holds = integrasjon.autorisert_orgnr == token.orgnr;
        match passord_hash {
            Some(passord_hash) if passord_holds && orgnr_holds => Ok(Session {
                integrasjon,
                passord_hash,
            }),
            _ if !passord_holds => Err("wrong password"),
            _ => Err("another organisation's token"),
        }
    }
}

#[cfg(test)]
mod tests;
