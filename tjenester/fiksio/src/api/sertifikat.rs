//! Checking a certificate file, PEM or PKCS12, before it is used (fiks-io §4). Nothing of it is kept.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use fiks_core::SecretString;
use fiks_crypto::x509::Certificate;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json};
use multer::{Constraints, Multipart, SizeLimit};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::nokkel::OffentligNokkelStatus;
use crate::errors::FiksioError;
use crate::handle::Fiksio;

/// Largest file.
const LARGEST: u64 = 256 * 1024;

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new().routes(routes!(verifiser))
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart form")]
struct SertifikatSkjema {
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<Vec<u8>>,
    #[schema(value_type = Option<String>, example = "PEM")]
    format: Option<String>,
    passord: Option<String>,
}

/// The form as sent; parts that were left out are empty.
#[derive(Default)]
pub(super) struct Skjema {
    pub(super) file: Vec<u8>,
    format: String,
    passord: String,
}

/// Kontroller en sertifikatfil før den tas i bruk
///
/// `format` er PEM eller P12; `passord` gjelder P12. Ingenting lagres.
#[utoipa::path(
    post,
    path = "/fiks-io/katalog/api/v1/sertifikat/verifiser",
    operation_id = "katalog_verifiserSertifikat",
    tag = "FiksIoKatalog",
    request_body(content = SertifikatSkjema, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Om sertifikatet kan brukes", body = OffentligNokkelStatus),
        (status = "default", description = "Feil", body = ErrorMessage),
    ),
)]
async fn verifiser(
    _caller: Authenticated,
    State(fiksio): State<Fiksio>,
    request: Request,
) -> Result<Json<OffentligNokkelStatus>, ApiError> {
    let sent = read(request).await?;
    Ok(Json(OffentligNokkelStatus::of(check(&fiksio, sent).await)))
}

async fn check(fiksio: &Fiksio, sent: Skjema) -> Result<Certificate, FiksioError> {
    match sent.format.as_str() {
        "P12" => {
            let passord = SecretString::from(sent.passord);
            fiksio.verifiser_nokkellager(sent.file, passord).await
        }
        "PEM" | "" => fiksio.verifiser_nokkel(&String::from_utf8_lossy(&sent.file)),
        _ => Err(FiksioError::UgyldigFormat),
    }
}

/// Whether the body is a form.
pub(super) fn is_form(request: &Request) -> bool {
    content_type(request)
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
}

fn content_type(request: &Request) -> &str {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Reads the form, at most [`LARGEST`] bytes of it.
pub(super) async fn read(request: Request) -> Result<Skjema, FiksioError> {
    let boundary =
        multer::parse_boundary(content_type(&request)).map_err(|_| FiksioError::UgyldigSertifikatskjema)?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(LARGEST));
    let mut parts = Multipart::with_constraints(request.into_body().into_data_stream(), boundary, limits);
    let mut sent = Skjema::default();
    while let Some(field) = parts
        .next_field()
        .await
        .map_err(|_| FiksioError::UgyldigSertifikatskjema)?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field
            .bytes()
            .await
            .map_err(|_| FiksioError::UgyldigSertifikatskjema)?
            .to_vec();
        match name.as_str() {
            "file" => sent.file = bytes,
            "format" => sent.format = String::from_utf8_lossy(&bytes).trim().to_ascii_uppercase(),
            "passord" => sent.passord = String::from_utf8_lossy(&bytes).into_owned(),
            _ => return Err(FiksioError::UgyldigSertifikatskjema),
        }
    }
    Ok(sent)
}
