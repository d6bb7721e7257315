//! The HTTP client, and how its failures become ours.
//!
//! Invariants: every request has a deadline; no redirect is followed, since it would carry the password elsewhere;
//! of an answer no more is read than asked for.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Response};

use crate::Feil;
use crate::feil::{Avvisning, Handling};
use crate::konfigurasjon::Konfigurasjon;
use crate::retry::Failure;

/// Most that is read of the body of a refusal.
const LARGEST_REFUSAL: usize = 64 * 1024;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// The answer is bigger than any answer of its kind.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {0} bytes")]
struct TooLong(usize);

/// A client that trusts the system's certificates and the configured ones.
pub(crate) fn client(konfigurasjon: &Konfigurasjon) -> Result<reqwest::Client, Feil> {
    let authorities = konfigurasjon
        .ekstra_ca
        .iter()
        .map(|ca| Certificate::from_der(ca.der()));
    let authorities: Vec<_> = authorities.collect::<Result<_, _>>().map_err(tls)?;
    let builder = reqwest::Client::builder()
        .user_agent(concat!("fiks-klient/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(konfigurasjon.tidsgrenser.tilkobling)
        .redirect(Policy::none())
        .tls_certs_merge(authorities);
    builder.build().map_err(tls)
}

fn tls(error: reqwest::Error) -> Feil {
    Feil::Tls(Feil::source_of(error))
}

/// The whole body, if it is at most `limit` bytes long.
pub(crate) async fn read_bounded(response: Response, limit: usize) -> Result<Vec<u8>, Source> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks
        .try_next()
        .await
        .map_err(|error| Feil::source_of(error.without_url()))?
    {
        if body.len() + chunk.len() > limit {
            return Err(Feil::source_of(TooLong(limit)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The body of a refusal, or nothing when it is too long or breaks off: the status tells enough then.
pub(crate) async fn error_body(response: Response) -> Vec<u8> {
    read_bounded(response, LARGEST_REFUSAL).await.unwrap_or_default()
}

/// What an answer that is no success becomes. Repeatable when the server says that it stored nothing.
pub(crate) async fn refusal(handling: Handling, response: Response) -> Failure {
    let status = response.status().as_u16();
    let after = retry_after(&response);
    let avvisning = Avvisning::read(handling, status, &error_body(response).await);
    let is_busy = avvisning.is_busy();
    let feil = Feil::Avvist(Box::new(avvisning));
    if is_busy {
        Failure::Repeatable { feil, after }
    } else {
        Failure::Final(feil)
    }
}

/// The header's seconds. The form with a date is rare and not worth a clock comparison.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    header.trim().parse().ok().map(Duration::from_secs)
}

/// What a failed exchange becomes. Repeatable when nothing was sent, or when `is_idempotent` makes a repeat harmless.
pub(crate) fn broken(
    handling: Handling,
    limit: Duration,
    error: reqwest::Error,
    is_idempotent: bool,
) -> Failure {
    let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
    let source = Feil::source_of(error.without_url());
    if is_connect {
        Failure::repeatable(Feil::Utilgjengelig { handling, source })
    } else if is_timeout {
        Failure::Final(Feil::Tidsavbrudd {
            handling,
            grense: limit,
        })
    } else if is_idempotent {
        Failure::repeatable(Feil::Brutt { handling, source })
    } else {
        Failure::Final(Feil::Brutt { handling, source })
    }
}

#[cfg(test)]
mod tests;
