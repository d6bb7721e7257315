//! A refused upload is read to its end (fiks-io §15, dokumentlager §12).

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use futures::{SinkExt, StreamExt};
use http_body_util::BodyExt;

use crate::support::World;

const PIECES: usize = 64;

#[tokio::test]
async fn what_the_handler_left_is_read_after_its_answer() {
    let world = World::with(Router::new().route("/nei", post(async || StatusCode::FORBIDDEN))).await;
    // Each piece waits until somebody takes the one before.
    let (mut sender, pieces) = futures::channel::mpsc::channel::<Result<Bytes, Infallible>>(0);
    let sending = tokio::spawn(async move {
        for _ in 0..PIECES {
            sender.send(Ok(Bytes::from_static(&[0; 1024]))).await?;
        }
        Ok::<_, futures::channel::mpsc::SendError>(())
    });
    let request = Request::post("/nei").body(Body::from_stream(pieces)).unwrap();
    assert_eq!(world.answer(request).await.status, StatusCode::FORBIDDEN);
    assert!(sending.await.unwrap().is_ok(), "the rest must be read");
}

#[tokio::test]
async fn the_handler_sees_the_body_unchanged() {
    let echo = async |body: Body| body.collect().await.unwrap().to_bytes();
    let world = World::with(Router::new().route("/ekko", post(echo))).await;
    let pieces = futures::stream::iter(0..10u8).map(|byte| Ok::<_, Infallible>(Bytes::from(vec![byte; 100])));
    let request = Request::post("/ekko").body(Body::from_stream(pieces)).unwrap();
    let expected: Vec<u8> = (0..10u8).flat_map(|byte| vec![byte; 100]).collect();
    assert_eq!(world.answer(request).await.body, expected);
}
