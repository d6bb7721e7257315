//! Downloads that succeed, and those that break off.

use std::fs;

use axum::http::StatusCode;
use fiks_dokumentlager::NyttDokument;
use http_body_util::BodyExt;
use serde_json::json;

use crate::client::Api;
use crate::support::{CHUNK, LONG, MAKS, STRIDE, content};

#[tokio::test]
async fn a_download_gives_type_name_length_and_every_byte() {
    let api = Api::new().await;
    let innhold = content(LONG);
    let id = api.world.lagre(&innhold).await;
    let answer = api.get(&id.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body == innhold);
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-length", &LONG.to_string()),
        (
            "content-disposition",
            "attachment; filename=\"brev.pdf\"; filename*=UTF-8''brev.pdf",
        ),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_type_or_name_that_fits_no_header_does_no_harm() {
    let api = Api::new().await;
    let nytt = NyttDokument {
        navn: "a\r\nX-Ond: 1\"æ.html".to_owned(),
        mimetype: "text/html\r\nX-Ond: 1".to_owned(),
        ..api.world.nytt()
    };
    let stored = api.world.lagre_som(nytt, &content(10), MAKS).await.unwrap();
    let answer = api.get(&stored.id.to_string()).await;
    assert_eq!(
        (answer.status, answer.body),
        (StatusCode::OK, content(10).to_vec())
    );
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert!(
        answer.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment;")
    );
    assert!(answer.headers.get("x-ond").is_none());
}

#[tokio::test]
async fn one_range_is_given_with_its_place_in_the_document() {
    let api = Api::new().await;
    let innhold = content(3 * CHUNK);
    let id = api.world.lagre(&innhold).await;
    let last = 3 * CHUNK - 1;
    for (asked, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=65535-65536", CHUNK - 1, CHUNK),
        ("bytes=131072-", 2 * CHUNK, last),
        ("bytes=-5", last - 4, last),
        ("bytes=-9999999", 0, last),
        ("bytes=196600-9999999", 196_600, last),
    ] {
        let request = api.request(&api.world.mottaker, &id.to_string());
        let answer = api.answer(request.header("range", asked)).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{asked}");
        assert_eq!(
            answer.header("content-range"),
            format!("bytes {from}-{to}/{}", 3 * CHUNK)
        );
        assert_eq!(answer.header("content-length"), (to - from + 1).to_string());
        assert!(answer.body == innhold[from..=to], "{asked}");
    }
}

#[tokio::test]
async fn a_range_that_is_not_understood_gives_the_whole_document() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    for asked in ["bytes=0-1,4-5", "bytes=9-5", "biter=0-1", ""] {
        let request = api.request(&api.world.mottaker, &id.to_string());
        let answer = api.answer(request.header("range", asked)).await;
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::OK, content(10).to_vec()),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn metadata_has_the_fields_of_the_contract() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    let answer = api.get(&format!("{id}/metadata")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "id": id, "dokumentnavn": "brev.pdf", "mimeType": "application/pdf", "kryptertStorrelse": 26,
        "ukryptertStorrelse": 10, "korrelasjonsid": "00000000-0000-0000-0000-000000000009",
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn a_head_request_tells_the_length_and_gives_nothing() {
    let api = Api::new().await;
    let id = api.world.lagre(&content(10)).await;
    let request = api.request(&api.world.mottaker, &id.to_string()).method("HEAD");
    let answer = api.answer(request).await;
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (StatusCode::OK, "10")
    );
    assert!(answer.body.is_empty());
}

/// Some clients look neither at the status nor at the content: the length that was told must not be reached.
#[tokio::test]
async fn a_download_that_meets_damage_breaks_off_before_its_length() {
    let api = Api::new().await;
    let innhold = content(LONG);
    let id = api.world.lagre(&innhold).await;
    let file = api.world.file(id);
    let mut bytes = fs::read(&file).unwrap();
    bytes[30 * STRIDE] ^= 1;
    fs::write(&file, bytes).unwrap();
    let response = api.send(api.request(&api.world.mottaker, &id.to_string())).await;
    assert_eq!(response.headers()["content-length"], LONG.to_string());
    let (mut body, mut given) = (response.into_body(), 0);
    while let Ok(frame) = body.frame().await.expect("the body must not end as if whole") {
        let piece = frame.into_data().unwrap();
        assert!(innhold[given..].starts_with(&piece));
        given += piece.len();
    }
    assert!(given > 0 && given <= 30 * CHUNK, "{given}");
}
