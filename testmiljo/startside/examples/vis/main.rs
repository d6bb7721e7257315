//! Shows the pages with made-up data, without the rest of the platform:
//! `cargo run -p fiks-startside --example vis [port] [openapi.json]`.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

mod data;
mod platform;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use platform::Platform;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(8080, |port| port.parse().unwrap());
    let openapi = arguments.next().map_or_else(
        || include_str!("openapi.json").to_owned(),
        |path| std::fs::read_to_string(path).unwrap(),
    );
    let openapi: Value = serde_json::from_str(&openapi).unwrap();
    let pages = fiks_startside::router(Arc::new(Platform::new()), data::oppsett(port), &openapi).unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    println!("http://localhost:{port}/");
    axum::serve(listener, pages.merge(api())).await.unwrap();
}

/// Just enough of an API for trial calls to have something to talk to.
fn api() -> Router {
    Router::new()
        .route("/fiks-io/api/v1/send", post(send))
        .route("/fiks-io/katalog/api/v1/kontoer/{konto}/status", get(status))
}

async fn send() -> (StatusCode, Json<Value>) {
    let answer = json!({
        "meldingId": "7f1f3c52-5f0e-4b36-9c0e-0d8d5f4f5a11", "meldingType": "ping", "ttl": 604_800_000,
        "avsenderKontoId": data::ARKIV, "mottakerKontoId": data::SKOLE, "dokumentlagerId": null,
        "svarPaMelding": null, "headere": {},
    });
    (StatusCode::ACCEPTED, Json(answer))
}

async fn status() -> Json<Value> {
    Json(json!({
        "gyldigAvsender": true, "gyldigMottaker": true, "antallKonsumenter": 1, "antallUavhentedeMeldinger": 2,
    }))
}
