//! Tokens that have been checked before.
//!
//! Invariant: an entry is used only while its token is valid, and never for longer than [`LONGEST_STAY`], so that
//! a key withdrawn by the issuer stops counting.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use fiks_core::Timestamp;
use quick_cache::sync::Cache;

use super::{TokenError, TokenValidator, ValidatedToken};

/// Tokens of Maskinporten live for two minutes; longer-lived ones are checked anew now and then.
const LONGEST_STAY: Duration = Duration::from_mins(10);

/// A validator that remembers. Holds hashes of tokens, never tokens.
pub(crate) struct TokenCache {
    validator: TokenValidator,
    entries: Cache<[u8; 32], Entry>,
}

#[derive(Clone)]
struct Entry {
    token: Arc<ValidatedToken>,
    recheck: Timestamp,
}

impl TokenCache {
    /// Remembers about `capacity` tokens of some 200 bytes each; beyond that the least used are forgotten.
    pub(crate) fn new(validator: TokenValidator, capacity: usize) -> Self {
        Self {
            validator,
            entries: Cache::new(capacity),
        }
    }

    /// As [`TokenValidator::validate`].
    pub(crate) async fn validate(&self, token: &str) -> Result<Arc<ValidatedToken>, TokenError> {
        if token.len() > super::MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let hash = sha256(token);
        if let Some(known) = self.remembered(&hash) {
            return Ok(known);
        }
        let token = Arc::new(self.validator.validate(token).await?);
        let recheck = self.validator.clock.now().plus(LONGEST_STAY);
        self.entries.insert(
            hash,
            Entry {
                token: token.clone(),
                recheck,
            },
        );
        Ok(token)
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Arc<ValidatedToken>> {
        let entry = self.entries.get(hash)?;
        if self.validator.clock.now() < entry.recheck && self.validator.is_current(entry.token.expires) {
            return Some(entry.token);
        }
        self.entries.remove(hash);
        None
    }
}

fn sha256(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests;
