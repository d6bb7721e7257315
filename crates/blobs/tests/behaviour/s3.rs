//! What is particular to S3.

use std::sync::Arc;

use fiks_blobs::{BlobError, BlobStore, ObjectOptions, S3Settings};
use fiks_core::{Random, SecretString};
use futures::{StreamExt as _, stream};

use crate::s3_server::S3Server;
use crate::support::*;

fn store(settings: &S3Settings) -> BlobStore {
    let objects = settings.connect().unwrap();
    BlobStore::on_objects(
        objects,
        ObjectOptions::default(),
        area(),
        key_ring(),
        Random::system(),
    )
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
    let refusal = put(&store(&nobody), new_id(), &content(10, 1)).await.unwrap_err();
    assert!(matches!(refusal, BlobError::Storage { .. }), "{refusal}");
}

#[tokio::test]
async fn objects_of_many_parts_read_back_however_many_are_sent_at_once() {
    for parallel_parts in [1, 3] {
        let server = S3Server::start().await;
        let options = ObjectOptions { parallel_parts };
        let objects = Arc::clone(&server.objects);
        let store = BlobStore::on_objects(objects, options, area(), key_ring(), Random::system());
        let (id, bytes) = (new_id(), content(21 * SLAB + 12_345, 1));
        let key = put(&store, id, &bytes).await.unwrap().key;
        assert!(get(&store, id, &key).await.unwrap() == bytes);
        assert_eq!(server.parts(), 0);
    }
}

/// More than one answer of the endpoint's listing.
#[tokio::test]
async fn a_long_listing_is_whole() {
    let server = S3Server::start().await;
    let objects = Arc::clone(&server.objects);
    let options = ObjectOptions::default();
    let store = BlobStore::on_objects(objects, options, area(), key_ring(), Random::system());
    let put = |_| async { put(&store, new_id(), &content(1, 1)).await.unwrap() };
    stream::iter(0..1_010).map(put).buffered(32).count().await;
    assert_eq!(visible(&store).await, 1_010);
}
