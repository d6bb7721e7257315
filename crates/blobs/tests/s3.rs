//! The store against a real S3 endpoint.
//!
//! `FIKS_S3_TEST=http://localhost:9000 cargo test -p fiks-blobs --features s3 --test s3 -- --ignored`, with a bucket
//! `fiks-test` and the keys in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
#![cfg(feature = "s3")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::io;

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobId, BlobStore, KeyRing, ObjectOptions, S3Settings};
use fiks_core::{Random, SecretString, Timestamp};
use futures::{TryStreamExt as _, stream};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} must be set"))
}

fn store(settings: &S3Settings) -> BlobStore {
    let random = Random::system();
    let keys = KeyRing::in_memory(&random, Timestamp::real()).unwrap();
    let (objects, area) = (settings.connect().unwrap(), "dokumentlager".parse().unwrap());
    BlobStore::on_objects(objects, ObjectOptions { parallel_parts: 2 }, area, keys, random)
}

fn settings() -> S3Settings {
    let secret = SecretString::from(variable("AWS_SECRET_ACCESS_KEY"));
    S3Settings {
        endpoint: Some(variable("FIKS_S3_TEST")),
        bucket: "fiks-test".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Some((variable("AWS_ACCESS_KEY_ID"), secret)),
        virtual_hosted: false,
        // A new prefix for every run, so that the bucket need not be empty.
        prefix: format!("test-{}", Random::system().uuid().unwrap()),
    }
}

fn pieces(size: usize) -> (Vec<u8>, Vec<io::Result<Bytes>>) {
    let bytes: Vec<u8> = (0..size)
        .map(|position| (position % 251).to_le_bytes()[0])
        .collect();
    let pieces = bytes
        .chunks(100_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    (bytes, pieces)
}

#[tokio::test]
#[ignore = "needs an S3 endpoint: see the top of this file"]
async fn objects_of_every_size_go_to_s3_and_back() {
    let store = store(&settings());
    for size in [0, 1, 100_000, 12_000_000] {
        let (id, (bytes, pieces)) = (BlobId(Random::system().uuid().unwrap()), pieces(size));
        let stored = store.put(id, stream::iter(pieces), 1 << 30).await.unwrap();
        let whole = store.get(id, &stored.key, None).await.unwrap();
        assert!(whole.try_collect::<Vec<_>>().await.unwrap().concat() == bytes);
        if size > 200_000 {
            let part = store.get(id, &stored.key, Some(70_000..150_000)).await.unwrap();
            assert!(part.try_collect::<Vec<_>>().await.unwrap().concat() == bytes[70_000..150_000]);
        }
        let listed: Vec<_> = store.list().try_collect().await.unwrap();
        assert_eq!(
            (listed.len(), listed[0].id, listed[0].stored_size),
            (1, id, stored.stored_size)
        );
        assert!(store.exists(id, &stored.key).await.unwrap());
        store.delete(id, &stored.key).await.unwrap();
        store.delete(id, &stored.key).await.unwrap();
        assert!(!store.exists(id, &stored.key).await.unwrap());
        assert!(matches!(
            store.get(id, &stored.key, None).await,
            Err(BlobError::NotFound)
        ));
    }
}

#[tokio::test]
#[ignore = "needs an S3 endpoint: see the top of this file"]
async fn a_failing_source_leaves_nothing_in_s3() {
    let store = store(&settings());
    let (_, mut pieces) = pieces(12_000_000);
    pieces.push(Err(io::Error::other("gone")));
    let id = BlobId(Random::system().uuid().unwrap());
    assert!(matches!(
        store.put(id, stream::iter(pieces), 1 << 30).await,
        Err(BlobError::Source(_))
    ));
    assert!(store.list().try_collect::<Vec<_>>().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_told_and_not_waited_for() {
    let nobody = S3Settings {
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        credentials: Some(("id".to_owned(), SecretString::from("secret"))),
        bucket: "fiks-test".to_owned(),
        region: "us-east-1".to_owned(),
        virtual_hosted: false,
        prefix: String::new(),
    };
    let (_, pieces) = pieces(10);
    let id = BlobId(Random::system().uuid().unwrap());
    let refusal = store(&nobody)
        .put(id, stream::iter(pieces), 100)
        .await
        .unwrap_err();
    assert!(matches!(refusal, BlobError::Storage { .. }), "{refusal}");
}
