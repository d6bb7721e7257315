//! How a refusal is answered.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use fiks_core::Problem as _;
use fiks_http::OwnErrorBody;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::errors::GrantError;

/// The body of every refusal (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
pub(super) struct OAuthError {
    /// `invalid_grant`, `invalid_request`, `invalid_scope`, …
    #[schema(value_type = String, example = "invalid_grant")]
    error: &'static str,
    /// What is wrong and what to do, beginning with Maskinporten's code where it has one.
    error_description: String,
}

/// A refusal on its way to the client.
pub(super) struct Refused(GrantError);

impl From<GrantError> for Refused {
    fn from(error: GrantError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let correlation_id = Uuid::new_v4();
        log(&self.0, correlation_id);
        let status = StatusCode::from_u16(self.0.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = OAuthError {
            error: self.0.oauth_error(),
            error_description: format!("{} (correlation id: {correlation_id})", self.0.description()),
        };
        let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        response.extensions_mut().insert(OwnErrorBody);
        response
    }
}

/// The kind only: the description repeats what a stranger sent.
fn log(error: &GrantError, correlation_id: Uuid) {
    let code = error.kind().code;
    if error.kind().status == 500 {
        let error = error as &dyn std::error::Error;
        tracing::error!(code, %correlation_id, error, "token request failed");
    } else {
        tracing::info!(code, %correlation_id, "token request refused");
    }
}

pub(super) async fn wrong_method() -> Refused {
    Refused(GrantError::Method)
}
