//! Sending a call and reading its answer.

use std::time::{Duration, Instant};

use fiks_core::{ExposeSecret as _, SecretString};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response};

use super::{Call, FilledPart, Payload, invalid};
use crate::errors::StartsideError;

/// What is shown of an answer at most.
const MOST_SHOWN: usize = 64 * 1024;

/// The answer to a call.
pub(crate) struct Outcome {
    /// `200 OK`.
    pub(crate) status: String,
    /// Whether the status says that it went well.
    pub(crate) is_success: bool,
    /// From the call to the answer's last byte, or to the last that is shown.
    pub(crate) took: Duration,
    /// One header a line.
    pub(crate) headers: String,
    /// The body, indented when it is JSON; empty when there is none.
    pub(crate) body: String,
    /// What to know about the body; may be empty.
    pub(crate) note: &'static str,
}

impl Call<'_> {
    /// Sends the call with that token, when there is one. Fails when no answer comes.
    pub(crate) async fn send(
        &self,
        client: &Client,
        token: Option<SecretString>,
    ) -> Result<Outcome, StartsideError> {
        let request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.header_map(token.as_ref())?);
        let request = self.with_payload(request)?;
        let begun = Instant::now();
        let response = request.send().await.map_err(StartsideError::KallFeilet)?;
        read(response, begun).await
    }

    fn header_map(&self, token: Option<&SecretString>) -> Result<HeaderMap, StartsideError> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            map.insert(HeaderName::try_from(name).map_err(invalid)?, header_value(value)?);
        }
        if let Some(organisasjon) = self.organisasjon {
            map.insert(
                "IntegrasjonId",
                header_value(&organisasjon.integrasjon.id.to_string())?,
            );
            map.insert(
                "IntegrasjonPassord",
                header_value(&organisasjon.integrasjon.passord)?,
            );
        }
        if let Some(token) = token {
            map.insert(
                AUTHORIZATION,
                header_value(&format!("Bearer {}", token.expose_secret()))?,
            );
        }
        Ok(map)
    }

    fn with_payload(&self, request: RequestBuilder) -> Result<RequestBuilder, StartsideError> {
        match &self.payload {
            Payload::None => Ok(request),
            Payload::Whole { content_type, body } => Ok(request
                .header(CONTENT_TYPE, header_value(content_type)?)
                .body(body.clone())),
            Payload::Parts(parts) => Ok(request.multipart(multipart(parts)?)),
        }
    }
}

fn header_value(text: &str) -> Result<HeaderValue, StartsideError> {
    HeaderValue::from_str(text).map_err(invalid)
}

fn multipart(parts: &[FilledPart]) -> Result<Form, StartsideError> {
    let mut form = Form::new();
    for filled in parts {
        let mut part = Part::text(filled.value.clone())
            .mime_str(&filled.content_type)
            .map_err(invalid)?;
        if filled.is_file {
            part = part.file_name(filled.name.clone());
        }
        form = form.part(filled.name.clone(), part);
    }
    Ok(form)
}

async fn read(mut response: Response, begun: Instant) -> Result<Outcome, StartsideError> {
    let mut body = Vec::new();
    while body.len() < MOST_SHOWN {
        let Some(chunk) = response.chunk().await.map_err(StartsideError::KallFeilet)? else {
            break;
        };
        body.extend_from_slice(&chunk);
    }
    let is_cut = body.len() >= MOST_SHOWN;
    body.truncate(MOST_SHOWN);
    let (body, note) = shown(&body, is_cut);
    Ok(Outcome {
        status: response.status().to_string(),
        is_success: response.status().is_success(),
        took: begun.elapsed(),
        headers: header_lines(response.headers()),
        body,
        note,
    })
}

fn header_lines(headers: &HeaderMap) -> String {
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.join("\n")
}

/// The body as text and what to know about it. A character that the cut went through is left out.
fn shown(body: &[u8], is_cut: bool) -> (String, &'static str) {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(fault) if is_cut && fault.error_len().is_none() => {
            let whole = body.get(..fault.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return (String::new(), "Innholdet er ikke tekst og vises ikke."),
    };
    if is_cut {
        return (text.to_owned(), "Bare de første 64 KiB vises.");
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => (format!("{json:#}"), ""),
        Err(_) => (text.to_owned(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_other_text_is_left_as_it_is() {
        assert_eq!(shown(b"{\"a\":1}", false), ("{\n  \"a\": 1\n}".to_owned(), ""));
        assert_eq!(shown(b"-----BEGIN", false), ("-----BEGIN".to_owned(), ""));
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let (text, note) = shown("æø".as_bytes().split_last().unwrap().1, true);
        assert_eq!((text.as_str(), note), ("æ", "Bare de første 64 KiB vises."));
    }

    #[test]
    fn bytes_that_are_no_text_are_not_shown() {
        assert_eq!(shown(&[0xff, 0x00, 0xff], false).0, "");
        assert!(!shown(&[0xff, 0x00, 0xff], true).1.is_empty());
    }
}
