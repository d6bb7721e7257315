//! What every page of a site gets, whatever is on it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use fiks_core::{ErrorKind, Problem};
use fiks_web::{Fault, Link, Page, Site, Theme};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

#[derive(Template)]
#[template(source = "<p>{{ text }}</p>", ext = "html")]
struct Content<'a> {
    text: &'a str,
}

#[derive(Debug, thiserror::Error)]
#[error("the tea is gone")]
struct OutOfTea;

const OUT_OF_TEA: ErrorKind = ErrorKind {
    code: "te.tomt",
    status: 503,
    text: "Teen er <slutt>",
    remedy: "Kok mer.",
};

impl Problem for OutOfTea {
    fn kind(&self) -> &'static ErrorKind {
        &OUT_OF_TEA
    }
}

fn site(theme: Theme) -> Site {
    Site {
        name: "Fiks".to_owned(),
        label: "Prøve".to_owned(),
        home: "/".to_owned(),
        theme,
        navigation: vec![Link::new("Hjem", "/"), Link::new("Te", "/te")],
        footer: "Slutt.".to_owned(),
        footer_links: vec![Link::new("Mer", "/mer")],
    }
}

fn pages(theme: Theme) -> Router {
    let site = Arc::new(site(theme));
    let shown = Arc::clone(&site);
    let hjem = move || async move {
        Page::new(&shown, "Tittel & sånt", "/", Content { text: "<hei>" }).into_response()
    };
    let routes = Router::new()
        .route("/", get(hjem))
        .route("/te", post(|| async { "ok" }))
        .route("/tomt", get(|| async { Err::<(), _>(Fault::from(OutOfTea)) }))
        .route(
            "/eget",
            get(|| async { (StatusCode::CONFLICT, Html("<p>eget</p>")) }),
        )
        .merge(fiks_web::resources());
    fiks_web::finish(routes, site)
}

async fn ask(request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = pages(Theme::Ksdigital)
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8_lossy(&body).into_owned(),
    )
}

fn get_of(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn fragment_of(path: &str) -> Request<Body> {
    Request::get(path)
        .header("hx-request", "true")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_page_has_what_assistive_technology_looks_for() {
    let (status, _, body) = ask(get_of("/")).await;
    assert_eq!(status, StatusCode::OK);
    for markup in [
        "<html lang=\"nb\"",
        "<title>Tittel &#38; sånt – Fiks</title>",
        "href=\"#innhold\"",
        "<main id=\"innhold\"",
        "<header",
        "<footer",
        "<a href=\"/\" aria-current=\"page\">Hjem</a>",
        "<a href=\"/te\">Te</a>",
        "role=\"status\"",
        "<p>&#60;hei&#62;</p>",
    ] {
        assert!(body.contains(markup), "{markup}: {body}");
    }
}

#[tokio::test]
async fn everything_that_a_page_fetches_is_there() {
    let (_, _, body) = ask(get_of("/")).await;
    let fetched: Vec<&str> = body
        .split(['"', '\''])
        .filter(|text| text.starts_with("/ressurser/"))
        .collect();
    assert_eq!(fetched.len(), 5, "{fetched:?}");
    for path in fetched {
        assert_eq!(ask(get_of(path)).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn each_theme_has_its_own_style() {
    let style_of = async |theme| {
        let response = pages(theme).oneshot(get_of("/")).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8_lossy(&body).contains("/ressurser/minkommune.")
    };
    assert!(!style_of(Theme::Ksdigital).await);
    assert!(style_of(Theme::Minkommune).await);
}

#[tokio::test]
async fn a_failure_is_a_page_with_text_remedy_and_code() {
    let (status, headers, body) = ask(get_of("/tomt")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for part in [
        "<!doctype html>",
        "Teen er &#60;slutt&#62;",
        "Kok mer.",
        "te.tomt",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

#[tokio::test]
async fn a_failure_of_a_fragment_is_a_fragment() {
    let (status, _, body) = ask(fragment_of("/tomt")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        body.contains("role=\"alert\"") && body.contains("te.tomt") && !body.contains("<html"),
        "{body}"
    );
}

#[tokio::test]
async fn a_page_of_its_own_making_is_left_as_it_is() {
    let (status, _, body) = ask(get_of("/eget")).await;
    assert_eq!((status, body.as_str()), (StatusCode::CONFLICT, "<p>eget</p>"));
}

#[tokio::test]
async fn a_bare_refusal_becomes_a_page_too() {
    let (status, headers, body) = ask(get_of("/te")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "POST");
    assert!(body.contains("nettside.metode"), "{body}");
    assert_eq!(ask(get_of("/ressurser/x")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn failures_and_resources_carry_the_headers_as_well() {
    for path in ["/", "/tomt", "/eget", "/ressurser/x"] {
        let (_, headers, _) = ask(get_of(path)).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self';") && policy.contains("style-src 'self';"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_change_from_another_site_is_refused_and_one_from_here_is_not() {
    let send = |site: &str| {
        Request::post("/te")
            .header("sec-fetch-site", site)
            .body(Body::empty())
            .unwrap()
    };
    let (status, _, body) = ask(send("cross-site")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body.contains("nettside.opphav"), "{body}");
    assert_eq!(ask(send("same-origin")).await.0, StatusCode::OK);
}
