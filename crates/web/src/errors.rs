//! What can go wrong before a page's own code runs, and how any failure reads.

use axum::http::StatusCode;
use fiks_core::{ErrorKind, Problem};

/// Every kind of failure of this crate that a person can see.
pub const ERRORS: &[&ErrorKind] = kinds::ALL;

/// Failures that any page can have.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A template could not be written out. Never expected: the templates are checked when compiled.
    #[error("a template was not rendered")]
    Render(#[from] askama::Error),
    /// A form that another site sent in this person's name.
    #[error("the request comes from another site")]
    ForeignOrigin,
    /// Whatever a route refused with a bare status.
    #[error("{}", .0.code)]
    Plain(&'static ErrorKind),
}

impl Problem for WebError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Render(_) => &kinds::INTERNAL,
            Self::ForeignOrigin => &kinds::FOREIGN_ORIGIN,
            Self::Plain(kind) => kind,
        }
    }
}

/// The kinds of failure that any page can give.
pub mod kinds {
    use super::{ErrorKind, StatusCode};

    /// The request can't be understood.
    pub const BAD_REQUEST: ErrorKind = ErrorKind {
        code: "nettside.ugyldig",
        status: 400,
        text: "Skjemaet kan ikke tolkes",
        remedy: "Gå tilbake, last siden på nytt og prøv igjen.",
    };
    /// The form was sent from another site.
    pub const FOREIGN_ORIGIN: ErrorKind = ErrorKind {
        code: "nettside.opphav",
        status: 403,
        text: "Skjemaet ble sendt fra et annet nettsted og er ikke utført",
        remedy: "Åpne siden direkte og send skjemaet derfra.",
    };
    /// No page at this address.
    pub const NOT_FOUND: ErrorKind = ErrorKind {
        code: "nettside.ukjent",
        status: 404,
        text: "Siden finnes ikke",
        remedy: "Sjekk adressen, eller gå til forsiden.",
    };
    /// The page has other methods.
    pub const WRONG_METHOD: ErrorKind = ErrorKind {
        code: "nettside.metode",
        status: 405,
        text: "Siden kan ikke brukes slik",
        remedy: "Gå til forsiden og start derfra.",
    };
    /// More was sent than a form may hold.
    pub const TOO_LARGE: ErrorKind = ErrorKind {
        code: "nettside.for_stort",
        status: 413,
        text: "Det er for mye innhold i skjemaet",
        remedy: "Kort ned innholdet og send på nytt.",
    };
    /// Our fault.
    pub const INTERNAL: ErrorKind = ErrorKind {
        code: "nettside.feil",
        status: 500,
        text: "Noe gikk galt hos oss",
        remedy: "Prøv igjen om litt.",
    };

    /// All of them.
    pub const ALL: &[&ErrorKind] = &[
        &BAD_REQUEST,
        &FOREIGN_ORIGIN,
        &NOT_FOUND,
        &WRONG_METHOD,
        &TOO_LARGE,
        &INTERNAL,
    ];

    /// The kind for an answer that carries nothing but its status.
    pub(crate) fn for_status(status: StatusCode) -> &'static ErrorKind {
        match status {
            StatusCode::NOT_FOUND => &NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED => &WRONG_METHOD,
            StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
            status if status.is_client_error() => &BAD_REQUEST,
            _ => &INTERNAL,
        }
    }
}
