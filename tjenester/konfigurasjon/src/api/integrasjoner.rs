//! Integrations, their passwords and their ties to ressurser (auth-og-konfigurasjon §6.1).

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use fiks_core::ExposeSecret;
use fiks_core::id::{FiksOrgId, IntegrasjonId, RessursId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::wire::{IntegrasjonJson, shown};
use crate::model::integrasjon::{IntegrasjonEndring, IntegrasjonUtvalg, NyIntegrasjon};
use crate::model::values::{Beskrivelse, IntegrasjonNavn, Kode, Tag, orgnr};
use crate::{Konfigurasjon, KonfigurasjonError};

/// An integration to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrasjonCreateRequest {
    #[schema(pattern = "^[0-9]{9}$")]
    autorisert_orgnr: String,
    #[schema(pattern = "^[A-Za-zæøåÆØÅ0-9_.,/\\-_ ]+$")]
    navn: String,
    beskrivelse: Option<String>,
    fiks_organisasjon_uuid: FiksOrgId,
}

impl TryFrom<IntegrasjonCreateRequest> for NyIntegrasjon {
    type Error = KonfigurasjonError;

    fn try_from(request: IntegrasjonCreateRequest) -> Result<Self, KonfigurasjonError> {
        Ok(Self {
            id: None,
            autorisert_orgnr: orgnr(&request.autorisert_orgnr, "autorisertOrgnr")?,
            eier: request.fiks_organisasjon_uuid,
            navn: IntegrasjonNavn::parse(request.navn, "navn")?,
            beskrivelse: beskrivelse(request.beskrivelse)?,
        })
    }
}

/// Changes to an integration. What is left out or null stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrasjonUpdateRequest {
    #[schema(pattern = "^[0-9]{9}$")]
    autorisert_orgnr: Option<String>,
    #[schema(pattern = "^[A-Za-zæøåÆØÅ0-9_.,/\\-_ ]+$")]
    navn: Option<String>,
    beskrivelse: Option<String>,
}

impl TryFrom<IntegrasjonUpdateRequest> for IntegrasjonEndring {
    type Error = KonfigurasjonError;

    fn try_from(request: IntegrasjonUpdateRequest) -> Result<Self, KonfigurasjonError> {
        let number = request
            .autorisert_orgnr
            .map(|text| orgnr(&text, "autorisertOrgnr"));
        let name = request.navn.map(|text| IntegrasjonNavn::parse(text, "navn"));
        Ok(Self {
            autorisert_orgnr: number.transpose()?,
            navn: name.transpose()?,
            beskrivelse: beskrivelse(request.beskrivelse)?,
        })
    }
}

fn beskrivelse(text: Option<String>) -> Result<Option<Beskrivelse>, KonfigurasjonError> {
    text.map(|text| Beskrivelse::parse(text, "beskrivelse"))
        .transpose()
}

/// A password, shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Passord {
    passord: String,
}

