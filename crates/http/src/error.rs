//! The platform's error body and how failures become it (auth-og-konfigurasjon §2.2).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fiks_core::{ErrorKind, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The body of every answer ≥ 400: all keys present, unused ones `null`, in this order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// The HTTP status.
    pub status: u16,
    /// The status' reason phrase.
    pub error: String,
    /// The reference to give to support; the log has it too.
    pub error_id: Uuid,
    /// The path that was asked for.
    pub path: String,
    /// The path before internal forwarding; always null here.
    #[schema(nullable)]
    pub original_path: Option<String>,
    /// What is wrong and what can be done, in Norwegian.
    pub message: String,
    /// The kind of failure, from the list in the documentation.
    #[schema(nullable)]
    pub error_code: Option<String>,
    /// Details, where a service documents them.
    #[schema(nullable, value_type = Object)]
    pub error_json: Option<serde_json::Value>,
}

impl ErrorMessage {
    /// The body for a failure at `path`.
    pub fn new(problem: &dyn Problem, path: &str) -> Self {
        let kind = problem.kind();
        let status = StatusCode::from_u16(kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            timestamp: fiks_core::Timestamp::real().as_millis(),
            status: status.as_u16(),
            error: status.canonical_reason().unwrap_or_default().to_owned(),
            error_id: Uuid::new_v4(),
            path: path.to_owned(),
            original_path: None,
            message: sentence(&problem.text(), kind.remedy),
            error_code: Some(kind.code.to_owned()),
            error_json: problem.details(),
        }
    }
}

fn sentence(text: &str, remedy: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?', ':']) {
        ""
    } else {
        "."
    };
    format!("{text}{stop} {remedy}").trim_end().to_owned()
}

/// A failure on its way to the caller.
#[derive(Clone, Debug)]
pub struct ApiError(Arc<dyn Problem>);

impl ApiError {
    /// What failed.
    pub fn problem(&self) -> &dyn Problem {
        &*self.0
    }
}

impl<P: Problem> From<P> for ApiError {
    fn from(problem: P) -> Self {
        Self(Arc::new(problem))
    }
}

/// Carries the failure to the layer that knows the path and writes the body.
#[derive(Clone)]
pub(crate) struct Fault(pub(crate) Arc<dyn Problem>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Fault(self.0));
        response
    }
}

/// Marks an answer ≥ 400 whose body the contract gives another shape, such as a list of conflicts.
#[derive(Clone, Copy, Debug)]
pub struct OwnErrorBody;

/// Failures that this crate finds by itself.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("{text}")]
    Detailed { kind: &'static ErrorKind, text: String },
    #[error("{}", .0.code)]
    Plain(&'static ErrorKind),
}

impl Problem for RequestError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Detailed { kind, .. } | Self::Plain(kind) => kind,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Detailed { text, .. } => text.clone(),
            Self::Plain(kind) => kind.text.to_owned(),
        }
    }
}

/// The kinds of failure that any route can give.
pub mod kinds {
    use fiks_core::ErrorKind;

