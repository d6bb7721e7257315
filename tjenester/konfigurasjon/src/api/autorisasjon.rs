//! Who may do what: look-ups in the grants (auth-og-konfigurasjon §7).

use axum::extract::State;
use fiks_core::id::{Aktor, ROOT, RessursId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::wire::{PathRessursJson, shown};
use crate::model::katalog::Privilegium;
use crate::model::tilgang::{self, Autorisasjon, GittTilgang};
use crate::model::values::Ressurstype;
use crate::{AutorisasjonUtvalg, Konfigurasjon, KonfigurasjonError, SynligUtvalg};

/// A grant on the ressurs or type that was asked about.
#[derive(Serialize, ToSchema)]
pub(super) struct QueryTilgang {
    privilegium: String,
    aktor: String,
}

impl From<GittTilgang> for QueryTilgang {
    fn from(one: GittTilgang) -> Self {
        Self {
            privilegium: one.privilegium,
            aktor: one.aktor.0,
        }
    }
}

/// The grants on a type of ressurser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryTypeTilgang {
    ressurs_type: String,
    tilganger: Vec<QueryTilgang>,
}

/// A ressurs that the caller sees.
#[derive(Serialize, ToSchema)]
pub(super) struct SynligRespons {
    #[schema(value_type = Vec<SynligRessurs>)]
    ressurser: Vec<PathRessursJson>,
}

/// A ressurs that the caller sees.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of PathRessurs under the name that the contract has here"
)]
pub(super) struct SynligRessurs {
    id: RessursId,
    r#type: String,
    navn: String,
}

/// A line of the map of authorisations. Levels count from the root, which is 0.
#[derive(Serialize, ToSchema)]
#[schema(as = Autorisasjon)]
#[serde(rename_all = "camelCase")]
pub(super) struct AutorisasjonJson {
    aktor: String,
    privilegium: String,
    /// The level on which the privilege was given.
    privilegium_niva: usize,
    ressurs: RessursId,
    ressurs_niva: usize,
    ressurs_navn: String,
    r#type: String,
    /// Those above the ressurs, the nearest first, the root last.
    path: Vec<PathRessursJson>,
}

impl From<Autorisasjon> for AutorisasjonJson {
    fn from(one: Autorisasjon) -> Self {
        Self {
            privilegium_niva: one.privilegium_niva,
            ressurs_niva: one.ressurs_niva(),
            aktor: one.aktor.0,
            privilegium: one.privilegium,
            ressurs: one.ressurs.ressurs.id,
            ressurs_navn: one.ressurs.ressurs.navn.into(),
            r#type: one.ressurs.ressurs.ressurstype.into(),
            path: shown(one.ressurs.path),
        }
    }
}

fn aktor(parameters: &Parameters) -> Result<Option<Aktor>, KonfigurasjonError> {
    parameters
        .text("aktor")?
        .map(|text| tilgang::aktor(text, "aktor"))
        .transpose()
}

fn ressurstype(
    parameters: &Parameters,
    name: &'static str,
) -> Result<Option<Ressurstype>, KonfigurasjonError> {
    parameters
        .text(name)?
        .map(|text| Ressurstype::parse(text, name))
        .transpose()
}