/// Makes an integration, without password. Needs `ADMIN` on the organisation.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/integrasjoner", operation_id = "createIntegrasjon", tag = "integrasjon",
    summary = "Opprett en integrasjon",
    description = "Den får ikke passord; det lages for seg. Krever `ADMIN` på organisasjonen.",
    request_body = IntegrasjonCreateRequest,
    responses((status = 200, body = IntegrasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn create(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Json(request): Json<IntegrasjonCreateRequest>,
) -> Result<Json<IntegrasjonJson>, ApiError> {
    let made = service.opprett_integrasjon(&caller, request.try_into()?).await?;
    Ok(Json(made.into()))
}

/// One integration: for its owner's administrators and itself; a global one for everyone.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}",
    operation_id = "getIntegrasjon", tag = "integrasjon",
    summary = "Hent en integrasjon",
    description = "For dem som administrerer eieren, og for integrasjonen selv; en global er for alle.",
    params(("integrasjonId" = IntegrasjonId, Path)),
    responses((status = 200, body = IntegrasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn get(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IntegrasjonId>,
) -> Result<Json<IntegrasjonJson>, ApiError> {
    Ok(Json(service.integrasjon(&caller, id).await?.into()))
}

/// Changes an integration. Needs `ADMIN` on the organisation that owns it.
#[utoipa::path(
    patch, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}",
    operation_id = "updateIntegrasjon", tag = "integrasjon",
    summary = "Endre en integrasjon",
    description = "Krever `ADMIN` på organisasjonen som eier den.",
    params(("integrasjonId" = IntegrasjonId, Path)), request_body = IntegrasjonUpdateRequest,
    responses((status = 200, body = IntegrasjonJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IntegrasjonId>,
    Json(request): Json<IntegrasjonUpdateRequest>,
) -> Result<Json<IntegrasjonJson>, ApiError> {
    let changed = service
        .endre_integrasjon(&caller, id, request.try_into()?)
        .await?;
    Ok(Json(changed.into()))
}

/// Removes an integration and everything that it has been given. Needs `ADMIN` on the organisation that owns it.
#[utoipa::path(
    delete, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}",
    operation_id = "deleteIntegrasjon", tag = "integrasjon",
    summary = "Slett en integrasjon og alt den har fått tilgang til",
    description = "Krever `ADMIN` på organisasjonen som eier den.",
    params(("integrasjonId" = IntegrasjonId, Path)),
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn delete(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IntegrasjonId>,
) -> Result<StatusCode, ApiError> {
    service.slett_integrasjon(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new password, which replaces the earlier one at once and cannot be read again. Needs `ADMIN` on the
/// organisation that owns the integration.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}/lagPassord",
    operation_id = "createPassord", tag = "integrasjon",
    summary = "Lag et nytt passord for en integrasjon",
    description = "Erstatter det forrige med en gang, og kan ikke leses igjen. Krever `ADMIN` på organisasjonen \
        som eier integrasjonen.",
    params(("integrasjonId" = IntegrasjonId, Path)),
    responses((status = 200, body = Passord), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn create_passord(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IntegrasjonId>,
) -> Result<impl IntoResponse, ApiError> {
    let passord = service.lag_passord(&caller, id).await?;
    // Kept nowhere on its way, the answers for `Idempotency-Key` included.
    let uncached = [(CACHE_CONTROL, "no-store")];
    let passord = passord.expose_secret().to_owned();
    Ok((uncached, Json(Passord { passord })))
}

/// Notes that an integration is used with a ressurs. Gives no access. Needs `ADMIN` on the ressurs.
#[utoipa::path(
    put, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}/tilknyttede-ressurser/{ressursId}",
    operation_id = "addTilknyttetRessurs", tag = "integrasjon",
    summary = "Noter at en integrasjon brukes med en ressurs",
    description = "Gir ingen tilgang. Krever `ADMIN` på ressursen.",
    params(("integrasjonId" = IntegrasjonId, Path), ("ressursId" = RessursId, Path)),
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn add_ressurs(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((id, ressurs)): Path<(IntegrasjonId, RessursId)>,
) -> Result<StatusCode, ApiError> {
    service.knytt_ressurs(&caller, id, ressurs).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back that an integration is used with a ressurs. Needs `ADMIN` on the ressurs.
#[utoipa::path(
    delete, path = "/konfigurasjon/api/v1/integrasjoner/{integrasjonId}/tilknyttede-ressurser/{ressursId}",
    operation_id = "deleteTilknyttetRessurs", tag = "integrasjon",
    summary = "Noter at en integrasjon ikke lenger brukes med en ressurs",
    description = "Krever `ADMIN` på ressursen.",
    params(("integrasjonId" = IntegrasjonId, Path), ("ressursId" = RessursId, Path)),
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn delete_ressurs(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((id, ressurs)): Path<(IntegrasjonId, RessursId)>,
) -> Result<StatusCode, ApiError> {
    service.losne_ressurs(&caller, id, ressurs).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The organisation's own integrations and the global ones; with `integrasjonId` or `integrasjonKode` only those.
/// Needs `ADMIN` on the organisation.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/integrasjoner",
    operation_id = "getIntegrasjonerForOrganisasjon", tag = "organisasjon",
    summary = "Integrasjonene til en organisasjon, og de globale",
    description = "Bare noen av dem med `integrasjonId` eller `integrasjonKode`. Krever `ADMIN` på organisasjonen.",
    params(
        ("fiksOrgId" = FiksOrgId, Path),
        ("integrasjonId" = Option<Vec<IntegrasjonId>>, Query),
        ("integrasjonKode" = Option<Vec<String>>, Query),
    ),
    responses((status = 200, body = [IntegrasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn for_organisasjon(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(organisasjon): Path<FiksOrgId>,
    parameters: Parameters,
) -> Result<Json<Vec<IntegrasjonJson>>, ApiError> {
    let koder = parameters
        .texts("integrasjonKode")
        .map(|text| Kode::parse(text, "integrasjonKode"));
    let utvalg = IntegrasjonUtvalg {
        ids: parameters.all("integrasjonId")?,
        koder: koder.collect::<Result<_, _>>()?,
        tag: None,
    };
    Ok(Json(shown(
        service.integrasjoner_for(&caller, organisasjon, utvalg).await?,
    )))
}

/// The organisation's own integrations and the global ones that carry a tag. Needs `ADMIN` on the organisation.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/integrasjoner/{tag}",
    operation_id = "getIntegrasjonerForOrganisasjonByTag", tag = "organisasjon",
    summary = "Integrasjonene til en organisasjon, og de globale, som har en tag",
    description = "Krever `ADMIN` på organisasjonen.",
    params(("fiksOrgId" = FiksOrgId, Path), ("tag" = String, Path)),
    responses((status = 200, body = [IntegrasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn for_organisasjon_by_tag(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((organisasjon, tag)): Path<(FiksOrgId, String)>,
) -> Result<Json<Vec<IntegrasjonJson>>, ApiError> {
    let utvalg = IntegrasjonUtvalg {
        tag: Some(Tag::parse(tag, "tag")?),
        ..Default::default()
    };
    Ok(Json(shown(
        service.integrasjoner_for(&caller, organisasjon, utvalg).await?,
    )))
}
