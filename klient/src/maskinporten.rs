//! Tokens from Maskinporten (auth-og-konfigurasjon §3).
//!
//! Invariant: at most one request for a token is underway; whoever needs one meanwhile waits for its outcome.
//! A grant is sent once only; a repeat (after 503 or a transport failure) is a new grant.

mod cache;
mod grant;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fiks_core::{SecretString, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::Feil;
use crate::feil::cut;
use crate::http::{error_body, read_bounded};
use crate::konfigurasjon::{Konfigurasjon, Tidsgrenser};
use crate::retry::{Failure, Retry};

use cache::Cache;
use grant::Signer;

/// Biggest answer that is read; a token is a few kilobytes.
const LARGEST_ANSWER: usize = 256 * 1024;
/// How often the answer limit fits into the wait for a token: repeats and the turn of others included.
const PATIENCE: u32 = 3;

/// A source of access tokens with scope `ks:fiks`. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct TokenSource(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    endpoint: Url,
    signer: Signer,
    limits: Tidsgrenser,
    first_pause: Duration,
    cache: Mutex<Cache>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretText,
    expires_in: u64,
}

/// Text that `Debug` doesn't show.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// What Maskinporten says when it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl TokenSource {
    pub(crate) fn new(http: reqwest::Client, konfigurasjon: &Konfigurasjon) -> Result<Self, Feil> {
        let klient = &konfigurasjon.maskinporten;
        Ok(Self(Arc::new(Inner {
            http,
            endpoint: klient.token_endpoint.clone(),
            signer: Signer::new(klient)?,
            limits: konfigurasjon.tidsgrenser,
            first_pause: konfigurasjon.first_pause,
            cache: Mutex::default(),
        })))
    }

    /// A token with at least ten seconds left, from the cache when there is one.
    ///
    /// Fails with [`Feil::MaskinportenAvvist`], which no repeat will cure, or
    /// [`Feil::MaskinportenUtilgjengelig`], after repeats; and with [`Feil::MaskinportenSvar`].
    pub async fn token(&self) -> Result<SecretString, Feil> {
        let patience = self.0.limits.svar * PATIENCE;
        let token = tokio::time::timeout(patience, self.0.token(Instant::now())).await;
        token.unwrap_or(Err(Feil::MaskinportenUtilgjengelig {
            status: None,
            source: None,
        }))
    }

    /// Drops the cached token: after a 401 it is not worth sending again.
    pub async fn forget(&self) {
        self.0.cache.lock().await.forget();
    }
}

impl Inner {
    async fn token(&self, arrived: Instant) -> Result<SecretString, Feil> {
        let mut cache = self.cache.lock().await;
        let asked = Instant::now();
        if let Some(outcome) = cache.outcome(arrived, asked) {
            return outcome;
        }
        match self.fetch().await {
            Ok(Answer {
                access_token,
                expires_in,
            }) => {
                cache.keep(access_token.0.clone(), asked, Duration::from_secs(expires_in));
                tracing::debug!(expires_in, "token fetched");
                Ok(access_token.0)
            }
            Err(feil) => {
                cache.fail(feil.clone(), Instant::now());
                Err(feil)
            }
        }
    }

    async fn fetch(&self) -> Result<Answer, Feil> {
        let mut retry = Retry::new(self.first_pause);
        loop {
            match self.attempt().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    async fn attempt(&self) -> Result<Answer, Failure> {
        let grant = self.signer.sign(Timestamp::real())?;
        let form = form(&grant);
        let request = self
            .http
            .post(self.endpoint.clone())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .timeout(self.limits.svar)
            .body(form);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        match status {
            200 => {}
            400..=499 => return Err(refused(status, &error_body(response).await).into()),
            503 => return Err(Failure::repeatable(unavailable(status))),
            _ => return Err(unavailable(status).into()),
        }
        let body = read_bounded(response, LARGEST_ANSWER).await.map_err(|error| {
            Failure::repeatable(Feil::MaskinportenUtilgjengelig {
                status: None,
                source: Some(error),
            })
        })?;
        let answer = serde_json::from_slice(&body);
        answer.map_err(|error| Feil::MaskinportenSvar(Feil::source_of(error)).into())
    }
}

/// A JWS has no character that a form would escape. The colons go unescaped, as KS' Java client sends them.
fn form(grant: &str) -> String {
    format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}")
}

fn unreachable(error: reqwest::Error) -> Failure {
    let source = Some(Feil::source_of(error.without_url()));
    Failure::repeatable(Feil::MaskinportenUtilgjengelig { status: None, source })
}

fn unavailable(status: u16) -> Feil {
    Feil::MaskinportenUtilgjengelig {
        status: Some(status),
        source: None,
    }
}

fn refused(status: u16, body: &[u8]) -> Feil {
    let svar = match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) if !refusal.error.is_empty() => {
            format!("{}. {}", refusal.error, refusal.error_description)
        }
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    Feil::MaskinportenAvvist {
        status,
        svar: cut(svar),
    }
}

#[cfg(test)]
mod tests;
