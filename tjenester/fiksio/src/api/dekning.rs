//! What an address answers to (fiks-io §5): adding to it and taking from it.
//!
//! The contract gives the conflict of each operation that adds a shape of its own; every shape here also has the
//! platform's error body, so that nobody has to know which.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fiks_core::id::KontoId;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, OwnErrorBody, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::adresse::{Adresse, IdentifikatorWire, identifikatorer, on_wire};
use crate::errors::FiksioError;
use crate::handle::Fiksio;
use crate::model::adresse::{AdresseId, AdresseKonflikt, Dekning};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(legg_til_identifikator))
        .routes(routes!(fjern_identifikator))
        .routes(routes!(legg_til_protokoll))
        .routes(routes!(fjern_protokoll))
        .routes(routes!(legg_til_niva))
        .routes(routes!(fjern_niva))
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct MeldingsprotokollSpesifikasjon {
    meldingsprotokoll: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct SikkerhetsnivaSpesifikasjon {
    sikkerhetsniva: i32,
}

fn med_identifikatorer(sent: Vec<IdentifikatorWire>) -> Result<Dekning, FiksioError> {
    Ok(Dekning {
        identifikatorer: identifikatorer(not_empty(sent)?)?,
        ..Dekning::default()
    })
}

fn med_protokoller(sent: Vec<MeldingsprotokollSpesifikasjon>) -> Result<Dekning, FiksioError> {
    let protokoller = not_empty(sent)?
        .into_iter()
        .map(|one| one.meldingsprotokoll)
        .collect();
    Ok(Dekning {
        protokoller,
        ..Dekning::default()
    })
}

fn med_nivaer(sent: Vec<SikkerhetsnivaSpesifikasjon>) -> Result<Dekning, FiksioError> {
    let nivaer = not_empty(sent)?
        .into_iter()
        .map(|one| one.sikkerhetsniva)
        .collect();
    Ok(Dekning {
        nivaer,
        ..Dekning::default()
    })
}

fn not_empty<T>(sent: Vec<T>) -> Result<Vec<T>, FiksioError> {
    if sent.is_empty() {
        Err(FiksioError::TomListe)
    } else {
        Ok(sent)
    }
}

/// How the contract shapes a conflict, by what was added.
#[derive(Clone, Copy)]
enum Konfliktform {
    /// One address in the way.
    Identifikator,
    /// The protokoller in the way.
    Protokoll,
    /// Every address in the way.
    Niva,
}

/// The platform's error body with what the contract wants.
#[derive(Serialize)]
struct MedFeil<'a, T> {
    #[serde(flatten)]
    feil: &'a ErrorMessage,
    #[serde(flatten)]
    konflikt: T,
}

impl Konfliktform {
    /// A conflict in its shape; any other failure as it is.
    fn refuse(self, error: FiksioError, konto: KontoId, adresse: AdresseId) -> Result<Response, ApiError> {
        let FiksioError::AdresseKonflikt { konflikter } = &error else {
            return Err(error.into());
        };
        let path = format!(
            "/fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/{}",
            self.operation()
        );
        let feil = ErrorMessage::new(&error, &path);
        let mut response = (StatusCode::BAD_REQUEST, self.body(&feil, konflikter)).into_response();
        response.extensions_mut().insert(OwnErrorBody);
        Ok(response)
    }

    fn operation(self) -> &'static str {
        match self {
            Self::Identifikator => "identifikatorer",
            Self::Protokoll => "meldingsprotokoller",
            Self::Niva => "sikkerhetsnivaer",
        }
    }

    fn body(self, feil: &ErrorMessage, konflikter: &[AdresseKonflikt]) -> Response {
        let each = ErrorMessage {
            error_json: None,
            ..feil.clone()
        };
        match self {
            Self::Identifikator => {
                let konflikt = konflikter.first();
                Json(MedFeil { feil, konflikt }).into_response()
            }
            Self::Protokoll => {
                let protokoller: BTreeSet<_> = konflikter
                    .iter()
                    .flat_map(|one| &one.meldingsprotokoller)
                    .collect();
                let wire = protokoller
                    .into_iter()
                    .map(|navn| MeldingsprotokollSpesifikasjon {
                        meldingsprotokoll: navn.clone(),
                    });
                with_each(&each, wire)
            }
            Self::Niva => with_each(&each, konflikter.iter()),
        }
    }
}

