//! The HTTP API.

mod nedlasting;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::handle::Dokumentlager;

/// Every published operation of the service.
pub fn router(dokumentlager: Dokumentlager) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(nedlasting::hent))
        .routes(routes!(nedlasting::metadata))
        .with_state(dokumentlager)
}
