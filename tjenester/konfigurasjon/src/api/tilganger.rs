//! Giving and taking privileges (auth-og-konfigurasjon §7).

use axum::extract::State;
use axum::http::StatusCode;
use fiks_core::id::{FiksOrgId, RessursId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::Parameters;
use crate::model::katalog::Privilegium;
use crate::model::tilgang::{self, Tilgang, TypeTilgang};
use crate::model::values::Ressurstype;
use crate::{Konfigurasjon, KonfigurasjonError};

/// Who may do what.
#[derive(Deserialize, ToSchema)]
#[schema(as = TilgangRequest)]
pub(super) struct TilgangRequest {
    #[schema(pattern = "^[A-Za-zæøåÆØÅ0-9_.,/\\-_ ]+$")]
    aktor: String,
    #[schema(pattern = "^[0-9A-Z_.]+$")]
    privilegium: String,
}

impl TilgangRequest {
    fn on_ressurs(&self, ressurs: RessursId) -> Result<Tilgang, KonfigurasjonError> {
        Ok(Tilgang {
            aktor: tilgang::aktor(&self.aktor, "aktor")?,
            privilegium: Privilegium::named(&self.privilegium, "privilegium")?,
            ressurs,
        })
    }

    fn on_type(&self, ressurstype: String) -> Result<TypeTilgang, KonfigurasjonError> {
        Ok(TypeTilgang {
            aktor: tilgang::aktor(&self.aktor, "aktor")?,
            privilegium: Privilegium::named(&self.privilegium, "privilegium")?,
            ressurstype: Ressurstype::parse(ressurstype, "ressursType")?,
        })
    }
}

/// A grant.
#[derive(Serialize, ToSchema)]
#[schema(as = Tilgang)]
pub(super) struct TilgangJson {
    aktor: String,
    privilegium: &'static str,
    ressurs: RessursId,
}

/// A type grant.
#[derive(Serialize, ToSchema)]
#[schema(as = TypeTilgang)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeTilgangJson {
    aktor: String,
    ressurs_type: String,
    privilegium: &'static str,
}

/// Whether an aktor is to be active.
#[derive(Deserialize, ToSchema)]
pub(super) struct OppdaterAktorRequest {
    aktiv: bool,
}

/// An aktor.
#[derive(Serialize, ToSchema)]
#[schema(as = Aktor)]
pub(super) struct AktorJson {
    id: String,
    aktiv: bool,
}

/// Gives an aktor a privilege on a ressurs and all below. Needs `ADMIN` on the ressurs.
#[utoipa::path(
    post, path = "/autorisasjon-update/api/v1/ressurs/{ressurs}/tilganger",
    operation_id = "tildelTilgang", tag = "autorisasjon-update",
    summary = "Gi en aktør et privilegium på en ressurs",
    description = "Gjelder også alt under ressursen. Krever `ADMIN` på ressursen.",
    params(("ressurs" = RessursId, Path)), request_body = TilgangRequest,
    responses((status = 200, body = TilgangJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn tildel(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(ressurs): Path<RessursId>,
    Json(request): Json<TilgangRequest>,
) -> Result<Json<TilgangJson>, ApiError> {
    let tilgang = request.on_ressurs(ressurs)?;
    let answer = TilgangJson {
        aktor: tilgang.aktor.to_string(),
        privilegium: tilgang.privilegium.navn,
        ressurs,
    };
    service.tildel(&caller, tilgang).await?;
    Ok(Json(answer))
}

/// Takes a privilege on a ressurs back, if it was given there. Needs `ADMIN` on the ressurs.
#[utoipa::path(
    delete, path = "/autorisasjon-update/api/v1/ressurs/{ressurs}/tilganger",
    operation_id = "fjernTilgang", tag = "autorisasjon-update",
    summary = "Ta tilbake et privilegium på en ressurs",
    description = "Bare det som er gitt på denne ressursen. Krever `ADMIN` på ressursen.",
    params(("ressurs" = RessursId, Path), ("aktor" = String, Query), ("privilegium" = String, Query)),
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn fjern(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(ressurs): Path<RessursId>,
    parameters: Parameters,
) -> Result<StatusCode, ApiError> {
    let aktor = parameters.required("aktor")?;
    let request = TilgangRequest {
        aktor,
        privilegium: parameters.required("privilegium")?,
    };
    service.fjern(&caller, request.on_ressurs(ressurs)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an aktor a privilege on every ressurs of a type, in all organisations. Needs `ADMIN` on the root.
#[utoipa::path(
    post, path = "/autorisasjon-update/api/v1/typeTilganger/{ressursType}/tilganger",
    operation_id = "tildelTypeTilgang", tag = "autorisasjon-update",
    summary = "Gi en aktør et privilegium på alle ressurser av en type",
    description = "Gjelder i alle organisasjoner. Krever `ADMIN` på roten.",
    params(("ressursType" = String, Path)), request_body = TilgangRequest,
    responses((status = 200, body = TypeTilgangJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn tildel_type(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(ressurstype): Path<String>,
    Json(request): Json<TilgangRequest>,
) -> Result<Json<TypeTilgangJson>, ApiError> {
    let tilgang = request.on_type(ressurstype)?;
    let answer = TypeTilgangJson {
        aktor: tilgang.aktor.to_string(),
        ressurs_type: tilgang.ressurstype.as_str().to_owned(),
        privilegium: tilgang.privilegium.navn,
    };
    service.tildel_type(&caller, tilgang).await?;
    Ok(Json(answer))
}

/// Takes a type grant back, if it was given. Needs `ADMIN` on the root.
#[utoipa::path(
    post, path = "/autorisasjon-update/api/v1/typeTilganger/{ressursType}/tilganger/delete",
    operation_id = "fjernTypeTilgang", tag = "autorisasjon-update",
    summary = "Ta tilbake et privilegium på en ressurstype",
    description = "Krever `ADMIN` på roten.",
    params(("ressursType" = String, Path)), request_body = TilgangRequest,
    responses((status = 204), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn fjern_type(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(ressurstype): Path<String>,
    Json(request): Json<TilgangRequest>,
) -> Result<StatusCode, ApiError> {
    service.fjern_type(&caller, request.on_type(ressurstype)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Suspends everything that an aktor has been given, or brings it back. Needs `ADMIN` on the organisation, and the
/// aktor must be one of its integrations.
#[utoipa::path(
    patch, path = "/autorisasjon-update/api/v1/fiksorgs/{fiksOrg}/aktorer/{aktor}",
    operation_id = "oppdaterAktor", tag = "autorisasjon-update",
    summary = "Sett alle tilgangene til en aktør ut av kraft, eller i kraft igjen",
    description = "Krever `ADMIN` på organisasjonen, og aktøren må være en av dens integrasjoner.",
    params(("fiksOrg" = FiksOrgId, Path), ("aktor" = String, Path)), request_body = OppdaterAktorRequest,
    responses((status = 201, body = AktorJson), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn update_aktor(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path((organisasjon, aktor)): Path<(FiksOrgId, String)>,
    Json(OppdaterAktorRequest { aktiv }): Json<OppdaterAktorRequest>,
) -> Result<(StatusCode, Json<AktorJson>), ApiError> {
    let aktor = tilgang::aktor(&aktor, "aktor")?;
    let id = aktor.to_string();
    service.sett_aktiv(&caller, organisasjon, aktor, aktiv).await?;
    Ok((StatusCode::CREATED, Json(AktorJson { id, aktiv })))
}
