//! The pages and fragments, and what they share.

mod api;
mod flyt;
mod helse;
mod klokke;
mod start;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use fiks_web::{Link, Site, Theme};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::errors::StartsideError;
use crate::innsikt::Innsikt;
use crate::openapi::Catalogue;
use crate::oppsett::Oppsett;

/// The largest form that is taken, which bounds the body of a trial call.
const LARGEST_FORM: usize = 1 << 20;

/// A trial call that takes longer is given up.
const TRIAL_DEADLINE: Duration = Duration::from_secs(15);

/// What every page stands on.
struct Context {
    innsikt: Arc<dyn Innsikt>,
    oppsett: Oppsett,
    catalogue: Catalogue,
    /// The document as it is served.
    openapi: Bytes,
    site: Arc<Site>,
    client: Client,
}

type App = axum::extract::State<Arc<Context>>;

/// All pages of the start page and the API page: `/`, `/flyt`, `/helse`, `/klokke`, `/api/…` and `/ressurser/…`.
///
/// `openapi` is the document of everything that is published. Fails only when no HTTP client for trial calls can be
/// made.
pub fn router(
    innsikt: Arc<dyn Innsikt>,
    oppsett: Oppsett,
    openapi: &Value,
) -> Result<Router, StartsideError> {
    let site = Arc::new(site(&oppsett));
    let context = Context {
        innsikt,
        catalogue: Catalogue::read(openapi),
        openapi: openapi.to_string().into(),
        site: Arc::clone(&site),
        client: trial_client()?,
        oppsett,
    };
    let routes = Router::new()
        .route("/", get(start::page))
        .route("/flyt", get(flyt::fragment))
        .route("/helse", get(helse::fragment))
        .route("/klokke", post(klokke::move_clock))
        .route("/api", get(api::list))
        .route("/api/openapi.json", get(api::document))
        .route("/api/operasjon/{id}", get(api::operation))
        .route("/api/prov", post(trial::call))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(Arc::new(context))
        .merge(fiks_web::resources());
    Ok(fiks_web::finish(routes, site))
}

fn site(oppsett: &Oppsett) -> Site {
    Site {
        name: "Fiks".to_owned(),
        label: "Testmiljø".to_owned(),
        home: "/".to_owned(),
        theme: Theme::Ksdigital,
        navigation: vec![Link::new("Oversikt", "/"), Link::new("API", "/api")],
        footer: format!("Fiks {} i testmodus. Alle data er syntetiske.", oppsett.versjon),
        footer_links: vec![Link::new("OpenAPI-dokument", "/api/openapi.json")],
    }
}

/// Calls go to this machine only: no proxy, and no following of a redirect elsewhere.
fn trial_client() -> Result<Client, StartsideError> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(TRIAL_DEADLINE)
        .build()
        .map_err(StartsideError::Klient)
}

/// A short mark of some content, by which a browser asks whether there is anything new.
fn mark(content: &impl std::hash::Hash) -> String {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
