//! Downloads from dokumentlager (fiks-io §9, dokumentlager §7).
//!
//! Unlike KS' .NET client, this looks at the status: an error page is not taken for content.

use fiks_core::id::DokumentId;
use futures::StreamExt;
use futures::stream;
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout, timeout_at};

use crate::api::Api;
use crate::feil::Handling;
use crate::http;
use crate::konfigurasjon::Tidsgrenser;
use crate::retry::Failure;
use crate::{Bytestrom, Feil};

const HANDLING: Handling = Handling::Nedlasting;

/// The document's bytes. Repeated until the answer begins; what breaks off later is an error in the stream.
pub(crate) async fn download(api: &Api, dokument: DokumentId) -> Result<Bytestrom, Feil> {
    let url = api.url(&["dokumentlager", "nedlasting", &dokument.to_string()]);
    let mut retry = api.retry();
    loop {
        let request = api.request(Method::GET, url.clone()).await?;
        match begin(api, request).await {
            Ok(response) => return Ok(pieces(response, *api.limits())),
            Err(failure) => retry.wait(failure).await?,
        }
    }
}

async fn begin(api: &Api, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
    let limit = api.limits().svar;
    let exchange = async {
        let response = request
            .send()
            .await
            .map_err(|error| http::broken(HANDLING, limit, error, true))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(api.refusal(HANDLING, response).await)
        }
    };
    let begun = timeout(limit, exchange).await;
    begun.unwrap_or_else(|_| {
        Err(Feil::Tidsavbrudd {
            handling: HANDLING,
            grense: limit,
        }
        .into())
    })
}

fn pieces(response: Response, limits: Tidsgrenser) -> Bytestrom {
    let end = Instant::now() + limits.overforing;
    let next = move |mut response: Response| async move {
        let piece = timeout(limits.stillstand, response.chunk());
        let late = |grense| Feil::Tidsavbrudd {
            handling: HANDLING,
            grense,
        };
        let piece = timeout_at(end, piece)
            .await
            .map_err(|_| late(limits.overforing))?;
        let piece = piece.map_err(|_| late(limits.stillstand))?;
        let broken = |error: reqwest::Error| Feil::Brutt {
            handling: HANDLING,
            source: Feil::source_of(error.without_url()),
        };
        Ok(piece.map_err(broken)?.map(|piece| (piece, response)))
    };
    stream::try_unfold(response, next).boxed()
}

#[cfg(test)]
mod tests;
