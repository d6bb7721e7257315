//! `GET .well-known/oauth-authorization-server`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::issuer::Issuer;

/// Where the issuer's endpoints are and what they take (RFC 8414).
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_methods_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    grant_types_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
}

/// Utstederens adresser og egenskaper.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    operation_id = "metadata",
    tag = "maskinporten",
    responses((status = 200, description = "Metadata etter RFC 8414", body = Metadata)),
    security(())
)]
pub(super) async fn metadata(State(issuer): State<Arc<Issuer>>) -> Json<Metadata> {
    Json(Metadata {
        issuer: issuer.name().to_owned(),
        token_endpoint: issuer.address("token"),
        jwks_uri: issuer.address("jwk"),
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        token_endpoint_auth_signing_alg_values_supported: ["RS256", "RS384", "RS512"],
    })
}
