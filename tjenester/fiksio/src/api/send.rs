//! `POST /fiks-io/api/v1/send` (fiks-io §3).
//!
//! The payload is streamed: `metadata` is read and judged first, then `data` flows on. What real senders do to a
//! multipart body is in the contract: unquoted names, quoted boundaries, parameters in any order, no content type.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use fiks_core::id::{DokumentId, KontoId, MeldingId};
use fiks_http::extract::parse_json;
use fiks_http::{ApiError, Authenticated, ErrorMessage, IdempotencyClaim, StoredAnswer};
use futures::StreamExt;
use futures::stream::try_unfold;
use multer::{Field, Multipart};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::errors::FiksioError;
use crate::handle::{Fiksio, InTransaction, Payload};
use crate::model::melding::{Melding, STORSTE_INNHOLD, Spesifikasjon};

/// Largest metadata part.
const METADATA: usize = 256 * 1024;
/// An upload that stands still for so long is given up.
const STALLED: Duration = Duration::from_mins(5);

pub(super) fn routes() -> OpenApiRouter<Fiksio> {
    OpenApiRouter::new().routes(routes!(send))
}

/// Part `metadata`. Fields that a client leaves out it may also send as null.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeldingSpesifikasjon {
    avsender_konto_id: KontoId,
    mottaker_konto_id: KontoId,
    melding_type: String,
    svar_pa_melding: Option<MeldingId>,
    #[schema(minimum = 1000)]
    ttl: Option<i64>,
    headere: Option<BTreeMap<String, Option<String>>>,
}

impl TryFrom<MeldingSpesifikasjon> for Spesifikasjon {
    type Error = FiksioError;

    fn try_from(sent: MeldingSpesifikasjon) -> Result<Self, FiksioError> {
        let headere = sent.headere.unwrap_or_default();
        let headere = headere
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        let (avsender, mottaker) = (sent.avsender_konto_id, sent.mottaker_konto_id);
        Self::new(
            avsender,
            mottaker,
            sent.melding_type,
            sent.svar_pa_melding,
            sent.ttl,
            headere,
        )
    }
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart form")]
struct SendSkjema {
    #[schema(content_media_type = "application/json")]
    metadata: MeldingSpesifikasjon,
    #[schema(value_type = Option<String>, format = Binary, content_media_type = "application/octet-stream")]
    data: Option<Vec<u8>>,
}

/// The answer: exactly these fields, since one client refuses others (fiks-io §3).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SendtMelding<'a> {
    melding_id: MeldingId,
    melding_type: &'a str,
    avsender_konto_id: KontoId,
    mottaker_konto_id: KontoId,
    /// Milliseconds, never null.
    ttl: i64,
    dokumentlager_id: Option<DokumentId>,
    svar_pa_melding: Option<MeldingId>,
    headere: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a Melding> for SendtMelding<'a> {
    fn from(melding: &'a Melding) -> Self {
        let spesifikasjon = &melding.spesifikasjon;
        Self {
            melding_id: melding.id,
            melding_type: &spesifikasjon.melding_type,
            avsender_konto_id: spesifikasjon.avsender,
            mottaker_konto_id: spesifikasjon.mottaker,
            ttl: spesifikasjon.ttl,
            dokumentlager_id: melding.innhold.dokument(),
            svar_pa_melding: spesifikasjon.svar_paa,
            headere: &spesifikasjon.headere,
        }
    }
}

/// Send en melding til en konto
///
/// Multipart med delen `metadata` først, og delen `data` når meldingen har innhold. Svaret kommer når meldingen er
/// lagret. Krever privilegiet FIKSIO.SENDE på avsenderkontoen.
#[utoipa::path(
    post,
    path = "/fiks-io/api/v1/send",
    operation_id = "send",
    tag = "FiksIoSend",
    request_body(content = SendSkjema, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "Meldingen er lagret i mottakerens kø", body = SendtMelding),
        (status = "default", description = "Meldingen ble ikke sendt", body = ErrorMessage),
    ),
)]
async fn send(
    Authenticated(caller): Authenticated,
    State(fiksio): State<Fiksio>,
    request: Request,
) -> Result<Response, ApiError> {
    let claim = request.extensions().get::<IdempotencyClaim>().cloned();
    let mut parts = multipart(request)?;
    let metadata = read_metadata(&mut parts).await?;
    let spesifikasjon = parse_json::<MeldingSpesifikasjon>(&metadata)?.try_into()?;
    let payload = payload(parts).await?;
    let melding = fiksio
        .send(&caller, spesifikasjon, payload, claim.map(store_answer))
        .await?;
    Ok((StatusCode::ACCEPTED, axum::Json(SendtMelding::from(&melding))).into_response())
}

/// A repeat gets the same answer, whatever happens after the commit.
fn store_answer(claim: IdempotencyClaim) -> InTransaction {
    Box::new(move |transaction, melding| {
        Box::pin(async move {
            let body = serde_json::to_vec(&SendtMelding::from(melding)).unwrap_or_default();
            claim
                .answer_in(transaction, &StoredAnswer::json(StatusCode::ACCEPTED, &body))
                .await
        })
    })
}

fn multipart(request: Request) -> Result<Multipart<'static>, FiksioError> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let boundary =
        multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| FiksioError::IkkeMultipart)?;
    Ok(Multipart::new(request.into_body().into_data_stream(), boundary))
}