    fiks_core::error_kinds! {
        /// Body is not the JSON that the operation takes.
        BAD_JSON = 400 "foresporsel.json", "Innholdet i forespørselen er ikke gyldig JSON for denne operasjonen",
            "Rett feltet som er nevnt, og send på nytt. Feltene står i API-dokumentasjonen.";
        /// A path parameter has the wrong form.
        BAD_PATH = 400 "foresporsel.sti", "En verdi i adressen har feil form",
            "Sjekk at id-er er UUID-er på formen 8-4-4-4-12 heksadesimale tegn.";
        /// A query parameter is missing or has the wrong form.
        BAD_QUERY = 400 "foresporsel.parameter", "En parameter i adressen mangler eller har feil form",
            "Rett parameteren som er nevnt, og send på nytt.";
        /// A header has the wrong form.
        BAD_HEADER = 400 "foresporsel.header", "En header har feil form",
            "Rett headeren som er nevnt, og send på nytt.";
        /// Some other fault in the request.
        BAD_REQUEST = 400 "foresporsel.ugyldig", "Forespørselen kan ikke tolkes",
            "Sammenlign med API-dokumentasjonen og send på nytt.";
        /// The caller has not proved who it is.
        UNAUTHENTICATED = 401 "autentisering.mangler", "Forespørselen mangler gyldig autentisering",
            "Send headerne Authorization (Bearer), IntegrasjonId og IntegrasjonPassord.";
        /// The caller may not.
        FORBIDDEN = 403 "tilgang.nektet", "Du har ikke tilgang til dette",
            "Be en administrator for organisasjonen om tilgang.";
        /// No operation at this address.
        UNKNOWN_ROUTE = 404 "rute.ukjent", "Det finnes ingen operasjon på denne adressen",
            "Sjekk stien mot API-dokumentasjonen, også store og små bokstaver.";
        /// The address has other methods.
        WRONG_METHOD = 405 "rute.metode", "Adressen finnes, men ikke med denne HTTP-metoden",
            "Headeren Allow viser hvilke metoder som finnes her.";
        /// Took too long to arrive.
        TIMEOUT = 408 "foresporsel.tidsavbrudd", "Forespørselen brukte for lang tid på å komme fram",
            "Send på nytt.";
        /// The body is over the limit.
        TOO_LARGE = 413 "foresporsel.for_stor", "Innholdet i forespørselen er for stort for denne operasjonen",
            "Grensen står i API-dokumentasjonen for operasjonen.";
        /// The content type is not taken here.
        WRONG_TYPE = 415 "foresporsel.innholdstype", "Operasjonen tar ikke imot denne innholdstypen",
            "Sett Content-Type til den typen API-dokumentasjonen oppgir.";
        /// Too many at once.
        TOO_MANY = 429 "foresporsel.for_mange", "Det er for mange forespørsler akkurat nå, og ingenting ble lagret",
            "Vent litt og send på nytt.";
        /// Our fault.
        INTERNAL = 500 "intern.feil", "Noe gikk galt hos oss",
            "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.";
        /// Not ready, or overloaded; nothing was stored.
        UNAVAILABLE = 503 "tjeneste.utilgjengelig", "Tjenesten er ikke klar akkurat nå, og ingenting ble lagret",
            "Vent litt og send på nytt.";
    }

    /// The kind for an answer that carries nothing but its status.
    pub(crate) fn for_status(status: u16) -> &'static ErrorKind {
        ALL.iter()
            .rev()
            .copied()
            .find(|kind| kind.status == status)
            .unwrap_or(match status {
                400..500 => &BAD_REQUEST,
                _ => &INTERNAL,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_every_key_in_order_with_nulls() {
        let body = ErrorMessage::new(&RequestError::Plain(&kinds::UNKNOWN_ROUTE), "/x");
        let json = serde_json::to_string(&body).unwrap();
        let keys = [
            "timestamp",
            "status",
            "error",
            "errorId",
            "path",
            "originalPath",
            "message",
            "errorCode",
            "errorJson",
        ];
        let places: Vec<_> = keys
            .iter()
            .map(|key| json.find(&format!("\"{key}\":")).expect(key))
            .collect();
        assert!(places.is_sorted(), "{json}");
        assert!(
            json.contains("\"originalPath\":null") && json.contains("\"errorJson\":null"),
            "{json}"
        );
    }

    #[test]
    fn text_and_remedy_are_two_sentences() {
        assert_eq!(
            sentence("Kontoen finnes ikke", "Sjekk id."),
            "Kontoen finnes ikke. Sjekk id."
        );
        assert_eq!(
            sentence("Kontoen finnes ikke.", "Sjekk id."),
            "Kontoen finnes ikke. Sjekk id."
        );
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = kinds::ALL.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
