//! Organisations, for those who use the platform.

use axum::extract::State;
use fiks_core::id::FiksOrgId;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::wire::{OrganisasjonJson, shown};
use crate::model::organisasjon::OrganisasjonEndring;
use crate::model::values::{Epost, Fodselsnummer, Kommunenr, Navn, at_most, orgnr};
use crate::{Konfigurasjon, KonfigurasjonError, OrganisasjonUtvalg};

/// Most addresses of an organisation.
const MOST_ADDRESSES: usize = 50;

/// Which organisations.
#[derive(Deserialize, ToSchema)]
pub(super) struct OrganisasjonGetRequest {
    ids: Option<Vec<FiksOrgId>>,
    kommunenr: Option<Vec<String>>,
}

/// Changes to an organisation. What is left out or null stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganisasjonUpdateRequest {
    navn: Option<String>,
    epost: Option<Vec<String>>,
    innbyggerkontakt_epost: Option<String>,
    #[schema(pattern = "^[0-9]{9}$")]
    orgnr: Option<String>,
    #[schema(pattern = "^[0-9]{11}$")]
    avtaleadmin_fnr: Option<String>,
    konfigurert: Option<bool>,
}

impl TryFrom<OrganisasjonUpdateRequest> for OrganisasjonEndring {
    type Error = KonfigurasjonError;

    fn try_from(request: OrganisasjonUpdateRequest) -> Result<Self, KonfigurasjonError> {
        let address = request
            .innbyggerkontakt_epost
            .map(|text| Epost::parse(text, "innbyggerkontaktEpost"));
        let fnr = request
            .avtaleadmin_fnr
            .map(|text| Fodselsnummer::parse(text, "avtaleadminFnr"));
        Ok(Self {
            navn: request.navn.map(|text| Navn::parse(text, "navn")).transpose()?,
            epost: request.epost.map(addresses).transpose()?,
            innbyggerkontakt_epost: address.transpose()?,
            orgnr: request.orgnr.map(|text| orgnr(&text, "orgnr")).transpose()?,
            avtaleadmin: fnr.transpose()?,
            konfigurert: request.konfigurert,
        })
    }
}

fn addresses(texts: Vec<String>) -> Result<Vec<Epost>, KonfigurasjonError> {
    let texts = at_most(texts, MOST_ADDRESSES, "epost")?;
    texts
        .into_iter()
        .map(|text| Epost::parse(text, "epost"))
        .collect()
}

fn numbers<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Kommunenr>, KonfigurasjonError> {
    texts.map(|text| Kommunenr::parse(text, "kommunenr")).collect()
}

/// The organisations with one of the ids or municipality numbers, as far as the caller may see them.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner", operation_id = "getOrganisasjoner", tag = "organisasjon",
    summary = "Finn organisasjoner etter id eller kommunenummer",
    description = "Så langt du har lov til å se dem.",
    params(("orgId" = Option<Vec<FiksOrgId>>, Query), ("kommunenr" = Option<Vec<String>>, Query)),
    responses((status = 200, body = [OrganisasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn get(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    parameters: Parameters,
) -> Result<Json<Vec<OrganisasjonJson>>, ApiError> {
    let utvalg = OrganisasjonUtvalg {
        ids: parameters.all("orgId")?,
        kommunenr: numbers(parameters.texts("kommunenr"))?,
    };
    Ok(Json(shown(service.organisasjoner(&caller, utvalg).await?)))
}

/// As `getOrganisasjoner`, for long lists: at most 10,000 ids and as many numbers.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/organisasjoner",
    operation_id = "getFlereOrganisasjoner", tag = "organisasjon",
    summary = "Finn mange organisasjoner etter id eller kommunenummer",
    description = "Som `getOrganisasjoner`, for lange lister: inntil 10 000 id-er og like mange numre.",
    request_body = OrganisasjonGetRequest,
    responses((status = 200, body = [OrganisasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn get_flere(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Json(request): Json<OrganisasjonGetRequest>,
) -> Result<Json<Vec<OrganisasjonJson>>, ApiError> {
    let kommunenr = request.kommunenr.unwrap_or_default();
    let utvalg = OrganisasjonUtvalg {
        ids: request.ids.unwrap_or_default(),
        kommunenr: numbers(kommunenr.iter().map(String::as_str))?,
    };
    Ok(Json(shown(service.organisasjoner(&caller, utvalg).await?)))
}

/// The caller's own organisation, and those in which it holds any privilege.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner/synlige",
    operation_id = "getSynligeOrganisasjoner", tag = "organisasjon",
    summary = "Din egen organisasjon, og dem der du har et privilegium",
    description = "",
    responses((status = 200, body = [OrganisasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn get_synlige(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<OrganisasjonJson>>, ApiError> {
    Ok(Json(shown(service.synlige_organisasjoner(&caller).await?)))
}

/// Changes an organisation. Needs `ADMIN` on it.
#[utoipa::path(
    patch, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}",
    operation_id = "updateOrganisasjon", tag = "organisasjon",
    summary = "Endre en organisasjon",
    description = "Krever `ADMIN` på organisasjonen.",
    params(("fiksOrgId" = FiksOrgId, Path)), request_body = OrganisasjonUpdateRequest,
    responses((status = 200, body = OrganisasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<FiksOrgId>,
    Json(request): Json<OrganisasjonUpdateRequest>,
) -> Result<Json<OrganisasjonJson>, ApiError> {
    let changed = service
        .endre_organisasjon(&caller, id, request.try_into()?)
        .await?;
    Ok(Json(changed.into()))
}
