//! What goes in comes out, whatever its size, its pieces and the range asked for.

use std::ops::Range;

use fiks_blobs::{BlobError, BlobStore};
use futures::{StreamExt as _, TryStreamExt as _, future};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::stores::{TestStore, every_store};
use crate::support::*;

every_store!(
    objects_of_every_kind_of_size_read_back,
    any_object_in_any_pieces_reads_back,
    an_end_beyond_the_object_means_its_end,
    ranges_without_bytes_are_refused_with_the_size,
    puts_of_the_same_id_at_once_are_objects_of_their_own,
    many_readers_of_one_object_all_get_the_whole,
    deleting_twice_is_fine_and_reading_afterwards_is_not,
    a_listing_shows_what_no_row_knows,
    a_reader_that_leaves_early_disturbs_nobody,
);

/// Sizes where something changes, a little more and a little less, and sizes anywhere.
fn size() -> impl Strategy<Value = usize> {
    let borders = prop::sample::select(vec![0, CHUNK, 2 * CHUNK, SLAB, SLAB + CHUNK, 2 * SLAB]);
    let near = (borders, -2_isize..=2).prop_map(|(border, by)| border.saturating_add_signed(by));
    prop_oneof![near, 0..3 * SLAB]
}

async fn check(store: &BlobStore, size: usize, cuts: &[usize], (a, b): (usize, usize)) {
    let case = format!("{size} bytes in pieces of {cuts:?}, range {a} and {b}");
    let (id, bytes) = (new_id(), content(size, size as u64));
    let stored = store.put(id, pieces(&bytes, cuts), LIMIT).await.unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    assert_eq!(stored.sha256.as_slice(), hash.as_ref(), "{case}");
    assert_eq!(stored.plain_size, size as u64, "{case}");
    let tags = 16 * size.div_ceil(CHUNK).max(1);
    assert_eq!(stored.stored_size, (size + tags) as u64, "{case}");
    assert!(get(store, id, &stored.key).await.unwrap() == bytes, "{case}");

    if size > 0 {
        let (from, to) = ((a % size).min(b % size), (a % size).max(b % size) + 1);
        let range = from as u64..to as u64;
        let part = store.get(id, &stored.key, Some(range.clone())).await.unwrap();
        assert_eq!((part.total_size(), part.range()), (size as u64, range), "{case}");
        let part: Vec<_> = part.try_collect().await.unwrap();
        assert!(part.concat() == bytes[from..to], "{case}");
    }
    store.delete(id, &stored.key).await.unwrap();
    assert!(!store.exists(id, &stored.key).await.unwrap(), "{case}");
}

async fn objects_of_every_kind_of_size_read_back(test: TestStore) {
    let part = 10 * SLAB;
    let borders = [1, CHUNK, SLAB, 2 * SLAB, part];
    for size in borders.into_iter().flat_map(|size| [size - 1, size, size + 1]) {
        check(&test.store, size, &[1 << 20], (size / 2, size.saturating_sub(9))).await;
    }
    assert_eq!((visible(&test.store).await, test.unfinished()), (0, 0));
}

async fn any_object_in_any_pieces_reads_back(test: TestStore) {
    let cuts = prop::collection::vec(prop_oneof![0..10_usize, 0..200_000_usize], 1..6);
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (size(), cuts, any::<(usize, usize)>());
    for _ in 0..32 {
        let (size, cuts, range) = cases.new_tree(&mut runner).unwrap().current();
        // Tiny pieces only for small objects: a million of them prove nothing more.
        let cuts = if cuts.iter().sum::<usize>() < 1_000 {
            vec![1 + size / 300]
        } else {
            cuts
        };
        check(&test.store, size, &cuts, range).await;
    }
}

async fn an_end_beyond_the_object_means_its_end(test: TestStore) {
    let (id, bytes) = (new_id(), content(100, 1));
    let key = put(&test.store, id, &bytes).await.unwrap().key;
    let download = test.store.get(id, &key, Some(90..5_000)).await.unwrap();
    assert_eq!(download.range(), 90..100);
    assert_eq!(
        download.try_collect::<Vec<_>>().await.unwrap().concat(),
        bytes[90..]
    );
}

async fn ranges_without_bytes_are_refused_with_the_size(test: TestStore) {
    let id = new_id();
    let key = put(&test.store, id, &content(100, 1)).await.unwrap().key;
    for range in [
        100..101,
        50..50,
        Range { start: 7, end: 3 },
        u64::MAX - 1..u64::MAX,
    ] {
        let refusal = test.store.get(id, &key, Some(range)).await.unwrap_err();
        assert!(matches!(refusal, BlobError::Range { total: 100 }), "{refusal}");
    }
}

async fn puts_of_the_same_id_at_once_are_objects_of_their_own(test: TestStore) {
    let id = new_id();
    let put_one = |seed| {
        let store = test.store.clone();
        async move {
            let bytes = content(SLAB + 100, seed);
            (put(&store, id, &bytes).await.unwrap().key, bytes)
        }
    };
    let all = future::join_all((0..8).map(put_one)).await;
    for (key, bytes) in &all {
        assert!(get(&test.store, id, key).await.unwrap() == *bytes);
    }
    test.store.delete(id, &all[0].0).await.unwrap();
    assert!(get(&test.store, id, &all[1].0).await.unwrap() == all[1].1);
    assert_eq!(visible(&test.store).await, 7);
}

async fn many_readers_of_one_object_all_get_the_whole(test: TestStore) {
    let (id, bytes) = (new_id(), content(5 * SLAB + 1, 1));
    let key = put(&test.store, id, &bytes).await.unwrap().key;
    let readers = (0..16).map(|_| get(&test.store, id, &key));
    for read in future::join_all(readers).await {
        assert!(read.unwrap() == bytes);
    }
}

async fn deleting_twice_is_fine_and_reading_afterwards_is_not(test: TestStore) {
    let id = new_id();
    let key = put(&test.store, id, &content(10, 1)).await.unwrap().key;
    test.store.delete(id, &key).await.unwrap();
    test.store.delete(id, &key).await.unwrap();
    assert!(!test.store.exists(id, &key).await.unwrap());
    for range in [None, Some(0..1)] {
        let refusal = test.store.get(id, &key, range).await.unwrap_err();
        assert!(matches!(refusal, BlobError::NotFound), "{refusal}");
    }
}

async fn a_listing_shows_what_no_row_knows(test: TestStore) {
    let (store, id, before) = (&test.store, new_id(), fiks_core::Timestamp::real());
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

async fn a_reader_that_leaves_early_disturbs_nobody(test: TestStore) {
    let (id, bytes) = (new_id(), content(5 * SLAB, 1));
    let key = put(&test.store, id, &bytes).await.unwrap().key;
    let mut early = test.store.get(id, &key, None).await.unwrap();
    early.next().await.unwrap().unwrap();
    drop(early);
    assert!(get(&test.store, id, &key).await.unwrap() == bytes);
}

#[tokio::test]
async fn foreign_files_are_not_listed() {
    let disk = OnDisk::new().await;
    let shard = disk.root.path().join("dokumentlager/objects/00");
    std::fs::write(shard.join("notat.txt"), "x").unwrap();
    std::fs::create_dir(shard.join("6f2d1c4e-0b7a-4b43-9d0e-012345678900-00000000000001")).unwrap();
    assert_eq!(visible(&disk.store).await, 0);
}