fn with_each<T: Serialize>(feil: &ErrorMessage, konflikter: impl Iterator<Item = T>) -> Response {
    let bodies: Vec<_> = konflikter.map(|konflikt| MedFeil { feil, konflikt }).collect();
    Json(bodies).into_response()
}

/// Legg identifikatorer til en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/identifikatorer",
    operation_id = "konto_leggTilIdentifikator",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<IdentifikatorWire>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = 400, description = "Feil, eller en adresse som står i veien", body = AdresseKonflikt),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn legg_til_identifikator(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<IdentifikatorWire>>,
) -> Result<Response, ApiError> {
    let utvidet = fiksio
        .utvid_dekning(&caller, konto, adresse, med_identifikatorer(sent)?)
        .await;
    match utvidet {
        Ok(adresse) => Ok(on_wire(&fiksio, adresse).await?.into_response()),
        Err(error) => Konfliktform::Identifikator.refuse(error, konto, adresse),
    }
}

/// Fjern identifikatorer fra en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/identifikatorer/fjern",
    operation_id = "konto_fjernIdentifikator",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<IdentifikatorWire>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn fjern_identifikator(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<IdentifikatorWire>>,
) -> Result<Json<Adresse>, ApiError> {
    let innskrenket = fiksio
        .innskrenk_dekning(&caller, konto, adresse, med_identifikatorer(sent)?)
        .await?;
    on_wire(&fiksio, innskrenket).await
}

/// Legg meldingsprotokoller til en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/meldingsprotokoller",
    operation_id = "konto_leggTilMeldingsprotokoller",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<MeldingsprotokollSpesifikasjon>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = 400, description = "Feil, eller protokollene som står i veien", body = [MeldingsprotokollSpesifikasjon]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn legg_til_protokoll(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<MeldingsprotokollSpesifikasjon>>,
) -> Result<Response, ApiError> {
    let utvidet = fiksio
        .utvid_dekning(&caller, konto, adresse, med_protokoller(sent)?)
        .await;
    match utvidet {
        Ok(adresse) => Ok(on_wire(&fiksio, adresse).await?.into_response()),
        Err(error) => Konfliktform::Protokoll.refuse(error, konto, adresse),
    }
}

/// Fjern meldingsprotokoller fra en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/meldingsprotokoller/fjern",
    operation_id = "konto_fjernMeldingsprotokoller",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<MeldingsprotokollSpesifikasjon>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn fjern_protokoll(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<MeldingsprotokollSpesifikasjon>>,
) -> Result<Json<Adresse>, ApiError> {
    let innskrenket = fiksio
        .innskrenk_dekning(&caller, konto, adresse, med_protokoller(sent)?)
        .await?;
    on_wire(&fiksio, innskrenket).await
}

/// Legg sikkerhetsnivåer til en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/sikkerhetsnivaer",
    operation_id = "konto_leggTilSikkerhetsnivaer",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<SikkerhetsnivaSpesifikasjon>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = 400, description = "Feil, eller adressene som står i veien", body = [AdresseKonflikt]),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn legg_til_niva(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<SikkerhetsnivaSpesifikasjon>>,
) -> Result<Response, ApiError> {
    let utvidet = fiksio
        .utvid_dekning(&caller, konto, adresse, med_nivaer(sent)?)
        .await;
    match utvidet {
        Ok(adresse) => Ok(on_wire(&fiksio, adresse).await?.into_response()),
        Err(error) => Konfliktform::Niva.refuse(error, konto, adresse),
    }
}

/// Fjern sikkerhetsnivåer fra en adresse
#[utoipa::path(
    post,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/adresser/{adresseId}/sikkerhetsnivaer/fjern",
    operation_id = "konto_fjernSikkerhetsnivaer",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path), ("adresseId" = AdresseId, Path)),
    request_body = Vec<SikkerhetsnivaSpesifikasjon>,
    responses(
        (status = 200, description = "Adressen", body = Adresse),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn fjern_niva(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path((konto, adresse)): Path<(KontoId, AdresseId)>,
    Json(sent): Json<Vec<SikkerhetsnivaSpesifikasjon>>,
) -> Result<Json<Adresse>, ApiError> {
    let innskrenket = fiksio
        .innskrenk_dekning(&caller, konto, adresse, med_nivaer(sent)?)
        .await?;
    on_wire(&fiksio, innskrenket).await
}
