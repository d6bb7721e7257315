//! The tree of ressurser (auth-og-konfigurasjon §6, §7).

use axum::extract::State;
use axum::http::StatusCode;
use fiks_core::id::RessursId;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::wire::{RessursMedPathJson, shown};
use crate::model::ressurs::{NyRessurs, Ressurs};
use crate::model::values::{Navn, Ressurstype};
use crate::{Konfigurasjon, KonfigurasjonError};

/// A ressurs to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpprettRessursRequest {
    forelder_ressurs: RessursId,
    #[schema(pattern = "^[0-9A-Z_.]+$")]
    r#type: String,
    #[schema(min_length = 2, max_length = 200)]
    navn: String,
}

impl TryFrom<OpprettRessursRequest> for NyRessurs {
    type Error = KonfigurasjonError;

    fn try_from(request: OpprettRessursRequest) -> Result<Self, KonfigurasjonError> {
        Ok(Self {
            id: None,
            forelder: request.forelder_ressurs,
            ressurstype: Ressurstype::parse(request.r#type, "type")?,
            navn: Navn::parse(request.navn, "navn")?,
        })
    }
}

/// A new name for a ressurs.
#[derive(Deserialize, ToSchema)]
pub(super) struct OppdaterRessursRequest {
    #[schema(min_length = 2, max_length = 200)]
    navn: String,
}

/// A ressurs.
#[derive(Serialize, ToSchema)]
#[schema(as = Ressurs)]
pub(super) struct RessursJson {
    id: RessursId,
    #[schema(required = true)]
    forelder: Option<RessursId>,
    r#type: String,
    navn: String,
}

impl From<Ressurs> for RessursJson {
    fn from(one: Ressurs) -> Self {
        Self {
            id: one.id,
            forelder: one.forelder,
            r#type: one.ressurstype.into(),
            navn: one.navn.into(),
        }
    }
}

fn of_type(parameters: &Parameters) -> Result<Option<Ressurstype>, KonfigurasjonError> {
    parameters
        .text("type")?
        .map(|text| Ressurstype::parse(text, "type"))
        .transpose()
}

/// A ressurs and those above it. Needs any privilege on it.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/ressurser/{ressursId}",
    operation_id = "getRessurs", tag = "autorisasjon-query",
    summary = "Hent en ressurs og dem over den",
    description = "Krever et privilegium på ressursen.",
    params(("ressursId" = RessursId, Path)),
    responses((status = 200, body = RessursMedPathJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn get(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<RessursId>,
) -> Result<Json<RessursMedPathJson>, ApiError> {
    Ok(Json(service.ressurs(&caller, id).await?.into()))
}

/// The ressurser directly below one. Needs any privilege on it.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/{ressursId}/barn",
    operation_id = "getBarn", tag = "autorisasjon-query",
    summary = "Ressursene rett under en ressurs",
    description = "Krever et privilegium på ressursen.",
    params(("ressursId" = RessursId, Path), ("type" = Option<String>, Query)),
    responses((status = 200, body = [RessursMedPathJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn barn(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<RessursId>,
    parameters: Parameters,
) -> Result<Json<Vec<RessursMedPathJson>>, ApiError> {
    let ressurstype = of_type(&parameters)?;
    Ok(Json(shown(
        service.barn(&caller, id, ressurstype.as_ref()).await?,
    )))
}

/// Whether nothing is below a ressurs. Needs any privilege on it.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/{ressursId}/isLeaf",
    operation_id = "isLeaf", tag = "autorisasjon-query",
    summary = "Om en ressurs ikke har noen under seg",
    description = "Krever et privilegium på ressursen.",
    params(("ressursId" = RessursId, Path)),
    responses((status = 200, body = bool), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn is_leaf(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<RessursId>,
) -> Result<Json<bool>, ApiError> {
    Ok(Json(service.er_blad(&caller, id).await?))
}

/// The ressurser on which the caller holds any privilege, all or those of one type.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/ressurser",
    operation_id = "ressursSok", tag = "autorisasjon-query",
    summary = "Ressursene der du har et privilegium",
    description = "Alle, eller bare de av én type.",
    params(("type" = Option<String>, Query)),
    responses((status = 200, body = [RessursMedPathJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn sok(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    parameters: Parameters,
) -> Result<Json<Vec<RessursMedPathJson>>, ApiError> {
    let ressurstype = of_type(&parameters)?;
    Ok(Json(shown(
        service.ressurser(&caller, ressurstype.as_ref()).await?,
    )))
}

/// Makes a ressurs. Needs `ADMIN` on the one above.
#[utoipa::path(
    post, path = "/autorisasjon-update/api/v1/ressurs",
    operation_id = "opprettRessurs", tag = "autorisasjon-update",
    summary = "Opprett en ressurs",
    description = "Krever `ADMIN` på ressursen over.",
    request_body = OpprettRessursRequest,
    responses((status = 201, body = RessursJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn create(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Json(request): Json<OpprettRessursRequest>,
) -> Result<(StatusCode, Json<RessursJson>), ApiError> {
    let made = service.opprett_ressurs(&caller, request.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Gives a ressurs another name. Needs `ADMIN` on it.
#[utoipa::path(
    patch, path = "/autorisasjon-update/api/v1/ressurs/{ressurs}",
    operation_id = "oppdaterRessurs", tag = "autorisasjon-update",
    summary = "Gi en ressurs nytt navn",
    description = "Krever `ADMIN` på ressursen.",
    params(("ressurs" = RessursId, Path)), request_body = OppdaterRessursRequest,
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(id): Path<RessursId>,
    Json(request): Json<OppdaterRessursRequest>,
) -> Result<StatusCode, ApiError> {
    service
        .gi_ressurs_navn(&caller, id, Navn::parse(request.navn, "navn")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
