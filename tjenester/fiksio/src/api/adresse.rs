//! Administration of addresses (fiks-io §5).

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, KontoId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::errors::FiksioError;
use crate::handle::Fiksio;
use crate::model::adresse::{self, AdresseId, Dekning, Identifikator, IdentifikatorType, NyAdresse};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(alle, opprett))
        .routes(routes!(slett))
        .routes(routes!(aktiver))
        .routes(routes!(deaktiver))
        .routes(routes!(beskriv))
        .merge(super::dekning::routes())
}

/// An address as its administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Adresse {
    fiks_org_id: FiksOrgId,
    konto_id: KontoId,
    adresse_id: AdresseId,
    opprettet: Timestamp,
    sist_endret: Timestamp,
    aktiv: bool,
    /// Whether it has at least one of each.
    gyldig: bool,
    identifikatorer: Vec<String>,
    meldingsprotokoller: Vec<String>,
    sikkerhetsnivaer: Vec<i32>,
    beskrivelse: String,
}

pub(super) async fn on_wire(fiksio: &Fiksio, adresse: adresse::Adresse) -> Result<Json<Adresse>, ApiError> {
    let fiks_org_id = fiksio.konto(adresse.konto).await?.fiks_org_id;
    Ok(Json(wire(fiks_org_id, adresse)))
}

fn wire(fiks_org_id: FiksOrgId, adresse: adresse::Adresse) -> Adresse {
    Adresse {
        fiks_org_id,
        konto_id: adresse.konto,
        adresse_id: adresse.id,
        opprettet: adresse.opprettet,
        sist_endret: adresse.sist_endret,
        aktiv: adresse.aktiv,
        gyldig: adresse.dekning.er_gyldig(),
        identifikatorer: adresse
            .dekning
            .identifikatorer
            .iter()
            .map(ToString::to_string)
            .collect(),
        meldingsprotokoller: adresse.dekning.protokoller.into_iter().collect(),
        sikkerhetsnivaer: adresse.dekning.nivaer.into_iter().collect(),
        beskrivelse: adresse.beskrivelse,
    }
}

/// A number with its kind; without one it is an organisation number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentifikatorWire {
    identifikator_type: Option<IdentifikatorType>,
    identifikator: String,
}

pub(super) fn identifikatorer(sent: Vec<IdentifikatorWire>) -> Result<BTreeSet<Identifikator>, FiksioError> {
    let read = |one: IdentifikatorWire| {
        Identifikator::new(
            one.identifikator_type.unwrap_or(IdentifikatorType::OrgNo),
            &one.identifikator,
        )
    };
    sent.into_iter().map(read).collect()
}

/// An address made together with its konto. `addresseNavn` is spelt so on the wire.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpprettAdresseSpesifikasjon {
    addresse_navn: String,
    identifikatorer: Vec<IdentifikatorWire>,
    meldingsprotokoller: Vec<String>,
    sikkerhets_nivaer: Vec<i32>,
    skal_aktiveres: Option<bool>,
}

impl TryFrom<OpprettAdresseSpesifikasjon> for NyAdresse {
    type Error = FiksioError;

    fn try_from(sent: OpprettAdresseSpesifikasjon) -> Result<Self, FiksioError> {
        Ok(Self {
            beskrivelse: sent.addresse_navn,
            dekning: Dekning {
                identifikatorer: identifikatorer(sent.identifikatorer)?,
                protokoller: sent.meldingsprotokoller.into_iter().collect(),
                nivaer: sent.sikkerhets_nivaer.into_iter().collect(),
            },
            aktiv: sent.skal_aktiveres.unwrap_or(false),
        })
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct AdresseBeskrivelseSpesifikasjon {
    beskrivelse: String,
}

/// Adressene til en konto
#[utoipa::path(
    get,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser",
    operation_id = "konto_getAdresser",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Adressene, eldste først", body = [Adresse]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn alle(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<Vec<Adresse>>, ApiError> {
    let adresser = fiksio.adresser(&caller, konto).await?;
    let fiks_org_id = fiksio.konto(konto).await?.fiks_org_id;
    Ok(Json(
        adresser
            .into_iter()
            .map(|adresse| wire(fiks_org_id, adresse))
            .collect(),
    ))
}

/// Opprett en tom, inaktiv adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser",
    operation_id = "konto_opprettAdresse",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = AdresseBeskrivelseSpesifikasjon,
    responses(
        (status = 201, description = "Opprettet", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn opprett(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<AdresseBeskrivelseSpesifikasjon>,
) -> Result<Response, ApiError> {
    let adresse = fiksio.opprett_adresse(&caller, konto, sent.beskrivelse).await?;
    Ok((StatusCode::CREATED, on_wire(&fiksio, adresse).await?).into_response())
}

/// Slett en adresse
#[utoipa::path(
    delete,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}",
    operation_id = "konto_slettAdresse",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    responses(
        (status = 204, description = "Slettet"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn slett(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
) -> Result<StatusCode, ApiError> {
    fiksio.slett_adresse(&caller, konto, adresse).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gi en adresse ny beskrivelse
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/beskrivelse",
    operation_id = "konto_oppdaterAdressebeskrivelse",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = AdresseBeskrivelseSpesifikasjon,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn beskriv(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<AdresseBeskrivelseSpesifikasjon>,
) -> Result<Json<Adresse>, ApiError> {
    on_wire(
        &fiksio,
        fiksio
            .sett_beskrivelse(&caller, konto, adresse, sent.beskrivelse)
            .await?,
    )
    .await
}

/// La oppslag finne adressen
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/aktiver",
    operation_id = "konto_aktiverAdresse",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn aktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
) -> Result<Json<Adresse>, ApiError> {
    on_wire(
        &fiksio,
        fiksio.sett_adresse_aktiv(&caller, konto, adresse, true).await?,
    )
    .await
}

/// Skjul adressen for oppslag
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/deaktiver",
    operation_id = "konto_deaktiverAdresse",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn deaktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
) -> Result<Json<Adresse>, ApiError> {
    on_wire(
        &fiksio,
        fiksio.sett_adresse_aktiv(&caller, konto, adresse, false).await?,
    )
    .await
}
