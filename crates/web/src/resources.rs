//! Style sheets, scripts and pictures, embedded in the binary and served under `/ressurser/`.
//!
//! Invariant: an address holds the hash of its bytes, so whoever has fetched it once never asks again.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::errors::{WebError, kinds};
use crate::page::Fault;

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

/// One file for the browser.
#[derive(Clone, Copy)]
pub(crate) struct Resource {
    file: &'static str,
    /// Where it is served; changes when the bytes do.
    pub(crate) path: &'static str,
    etag: &'static str,
    content_type: &'static str,
    body: &'static [u8],
    gzip: &'static [u8],
}

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The routes under `/ressurser/`. Mount it once beside the pages.
pub fn router() -> Router {
    Router::new().route("/ressurser/{file}", get(serve))
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Fault> {
    let resource = ALL
        .iter()
        .find(|resource| resource.file == file)
        .ok_or(WebError::Plain(&kinds::NOT_FOUND))?;
    if is_known(&headers, resource.etag) {
        return Ok((StatusCode::NOT_MODIFIED, common_headers(resource)).into_response());
    }
    Ok(full(resource, takes_gzip(&headers)))
}

fn common_headers(resource: &Resource) -> [(axum::http::HeaderName, HeaderValue); 3] {
    [
        (CACHE_CONTROL, FOR_EVER),
        (ETAG, HeaderValue::from_static(resource.etag)),
        (VARY, HeaderValue::from_static("accept-encoding")),
    ]
}

fn full(resource: &Resource, gzip: bool) -> Response {
    let body = if gzip { resource.gzip } else { resource.body };
    let mut response = (common_headers(resource), body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(resource.content_type));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    listed(headers, &IF_NONE_MATCH).any(|known| known.trim_start_matches("W/") == etag || known == "*")
}

/// Whether the caller names gzip without refusing it (`q=0`).
fn takes_gzip(headers: &HeaderMap) -> bool {
    listed(headers, &ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn listed<'a>(headers: &'a HeaderMap, name: &'a axum::http::HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(path: &str, header: Option<(&str, &str)>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::get(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = router()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        (
            parts.status,
            parts.headers,
            body.collect().await.unwrap().to_bytes().to_vec(),
        )
    }

    #[tokio::test]
    async fn a_resource_may_be_kept_for_ever() {
        for resource in ALL {
            let (status, headers, body) = ask(resource.path, None).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[CONTENT_TYPE], resource.content_type);
            assert_eq!(body, resource.body);
            assert!(!body.is_empty());
        }
    }

    #[tokio::test]
    async fn the_packed_form_unpacks_to_the_same_bytes() {
        for resource in ALL {
            let (_, headers, body) = ask(resource.path, Some(("accept-encoding", "br, gzip;q=0.8"))).await;
            assert_eq!(headers[CONTENT_ENCODING], "gzip");
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&body[..])
                .read_to_end(&mut plain)
                .unwrap();
            assert_eq!(plain, resource.body);
        }
    }

    #[tokio::test]
    async fn whoever_refuses_gzip_gets_the_plain_form() {
        let (_, headers, body) = ask(FIKS_JS.path, Some(("accept-encoding", "gzip;q=0, identity"))).await;
        assert!(!headers.contains_key(CONTENT_ENCODING));
        assert_eq!(body, FIKS_JS.body);
    }

    #[tokio::test]
    async fn a_known_resource_is_not_sent_again() {
        let (status, _, body) = ask(FIKS_CSS.path, Some(("if-none-match", FIKS_CSS.etag))).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    }

    #[tokio::test]
    async fn an_address_with_another_hash_is_unknown() {
        for path in [
            "/ressurser/fiks.0000000000000000.css",
            "/ressurser/fiks.css",
            "/ressurser/..%2Fbuild.rs",
        ] {
            assert_eq!(ask(path, None).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
