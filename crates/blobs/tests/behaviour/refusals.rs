//! What is refused leaves nothing behind, and no transfer holds more memory than it may.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobStore, ERRORS, ObjectOptions, Result};
use fiks_core::{Problem as _, Random};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::memory_files::MemoryFiles;
use crate::support::*;
use crate::watched_objects::WatchedObjects;

const MIB: u64 = 1 << 20;

async fn memory_disk() -> (MemoryFiles, BlobStore) {
    let files = MemoryFiles::default();
    let layer = Arc::new(files.clone());
    let store = BlobStore::on_files(layer, Path::new("/lager"), area(), key_ring(), Random::system()).await;
    (files, store.unwrap())
}

#[tokio::test]
async fn an_object_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let (files, disk) = memory_disk().await;
    for store in [&disk, &in_memory(ObjectOptions::default())] {
        for limit in [0, 10, SLAB, SLAB + 1] {
            let bytes = content(limit + 1, 1);
            let exact = bytes.slice(..limit);
            let taken = store
                .put(new_id(), pieces(&exact, &[999]), limit as u64)
                .await
                .unwrap();
            assert_eq!(taken.plain_size, limit as u64);
            let refusal = store
                .put(new_id(), pieces(&bytes, &[999]), limit as u64)
                .await
                .unwrap_err();
            assert!(matches!(refusal, BlobError::TooLarge { limit: told } if told == limit as u64));
        }
        assert_eq!(visible(store).await, 4);
    }
    assert!(files.files_below("/lager/dokumentlager/incoming").is_empty());
}

#[tokio::test]
async fn an_endless_source_is_cut_off_at_the_limit() {
    let store = in_memory(ObjectOptions::default());
    let endless = stream::repeat(Ok::<_, Infallible>(content(100_000, 1)));
    let refusal = store.put(new_id(), endless, 3 * MIB).await.unwrap_err();
    assert!(matches!(refusal, BlobError::TooLarge { .. }));
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the client has gone")]
struct Gone;

#[tokio::test]
async fn a_failing_source_comes_back_as_itself_and_leaves_nothing() {
    let (files, disk) = memory_disk().await;
    for store in [&disk, &in_memory(ObjectOptions::default())] {
        for size in [0, 10, SLAB, 12 * SLAB] {
            let bytes = content(size, 1);
            let source = pieces(&bytes, &[50_000])
                .map_err(|never| match never {})
                .chain(stream::once(async { Err(Gone) }));
            let failure = store.put(new_id(), source, LIMIT).await.unwrap_err();
            assert_eq!(failure.into_source::<Gone>().unwrap(), Gone);
        }
        assert_eq!(visible(store).await, 0);
    }
    assert!(files.files_below("/lager").is_empty());
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
    let store = in_memory(ObjectOptions::default());
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

/// Keeps the highest value it has seen.
#[derive(Clone, Default)]
struct Peak(Arc<AtomicU64>);

impl Peak {
    fn see(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// 64 MiB in pieces, noting at each how many bytes have been given and not yet been taken away again.
fn counted(
    peak: Peak,
    taken: impl Fn() -> u64 + Send,
) -> impl futures::Stream<Item = Result<Bytes, Infallible>> + Send {
    let piece = content(CHUNK, 1);
    stream::iter((1..=64 * MIB / CHUNK as u64).map(move |count| {
        peak.see((count * CHUNK as u64).saturating_sub(taken()));
        Ok(piece.clone())
    }))
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
