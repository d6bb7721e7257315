//! What only the operator of the platform does. Everything here needs `ADMIN` on the root.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use fiks_core::id::{FiksOrgId, IntegrasjonId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use fiks_identity::Caller;
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire::{
    IntegrasjonJson, OrganisasjonJson, PrivilegiumJson, TjenesteJson, privilegier_by_type, shown,
};
use crate::model::integrasjon::{Integrasjon, IntegrasjonRootEndring};
use crate::model::katalog::{Privilegium, TJENESTER, Tjeneste};
use crate::model::organisasjon::{NyOrganisasjon, OrganisasjonRootEndring, Organisasjonstype};
use crate::model::values::{Kode, Kommunenr, Navn, Tag, orgnr};
use crate::{Konfigurasjon, KonfigurasjonError};

/// The types that a new organisation can have: all but `UKJENT`.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KjentOrganisasjonstype {
    Kommune,
    Fylkeskommune,
    KommunalVirksomhet,
    StatligVirksomhet,
    Leverandor,
}

impl From<KjentOrganisasjonstype> for Organisasjonstype {
    fn from(one: KjentOrganisasjonstype) -> Self {
        match one {
            KjentOrganisasjonstype::Kommune => Self::Kommune,
            KjentOrganisasjonstype::Fylkeskommune => Self::Fylkeskommune,
            KjentOrganisasjonstype::KommunalVirksomhet => Self::KommunalVirksomhet,
            KjentOrganisasjonstype::StatligVirksomhet => Self::StatligVirksomhet,
            KjentOrganisasjonstype::Leverandor => Self::Leverandor,
        }
    }
}

/// An organisation to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct OrganisasjonCreateRequest {
    navn: String,
    #[schema(inline)]
    r#type: KjentOrganisasjonstype,
    intern: bool,
    #[schema(pattern = r"^\d{4}$")]
    kommunenr: Option<String>,
    #[schema(pattern = "^[0-9]{9}$")]
    orgnr: Option<String>,
}

impl TryFrom<OrganisasjonCreateRequest> for NyOrganisasjon {
    type Error = KonfigurasjonError;

    fn try_from(request: OrganisasjonCreateRequest) -> Result<Self, KonfigurasjonError> {
        Ok(Self {
            id: None,
            navn: Navn::parse(request.navn, "navn")?,
            organisasjonstype: request.r#type.into(),
            intern: request.intern,
            kommunenr: request
                .kommunenr
                .map(|text| Kommunenr::parse(text, "kommunenr"))
                .transpose()?,
            orgnr: request.orgnr.map(|text| orgnr(&text, "orgnr")).transpose()?,
        })
    }
}

/// Changes to an organisation. What is left out or null stays as it is, but `intern` must be given.
#[derive(Deserialize, ToSchema)]
pub(super) struct RootOrganisasjonUpdateRequest {
    navn: Option<String>,
    #[schema(pattern = r"^\d{4}$")]
    kommunenr: Option<String>,
    #[schema(pattern = "^[0-9]{9}$")]
    orgnr: Option<String>,
    synlig: Option<bool>,
    intern: bool,
}

impl TryFrom<RootOrganisasjonUpdateRequest> for OrganisasjonRootEndring {
    type Error = KonfigurasjonError;

    fn try_from(request: RootOrganisasjonUpdateRequest) -> Result<Self, KonfigurasjonError> {
        Ok(Self {
            navn: request.navn.map(|text| Navn::parse(text, "navn")).transpose()?,
            kommunenr: request
                .kommunenr
                .map(|text| Kommunenr::parse(text, "kommunenr"))
                .transpose()?,
            orgnr: request.orgnr.map(|text| orgnr(&text, "orgnr")).transpose()?,
            synlig: request.synlig,
            intern: Some(request.intern),
        })
    }
}

