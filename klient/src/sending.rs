//! `POST /fiks-io/api/v1/send` (fiks-io §3).
//!
//! Invariant: a message is sent again only when the platform said that it stored nothing (429, 503), or was not
//! reached at all; and only when all of the content can be had again. All attempts share one `Idempotency-Key`.

mod innhold;
mod metadata;
mod packing;
mod progress;

use std::sync::Arc;

use fiks_core::id::KontoId;
use futures::StreamExt;
use parking_lot::Mutex;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use uuid::Uuid;

use crate::Feil;
use crate::api::{self, Api};
use crate::feil::Handling;
use crate::http;
use crate::melding::{Melding, SendtMelding};
use crate::retry::Failure;

use innhold::Source;
use metadata::Metadata;
use progress::Progress;

pub(crate) use innhold::{Innhold, Seal};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const HANDLING: Handling = Handling::Sending;

/// Why the content's stream failed. The HTTP library would bury it.
#[derive(Clone, Default)]
struct Cause(Arc<Mutex<Option<Feil>>>);

/// A message on its way.
pub(crate) struct Sending<'a> {
    pub(crate) api: &'a Api,
    pub(crate) avsender: KontoId,
    pub(crate) melding: &'a Melding,
    /// Needed for files only.
    pub(crate) seal: Option<Arc<Seal>>,
}

impl Sending<'_> {
    pub(crate) async fn send(self) -> Result<SendtMelding, Feil> {
        let metadata = Metadata::new(self.avsender, self.melding)?;
        let metadata = serde_json::to_string(&metadata);
        let metadata = metadata.map_err(|_| Feil::UgyldigMelding("Metadata kan ikke skrives som JSON."))?;
        let key = self
            .melding
            .idempotensnokkel
            .clone()
            .unwrap_or_else(|| Uuid::new_v4().to_string());
        let mut retry = self.api.retry();
        loop {
            match self.attempt(&metadata, &key).await {
                Ok(sendt) => return Ok(sendt),
                Err(Failure::Repeatable { feil, .. }) if !self.melding.innhold.is_repeatable() => {
                    return Err(feil);
                }
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    async fn attempt(&self, metadata: &str, key: &str) -> Result<SendtMelding, Failure> {
        let (progress, cause) = (Progress::new(), Cause::default());
        let source = self.melding.innhold.source(self.seal.as_ref())?;
        let form = form(metadata.to_owned(), source, &progress, &cause)?;
        let url = self.api.url(&["fiks-io", "api", "v1", "send"]);
        let request = self.api.request(Method::POST, url).await?;
        let request = request.header(IDEMPOTENCY_KEY, key).multipart(form);

        let limits = self.api.limits();
        let exchange = self.exchange(request);
        let outcome = progress
            .watch(exchange, limits.stillstand, limits.overforing)
            .await;
        let outcome = outcome.unwrap_or_else(|grense| {
            Err(Feil::Tidsavbrudd {
                handling: HANDLING,
                grense,
            }
            .into())
        });
        outcome.map_err(|failure| cause.take().map_or(failure, Failure::Final))
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<SendtMelding, Failure> {
        let limit = self.api.limits().stillstand;
        let response = request
            .send()
            .await
            .map_err(|error| http::broken(HANDLING, limit, error, false))?;
        if !response.status().is_success() {
            return Err(self.api.refusal(HANDLING, response).await);
        }
        Ok(api::answer(HANDLING, response).await?)
    }
}

/// The parts in their order: `metadata`, then `data` when there is content.
fn form(metadata: String, source: Option<Source>, progress: &Progress, cause: &Cause) -> Result<Form, Feil> {
    let form = Form::new().part("metadata", typed(Part::text(metadata), "application/json")?);
    let Some(Source { stream, length }) = source else {
        return Ok(form);
    };
    let (progress, cause) = (progress.clone(), cause.clone());
    let stream = stream.inspect(move |piece| match piece {
        Ok(_) => progress.note(),
        Err(feil) => cause.note(feil),
    });
    let body = Body::wrap_stream(stream);
    let part = match length {
        Some(length) => Part::stream_with_length(body, length),
        None => Part::stream(body),
    };
    let part = part.file_name(Uuid::new_v4().to_string());
    Ok(form.part("data", typed(part, "application/octet-stream")?))
}

fn typed(part: Part, mime_type: &str) -> Result<Part, Feil> {
    let typed = part.mime_str(mime_type);
    typed.map_err(|error| Feil::UventetSvar {
        handling: HANDLING,
        source: Feil::source_of(error),
    })
}

impl Cause {
    fn note(&self, feil: &Feil) {
        *self.0.lock() = Some(feil.clone());
    }

    fn take(&self) -> Option<Feil> {
        self.0.lock().take()
    }
}

#[cfg(test)]
mod tests;
