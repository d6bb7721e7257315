//! The HTTP API: one file per group of operations. Rules and access are the handle's; here is only the wire.

mod adresse;
mod aksepterte;
mod dekning;
mod katalog;
mod kataloger;
mod konto;
mod manuell;
mod nokkel;
mod send;
mod sertifikat;

use fiks_http::ErrorMessage;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::handle::Fiksio;

#[derive(OpenApi)]
#[openapi(components(schemas(ErrorMessage)))]
struct Document;

/// Every operation of Fiks IO.
pub fn router(fiksio: Fiksio) -> OpenApiRouter {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(send::routes())
        .merge(katalog::routes())
        .merge(konto::routes())
        .merge(nokkel::routes())
        .merge(adresse::routes())
        .merge(manuell::routes())
        .merge(kataloger::routes())
        .with_state(fiksio)
}
