//! The read-only catalogues of message protocols (fiks-io §7): today's and the older one with other paths.

use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::errors::FiksioError;
use crate::handle::Fiksio;
use crate::model::protokollkatalog::{self, MELDINGSPROTOKOLLER};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(alle))
        .routes(routes!(en))
        .routes(routes!(alle_grupper))
        .routes(routes!(en_gruppe))
}

/// A message protocol.
#[derive(Debug, Serialize, ToSchema)]
struct Meldingsprotokoll {
    navn: &'static str,
    beskrivelse: &'static str,
    url: &'static str,
}

impl From<&protokollkatalog::Meldingsprotokoll> for Meldingsprotokoll {
    fn from(protokoll: &protokollkatalog::Meldingsprotokoll) -> Self {
        Self {
            navn: protokoll.navn,
            beskrivelse: protokoll.beskrivelse,
            url: protokoll.url,
        }
    }
}

fn list() -> Json<Vec<Meldingsprotokoll>> {
    Json(MELDINGSPROTOKOLLER.iter().map(Into::into).collect())
}

fn one(navn: &str) -> Result<Json<Meldingsprotokoll>, ApiError> {
    Ok(Json(
        protokollkatalog::finn(navn)
            .ok_or(FiksioError::UkjentProtokoll)?
            .into(),
    ))
}

/// Alle meldingsprotokoller
#[utoipa::path(
    get,
    path = "/fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller",
    operation_id = "meldingsprotokollkatalog_getAlleMeldingsprotokoller",
    tag = "FiksIOMeldingsprotokollKatalog",
    responses(
        (status = 200, description = "Protokollene, etter navn", body = [Meldingsprotokoll]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn alle(_caller: Authenticated) -> Json<Vec<Meldingsprotokoll>> {
    list()
}

/// Én meldingsprotokoll
#[utoipa::path(
    get,
    path = "/fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller/{meldingsprotokoll}",
    operation_id = "meldingsprotokollkatalog_getMeldingsprotokoll",
    tag = "FiksIOMeldingsprotokollKatalog",
    params(("meldingsprotokoll" = String, Path)),
    responses(
        (status = 200, description = "Protokollen", body = Meldingsprotokoll),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn en(_caller: Authenticated, Path(navn): Path<String>) -> Result<Json<Meldingsprotokoll>, ApiError> {
    one(&navn)
}

/// Alle meldingsprotokoller (eldre sti)
#[utoipa::path(
    get,
    path = "/fiks-io/meldingstypekatalog/api/v1/meldingsgrupper/",
    operation_id = "meldingstypekatalog_getAlleMeldingsprotokollr",
    tag = "FiksIOMeldingstypeKatalog",
    responses(
        (status = 200, description = "Protokollene, etter navn", body = [Meldingsprotokoll]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn alle_grupper(_caller: Authenticated) -> Json<Vec<Meldingsprotokoll>> {
    list()
}

/// Én meldingsprotokoll (eldre sti)
#[utoipa::path(
    get,
    path = "/fiks-io/meldingstypekatalog/api/v1/meldingsgrupper/{meldingsgruppe}",
    operation_id = "meldingstypekatalog_getMeldingsprotokoll",
    tag = "FiksIOMeldingstypeKatalog",
    params(("meldingsgruppe" = String, Path)),
    responses(
        (status = 200, description = "Protokollen", body = Meldingsprotokoll),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn en_gruppe(
    _caller: Authenticated,
    Path(navn): Path<String>,
) -> Result<Json<Meldingsprotokoll>, ApiError> {
    one(&navn)
}
