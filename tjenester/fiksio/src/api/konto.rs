//! Administration of kontoer (fiks-io §5).

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use fiks_core::Timestamp;
use fiks_core::id::{DokumentlagerKontoId, FiksOrgId, KontoId, RessursId};
use fiks_crypto::x509::Certificate;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, OwnErrorBody, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::adresse::OpprettAdresseSpesifikasjon;
use super::katalog::KontoStatus;
use super::nokkel::OffentligNokkel;
use crate::handle::{Fiksio, KontoEndring, NyKonto};
use crate::model::adresse::AdresseId;
use crate::model::konto;

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(opprett))
        .routes(routes!(sok))
        .routes(routes!(hent, slett, oppdater))
        .routes(routes!(endre_navn))
        .routes(routes!(aktiver))
        .routes(routes!(deaktiver))
        .routes(routes!(valider))
        .merge(super::aksepterte::routes())
}

/// A konto as its administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Konto {
    fiks_org_id: FiksOrgId,
    fiks_org_navn: String,
    konto_id: KontoId,
    konto_navn: String,
    opprettet: Timestamp,
    sist_endret: Timestamp,
    sist_endret_av: String,
    dokumentlager_konto_id: DokumentlagerKontoId,
    aktiv: bool,
    status: KontoStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    offentlig_nokkel: Option<OffentligNokkel>,
}

