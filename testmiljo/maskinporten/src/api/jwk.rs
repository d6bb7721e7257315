//! `GET jwk`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jsonwebtoken::jwk::JwkSet;
use utoipa::ToSchema;

use crate::issuer::Issuer;

/// A set of public keys (RFC 7517), for the API document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the form of what another crate serializes")]
pub(super) struct JwksResponse {
    keys: Vec<PublicKey>,
}

/// A public RSA key.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the form of what another crate serializes")]
struct PublicKey {
    kty: String,
    kid: String,
    r#use: String,
    alg: String,
    n: String,
    e: String,
}

/// De offentlige delene som tokenene kan kontrolleres med.
#[utoipa::path(
    get,
    path = "/jwk",
    operation_id = "jwk",
    tag = "maskinporten",
    responses((status = 200, description = "JWK-er etter RFC 7517", body = JwksResponse)),
    security(())
)]
pub(super) async fn jwk(State(issuer): State<Arc<Issuer>>) -> Json<JwkSet> {
    Json(issuer.jwks())
}