/// Changes to an integration. What is left out or null stays as it is; `kode` and `forespurtePrivilegier` are passed
/// over for integrations that are not global.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RootIntegrasjonUpdateRequest {
    #[schema(pattern = "^[0-9A-Z_.]+$")]
    kode: Option<String>,
    global: Option<bool>,
    forespurte_privilegier: Option<Vec<String>>,
    tags: Option<Vec<String>>,
}

impl TryFrom<RootIntegrasjonUpdateRequest> for IntegrasjonRootEndring {
    type Error = KonfigurasjonError;

    fn try_from(request: RootIntegrasjonUpdateRequest) -> Result<Self, KonfigurasjonError> {
        let wanted = |names: Vec<String>| -> Result<Vec<_>, KonfigurasjonError> {
            names
                .iter()
                .map(|navn| Privilegium::named(navn, "forespurtePrivilegier"))
                .collect()
        };
        let tags = |texts: Vec<String>| -> Result<Vec<_>, KonfigurasjonError> {
            texts.into_iter().map(|text| Tag::parse(text, "tags")).collect()
        };
        Ok(Self {
            global: request.global,
            kode: request.kode.map(|text| Kode::parse(text, "kode")).transpose()?,
            forespurte_privilegier: request.forespurte_privilegier.map(wanted).transpose()?,
            tags: request.tags.map(tags).transpose()?,
        })
    }
}

/// The privileges of every type of ressurser.
#[derive(Serialize, ToSchema)]
pub(super) struct PrivilegiumMap {
    #[schema(required = false)]
    privilegier: BTreeMap<&'static str, Vec<PrivilegiumJson>>,
}