async fn on_wire(fiksio: &Fiksio, konto: &konto::Konto) -> Result<Konto, ApiError> {
    let certificate = konto
        .offentlig_nokkel
        .as_deref()
        .and_then(|pem| Certificate::from_pem(pem).ok());
    Ok(Konto {
        fiks_org_id: konto.fiks_org_id,
        fiks_org_navn: fiksio.organisasjon_navn(konto).await?,
        konto_id: konto.id,
        konto_navn: konto.navn.clone(),
        opprettet: konto.opprettet,
        sist_endret: konto.sist_endret,
        sist_endret_av: konto.sist_endret_av.clone(),
        dokumentlager_konto_id: konto.dokumentlager_konto,
        aktiv: konto.aktiv,
        status: fiksio.status_of(konto).await?.into(),
        offentlig_nokkel: certificate.as_ref().map(OffentligNokkel::from),
    })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OpprettKontoSpesifikasjon {
    konto: KontoSpesifikasjon,
    #[serde(default)]
    adresser: Option<Vec<OpprettAdresseSpesifikasjon>>,
    offentlig_nokkel: Option<String>,
    skal_aktiveres: Option<bool>,
    forelderresurs: Option<RessursId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KontoSpesifikasjon {
    fiks_org_id: FiksOrgId,
    navn: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OppdaterKontoSpesifikasjon {
    nytt_navn: Option<String>,
    nye_adresser: Option<Vec<OpprettAdresseSpesifikasjon>>,
    adresser_fjernes: Option<Vec<AdresseId>>,
    ny_offentlig_nokkel: Option<String>,
    skal_aktiveres: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KontoNavnSpesifikasjon {
    konto_navn: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ValiderMeldingRequest {
    avsender_konto_id: KontoId,
    meldings_type: String,
    #[expect(dead_code, reason = "counts for kontoer of Fiks Protokoll only")]
    har_payload: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct SokQuery {
    /// Bare kontoer for denne organisasjonen.
    fiks_org_id: Option<FiksOrgId>,
    /// Bare aktive eller bare inaktive.
    aktiv: Option<bool>,
}

fn adresser(
    sent: Option<Vec<OpprettAdresseSpesifikasjon>>,
) -> Result<Vec<crate::model::adresse::NyAdresse>, ApiError> {
    Ok(sent
        .unwrap_or_default()
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, crate::FiksioError>>()?)
}

/// Opprett en konto
///
/// Krever FIKS.KONFIGURER på organisasjonen eller på `forelderresurs`.
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer",
    operation_id = "konto_opprettKonto",
    tag = "FiksIOKonto",
    request_body = OpprettKontoSpesifikasjon,
    responses(
        (status = 201, description = "Opprettet", body = Konto, headers(("kontoId" = String))),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn opprett(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Json(sent): Json<OpprettKontoSpesifikasjon>,
) -> Result<Response, ApiError> {
    let ny = NyKonto {
        fiks_org_id: sent.konto.fiks_org_id,
        navn: sent.konto.navn,
        forelderressurs: sent.forelderresurs,
        offentlig_nokkel: sent.offentlig_nokkel,
        aktiv: sent.skal_aktiveres.unwrap_or(false),
        adresser: adresser(sent.adresser)?,
    };
    let konto = fiksio.opprett_konto(&caller, ny).await?;
    let mut response = (StatusCode::CREATED, Json(on_wire(&fiksio, &konto).await?)).into_response();
    if let Ok(id) = HeaderValue::try_from(konto.id.to_string()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("kontoid"), id);
    }
    Ok(response)
}

/// Søk blant kontoene du har tilgang til
#[utoipa::path(
    get,
    path = "/fiks-io/konto/api/v1/kontosok",
    operation_id = "konto_kontosok",
    tag = "FiksIOKonto",
    params(SokQuery),
    responses(
        (status = 200, description = "Kontoene, etter navn", body = [Konto]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn sok(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Query(query): Query<SokQuery>,
) -> Result<Json<Vec<Konto>>, ApiError> {
    let mut found = Vec::new();
    for konto in fiksio
        .sok_kontoer(&caller, query.fiks_org_id, query.aktiv)
        .await?
    {
        found.push(on_wire(&fiksio, &konto).await?);
    }
    Ok(Json(found))
}

/// Hent en konto
#[utoipa::path(
    get,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}",
    operation_id = "konto_getKonto",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Kontoen", body = Konto),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn hent(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<Konto>, ApiError> {
    let konto = fiksio.hent_konto(&caller, konto).await?;
    Ok(Json(on_wire(&fiksio, &konto).await?))
}

/// Slett en konto med kø, meldinger og dokumenter
#[utoipa::path(
    delete,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}",
    operation_id = "konto_slett",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 204, description = "Slettet"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn slett(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<StatusCode, ApiError> {
    fiksio.slett_konto(&caller, konto).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Endre flere ting ved en konto på én gang
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}",
    operation_id = "konto_oppdaterKonto",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = OppdaterKontoSpesifikasjon,
    responses(
        (status = 204, description = "Endret"),
        (status = "default", description = "Feil; da er ingenting endret", body = ErrorMessage),
    ),
)]
async fn oppdater(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<OppdaterKontoSpesifikasjon>,
) -> Result<StatusCode, ApiError> {
    let endring = KontoEndring {
        navn: sent.nytt_navn,
        aktiv: sent.skal_aktiveres,
        offentlig_nokkel: sent.ny_offentlig_nokkel.map(Some),
        nye_adresser: adresser(sent.nye_adresser)?,
        adresser_fjernes: sent.adresser_fjernes.unwrap_or_default(),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gi en konto nytt navn
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/kontoNavn",
    operation_id = "konto_endreKontoNavn",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = KontoNavnSpesifikasjon,
    responses(
        (status = 204, description = "Endret"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn endre_navn(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<KontoNavnSpesifikasjon>,
) -> Result<StatusCode, ApiError> {
    let endring = KontoEndring {
        navn: Some(sent.konto_navn),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Aktiver en konto
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aktiver",
    operation_id = "konto_aktiver",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Kontoen", body = Konto),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn aktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<Konto>, ApiError> {
    let endring = KontoEndring {
        aktiv: Some(true),
        ..KontoEndring::default()
    };
    let konto = fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(Json(on_wire(&fiksio, &konto).await?))
}

/// Deaktiver en konto
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/deaktiver",
    operation_id = "konto_deaktiver",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Kontoen", body = Konto),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn deaktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<Konto>, ApiError> {
    let endring = KontoEndring {
        aktiv: Some(false),
        ..KontoEndring::default()
    };
    let konto = fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(Json(on_wire(&fiksio, &konto).await?))
}

/// Kontroller om en melding kan sendes til kontoen
///
/// Samme regler som ved sending. 400 med en liste over alt som er i veien.
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/validerMelding",
    operation_id = "konto_validerMelding",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = ValiderMeldingRequest,
    responses(
        (status = 204, description = "Meldingen kan sendes"),
        (status = 400, description = "Det som er i veien", body = [ErrorMessage]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn valider(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<ValiderMeldingRequest>,
) -> Result<Response, ApiError> {
    let brudd = fiksio
        .valider_melding(&caller, konto, sent.avsender_konto_id, &sent.meldings_type)
        .await?;
    if brudd.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let path = format!("/fiks-io/konto/api/v1/kontoer/{konto}/validerMelding");
    let messages: Vec<_> = brudd
        .iter()
        .map(|error| ErrorMessage::new(error, &path))
        .collect();
    let mut response = (StatusCode::BAD_REQUEST, Json(messages)).into_response();
    response.extensions_mut().insert(OwnErrorBody);
    Ok(response)
}
