//! The head of a queue by hand (fiks-io §6). `ack` and `nac` are GET requests that change state: that is the
//! contract.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_core::id::{KontoId, MeldingId};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::LagretMelding;
use crate::errors::FiksioError;
use crate::handle::{Fiksio, Payload};
use crate::model::melding::{STORSTE_I_KO, Tilstand};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(antall))
        .routes(routes!(metadata))
        .routes(routes!(data))
        .routes(routes!(ack))
        .routes(routes!(nac))
        .routes(routes!(svar_og_ack))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MottattMeldingMetadata {
    melding_id: MeldingId,
    melding_type: String,
    avsender_konto_id: KontoId,
    mottaker_konto_id: KontoId,
    ttl: i64,
    delivery_tag: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    svar_pa_melding: Option<MeldingId>,
}

impl From<LagretMelding> for MottattMeldingMetadata {
    fn from(lagret: LagretMelding) -> Self {
        let spesifikasjon = lagret.melding.spesifikasjon;
        Self {
            melding_id: lagret.melding.id,
            melding_type: spesifikasjon.melding_type,
            avsender_konto_id: spesifikasjon.avsender,
            mottaker_konto_id: spesifikasjon.mottaker,
            ttl: spesifikasjon.ttl,
            delivery_tag: lagret.plass,
            svar_pa_melding: spesifikasjon.svar_paa,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SvarSpesifikasjon {
    melding_type: String,
    ttl: Option<i64>,
}

/// Antall meldinger i køen
#[utoipa::path(
    get,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/antall",
    operation_id = "manuell_antall",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Antallet", body = u64),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn antall(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<u64>, ApiError> {
    Ok(Json(fiksio.antall(&caller, konto).await?))
}

/// Se på neste melding uten å ta den ut
#[utoipa::path(
    get,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/neste/metadata",
    operation_id = "manuell_peekMetadata",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Neste melding", body = MottattMeldingMetadata),
        (status = 204, description = "Køen er tom"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn metadata(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Response, ApiError> {
    Ok(match fiksio.neste(&caller, konto).await? {
        Some(next) => Json(MottattMeldingMetadata::from(next)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Hent innholdet i neste melding uten å ta den ut
///
/// Rå bytes, eller base64 i en JSON-streng når Accept bare ber om JSON (inntil 5 MB).
#[utoipa::path(
    get,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/neste/data",
    operation_id = "manuell_peekMeldingData",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Innholdet", content(
            (Vec<u8> = "application/octet-stream"),
            (String = "application/json"),
        )),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn data(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let payload = fiksio.neste_data(&caller, konto).await?;
    let payload = payload.unwrap_or_else(|| Box::pin(futures::stream::empty()));
    if wants_json(&headers) {
        return Ok(Json(STANDARD.encode(whole(payload).await?)).into_response());
    }
    Ok((
        [(CONTENT_TYPE, "application/octet-stream")],
        Body::from_stream(payload),
    )
        .into_response())
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept.contains("application/json") && !accept.contains("octet-stream") && !accept.contains("*/*")
}

async fn whole(mut payload: Payload) -> Result<Vec<u8>, FiksioError> {
    let mut bytes = Vec::new();
    while let Some(piece) = payload.try_next().await? {
        if bytes.len() + piece.len() > STORSTE_I_KO {
            return Err(FiksioError::ForStortForJson);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Kvitter neste melding
#[utoipa::path(
    get,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/neste/ack",
    operation_id = "manuell_ack",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Meldingen som ble kvittert", body = MottattMeldingMetadata),
        (status = "default", description = "Feil, 404 når køen er tom", body = ErrorMessage),
    ),
)]
async fn ack(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<MottattMeldingMetadata>, ApiError> {
    Ok(Json(
        fiksio
            .avslutt_neste(&caller, konto, Tilstand::Kvittert)
            .await?
            .into(),
    ))
}

/// Avvis neste melding; den fjernes uten at avsender får beskjed
#[utoipa::path(
    get,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/neste/nac",
    operation_id = "manuell_nac",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Meldingen som ble avvist", body = MottattMeldingMetadata),
        (status = "default", description = "Feil, 404 når køen er tom", body = ErrorMessage),
    ),
)]
async fn nac(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<MottattMeldingMetadata>, ApiError> {
    Ok(Json(
        fiksio
            .avslutt_neste(&caller, konto, Tilstand::Avvist)
            .await?
            .into(),
    ))
}

/// Svar på neste melding uten innhold, og kvitter den
#[utoipa::path(
    post,
    path = "/fiks-io/manuell/api/v1/kontoer/{kontoId}/meldinger/neste/svarOgAck",
    operation_id = "manuell_svarOgAck",
    tag = "FiksIOManuell",
    params(("kontoId" = KontoId, Path)),
    request_body = SvarSpesifikasjon,
    responses(
        (status = 200, description = "Meldingen som ble besvart", body = MottattMeldingMetadata),
        (status = "default", description = "Feil, 404 når køen er tom", body = ErrorMessage),
    ),
)]
async fn svar_og_ack(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<SvarSpesifikasjon>,
) -> Result<Json<MottattMeldingMetadata>, ApiError> {
    Ok(Json(
        fiksio
            .svar_og_kvitter(&caller, konto, sent.melding_type, sent.ttl)
            .await?
            .into(),
    ))
}