/// All organisations.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/root/organisasjoner", operation_id = "getAllOrganisasjoner", tag = "root",
    summary = "Alle organisasjoner",
    description = "Krever `ADMIN` på roten.",
    responses((status = 200, body = [OrganisasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn organisasjoner(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<OrganisasjonJson>>, ApiError> {
    Ok(Json(shown(service.alle_organisasjoner(&caller).await?)))
}

/// Makes an organisation.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/root/organisasjoner", operation_id = "createOrganisasjon", tag = "root",
    summary = "Opprett en organisasjon",
    description = "Krever `ADMIN` på roten.",
    request_body = OrganisasjonCreateRequest,
    responses((status = 200, body = OrganisasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn create_organisasjon(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Json(request): Json<OrganisasjonCreateRequest>,
) -> Result<Json<OrganisasjonJson>, ApiError> {
    let made = service.opprett_organisasjon(&caller, request.try_into()?).await?;
    Ok(Json(made.into()))
}

/// Changes an organisation.
#[utoipa::path(
    patch, path = "/konfigurasjon/api/v1/root/organisasjoner/{orgId}",
    operation_id = "updateOrganisasjonRoot", tag = "root",
    summary = "Endre en organisasjon, som operatør",
    description = "Krever `ADMIN` på roten.",
    params(("orgId" = FiksOrgId, Path)), request_body = RootOrganisasjonUpdateRequest,
    responses((status = 200, body = OrganisasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update_organisasjon(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<FiksOrgId>,
    Json(request): Json<RootOrganisasjonUpdateRequest>,
) -> Result<Json<OrganisasjonJson>, ApiError> {
    let changed = service
        .endre_organisasjon_root(&caller, id, request.try_into()?)
        .await?;
    Ok(Json(changed.into()))
}

/// All integrations of all organisations, streamed in the order of their ids. One that is changed meanwhile may be
/// shown as before or after.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/root/integrasjoner", operation_id = "getAllIntegrasjoner", tag = "root",
    summary = "Alle integrasjoner i alle organisasjoner",
    description = "Strømmes i rekkefølge etter id. En som endres underveis, kan vises som før eller etter. \
        Krever `ADMIN` på roten.",
    responses((status = 200, body = [IntegrasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn integrasjoner(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Response, ApiError> {
    // The first page is read before the answer begins, so that a refusal is one.
    let first = service.alle_integrasjoner(&caller, None).await?;
    let body = Body::from_stream(pages(service, caller, first));
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// Changes what an integration is for all organisations.
#[utoipa::path(
    patch, path = "/konfigurasjon/api/v1/root/integrasjoner/{integrasjonId}",
    operation_id = "updateIntegrasjonRoot", tag = "root",
    summary = "Endre hva en integrasjon er for alle organisasjoner",
    description = "Krever `ADMIN` på roten.",
    params(("integrasjonId" = IntegrasjonId, Path)), request_body = RootIntegrasjonUpdateRequest,
    responses((status = 200, body = IntegrasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update_integrasjon(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IntegrasjonId>,
    Json(request): Json<RootIntegrasjonUpdateRequest>,
) -> Result<Json<IntegrasjonJson>, ApiError> {
    let changed = service
        .endre_integrasjon_root(&caller, id, request.try_into()?)
        .await?;
    Ok(Json(changed.into()))
}

/// The privileges of every type of ressurser.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/root/privilegier", operation_id = "getAllPrivilegier", tag = "root",
    summary = "Privilegiene på hver ressurstype",
    description = "Krever `ADMIN` på roten.",
    responses((status = 200, body = PrivilegiumMap), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn privilegier(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Json<PrivilegiumMap>, ApiError> {
    service.require_root(&caller).await?;
    Ok(Json(PrivilegiumMap {
        privilegier: privilegier_by_type(),
    }))
}

/// All services.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/root/tjenester", operation_id = "getAllTjenester", tag = "root",
    summary = "Alle tjenester, som operatør",
    description = "Krever `ADMIN` på roten.",
    responses((status = 200, body = [TjenesteJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn tjenester(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<TjenesteJson>>, ApiError> {
    service.require_root(&caller).await?;
    Ok(Json(TJENESTER.iter().map(Into::into).collect()))
}

/// One service.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/root/tjenester/{tjenesteKode}",
    operation_id = "getTjenesteByKode", tag = "root",
    summary = "Én tjeneste",
    description = "Krever `ADMIN` på roten.",
    params(("tjenesteKode" = String, Path)),
    responses((status = 200, body = TjenesteJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn tjeneste(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(kode): Path<String>,
) -> Result<Json<TjenesteJson>, ApiError> {
    service.require_root(&caller).await?;
    Ok(Json(Tjeneste::with_kode(&kode)?.into()))
}

/// The integrations as one JSON list, a page at a time. A page that cannot be read breaks the answer off.
fn pages(
    service: Konfigurasjon,
    caller: Caller,
    first: Vec<Integrasjon>,
) -> impl Stream<Item = Result<Bytes, PageFailed>> + Send {
    let begin = Some((first, "["));
    stream::try_unfold(begin, move |part| {
        let (service, caller) = (service.clone(), caller.clone());
        async move {
            let Some((page, before)) = part else {
                return Ok(None);
            };
            let Some(last) = page.last().map(|integrasjon| integrasjon.id) else {
                let end = if before == "[" { "[]" } else { "]" };
                return Ok(Some((Bytes::from_static(end.as_bytes()), None)));
            };
            let written = written(page, before)?;
            let next = service.alle_integrasjoner(&caller, Some(last)).await?;
            Ok(Some((written, Some((next, ",")))))
        }
    })
}

/// A page as JSON: what goes before it, and its elements with commas between.
fn written(page: Vec<Integrasjon>, before: &str) -> Result<Bytes, PageFailed> {
    let mut text = Vec::new();
    let mut separator = before;
    for integrasjon in page {
        text.extend_from_slice(separator.as_bytes());
        serde_json::to_writer(&mut text, &IntegrasjonJson::from(integrasjon))?;
        separator = ",";
    }
    Ok(text.into())
}

/// A page of a list that has begun could not be read.
#[derive(Debug, thiserror::Error)]
enum PageFailed {
    #[error(transparent)]
    Read(#[from] KonfigurasjonError),
    #[error(transparent)]
    Write(#[from] serde_json::Error),
}