/// Whether an aktor holds a privilege on a ressurs. For the aktor itself, and for `ADMIN` on the ressurs or the root.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/isAutorisert",
    operation_id = "isAutorisert", tag = "autorisasjon-query",
    summary = "Om en aktør har et privilegium på en ressurs",
    description = "For aktøren selv, og for `ADMIN` på ressursen eller roten.",
    params(("aktor" = String, Query), ("privilegium" = String, Query), ("ressurs" = RessursId, Query)),
    responses((status = 200, body = bool), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn is_autorisert(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    parameters: Parameters,
) -> Result<Json<bool>, ApiError> {
    let aktor = tilgang::aktor(&parameters.required::<String>("aktor")?, "aktor")?;
    let privilegium = Privilegium::named(&parameters.required::<String>("privilegium")?, "privilegium")?;
    let ressurs = parameters.required("ressurs")?;
    Ok(Json(
        service
            .er_autorisert(&caller, &aktor, privilegium, ressurs)
            .await?,
    ))
}

/// The map of authorisations on a ressurs (the root, unless another is named) and below it. For the aktor that is
/// asked about, and for `ADMIN` on the ressurs.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/autorisasjoner",
    operation_id = "getAutorisasjoner", tag = "autorisasjon-query",
    summary = "Kart over tilganger på en ressurs og alt under den",
    description = "Gjelder roten når ingen ressurs er oppgitt. For aktøren det spørres om, og for `ADMIN` på \
        ressursen.",
    params(
        ("aktor" = Option<String>, Query), ("privilegium" = Option<String>, Query),
        ("type" = Option<String>, Query), ("forelderRessurs" = Option<RessursId>, Query),
        ("arvPrivilegier" = Option<bool>, Query), ("maksDybde" = Option<i32>, Query),
    ),
    responses((status = 200, body = [AutorisasjonJson]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn autorisasjoner(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    parameters: Parameters,
) -> Result<Json<Vec<AutorisasjonJson>>, ApiError> {
    let privilegium = parameters.text("privilegium")?;
    let privilegium = privilegium
        .map(|navn| Privilegium::named(navn, "privilegium"))
        .transpose()?;
    let utvalg = AutorisasjonUtvalg {
        aktor: aktor(&parameters)?,
        privilegium: privilegium.map(|privilegium| privilegium.navn),
        ressurstype: ressurstype(&parameters, "type")?,
        forelder: parameters.one("forelderRessurs")?.unwrap_or(ROOT),
        arv: parameters.one("arvPrivilegier")?.unwrap_or(false),
        maks_dybde: parameters.one("maksDybde")?,
    };
    Ok(Json(shown(service.autorisasjoner(&caller, &utvalg).await?)))
}

/// The ressurser where the caller holds one of the privileges (`ADMIN`, unless others are named), on the ressurs or
/// on anything below it.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/synlige",
    operation_id = "getSynlige", tag = "autorisasjon-query",
    summary = "Ressursene der du har ett av privilegiene",
    description = "`ADMIN` når ingen er oppgitt. Teller på ressursen selv og på alt under den.",
    params(
        ("parent" = Option<RessursId>, Query, description = "Only those directly below this one."),
        ("ressursType" = Option<String>, Query),
        ("privilegier" = Option<Vec<String>>, Query),
    ),
    responses((status = 200, body = SynligRespons), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn synlige(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    parameters: Parameters,
) -> Result<Json<SynligRespons>, ApiError> {
    let privilegier = parameters
        .texts("privilegier")
        .map(|navn| Privilegium::named(navn, "privilegier"));
    let utvalg = SynligUtvalg {
        forelder: parameters.one("parent")?,
        ressurstype: ressurstype(&parameters, "ressursType")?,
        privilegier: privilegier.collect::<Result<_, _>>()?,
    };
    Ok(Json(SynligRespons {
        ressurser: shown(service.synlige(&caller, &utvalg).await?),
    }))
}

/// What has been given on a ressurs itself, inherited and type grants apart. For `ADMIN` on the ressurs, and for the
/// aktor that is asked about.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/ressurser/{ressursId}/tilganger",
    operation_id = "ressursTilgangerLookup", tag = "autorisasjon-query",
    summary = "Hva som er gitt på en ressurs",
    description = "Bare det som er gitt på ressursen selv, ikke det som er arvet eller gitt på typen. For \
        `ADMIN` på ressursen, og for aktøren det spørres om.",
    params(("ressursId" = RessursId, Path), ("aktor" = Option<String>, Query)),
    responses((status = 200, body = [QueryTilgang]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn tilganger(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
    Path(ressurs): Path<RessursId>,
    parameters: Parameters,
) -> Result<Json<Vec<QueryTilgang>>, ApiError> {
    let aktor = aktor(&parameters)?;
    Ok(Json(shown(
        service.tilganger_paa(&caller, ressurs, aktor.as_ref()).await?,
    )))
}

/// The type grants: all for `ADMIN` on the root, else the caller's own.
#[utoipa::path(
    get, path = "/autorisasjon-query/api/v1/autorisasjon/typeTilganger",
    operation_id = "typeTilgangerLookup", tag = "autorisasjon-query",
    summary = "Hva som er gitt på hele ressurstyper",
    description = "Alt for `ADMIN` på roten, ellers dine egne.",
    responses((status = 200, body = [QueryTypeTilgang]), (status = "default", body = ErrorMessage)),
)]
pub(super) async fn type_tilganger(
    State(service): State<Konfigurasjon>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<QueryTypeTilgang>>, ApiError> {
    let mut types: Vec<QueryTypeTilgang> = Vec::new();
    for (ressurstype, tilgang) in service.typetilganger(&caller).await? {
        match types
            .last_mut()
            .filter(|last| last.ressurs_type == ressurstype.as_str())
        {
            Some(last) => last.tilganger.push(tilgang.into()),
            None => types.push(QueryTypeTilgang {
                ressurs_type: ressurstype.into(),
                tilganger: vec![tilgang.into()],
            }),
        }
    }
    Ok(Json(types))
}
