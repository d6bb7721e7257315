//! Look-ups in the katalog (fiks-io §4), for every authenticated caller.

use axum::extract::State;
use fiks_core::id::{FiksOrgId, KontoId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::adresse::IdentifikatorWire;
use crate::handle::{self, Fiksio, Oppslag};
use crate::model::adresse::{Adresse, AdresseId, Dekning, check_niva, check_protokoll};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(get_konto))
        .routes(routes!(get_status))
        .routes(routes!(lookup))
        .routes(routes!(matchende_adresser))
}

/// A konto as others see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KatalogKonto {
    fiks_org_id: FiksOrgId,
    fiks_org_navn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisasjonsnummer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kommunenummer: Option<String>,
    konto_id: KontoId,
    konto_navn: String,
    status: KontoStatus,
}

impl From<handle::KatalogKonto> for KatalogKonto {
    fn from(found: handle::KatalogKonto) -> Self {
        Self {
            fiks_org_id: found.konto.fiks_org_id,
            fiks_org_navn: found.organisasjon.navn.into(),
            organisasjonsnummer: found.organisasjon.orgnr.map(|orgnr| orgnr.to_string()),
            kommunenummer: found.organisasjon.kommunenr.map(String::from),
            konto_id: found.konto.id,
            konto_navn: found.konto.navn.clone(),
            status: found.status.into(),
        }
    }
}

/// Whether a konto can be used; no value is ever null, since clients unbox them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KontoStatus {
    gyldig_avsender: bool,
    gyldig_mottaker: bool,
    antall_konsumenter: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    melding: Option<String>,
    antall_uavhentede_meldinger: u64,
}

impl From<handle::KontoStatus> for KontoStatus {
    fn from(status: handle::KontoStatus) -> Self {
        Self {
            gyldig_avsender: status.gyldig_avsender,
            gyldig_mottaker: status.gyldig_mottaker,
            antall_konsumenter: status.antall_konsumenter,
            melding: status.melding,
            antall_uavhentede_meldinger: status.antall_uavhentede_meldinger,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct LookupQuery {
    /// `ORG_NO.<siffer>` eller `NAVENHET_ID.<siffer>`.
    identifikator: String,
    /// Meldingsprotokollens navn.
    melding_protokoll: String,
    /// 1–4.
    sikkerhetsniva: i32,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AdresseMatchSpesifikasjon {
    adresse_id: Option<AdresseId>,
    identifikator: Vec<IdentifikatorWire>,
    melding_type: Vec<String>,
    sikkerhetsnivaer: Vec<i32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AdresseMatch {
    fiks_org_id: FiksOrgId,
    konto_id: KontoId,
    adresse_id: AdresseId,
    identifikator_match: Vec<String>,
    melding_type_match: Vec<String>,
    niva_match: Vec<i32>,
}

/// Hent en konto i katalogen
#[utoipa::path(
    get,
    path = "/fiks-io/katalog/api/v1/kontoer/{kontoId}",
    operation_id = "katalog_getKonto",
    tag = "FiksIoKatalog",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Kontoen", body = KatalogKonto),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn get_konto(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<KatalogKonto>, ApiError> {
    Ok(Json(fiksio.katalog_konto(konto).await?.into()))
}

/// Hent en kontos status
#[utoipa::path(
    get,
    path = "/fiks-io/katalog/api/v1/kontoer/{kontoId}/status",
    operation_id = "katalog_getKontoStatus",
    tag = "FiksIoKatalog",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Statusen", body = KontoStatus),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn get_status(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<KontoStatus>, ApiError> {
    Ok(Json(fiksio.katalog_status(konto).await?.into()))
}

/// Finn kontoen som tar imot for noen
#[utoipa::path(
    get,
    path = "/fiks-io/katalog/api/v1/lookup",
    operation_id = "katalog_lookup",
    tag = "FiksIoKatalog",
    params(LookupQuery),
    responses(
        (status = 200, description = "Kontoen", body = KatalogKonto),
        (status = "default", description = "Feil, 404 når ingen aktiv konto svarer", body = ErrorMessage),
    ),
)]
async fn lookup(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    Query(query): Query<LookupQuery>,
) -> Result<Json<KatalogKonto>, ApiError> {
    check_protokoll(&query.melding_protokoll)?;
    check_niva(query.sikkerhetsniva)?;
    let oppslag = Oppslag {
        identifikator: query.identifikator.parse()?,
        protokoll: query.melding_protokoll,
        niva: query.sikkerhetsniva,
    };
    Ok(Json(fiksio.lookup(&oppslag).await?.into()))
}

/// Finn aktive adresser som svarer på noe av det samme
#[utoipa::path(
    post,
    path = "/fiks-io/katalog/api/v1/matchendeAdresser",
    operation_id = "katalog_matchendeAdresser",
    tag = "FiksIoKatalog",
    request_body = AdresseMatchSpesifikasjon,
    responses(
        (status = 200, description = "Adressene, hver med det som er felles", body = [AdresseMatch]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn matchende_adresser(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    Json(sent): Json<AdresseMatchSpesifikasjon>,
) -> Result<Json<Vec<AdresseMatch>>, ApiError> {
    let asked = Dekning {
        identifikatorer: super::adresse::identifikatorer(sent.identifikator)?,
        protokoller: sent.melding_type.into_iter().collect(),
        nivaer: sent.sikkerhetsnivaer.into_iter().collect(),
    };
    let mut found = Vec::new();
    for treff in fiksio.matchende_adresser(&asked).await? {
        if Some(treff.id) != sent.adresse_id {
            found.push(matched(&fiksio, treff).await?);
        }
    }
    Ok(Json(found))
}

async fn matched(fiksio: &Fiksio, treff: Adresse) -> Result<AdresseMatch, ApiError> {
    Ok(AdresseMatch {
        fiks_org_id: fiksio.konto(treff.konto).await?.fiks_org_id,
        konto_id: treff.konto,
        adresse_id: treff.id,
        identifikator_match: treff
            .dekning
            .identifikatorer
            .iter()
            .map(ToString::to_string)
            .collect(),
        melding_type_match: treff.dekning.protokoller.into_iter().collect(),
        niva_match: treff.dekning.nivaer.into_iter().collect(),
    })
}
