//! Who calls.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use fiks_identity::{Authenticator, Caller, Credentials};

use crate::error::{ApiError, RequestError, kinds};

/// The caller, proved by `Authorization: Bearer`, `IntegrasjonId` and `IntegrasjonPassord`; else 401.
///
/// [`crate::finish`] provides the [`Authenticator`] that it asks.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let authenticator = parts.extensions.get::<Authenticator>().cloned();
        let authenticator = authenticator.ok_or(RequestError::Plain(&kinds::UNAVAILABLE))?;
        Ok(Self(authenticate(&authenticator, &parts.headers).await?))
    }
}

pub(crate) async fn authenticate(
    authenticator: &Authenticator,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let credentials = Credentials::from_headers(
        text("authorization"),
        text("integrasjonid"),
        text("integrasjonpassord"),
    );
    Ok(authenticator.authenticate(&credentials).await?)
}
