//! Answers ≥ 400 (auth-og-konfigurasjon §2.2).

use axum::Router;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Request, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use fiks_http::{Authenticated, Json, OwnErrorBody};
use serde_json::{Value, json};

use crate::support::{Answer, World};

async fn world() -> World {
    World::with(
        Router::new()
            .route("/bare-status", get(async || StatusCode::BAD_GATEWAY))
            .route(
                "/opptatt",
                get(async || (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")])),
            )
            .route("/krasj", get(crash))
            .route(
                "/side",
                get(async || (StatusCode::NOT_FOUND, Html("<p>Siden finnes ikke</p>"))),
            )
            .route("/liste", get(own_body))
            .route("/json", post(async |Json(value): Json<Value>| value.to_string()))
            .route("/hvem", get(async |Authenticated(who)| format!("{who:?}"))),
    )
    .await
}

async fn crash() -> StatusCode {
    panic!("12345678901 står i feilmeldingen")
}

async fn own_body() -> impl IntoResponse {
    let body = axum::Json(json!([{"adresse": 1}]));
    (StatusCode::BAD_REQUEST, axum::Extension(OwnErrorBody), body)
}

#[track_caller]
fn assert_form(answer: &Answer, status: u16, code: &str, path: &str) {
    let body = answer.json();
    assert_eq!(answer.status.as_u16(), status);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    assert_eq!(
        (&body["status"], &body["errorCode"], &body["path"]),
        (&json!(status), &json!(code), &json!(path))
    );
    assert!(body["errorId"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
    assert!(body["timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(body.as_object().unwrap().len(), 9);
}

#[tokio::test]
async fn every_failure_has_the_platforms_form() {
    let world = world().await;
    for (path, status, code) in [
        ("/finnes-ikke", 404, "rute.ukjent"),
        ("/json", 405, "rute.metode"),
        ("/bare-status", 502, "intern.feil"),
        ("/opptatt", 503, "tjeneste.utilgjengelig"),
        ("/hvem", 401, "autentisering.token_mangler"),
    ] {
        assert_form(&world.get(path).await, status, code, path);
    }
}

#[tokio::test]
async fn the_headers_that_explain_a_refusal_stay() {
    let world = world().await;
    assert_eq!(world.get("/opptatt").await.headers[RETRY_AFTER], "5");
    assert_eq!(world.get("/json").await.headers[ALLOW], "POST");
    assert_eq!(world.get("/hvem").await.headers[WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn a_panic_becomes_500_and_tells_nothing() {
    let answer = world().await.get("/krasj").await;
    assert_form(&answer, 500, "intern.feil", "/krasj");
    assert!(!String::from_utf8_lossy(&answer.body).contains("12345678901"));
}

#[tokio::test]
async fn a_page_for_people_and_a_documented_list_stay_as_they_are() {
    let world = world().await;
    assert_eq!(world.get("/side").await.body, "<p>Siden finnes ikke</p>");
    assert_eq!(world.get("/liste").await.json(), json!([{"adresse": 1}]));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_in_the_same_form() {
    let world = world().await;
    let body = Body::from(format!("\"{}\"", "x".repeat(1024 * 1024)));
    let answer = world.answer(Request::post("/json").body(body).unwrap()).await;
    assert_form(&answer, 413, "foresporsel.for_stor", "/json");
}

#[tokio::test]
async fn broken_json_names_the_place() {
    let world = world().await;
    let answer = world
        .answer(Request::post("/json").body(Body::from("{\n x")).unwrap())
        .await;
    assert_form(&answer, 400, "foresporsel.json", "/json");
    let message = answer.json()["message"].to_string();
    assert!(message.contains("linje 2, kolonne 2"), "{message}");
}
