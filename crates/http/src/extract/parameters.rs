//! Path and query parameters.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path as AxumPath};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::faults::told;
use crate::error::{ApiError, RequestError, kinds};

/// Path parameters; a wrong form gives 400 `foresporsel.sti`.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let AxumPath(value) = AxumPath::from_request_parts(parts, state)
            .await
            .map_err(|rejection| bad_path(&rejection))?;
        Ok(Self(value))
    }
}

fn bad_path(rejection: &PathRejection) -> RequestError {
    let fault = match rejection {
        PathRejection::FailedToDeserializePathParams(failure) => in_path(failure.kind()),
        _ => None,
    };
    fault.map_or(RequestError::Plain(&kinds::BAD_PATH), |fault| {
        RequestError::Detailed {
            kind: &kinds::BAD_PATH,
            text: format!("{}: {fault}", kinds::BAD_PATH.text),
        }
    })
}

/// Which part is wrong, and how. The value stands in the answer's `path` and is not said again.
fn in_path(kind: &ErrorKind) -> Option<String> {
    match kind {
        ErrorKind::DeserializeError { key, message, .. } => Some(format!("«{key}» {}", told(message))),
        ErrorKind::ParseErrorAtKey { key, .. } => Some(format!("«{key}» har feil type")),
        ErrorKind::InvalidUtf8InPathParam { key } => Some(format!("«{key}» er ikke UTF-8")),
        ErrorKind::ParseErrorAtIndex { index, .. } => {
            Some(format!("verdi nummer {} har feil type", index + 1))
        }
        ErrorKind::Message(message) => Some(told(message)),
        _ => None,
    }
}

/// Query parameters; a fault gives 400 `foresporsel.parameter`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    let value = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let parameter = error.path().to_string();
        let place = match parameter.as_str() {
            "." => String::new(),
            parameter => format!("«{parameter}» "),
        };
        RequestError::Detailed {
            kind: &kinds::BAD_QUERY,
            text: format!(
                "{}: {place}{}",
                kinds::BAD_QUERY.text,
                told(&error.inner().to_string())
            ),
        }
    })?;
    Ok(value)
}
