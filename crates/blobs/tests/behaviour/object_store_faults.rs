//! An object store that fails leaves neither an object nor parts of one.

use std::sync::Arc;

use fiks_blobs::{BlobError, BlobStore, ObjectOptions};
use fiks_core::Random;
use futures::{StreamExt as _, stream};

use crate::support::*;
use crate::watched_objects::{Trouble, WatchedObjects};

fn store(trouble: Trouble, parallel_parts: usize) -> (Arc<WatchedObjects>, BlobStore) {
    let objects = Arc::new(WatchedObjects::with(trouble));
    let options = ObjectOptions { parallel_parts };
    let store = BlobStore::on_objects(objects.clone(), options, area(), key_ring(), Random::system());
    (objects, store)
}

#[tokio::test]
async fn a_failing_upload_is_abandoned_and_leaves_nothing() {
    let large = content(25 * SLAB, 1);
    let troubles = [
        (Trouble::Begin, 0),
        (Trouble::Part(0), 1),
        (Trouble::Part(1), 1),
        (Trouble::Part(2), 1),
        (Trouble::Complete, 1),
        (Trouble::AnswerOfComplete, 1),
    ];
    for (trouble, aborted) in troubles {
        for parallel_parts in [1, 4] {
            let (objects, store) = store(trouble, parallel_parts);
            let refusal = put(&store, new_id(), &large).await.unwrap_err();
            assert!(
                matches!(refusal, BlobError::Storage { .. }),
                "{trouble:?}: {refusal}"
            );
            assert_eq!(
                (objects.aborted(), visible(&store).await),
                (aborted, 0),
                "{trouble:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_failing_put_of_a_small_object_leaves_nothing() {
    for trouble in [Trouble::Put, Trouble::AnswerOfPut] {
        let (_, store) = store(trouble, 1);
        assert!(put(&store, new_id(), &content(10, 1)).await.is_err());
        assert_eq!(visible(&store).await, 0, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_failing_source_abandons_the_parts_already_sent() {
    let objects = Arc::new(WatchedObjects::default());
    let options = ObjectOptions::default();
    let store = BlobStore::on_objects(objects.clone(), options, area(), key_ring(), Random::system());
    let large = content(25 * SLAB, 1);
    let source = pieces(&large, &[50_000]).map(|piece| piece.map_err(|never| match never {}));
    let source = source.chain(stream::once(async { Err(std::io::Error::other("gone")) }));
    assert!(matches!(
        store.put(new_id(), source, LIMIT).await,
        Err(BlobError::Source(_))
    ));
    assert!(!objects.part_sizes().is_empty());
    assert_eq!((objects.aborted(), visible(&store).await), (1, 0));
}

/// The clock moves only when all wait for it, so parts pile up as far as they may.
#[tokio::test(start_paused = true)]
async fn as_many_parts_are_sent_at_once_as_allowed_and_no_more() {
    for parallel_parts in [1, 3] {
        let objects = Arc::new(WatchedObjects::slow());
        let options = ObjectOptions { parallel_parts };
        let store = BlobStore::on_objects(objects.clone(), options, area(), key_ring(), Random::system());
        put(&store, new_id(), &content(100 * SLAB, 1)).await.unwrap();
        assert_eq!(objects.part_sizes().len(), 10);
        assert!(
            objects.most_in_flight() <= parallel_parts,
            "{}",
            objects.most_in_flight()
        );
    }
}

#[tokio::test]
async fn storing_64_mib_in_an_object_store_holds_less_than_8_mb_at_any_time() {
    let objects = Arc::new(WatchedObjects::default());
    let options = ObjectOptions::default();
    let store = BlobStore::on_objects(objects.clone(), options, area(), key_ring(), Random::system());
    let peak = Peak::default();
    let watched = objects.clone();
    store
        .put(
            new_id(),
            counted(peak.clone(), move || watched.bytes_taken()),
            5 << 30,
        )
        .await
        .unwrap();
    assert!(peak.get() > 5 * MIB, "a part is gathered before it is sent");
    assert!(peak.get() < 8_000_000, "{}", peak.get());
    let sizes = objects.part_sizes();
    let (last, others) = sizes.split_last().unwrap();
    assert!(others.iter().all(|size| *size >= 5 * MIB && *size == others[0]) && *last <= others[0]);
}
