//! What is refused leaves nothing behind, and no transfer holds more memory than it may.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use fiks_blobs::{BlobError, BlobStore, ERRORS};
use fiks_core::{Problem as _, Random};
use futures::{StreamExt as _, TryStreamExt as _, future, stream};

use crate::memory_files::MemoryFiles;
use crate::stores::{TestStore, every_store};
use crate::support::*;

every_store!(
    an_object_of_the_limit_is_taken_and_one_byte_more_is_not,
    an_endless_source_is_cut_off_at_the_limit,
    a_failing_source_comes_back_as_itself_and_leaves_nothing,
    a_caller_who_stops_waiting_leaves_nothing_visible,
);

async fn memory_disk() -> (MemoryFiles, BlobStore) {
    let files = MemoryFiles::default();
    let layer = Arc::new(files.clone());
    let store = BlobStore::on_files(layer, Path::new("/lager"), area(), key_ring(), Random::system()).await;
    (files, store.unwrap())
}

async fn an_object_of_the_limit_is_taken_and_one_byte_more_is_not(test: TestStore) {
    for limit in [0, 10, SLAB, SLAB + 1, 11 * SLAB] {
        let bytes = content(limit + 1, 1);
        let exact = bytes.slice(..limit);
        let (store, limit) = (&test.store, limit as u64);
        let taken = store
            .put(new_id(), pieces(&exact, &[9_999]), limit)
            .await
            .unwrap();
        assert_eq!(taken.plain_size, limit);
        let refusal = store
            .put(new_id(), pieces(&bytes, &[9_999]), limit)
            .await
            .unwrap_err();
        assert!(matches!(refusal, BlobError::TooLarge { limit: told } if told == limit));
    }
    assert_eq!((visible(&test.store).await, test.unfinished()), (5, 0));
}

async fn an_endless_source_is_cut_off_at_the_limit(test: TestStore) {
    let endless = stream::repeat(Ok::<_, Infallible>(content(100_000, 1)));
    let refusal = test.store.put(new_id(), endless, 13 * MIB).await.unwrap_err();
    assert!(matches!(refusal, BlobError::TooLarge { .. }));
    assert_eq!((visible(&test.store).await, test.unfinished()), (0, 0));
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the client has gone")]
struct Gone;

async fn a_failing_source_comes_back_as_itself_and_leaves_nothing(test: TestStore) {
    for size in [0, 10, SLAB, 25 * SLAB] {
        let bytes = content(size, 1);
        let source = pieces(&bytes, &[50_000])
            .map_err(|never| match never {})
            .chain(stream::once(async { Err(Gone) }));
        let failure = test.store.put(new_id(), source, LIMIT).await.unwrap_err();
        assert_eq!(failure.into_source::<Gone>().unwrap(), Gone);
    }
    assert_eq!((visible(&test.store).await, test.unfinished()), (0, 0));
}

async fn a_caller_who_stops_waiting_leaves_nothing_visible(test: TestStore) {
    let bytes = content(25 * SLAB, 1);
    let (all_given, given) = tokio::sync::oneshot::channel();
    let source = pieces(&bytes, &[50_000]).chain(
        stream::once(async move {
            all_given.send(()).unwrap();
            future::pending().await
        })
        .boxed(),
    );
    tokio::select! {
        _ = test.store.put(new_id(), source, LIMIT) => panic!("the source never ends"),
        gone = given => gone.unwrap(),
    }
    assert_eq!(visible(&test.store).await, 0);
}

#[tokio::test]
async fn a_caller_who_stops_waiting_leaves_nothing() {
    let (files, store) = memory_disk().await;
    let bytes = content(3 * SLAB, 1);
    let source = pieces(&bytes, &[50_000]).chain(stream::pending());
    let upload = store.put(new_id(), source, LIMIT);
    tokio::select! {
        _ = upload => panic!("the source never ends"),
        () = files.until(|files| files.bytes_written() > 0) => {}
    }
    files.until(|files| files.files_below("/lager").is_empty()).await;
}

/// The clock of the runtime stands still but for this.
#[tokio::test(start_paused = true)]
async fn a_source_that_falls_silent_is_given_up() {
    let (_, store) = memory_disk().await;
    let source = pieces(&content(100, 1), &[10]).chain(stream::pending());
    let refusal = store.put(new_id(), source, LIMIT).await.unwrap_err();
    assert!(matches!(refusal, BlobError::Silence), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stands_still_loses_its_place() {
    let (files, store) = memory_disk().await;
    let id = new_id();
    let key = put(&store, id, &content(20 * SLAB, 1)).await.unwrap().key;
    let mut download = store.get(id, &key, None).await.unwrap();
    download.try_next().await.unwrap();
    tokio::time::sleep(2 * fiks_blobs::SILENCE).await;
    assert_eq!(files.open_readers(), 0, "the file is closed");
    let rest = download.try_collect::<Vec<_>>().await;
    assert!(matches!(rest, Err(BlobError::Interrupted)));
}

/// A real file, and a runtime that ends under the upload.
#[test]
fn a_stopping_program_leaves_nothing() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let disk = first.block_on(OnDisk::new());
    let store = disk.store.clone();
    let source = pieces(&content(3 * SLAB, 1), &[50_000]).chain(stream::pending());
    let upload = first.spawn(async move { store.put(new_id(), source, LIMIT).await });
    while disk.unfinished() == 0 {
        std::thread::yield_now();
    }
    drop(first);
    assert!(
        !matches!(runtime().block_on(upload), Ok(Ok(_))),
        "nothing was finished"
    );
    assert_eq!(disk.unfinished(), 0);
}

#[tokio::test]
async fn storing_64_mib_on_disk_holds_less_than_4_mib_at_any_time() {
    let (files, store) = memory_disk().await;
    let (peak, watched) = (Peak::default(), files.clone());
    store
        .put(
            new_id(),
            counted(peak.clone(), move || watched.bytes_written()),
            LIMIT,
        )
        .await
        .unwrap();
    assert!(peak.get() > SLAB as u64, "the stages did not overlap");
    assert!(peak.get() < 4 * MIB, "{}", peak.get());
}

#[tokio::test]
async fn a_slow_reader_of_64_mib_holds_less_than_4_mib() {
    let (files, store) = memory_disk().await;
    let id = new_id();
    let stored = store
        .put(id, counted(Peak::default(), || 0), LIMIT)
        .await
        .unwrap();
    let peak = Peak::default();
    let mut download = store.get(id, &stored.key, None).await.unwrap();
    let mut taken = 0;
    while let Some(piece) = download.try_next().await.unwrap() {
        // Lets the store read ahead as far as it wants to go.
        let ahead = (taken + SLAB as u64).min(stored.stored_size);
        files.until(|files| files.bytes_read() >= ahead).await;
        peak.see(files.bytes_read() - taken);
        taken += piece.len() as u64;
    }
    assert_eq!(taken, 64 * MIB);
    assert!(peak.get() > SLAB as u64 && peak.get() < 4 * MIB, "{}", peak.get());
}

#[tokio::test]
async fn a_full_disk_has_an_error_of_its_own() {
    let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert_eq!(BlobError::Full(error).kind().status, 507);
}

#[test]
fn every_kind_of_error_has_its_own_code_text_and_remedy() {
    let mut codes: Vec<_> = ERRORS.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ERRORS.len());
    assert!(
        ERRORS
            .iter()
            .all(|kind| kind.code.starts_with("lagring.") && kind.status >= 400)
    );
    assert!(
        ERRORS
            .iter()
            .all(|kind| kind.text.ends_with('.') && kind.remedy.ends_with('.'))
    );
}
