//! Who is refused, and how.

use std::fs;
use std::time::Duration;

use axum::http::Request;
use uuid::Uuid;

use crate::client::Api;
use crate::support::{content, integrasjon};

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn whoever_does_not_prove_who_they_are_gets_401_and_how_to() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    for path in [
        id.to_string(),
        format!("{id}/metadata"),
        Uuid::from_u128(1).to_string(),
    ] {
        let nobody = Request::builder().uri(format!("/dokumentlager/nedlasting/{path}"));
        let unknown = api.request(&integrasjon(), &path);
        for request in [nobody, unknown] {
            let answer = api.answer(request).await;
            assert_eq!(answer.status, 401, "{path}");
            // Without it, a known client ends in an error of its HTTP library.
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn whoever_a_document_is_not_exposed_to_gets_403() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    for path in [id.to_string(), format!("{id}/metadata")] {
        let answer = api.answer(api.request(&api.world.avsender, &path)).await;
        assert_eq!(answer.refusal(), refusal(403, "dokument.ikke_eksponert"));
    }
}

#[tokio::test]
async fn an_unknown_document_is_404_and_an_id_that_is_none_400() {
    let api = Api::new().await;
    for tail in ["", "/metadata"] {
        let unknown = api.get(&format!("{}{tail}", Uuid::from_u128(1))).await;
        assert_eq!(unknown.refusal(), refusal(404, "dokument.ukjent"));
        assert_eq!(api.get(&format!("tull{tail}")).await.status, 400);
    }
}

#[tokio::test]
async fn a_document_that_has_run_out_or_was_removed_is_410() {
    let api = Api::new().await;
    let (ended, removed) = (
        api.world.lagre(&content(10)).await,
        api.world.lagre(&content(10)).await,
    );
    api.world.service.forkast(removed).await.unwrap();
    api.world.hand.advance(Duration::from_hours(1));
    for id in [ended, removed] {
        for path in [id.to_string(), format!("{id}/metadata")] {
            assert_eq!(api.get(&path).await.refusal(), refusal(410, "dokument.borte"));
        }
    }
}

#[tokio::test]
async fn a_range_outside_the_document_is_416() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    let request = api.request(&api.world.mottaker, &id.to_string());
    let answer = api.answer(request.header("range", "bytes=10-")).await;
    assert_eq!(answer.refusal(), refusal(416, "dokument.utenfor"));
}

#[tokio::test]
async fn a_document_damaged_from_its_start_is_refused_before_a_byte_is_given() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    fs::write(api.world.file(id), [0; 26]).unwrap();
    let answer = api.get(&id.to_string()).await;
    assert_eq!(answer.refusal(), refusal(500, "lagring.odelagt"));
}
