use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::TryStreamExt;
use uuid::Uuid;

use super::*;
use crate::{Klient, testing};

const PLENTY: Duration = Duration::from_mins(1);
const DOKUMENT: DokumentId = DokumentId(Uuid::from_u128(9));

/// The outcome of downloading from a dokumentlager that answers so.
async fn downloaded(
    stillstand: Duration,
    answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
) -> Result<Vec<u8>, Feil> {
    let count = Arc::new(AtomicUsize::new(0));
    let handler = move |headers: HeaderMap| async move {
        assert_eq!(headers["authorization"], "Bearer token-1");
        assert_eq!(headers["integrasjonpassord"], "passord");
        answer(count.fetch_add(1, Ordering::SeqCst))
    };
    let router = Router::new().route(&format!("/dokumentlager/nedlasting/{DOKUMENT}"), get(handler));
    let address = testing::serve(router.merge(testing::token_endpoint())).await;
    let mut konfigurasjon = testing::configured(&address, |builder| builder);
    konfigurasjon.tidsgrenser.stillstand = stillstand;
    let core = Klient::ny(konfigurasjon).unwrap().core();
    let pieces: Vec<Bytes> = download(core.api(), DOKUMENT).await?.try_collect().await?;
    Ok(pieces.concat())
}

fn body(pieces: Vec<Result<&'static str, std::io::Error>>, then_silence: bool) -> Response {
    let pieces = stream::iter(pieces);
    let end: stream::BoxStream<'_, _> = if then_silence {
        stream::pending().boxed()
    } else {
        stream::empty().boxed()
    };
    Response::new(Body::from_stream(pieces.chain(end)))
}

#[tokio::test]
async fn a_document_is_streamed() {
    let content = downloaded(PLENTY, |_| body(vec![Ok("en "), Ok("to")], false)).await;
    assert_eq!(content.unwrap(), b"en to");
}

#[tokio::test]
async fn an_error_page_is_not_taken_for_content() {
    let feil = downloaded(PLENTY, |_| (StatusCode::GONE, "slettet").into_response())
        .await
        .unwrap_err();
    assert_eq!(feil.kode(), "plattform.finnes_ikke");
}

#[tokio::test]
async fn a_busy_dokumentlager_is_asked_again() {
    let answer = |number| match number {
        0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => body(vec![Ok("hei")], false),
    };
    assert_eq!(downloaded(PLENTY, answer).await.unwrap(), b"hei");
}

#[tokio::test]
async fn a_download_that_breaks_off_is_an_error() {
    let feil = downloaded(PLENTY, |_| {
        body(vec![Ok("hei"), Err(std::io::Error::other("borte"))], false)
    })
    .await
    .unwrap_err();
    assert!(
        matches!(
            feil,
            Feil::Brutt {
                handling: Handling::Nedlasting,
                ..
            }
        ),
        "{feil}"
    );
}

#[tokio::test]
async fn a_download_that_stands_still_is_given_up() {
    let feil = downloaded(Duration::from_millis(200), |_| body(vec![Ok("hei")], true))
        .await
        .unwrap_err();
    assert!(
        matches!(
            feil,
            Feil::Tidsavbrudd {
                handling: Handling::Nedlasting,
                ..
            }
        ),
        "{feil}"
    );
}
