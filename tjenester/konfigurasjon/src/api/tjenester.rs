//! Services and privileges (auth-og-konfigurasjon §6.2).

use axum::extract::State;
use fiks_core::id::{FiksOrgId, RessursId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{PrivilegiumJson, TjenesteJson, TjenesteStatusJson, privilegier_on, shown};
use crate::Konfigurasjon;
use crate::model::katalog::{TJENESTER, Tjeneste};
use crate::model::values::Ressurstype;

/// All services.
#[derive(Serialize, ToSchema)]
pub(super) struct TjenesteList {
    #[schema(required = false)]
    tjenester: Vec<TjenesteJson>,
}

/// The privileges of a type of ressurser.
#[derive(Serialize, ToSchema)]
pub(super) struct PrivilegiumList {
    #[schema(required = false)]
    privilegier: Vec<PrivilegiumJson>,
}

/// The ressurs of a service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InitialisertTjeneste {
    ressurs_id: RessursId,
}

/// All services and how far the organisation has come with them. For its own integrations, and whoever holds any
/// privilege on it.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/tjenester",
    operation_id = "getTjenesterForOrganisasjon", tag = "organisasjon",
    summary = "Alle tjenester, og hvor langt organisasjonen er kommet med dem",
    description = "For organisasjonens egne integrasjoner, og for den som har et privilegium på organisasjonen.",
    params(("fiksOrgId" = FiksOrgId, Path)),
    responses((status = 200, body = [TjenesteStatusJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn for_organisasjon(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(organisasjon): Path<FiksOrgId>,
) -> Result<Json<Vec<TjenesteStatusJson>>, ApiError> {
    Ok(Json(shown(service.tjenester_for(&caller, organisasjon).await?)))
}

/// How far the organisation has come with one service. For its own integrations, and whoever holds any privilege on
/// it.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/tjenester/{kode}",
    operation_id = "getTjenesteForOrganisasjonByKode", tag = "organisasjon",
    summary = "Hvor langt organisasjonen er kommet med én tjeneste",
    description = "For organisasjonens egne integrasjoner, og for den som har et privilegium på organisasjonen.",
    params(("fiksOrgId" = FiksOrgId, Path), ("kode" = String, Path)),
    responses((status = 200, body = TjenesteStatusJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn for_organisasjon_by_kode(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((organisasjon, kode)): Path<(FiksOrgId, String)>,
) -> Result<Json<TjenesteStatusJson>, ApiError> {
    let status = service
        .tjeneste_for(&caller, organisasjon, Tjeneste::with_kode(&kode)?)
        .await?;
    Ok(Json(status.into()))
}

/// Makes the ressurs of a service under the organisation, unless it is there. Needs `ADMIN` on the organisation.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/tjenester/{tjenesteKode}/initialiser",
    operation_id = "initializeTjenesteForOrganisasjon", tag = "organisasjon",
    summary = "Opprett ressursen til en tjeneste under organisasjonen",
    description = "Gjør ingenting når den finnes. Krever `ADMIN` på organisasjonen.",
    params(("fiksOrgId" = FiksOrgId, Path), ("tjenesteKode" = String, Path)),
    responses((status = 200, body = InitialisertTjeneste), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn initialize(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((organisasjon, kode)): Path<(FiksOrgId, String)>,
) -> Result<Json<InitialisertTjeneste>, ApiError> {
    let tjeneste = Tjeneste::with_kode(&kode)?;
    let ressurs_id = service
        .initialiser_tjeneste(&caller, organisasjon, tjeneste)
        .await?;
    Ok(Json(InitialisertTjeneste { ressurs_id }))
}

/// Marks a service as configured. Needs `FIKS.KONFIGURER` on the service's ressurs, or `ADMIN`.
#[utoipa::path(
    post, path = "/konfigurasjon/api/v1/organisasjoner/{fiksOrgId}/tjenester/{tjenesteKode}/konfigurer",
    operation_id = "configureTjenesteForOrganisasjon", tag = "organisasjon",
    summary = "Merk en tjeneste som konfigurert",
    description = "Krever `FIKS.KONFIGURER` på ressursen til tjenesten, eller `ADMIN`.",
    params(("fiksOrgId" = FiksOrgId, Path), ("tjenesteKode" = String, Path)),
    responses((status = 200, body = TjenesteStatusJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn configure(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((organisasjon, kode)): Path<(FiksOrgId, String)>,
) -> Result<Json<TjenesteStatusJson>, ApiError> {
    let status = service
        .konfigurer_tjeneste(&caller, organisasjon, Tjeneste::with_kode(&kode)?)
        .await?;
    Ok(Json(status.into()))
}

/// All services of the platform.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/tjenester", operation_id = "getTjenester", tag = "tjeneste",
    summary = "Alle tjenestene på plattformen",
    description = "",
    responses((status = 200, body = TjenesteList), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn all(_caller: Authenticated) -> Json<TjenesteList> {
    Json(TjenesteList {
        tjenester: TJENESTER.iter().map(Into::into).collect(),
    })
}

/// The privileges that have an effect on ressurser of a type.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/privilegier/{ressursType}",
    operation_id = "getPrivilegierForRessursType", tag = "privilegium",
    summary = "Privilegiene som virker på en ressurstype",
    description = "",
    params(("ressursType" = String, Path)),
    responses((status = 200, body = PrivilegiumList), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn privilegier(
    _caller: Authenticated,
    Path(ressurstype): Path<String>,
) -> Result<Json<PrivilegiumList>, ApiError> {
    let ressurstype = Ressurstype::parse(ressurstype, "ressursType")?;
    Ok(Json(PrivilegiumList {
        privilegier: privilegier_on(ressurstype.as_str()),
    }))
}
