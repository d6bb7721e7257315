//! The HTTP API: konfigurasjon v1 and autorisasjon-query/-update v1, as in the contract's konfigurasjon.yaml and
//! autorisasjon.yaml. Shapes and statuses only; what a caller may do is decided by the handle.
//!
//! Where the contract leaves the status open, an answer with content is 200 and one without 204.

mod autentisering;
mod autorisasjon;
mod integrasjoner;
mod organisasjoner;
mod parameters;
mod ressurser;
mod root;
mod tilganger;
mod tjenester;
mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Konfigurasjon;

/// Every route of the service, with its part of the OpenAPI document.
pub fn router(service: Konfigurasjon) -> OpenApiRouter {
    konfigurasjon()
        .merge(root_konfigurasjon())
        .merge(autorisasjon())
        .with_state(service)
}

fn konfigurasjon() -> OpenApiRouter<Konfigurasjon> {
    OpenApiRouter::new()
        .routes(routes!(autentisering::authenticate))
        .routes(routes!(integrasjoner::create))
        .routes(routes!(
            integrasjoner::get,
            integrasjoner::update,
            integrasjoner::delete
        ))
        .routes(routes!(integrasjoner::create_passord))
        .routes(routes!(integrasjoner::add_ressurs, integrasjoner::delete_ressurs))
        .routes(routes!(integrasjoner::for_organisasjon))
        .routes(routes!(integrasjoner::for_organisasjon_by_tag))
        .routes(routes!(organisasjoner::get, organisasjoner::get_flere))
        .routes(routes!(organisasjoner::get_synlige))
        .routes(routes!(organisasjoner::update))
        .routes(routes!(tjenester::for_organisasjon))
        .routes(routes!(tjenester::for_organisasjon_by_kode))
        .routes(routes!(tjenester::initialize))
        .routes(routes!(tjenester::configure))
        .routes(routes!(tjenester::all))
        .routes(routes!(tjenester::privilegier))
}

fn root_konfigurasjon() -> OpenApiRouter<Konfigurasjon> {
    OpenApiRouter::new()
        .routes(routes!(root::organisasjoner, root::create_organisasjon))
        .routes(routes!(root::update_organisasjon))
        .routes(routes!(root::integrasjoner))
        .routes(routes!(root::update_integrasjon))
        .routes(routes!(root::privilegier))
        .routes(routes!(root::tjenester))
        .routes(routes!(root::tjeneste))
}

fn autorisasjon() -> OpenApiRouter<Konfigurasjon> {
    OpenApiRouter::new()
        .routes(routes!(autorisasjon::is_autorisert))
        .routes(routes!(autorisasjon::autorisasjoner))
        .routes(routes!(autorisasjon::synlige))
        .routes(routes!(autorisasjon::tilganger))
        .routes(routes!(autorisasjon::type_tilganger))
        .routes(routes!(ressurser::get))
        .routes(routes!(ressurser::barn))
        .routes(routes!(ressurser::is_leaf))
        .routes(routes!(ressurser::sok))
        .routes(routes!(ressurser::create))
        .routes(routes!(ressurser::update))
        .routes(routes!(tilganger::tildel, tilganger::fjern))
        .routes(routes!(tilganger::tildel_type))
        .routes(routes!(tilganger::fjern_type))
        .routes(routes!(tilganger::update_aktor))
}
