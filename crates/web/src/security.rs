//! What a browser is told to refuse, and forms that come from elsewhere.
//!
//! Invariant: no page runs a script, shows a style or sends a form that did not come from this server.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::errors::WebError;
use crate::page::Fault;

/// Pictures may be `data:` because Designsystemet draws its icons so.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Adds the headers to every answer. Pages are not stored unless they say otherwise.
pub(crate) async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        CROSS_ORIGIN_OPENER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        CROSS_ORIGIN_RESOURCE_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses a change that another site asks for in this person's name.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers()) {
        next.run(request).await
    } else {
        Fault::from(WebError::ForeignOrigin).into_response()
    }
}

/// A browser names where a request comes from in `Sec-Fetch-Site`, an older one in `Origin`. Who sends neither is
/// no browser and acts for nobody but itself.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    match headers.get(ORIGIN) {
        None => true,
        Some(origin) => {
            authority_of(origin).is_some_and(|authority| Some(authority.as_str()) == host_of(headers))
        }
    }
}

fn authority_of(origin: &HeaderValue) -> Option<String> {
    let origin: Uri = origin.to_str().ok()?.parse().ok()?;
    Some(origin.authority()?.as_str().to_owned())
}

fn host_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(pairs: &[(&'static str, &'static str)]) -> bool {
        is_same_origin(
            &pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
        )
    }

    #[test]
    fn a_form_of_this_site_is_let_through() {
        assert!(judged(&[("sec-fetch-site", "same-origin")]));
        assert!(judged(&[
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(judged(&[("host", "localhost:8080")]));
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        assert!(!judged(&[("sec-fetch-site", "cross-site")]));
        assert!(!judged(&[("sec-fetch-site", "same-site"), ("host", "a.example")]));
        assert!(!judged(&[
            ("origin", "http://evil.example"),
            ("host", "localhost:8080")
        ]));
        assert!(!judged(&[
            ("origin", "http://localhost:9999"),
            ("host", "localhost:8080")
        ]));
        assert!(!judged(&[("origin", "null"), ("host", "localhost:8080")]));
        assert!(!judged(&[("origin", "http://localhost:8080")]));
    }
}
