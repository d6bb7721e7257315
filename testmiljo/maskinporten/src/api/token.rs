//! `POST token`.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderName;
use axum::http::header::CACHE_CONTROL;
use axum::{Form, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::refusal::{OAuthError, Refused};
use crate::access_token::TokenResponse;
use crate::errors::GrantError;
use crate::issuer::Issuer;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What a client sends. Other fields are passed over.
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer`, its colons percent-encoded or not.
    #[schema(example = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    grant_type: String,
    /// The grant: a JWT signed by the client.
    assertion: String,
}

/// Bytter en signert JWT mot et token.
#[utoipa::path(
    post,
    path = "/token",
    operation_id = "token",
    tag = "maskinporten",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokenet", body = TokenResponse),
        (status = 400, description = "JWT-en eller kallet godtas ikke", body = OAuthError),
        (status = 403, description = "Scopet er ikke delegert", body = OAuthError),
        (status = 500, description = "Feil hos utstederen", body = OAuthError),
        (status = 503, description = "Midlertidig utilgjengelig", body = OAuthError),
    ),
    security(())
)]
pub(super) async fn token(
    State(issuer): State<Arc<Issuer>>,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<([(HeaderName, &'static str); 1], Json<TokenResponse>), Refused> {
    // Down means down, whatever is sent.
    if issuer.is_unavailable() {
        return Err(GrantError::Unavailable.into());
    }
    let Form(request) = form.map_err(|_| GrantError::Form)?;
    if request.grant_type != GRANT_TYPE {
        return Err(GrantError::GrantType.into());
    }
    let token = issuer.issue(&request.assertion).await?;
    tracing::debug!(scope = token.scope, "token issued");
    Ok(([(CACHE_CONTROL, "no-store")], Json(token)))
}
