//! What goes in comes out, whatever its size, its pieces and the range asked for.

use std::ops::Range;

use fiks_blobs::{BlobError, BlobStore, ObjectOptions};
use futures::{StreamExt as _, TryStreamExt as _, future};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// Sizes where something changes, a little more and a little less, and sizes anywhere.
fn size() -> impl Strategy<Value = usize> {
    let borders = prop::sample::select(vec![0, CHUNK, 2 * CHUNK, SLAB, SLAB + CHUNK, 2 * SLAB]);
    let near = (borders, -2_isize..=2).prop_map(|(border, by)| border.saturating_add_signed(by));
    prop_oneof![near, 0..3 * SLAB]
}

async fn check(store: &BlobStore, size: usize, cuts: &[usize], (a, b): (usize, usize)) {
    let (id, bytes) = (new_id(), content(size, size as u64));
    let stored = store.put(id, pieces(&bytes, cuts), LIMIT).await.unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    assert_eq!(stored.sha256.as_slice(), hash.as_ref());
    assert_eq!(stored.plain_size, size as u64);
    assert_eq!(
        stored.stored_size,
        (size + 16 * size.div_ceil(CHUNK).max(1)) as u64
    );
    assert!(get(store, id, &stored.key).await.unwrap() == bytes);

    if size > 0 {
        let (from, to) = ((a % size).min(b % size), (a % size).max(b % size) + 1);
        let part = store
            .get(id, &stored.key, Some(from as u64..to as u64))
            .await
            .unwrap();
        assert_eq!(
            (part.total_size(), part.range()),
            (size as u64, from as u64..to as u64)
        );
        let part: Vec<_> = part.try_collect().await.unwrap();
        assert!(part.concat() == bytes[from..to]);
    }
    store.delete(id, &stored.key).await.unwrap();
    assert!(!store.exists(id, &stored.key).await.unwrap());
}