async fn read_metadata(parts: &mut Multipart<'static>) -> Result<Vec<u8>, FiksioError> {
    let mut field = next_field(parts)
        .await?
        .filter(|field| field.name() == Some("metadata"));
    let field = field.as_mut().ok_or(FiksioError::ManglerMetadata)?;
    let mut metadata = Vec::new();
    while let Some(piece) = next_piece(field).await? {
        if metadata.len() + piece.len() > METADATA {
            return Err(FiksioError::MetadataForStor);
        }
        metadata.extend_from_slice(&piece);
    }
    Ok(metadata)
}

/// The part `data` as a stream that also fails when more follows it or when the form does not end as it should.
async fn payload(mut parts: Multipart<'static>) -> Result<Option<Payload>, FiksioError> {
    let Some(field) = next_field(&mut parts).await? else {
        return Ok(None);
    };
    if field.name() != Some("data") {
        return Err(FiksioError::UventetDel);
    }
    let start = Reading {
        field: Some(field),
        parts,
        left: STORSTE_INNHOLD,
    };
    Ok(Some(try_unfold(start, Reading::next).boxed()))
}

struct Reading {
    field: Option<Field<'static>>,
    parts: Multipart<'static>,
    left: u64,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, FiksioError> {
        let Some(field) = self.field.as_mut() else {
            return Ok(None);
        };
        if let Some(piece) = next_piece(field).await? {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.left = self
                .left
                .checked_sub(length)
                .ok_or(FiksioError::InnholdForStort)?;
            return Ok(Some((piece, self)));
        }
        self.field = None;
        match next_field(&mut self.parts).await? {
            None => Ok(None),
            Some(_) => Err(FiksioError::UventetDel),
        }
    }
}

async fn next_field(parts: &mut Multipart<'static>) -> Result<Option<Field<'static>>, FiksioError> {
    timely(parts.next_field()).await
}

async fn next_piece(field: &mut Field<'static>) -> Result<Option<Bytes>, FiksioError> {
    timely(field.chunk()).await
}

async fn timely<T>(read: impl Future<Output = multer::Result<T>>) -> Result<T, FiksioError> {
    let read = tokio::time::timeout(STALLED, read).await;
    read.map_err(|_| FiksioError::AvbruttOpplasting)?
        .map_err(|_| FiksioError::AvbruttOpplasting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fiks_core::Problem;
    use futures::TryStreamExt;

    /// The second part of a form, read with room for so many bytes.
    async fn read(rest: &'static str, room: u64) -> Result<Vec<u8>, FiksioError> {
        let form = format!("--b\r\nContent-Disposition: form-data; name=data\r\n\r\n{rest}");
        let pieces = futures::stream::iter(
            form.into_bytes()
                .into_iter()
                .map(|byte| Ok::<_, multer::Error>([byte].to_vec())),
        );
        let mut parts = Multipart::new(pieces, "b");
        let start = Reading {
            field: next_field(&mut parts).await?,
            parts,
            left: room,
        };
        let pieces: Vec<Bytes> = try_unfold(start, Reading::next).boxed().try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn a_payload_may_fill_its_bound_and_no_more() {
        assert_eq!(read("12345\r\n--b--\r\n", 5).await.unwrap(), b"12345");
        let refused = read("12345\r\n--b--\r\n", 4).await.unwrap_err();
        assert_eq!(
            (refused.kind().status, refused.kind().code),
            (413, "sending.innhold_for_stort")
        );
        assert_eq!(STORSTE_INNHOLD, 5 * 1024 * 1024 * 1024);
    }

    #[tokio::test]
    async fn a_payload_that_does_not_end_with_its_form_is_no_payload() {
        for cut in ["12345", "12345\r\n--b", "12345\r\n--x--\r\n"] {
            let refused = read(cut, 100).await.unwrap_err();
            assert_eq!(refused.kind().code, "sending.avbrutt", "{cut}");
        }
        let more = "1\r\n--b\r\nContent-Disposition: form-data; name=data\r\n\r\n2\r\n--b--\r\n";
        assert_eq!(
            read(more, 100).await.unwrap_err().kind().code,
            "sending.uventet_del"
        );
    }

    #[test]
    fn the_answer_has_a_number_for_ttl_and_an_object_for_headers() {
        let melding = Melding {
            id: MeldingId(uuid::Uuid::from_u128(1)),
            spesifikasjon: Spesifikasjon::new(
                KontoId(uuid::Uuid::from_u128(2)),
                KontoId(uuid::Uuid::from_u128(3)),
                "ping".to_owned(),
                None,
                None,
                BTreeMap::new(),
            )
            .unwrap(),
            svar_til_type: None,
            innhold: crate::model::melding::Innhold::Intet,
            sendt: fiks_core::Timestamp::default(),
        };
        let expected = serde_json::json!({
            "meldingId": "00000000-0000-0000-0000-000000000001", "meldingType": "ping",
            "avsenderKontoId": "00000000-0000-0000-0000-000000000002",
            "mottakerKontoId": "00000000-0000-0000-0000-000000000003",
            "ttl": 604_800_000, "dokumentlagerId": null, "svarPaMelding": null, "headere": {},
        });
        assert_eq!(
            serde_json::to_value(SendtMelding::from(&melding)).unwrap(),
            expected
        );
    }
}
