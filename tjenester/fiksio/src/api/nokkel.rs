//! A konto's public key (fiks-io §4, §5): read by anyone, set by its administrators, checked before it is set.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use fiks_core::Timestamp;
use fiks_core::id::KontoId;
use fiks_crypto::x509::{Certificate, Validity};
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sertifikat;
use crate::handle::{Fiksio, KontoEndring};

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new()
        .routes(routes!(katalog_get, katalog_put))
        .routes(routes!(konto_get, konto_put, konto_delete))
        .routes(routes!(verifiser))
        // Of an older revision (fiks-io §5): served, but no longer published.
        .route(
            "/fiks-io/konto/api/v1/kontoer/{kontoId}/offentligNokkelString",
            axum::routing::put(konto_put),
        )
        .merge(sertifikat::routes())
}

/// A certificate with what it says. Absent values are left out, since one client cannot read a null date.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OffentligNokkel {
    /// PEM with BEGIN and END lines.
    nokkel: String,
    valid_from: Timestamp,
    valid_to: Timestamp,
    serial: String,
    #[serde(rename = "subjectDN")]
    subject_dn: String,
    #[serde(rename = "issuerDN")]
    issuer_dn: String,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<String>,
}

impl From<&Certificate> for OffentligNokkel {
    fn from(certificate: &Certificate) -> Self {
        // Certificates live on the real clock, whatever the platform's shows.
        let validity = certificate.validity_at(Timestamp::real());
        Self {
            nokkel: certificate.pem(),
            valid_from: certificate.valid_from(),
            valid_to: certificate.valid_to(),
            serial: certificate.serial(),
            subject_dn: certificate.subject_dn(),
            issuer_dn: certificate.issuer_dn(),
            valid: validity == Validity::Valid,
            status_message: (validity != Validity::Valid).then(|| validity.text().to_owned()),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct NokkelIKatalog {
    nokkel: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OppdaterOffentligNokkelSpesifikasjon {
    pem: String,
}

/// Whether a certificate can be used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OffentligNokkelStatus {
    pub(super) gyldig: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) melding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offentlig_nokkel: Option<String>,
}

impl OffentligNokkelStatus {
    /// A certificate that can be used, or why it cannot.
    pub(super) fn of(checked: Result<Certificate, crate::FiksioError>) -> Self {
        match checked {
            Ok(certificate) => {
                let nokkel = OffentligNokkel::from(&certificate);
                Self {
                    gyldig: nokkel.valid,
                    melding: nokkel.status_message,
                    offentlig_nokkel: Some(nokkel.nokkel),
                }
            }
            Err(error) => Self {
                gyldig: false,
                melding: Some(fiks_core::Problem::text(&error)),
                offentlig_nokkel: None,
            },
        }
    }
}

/// Hent en kontos offentlige nøkkel
///
/// For alle, også uten autentisering. 404 når kontoen eller nøkkelen ikke finnes.
#[utoipa::path(
    get,
    path = "/fiks-io/katalog/api/v1/kontoer/{kontoId}/offentligNokkel",
    operation_id = "katalog_getOffentligNokkel",
    tag = "FiksIoKatalog",
    params(("kontoId" = KontoId, Path)),
    security(()),
    responses(
        (status = 200, description = "Sertifikatet", body = OffentligNokkel),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn katalog_get(
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<OffentligNokkel>, ApiError> {
    Ok(Json((&fiksio.offentlig_nokkel(konto).await?).into()))
}

/// Sett kontoens offentlige nøkkel fra katalogen
#[utoipa::path(
    put,
    path = "/fiks-io/katalog/api/v1/kontoer/{kontoId}/offentligNokkel",
    operation_id = "katalog_settOffentligNokkel",
    tag = "FiksIoKatalog",
    params(("kontoId" = KontoId, Path)),
    request_body = NokkelIKatalog,
    responses(
        (status = 200, description = "Satt"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn katalog_put(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    Json(sent): Json<NokkelIKatalog>,
) -> Result<StatusCode, ApiError> {
    let endring = KontoEndring {
        offentlig_nokkel: Some(Some(sent.nokkel)),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(StatusCode::OK)
}

/// Hent kontoens offentlige nøkkel for administrasjon
#[utoipa::path(
    get,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/offentligNokkel",
    operation_id = "konto_getOffentligeNokkel",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 200, description = "Sertifikatet", body = OffentligNokkel),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn konto_get(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<Json<OffentligNokkel>, ApiError> {
    fiksio.hent_konto(&caller, konto).await?;
    Ok(Json((&fiksio.offentlig_nokkel(konto).await?).into()))
}

/// Sett kontoens offentlige nøkkel
///
/// Ett sertifikat i PEM, RSA på minst 2048 bit, gjerne selvsignert. Krever FIKS.KONFIGURER på kontoen.
#[utoipa::path(
    put,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/offentligNokkel",
    operation_id = "konto_settOffentligNokkel",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    request_body = OppdaterOffentligNokkelSpesifikasjon,
    responses(
        (status = 201, description = "Satt", body = OffentligNokkel),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn konto_put(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
    request: Request,
) -> Result<(StatusCode, Json<OffentligNokkel>), ApiError> {
    let endring = KontoEndring {
        offentlig_nokkel: Some(Some(sent_pem(request).await?)),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(&caller, konto, endring).await?;
    Ok((
        StatusCode::CREATED,
        Json((&fiksio.offentlig_nokkel(konto).await?).into()),
    ))
}

/// The certificate in JSON, or as the file of the form that an older revision had (fiks-io §5).
async fn sent_pem(request: Request) -> Result<String, ApiError> {
    if sertifikat::is_form(&request) {
        let sent = sertifikat::read(request).await?;
        return Ok(String::from_utf8_lossy(&sent.file).into_owned());
    }
    let Json(sent) = Json::<OppdaterOffentligNokkelSpesifikasjon>::from_request(request, &()).await?;
    Ok(sent.pem)
}

/// Fjern kontoens offentlige nøkkel
#[utoipa::path(
    delete,
    path = "/fiks-io/konto/api/v1/kontoer/{kontoId}/offentligNokkel",
    operation_id = "konto_slettOffentligNokkel",
    tag = "FiksIOKonto",
    params(("kontoId" = KontoId, Path)),
    responses(
        (status = 204, description = "Fjernet"),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn konto_delete(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    Path(konto): Path<KontoId>,
) -> Result<StatusCode, ApiError> {
    let endring = KontoEndring {
        offentlig_nokkel: Some(None),
        ..KontoEndring::default()
    };
    fiksio.endre_konto(&caller, konto, endring).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Kontroller en offentlig nøkkel før den lastes opp
#[utoipa::path(
    post,
    path = "/fiks-io/katalog/api/v1/offentligNokkel/verifiser",
    operation_id = "katalog_verifiserOffentligNokkel",
    tag = "FiksIoKatalog",
    request_body = OppdaterOffentligNokkelSpesifikasjon,
    responses(
        (status = 200, description = "Om nøkkelen kan brukes", body = OffentligNokkelStatus),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn verifiser(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    Json(sent): Json<OppdaterOffentligNokkelSpesifikasjon>,
) -> Json<OffentligNokkelStatus> {
    Json(OffentligNokkelStatus::of(fiksio.verifiser_nokkel(&sent.pem)))
}
