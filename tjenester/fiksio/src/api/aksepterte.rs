//! Which senders a konto accepts (fiks-io §5).

use axum::extract::State;
use axum::http::StatusCode;
use fiks_core::id::KontoId;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::handle::{Fiksio, KontoEndring};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(hent, legg_til))
        .routes(routes!(fjern))
        .routes(routes!(aktiver))
        .routes(routes!(deaktiver))
}

#[derive(Debug, Serialize, ToSchema)]
struct AksepterteAvsendere {
    avsendere: Vec<Avsender>,
    aktivert: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Avsender {
    konto_id: KontoId,
    konto_navn: String,
    fiks_org_navn: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AvsenderSpesifikasjon {
    konto_id: KontoId,
}

/// Hent avsenderne kontoen godtar
#[utoipa::path(
    get,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aksepterteAvsendere",
    operation_id = "konto_aksepterteAvsendere",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Avsenderne, og om listen gjelder", body = AksepterteAvsendere),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn hent(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<AksepterteAvsendere>, ApiError> {
    let (aktivert, kontoer) = fiksio.aksepterte(&caller, konto).await?;
    let mut avsendere = Vec::with_capacity(kontoer.len());
    for konto in kontoer {
        let fiks_org_navn = fiksio.organisasjon_navn(&konto).await?;
        avsendere.push(Avsender {
            konto_id: konto.id,
            konto_navn: konto.navn,
            fiks_org_navn,
        });
    }
    Ok(Json(AksepterteAvsendere { avsendere, aktivert }))
}

/// Godta en avsender
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aksepterteAvsendere",
    operation_id = "konto_leggTilAkseptertAvsender",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = AvsenderSpesifikasjon,
    responses(
        (status = 204, description = "Lagt til"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn legg_til(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<AvsenderSpesifikasjon>,
) -> Result<StatusCode, ApiError> {
    fiksio.sett_akseptert(&caller, konto, sent.konto_id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Godta ikke lenger en avsender
#[utoipa::path(
    delete,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aksepterteAvsendere/{avsenderKontoId}",
    operation_id = "konto_slettAkseptertAvsender",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("avsenderKontoId" = KontoId, Path)),
    responses(
        (status = 204, description = "Fjernet, også når den ikke sto der"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn fjern(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, avsender)): Path<(KontoId, KontoId)>,
) -> Result<StatusCode, ApiError> {
    fiksio.sett_akseptert(&caller, konto, avsender, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sett(
    fiksio: &Fiksio,
    caller: &fiks_identity::Caller,
    konto: KontoId,
    gjelder: bool,
) -> Result<StatusCode, ApiError> {
    let endring = KontoEndring {
        bare_aksepterte: Some(gjelder),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(caller, konto, endring).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// La bare avsenderne på listen sende til kontoen
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aksepterteAvsendere/aktiver",
    operation_id = "konto_aktiverAksepterteAvsendere",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 204, description = "Listen gjelder"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn aktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<StatusCode, ApiError> {
    sett(&fiksio, &caller, konto, true).await
}

/// La alle sende til kontoen
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/aksepterteAvsendere/deaktiver",
    operation_id = "konto_deaktiverAksepterteAvsendere",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 204, description = "Listen gjelder ikke"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn deaktiver(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<StatusCode, ApiError> {
    sett(&fiksio, &caller, konto, false).await
}