fn check_many(store: &BlobStore, runtime: &tokio::runtime::Runtime) {
    let cuts = prop::collection::vec(prop_oneof![0..10_usize, 0..200_000_usize], 1..6);
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (size(), cuts, any::<(usize, usize)>());
    let check = |(size, cuts, range): (usize, Vec<usize>, _)| {
        // Tiny pieces only for small objects: a million of them prove nothing more.
        let cuts = if cuts.iter().sum::<usize>() < 1_000 {
            vec![1 + size / 300]
        } else {
            cuts
        };
        runtime.block_on(check(store, size, &cuts, range));
        Ok(())
    };
    runner.run(&cases, check).unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn any_object_in_any_pieces_reads_back_from_disk() {
    let runtime = runtime();
    let disk = runtime.block_on(OnDisk::new());
    check_many(&disk.store, &runtime);
    assert_eq!(disk.unfinished(), 0);
}

#[test]
fn any_object_in_any_pieces_reads_back_from_an_object_store() {
    check_many(&in_memory(ObjectOptions::default()), &runtime());
}

#[tokio::test]
async fn objects_of_many_parts_read_back_from_an_object_store() {
    for parallel_parts in [1, 3] {
        let store = in_memory(ObjectOptions { parallel_parts });
        let part = 10 * SLAB;
        for size in [part - 1, part, part + 1, 3 * part + 12_345] {
            check(&store, size, &[1 << 20], (part - 7, part + 9)).await;
        }
    }
}

#[tokio::test]
async fn an_end_beyond_the_object_means_its_end() {
    let store = in_memory(ObjectOptions::default());
    let (id, bytes) = (new_id(), content(100, 1));
    let key = put(&store, id, &bytes).await.unwrap().key;
    let download = store.get(id, &key, Some(90..5_000)).await.unwrap();
    assert_eq!(download.range(), 90..100);
    assert_eq!(
        download.try_collect::<Vec<_>>().await.unwrap().concat(),
        bytes[90..]
    );
}

#[tokio::test]
async fn ranges_without_bytes_are_refused_with_the_size() {
    let store = in_memory(ObjectOptions::default());
    let id = new_id();
    let key = put(&store, id, &content(100, 1)).await.unwrap().key;
    for range in [
        100..101,
        50..50,
        Range { start: 7, end: 3 },
        u64::MAX - 1..u64::MAX,
    ] {
        let refusal = store.get(id, &key, Some(range)).await.unwrap_err();
        assert!(matches!(refusal, BlobError::Range { total: 100 }), "{refusal}");
    }
}

#[tokio::test]
async fn puts_of_the_same_id_at_once_are_objects_of_their_own() {
    let disk = OnDisk::new().await;
    let id = new_id();
    let put_one = |seed| {
        let store = disk.store.clone();
        async move {
            let bytes = content(SLAB + 100, seed);
            (put(&store, id, &bytes).await.unwrap().key, bytes)
        }
    };
    let all = future::join_all((0..8).map(put_one)).await;
    for (key, bytes) in &all {
        assert!(get(&disk.store, id, key).await.unwrap() == *bytes);
    }
    disk.store.delete(id, &all[0].0).await.unwrap();
    assert!(get(&disk.store, id, &all[1].0).await.unwrap() == all[1].1);
    assert_eq!(visible(&disk.store).await, 7);
}

#[tokio::test]
async fn deleting_twice_is_fine_and_reading_afterwards_is_not() {
    let disk = OnDisk::new().await;
    for store in [&disk.store, &in_memory(ObjectOptions::default())] {
        let id = new_id();
        let key = put(store, id, &content(10, 1)).await.unwrap().key;
        store.delete(id, &key).await.unwrap();
        store.delete(id, &key).await.unwrap();
        assert!(matches!(
            store.get(id, &key, None).await,
            Err(BlobError::NotFound)
        ));
    }
}

#[tokio::test]
async fn a_listing_shows_what_no_row_knows() {
    let disk = OnDisk::new().await;
    for store in [&disk.store, &in_memory(ObjectOptions::default())] {
        let (id, before) = (new_id(), fiks_core::Timestamp::real());
        let recorded = put(store, id, &content(10, 1)).await.unwrap();
        put(store, id, &content(20, 2)).await.unwrap();
        let listed: Vec<_> = store.list().try_collect().await.unwrap();
        let is_orphan = |one: &&fiks_blobs::Listed| one.generation != recorded.key.generation();
        let orphan = listed.iter().find(is_orphan).unwrap();
        assert_eq!((listed.len(), orphan.id, orphan.stored_size), (2, id, 36));
        assert!(orphan.modified.since(before).as_secs() < 60 && before.since(orphan.modified).as_secs() < 60);
        store.delete_listed(orphan).await.unwrap();
        assert_eq!(get(store, id, &recorded.key).await.unwrap(), content(10, 1));
        assert_eq!(visible(store).await, 1);
    }
}

#[tokio::test]
async fn foreign_files_are_not_listed() {
    let disk = OnDisk::new().await;
    let shard = disk.root.path().join("dokumentlager/objects/00");
    std::fs::write(shard.join("notat.txt"), "x").unwrap();
    std::fs::create_dir(shard.join("6f2d1c4e-0b7a-4b43-9d0e-012345678900-00000000000001")).unwrap();
    assert_eq!(visible(&disk.store).await, 0);
}

#[tokio::test]
async fn a_reader_that_leaves_early_disturbs_nobody() {
    let disk = OnDisk::new().await;
    let (id, bytes) = (new_id(), content(5 * SLAB, 1));
    let key = put(&disk.store, id, &bytes).await.unwrap().key;
    let mut early = disk.store.get(id, &key, None).await.unwrap();
    early.next().await.unwrap().unwrap();
    drop(early);
    assert!(get(&disk.store, id, &key).await.unwrap() == bytes);
}
