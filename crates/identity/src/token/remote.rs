//! Keys that an issuer publishes at a URL.
//!
//! Invariant: however many tokens arrive, one request at a time goes out, and never more often than
//! [`JwksTiming::min_interval`]. A caller that goes away does not stop a request that others wait for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::RwLock;

use super::TokenError;
use super::keys::Keys;

/// Longer answers are not read. A set of a few RSA keys with certificates has some 10 KB.
const MAX_JWKS_BYTES: usize = 1024 * 1024;

/// The key set could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the key set could not be fetched")]
pub struct JwksUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Fetches a key set over HTTP.
#[async_trait]
pub trait JwksSource: Send + Sync {
    /// The body of a successful `GET`, at most 1 MiB. The caller keeps the deadline.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, JwksUnavailable>;
}

/// How often and how long keys are fetched.
#[derive(Clone, Copy, Debug)]
pub struct JwksTiming {
    /// How long one fetch may take. Five seconds by default.
    pub deadline: Duration,
    /// How long after a fetch, good or bad, an unknown `kid` does not cause another. Thirty seconds by default.
    pub min_interval: Duration,
    /// How old keys may become before they are fetched anew, so that a withdrawn key stops counting. One hour by
    /// default. When that fetch fails the old keys go on counting.
    pub max_age: Duration,
}

impl Default for JwksTiming {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            min_interval: Duration::from_secs(30),
            max_age: Duration::from_hours(1),
        }
    }
}

/// The keys at a URL, remembered.
#[derive(Clone)]
pub(super) struct RemoteKeys(Arc<Shared>);

struct Shared {
    url: String,
    source: Arc<dyn JwksSource>,
    timing: JwksTiming,
    fetched: RwLock<Option<Fetched>>,
    /// Held during a fetch; remembers when the last one began.
    last_attempt: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Fetched {
    keys: Arc<Keys>,
    at: Instant,
}

impl RemoteKeys {
    pub(super) fn new(url: String, source: Arc<dyn JwksSource>, timing: JwksTiming) -> Self {
        Self(Arc::new(Shared {
            url,
            source,
            timing,
            fetched: RwLock::new(None),
            last_attempt: tokio::sync::Mutex::new(None),
        }))
    }

    /// The keys, fetched first when there are none or when they lack `kid`. Keys that are merely old are used, and
    /// replaced behind the caller's back.
    pub(super) async fn holding(&self, kid: &str) -> Result<Arc<Keys>, TokenError> {
        let seen = self.0.fetched.read().clone();
        let seen_at = seen.as_ref().map(|fetched| fetched.at);
        if let Some(fetched) = seen
            && fetched.keys.get(kid).is_some()
        {
            if fetched.at.elapsed() > self.0.timing.max_age && self.0.last_attempt.try_lock().is_ok() {
                drop(self.fetch_after(seen_at));
            }
            return Ok(fetched.keys);
        }
        // The task fails only by panic or at shutdown, and then there are no new keys.
        let _ = self.fetch_after(seen_at).await;
        let newest = self.0.fetched.read().as_ref().map(|fetched| fetched.keys.clone());
        newest.ok_or(TokenError::KeysUnavailable)
    }

    /// Fetches keys newer than those fetched at `seen`, in a task of its own.
    fn fetch_after(&self, seen: Option<Instant>) -> tokio::task::JoinHandle<()> {
        let shared = self.0.clone();
        tokio::spawn(async move { shared.fetch_after(seen).await })
    }
}

impl Shared {
    async fn fetch_after(&self, seen: Option<Instant>) {
        let mut last_attempt = self.last_attempt.lock().await;
        let newest = self.fetched.read().as_ref().map(|fetched| fetched.at);
        let too_soon = last_attempt.is_some_and(|moment| moment.elapsed() < self.timing.min_interval);
        if newest != seen || too_soon {
            return;
        }
        *last_attempt = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                *self.fetched.write() = Some(Fetched {
                    keys: Arc::new(keys),
                    at: Instant::now(),
                });
            }
            Err(error) => {
                let error = &*error as &dyn std::error::Error;
                tracing::warn!(url = self.url, error, "issuer keys could not be fetched");
            }
        }
    }

    async fn fetch(&self) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
        let body = tokio::time::timeout(self.timing.deadline, self.source.fetch(&self.url)).await??;
        if body.len() > MAX_JWKS_BYTES {
            return Err("the key set is too large".into());
        }
        Ok(Keys::from_json(&body)?)
    }
}

#[cfg(test)]
mod tests;
