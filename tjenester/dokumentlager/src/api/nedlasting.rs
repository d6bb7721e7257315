//! Download (dokumentlager §7). The content is untrusted: it is offered as a file, never shown.

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    HeaderMap, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use fiks_core::id::DokumentId;
use fiks_http::{ApiError, Authenticated, ErrorMessage, Json, Path};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::handle::{Dokumentlager, Nedlasting};
use crate::model::Dokument;

/// RFC 5987: what need not be encoded in an extended parameter, beside letters and digits.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// What is known of a document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    id: DokumentId,
    dokumentnavn: String,
    mime_type: String,
    kryptert_storrelse: u64,
    ukryptert_storrelse: u64,
    korrelasjonsid: Option<Uuid>,
}

impl From<Dokument> for Metadata {
    fn from(document: Dokument) -> Self {
        Self {
            id: document.id,
            dokumentnavn: document.navn,
            mime_type: document.mimetype,
            kryptert_storrelse: document.lagret_storrelse,
            ukryptert_storrelse: document.storrelse,
            korrelasjonsid: document.korrelasjonsid,
        }
    }
}

/// Last ned et dokument
///
/// Ett område kan hentes med Range.
#[utoipa::path(
    get,
    path = "/dokumentlager/nedlasting/{dokumentId}",
    operation_id = "downloadDokument",
    tag = "DokumentlagerNedlasting",
    params(("dokumentId" = DokumentId, Path)),
    responses(
        (status = 200, description = "Dokumentet", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "Området som ble bedt om", body = Vec<u8>, content_type = "*/*"),
        (status = "default", description = "Feil; 410 når dokumentet er slettet eller utløpt", body = ErrorMessage),
    ),
)]
pub(super) async fn hent(
    Authenticated(caller): Authenticated,
    State(dokumentlager): State<Dokumentlager>,
    Path(id): Path<DokumentId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let range = headers
        .get(RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(single_range);
    let size = match range {
        // A range from the end needs the size first.
        Some(Wanted::Last(_)) => dokumentlager.metadata(&caller, id).await?.storrelse,
        _ => 0,
    };
    let wanted = range.map(|range| range.within(size));
    let opened = dokumentlager.hent(&caller, id, wanted).await?;
    Ok(response(opened, range.is_some()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    From(u64, u64),
    Last(u64),
}

impl Wanted {
    fn within(self, size: u64) -> Range<u64> {
        match self {
            Self::From(start, end) => start..end,
            Self::Last(count) => size.saturating_sub(count)..size,
        }
    }
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n`. Anything else is passed over, as RFC 9110 §14.2 allows.
fn single_range(header: &str) -> Option<Wanted> {
    let (start, end) = header.strip_prefix("bytes=")?.split_once('-')?;
    match (start.parse::<u64>(), end.parse::<u64>()) {
        (Ok(start), Ok(end)) => Some(Wanted::From(
            start,
            end.checked_add(1).filter(|end| *end > start)?,
        )),
        (Ok(start), Err(_)) if end.is_empty() => Some(Wanted::From(start, u64::MAX)),
        (Err(_), Ok(count)) if start.is_empty() && count > 0 => Some(Wanted::Last(count)),
        _ => None,
    }
}

/// A body that fails midway breaks the connection before its length is reached: no client takes it for whole.
fn response(opened: Nedlasting, is_partial: bool) -> Response {
    let Nedlasting {
        dokument,
        range,
        innhold,
    } = opened;
    let mut response = Body::from_stream(innhold).into_response();
    let headers = response.headers_mut();
    let mimetype = HeaderValue::from_str(&dokument.mimetype);
    headers.insert(
        CONTENT_TYPE,
        mimetype.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    headers.insert(
        CONTENT_LENGTH,
        HeaderValue::from(range.end.saturating_sub(range.start)),
    );
    headers.insert(CONTENT_DISPOSITION, disposition(&dokument.navn));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if is_partial {
        let content = format!(
            "bytes {}-{}/{}",
            range.start,
            range.end.saturating_sub(1),
            dokument.storrelse
        );
        if let Ok(content) = HeaderValue::try_from(content) {
            headers.insert(CONTENT_RANGE, content);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// The name in both forms of RFC 6266: plain for old clients, exact for all others.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|tegn| {
            if tegn.is_ascii_graphic() && !"\"\\".contains(tegn) || tegn == ' ' {
                tegn
            } else {
                '_'
            }
        })
        .collect();
    let exact = utf8_percent_encode(name, ATTR_CHAR);
    HeaderValue::try_from(format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
    ))
    .unwrap_or(HeaderValue::from_static("attachment"))
}

/// Hent metadata for et dokument
#[utoipa::path(
    get,
    path = "/dokumentlager/nedlasting/{dokumentId}/metadata",
    operation_id = "downloadDokumentMetadata",
    tag = "DokumentlagerNedlasting",
    params(("dokumentId" = DokumentId, Path)),
    responses(
        (status = 200, description = "Metadata", body = Metadata),
        (status = "default", description = "Feil; 410 når dokumentet er slettet eller utløpt", body = ErrorMessage),
    ),
)]
pub(super) async fn metadata(
    Authenticated(caller): Authenticated,
    State(dokumentlager): State<Dokumentlager>,
    Path(id): Path<DokumentId>,
) -> Result<Json<Metadata>, ApiError> {
    Ok(Json(dokumentlager.metadata(&caller, id).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_the_rest_passed_over() {
        assert_eq!(single_range("bytes=0-99"), Some(Wanted::From(0, 100)));
        assert_eq!(single_range("bytes=5-"), Some(Wanted::From(5, u64::MAX)));
        assert_eq!(single_range("bytes=-7"), Some(Wanted::Last(7)));
        for header in [
            "bytes=9-5",
            "bytes=a-b",
            "bytes=0-1,4-5",
            "bytes=-",
            "items=0-1",
            "bytes=-0",
        ] {
            assert_eq!(single_range(header), None, "{header}");
        }
        assert_eq!(Wanted::Last(7).within(5), 0..5);
    }

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let value = disposition("søknad \"a\"\r\nX: y.pdf");
        assert_eq!(
            value.to_str().unwrap(),
            "attachment; filename=\"s_knad _a___X: y.pdf\"; filename*=UTF-8''s%C3%B8knad%20%22a%22%0D%0AX%3A%20y.pdf"
        );
    }
}
