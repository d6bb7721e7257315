//! Trial calls against an API that tells what it was asked.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;

use crate::support::{Answer, Environment};

const TESTVIK: &str = "00000000-0000-0000-0000-000000000001";

/// Answers every request with itself.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let mut lines = vec![format!("{method} {uri}")];
    lines.extend(
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
    );
    lines.push(String::from_utf8_lossy(&body).into_owned());
    (StatusCode::CONFLICT, lines.join("\n"))
}

/// An environment whose API echoes, until the test ends.
async fn environment() -> Environment {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    Environment::with(|oppsett| oppsett.adresser.api_http.port = port)
}

async fn tried(form: &str) -> Answer {
    environment()
        .await
        .post("/api/prov", form, &[("hx-request", "true")])
        .await
}

#[tokio::test]
async fn a_call_carries_the_organisations_credentials() {
    let answer = tried(&format!(
        "operasjon=hentTing&organisasjon={TESTVIK}&path.kontoId=a%2Fb"
    ))
    .await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    for line in [
        "409 Conflict",
        "GET /ting/a%2Fb",
        "integrasjonid: 00000000-0000-0000-0000-000000000101",
        "integrasjonpassord: passord-1",
        &format!("authorization: Bearer token-{TESTVIK}"),
        "$(fiks token --organisasjon 'Testvik kommune')",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn a_call_as_nobody_carries_no_credentials() {
    let text = tried("operasjon=hentTing&organisasjon=&path.kontoId=a")
        .await
        .text();
    assert!(
        text.contains("GET /ting/a") && !text.contains("integrasjon") && !text.contains("authorization"),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_is_sent_as_it_is_written() {
    let text = tried("operasjon=opprettTing&body=%7B%22navn%22%3A%20%22%C3%86%22%7D")
        .await
        .text();
    assert!(
        text.contains("content-type: application/json") && text.contains(r#"{"navn": "Æ"}"#),
        "{text}"
    );
}

#[tokio::test]
async fn parts_are_sent_as_parts() {
    let text = tried("operasjon=sendFil&part.metadata=%7B%7D&part.data=hei")
        .await
        .text();
    for line in [
        "multipart/form-data",
        r#"name="metadata""#,
        "application/json",
        r#"filename="data""#,
        "hei",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn an_outcome_without_a_script_is_a_page() {
    let form = "operasjon=hentTing&path.kontoId=a";
    let answer = environment().await.post("/api/prov", form, &[]).await;
    assert!(answer.body.contains("<!doctype html>") && answer.body.contains("/api/operasjon/hentTing"));
}

#[tokio::test]
async fn only_published_operations_are_called() {
    for (form, status) in [
        ("operasjon=finnes-ikke", 404),
        ("", 404),
        ("operasjon=hentTing", 400),
        (
            "operasjon=hentTing&path.kontoId=a&organisasjon=00000000-0000-0000-0000-00000000dead",
            404,
        ),
    ] {
        assert_eq!(tried(form).await.status, status, "{form}");
    }
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let environment = Environment::with(|oppsett| oppsett.adresser.api_http.port = port);
    let answer = environment
        .post(
            "/api/prov",
            "operasjon=opprettTing&body=%7B%7D",
            &[("hx-request", "true")],
        )
        .await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("startside.kall"), "{}", answer.body);
}

#[tokio::test]
async fn an_answer_is_shown_and_not_run() {
    let text = tried("operasjon=opprettTing&body=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert!(!text.body.contains("<script>"), "{}", text.body);
}
