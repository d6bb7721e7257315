//! The endpoints, as `openapi/maskinporten-testutsteder.yaml` has them.

mod jwk;
mod metadata;
mod refusal;
mod token;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::issuer::Issuer;

/// A grant has some 1.5 KB, with a chain of certificates 10 KB.
const LONGEST_REQUEST: usize = 64 * 1024;

/// `token`, `jwk` and `.well-known/oauth-authorization-server`, to be nested at the path of the issuer's URL. Errors
/// have OAuth's body, not the platform's.
pub fn router(issuer: Arc<Issuer>) -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(token::token).map(|token| {
            token
                .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
                .fallback(refusal::wrong_method)
        }))
        .routes(routes!(jwk::jwk).map(|jwk| jwk.fallback(refusal::wrong_method)))
        .routes(routes!(metadata::metadata).map(|metadata| metadata.fallback(refusal::wrong_method)))
        .with_state(issuer)
}
