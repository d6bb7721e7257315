//! Path and query parameters.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, RequestError, kinds};

/// Path parameters; a wrong form gives 400 `foresporsel.sti`.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refuse = |rejection: PathRejection| RequestError::Detailed {
            kind: &kinds::BAD_PATH,
            text: format!("{}: {}", kinds::BAD_PATH.text, cause(&rejection)),
        };
        let AxumPath(value) = AxumPath::from_request_parts(parts, state).await.map_err(refuse)?;
        Ok(Self(value))
    }
}

/// Query parameters; a fault gives 400 `foresporsel.parameter`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refuse = |rejection: QueryRejection| RequestError::Detailed {
            kind: &kinds::BAD_QUERY,
            text: format!("{}: {}", kinds::BAD_QUERY.text, cause(&rejection)),
        };
        let AxumQuery(value) = AxumQuery::from_request_parts(parts, state)
            .await
            .map_err(refuse)?;
        Ok(Self(value))
    }
}

/// The innermost cause says what is wrong; the outer ones only say where.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
