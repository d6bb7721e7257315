//! Whoever can write to the storage can destroy an object, but not change it unnoticed.

use std::path::Path;

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobId, BlobStore, SealedKey};
use fiks_core::Random;
use futures::StreamExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// Reads until the error that must come; everything before it must be genuine.
async fn expect_damage(store: &BlobStore, id: BlobId, key: &SealedKey, genuine: &Bytes) {
    let mut download = match store.get(id, key, None).await {
        Ok(download) => download,
        Err(error) => return assert!(matches!(error, BlobError::Damaged { .. }), "{error}"),
    };
    let mut read = 0;
    loop {
        match download
            .next()
            .await
            .expect("the stream must not end as if whole")
        {
            Ok(piece) => {
                assert!(genuine[read..].starts_with(&piece));
                read += piece.len();
            }
            Err(error) => {
                assert!(matches!(error, BlobError::Damaged { .. }), "{error}");
                assert!(download.next().await.is_none());
                return;
            }
        }
    }
}

fn rewrite(file: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    edit(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

struct Victim {
    disk: OnDisk,
    id: BlobId,
    key: SealedKey,
    bytes: Bytes,
}

impl Victim {
    async fn new(size: usize) -> Self {
        let (disk, id, bytes) = (OnDisk::new().await, new_id(), content(size, 1));
        let key = put(&disk.store, id, &bytes).await.unwrap().key;
        Self { disk, id, key, bytes }
    }

    async fn expect_damage_after(&self, edit: impl FnOnce(&mut Vec<u8>)) {
        let file = self.disk.file(self.id, &self.key);
        let whole = std::fs::read(&file).unwrap();
        rewrite(&file, edit);
        expect_damage(&self.disk.store, self.id, &self.key, &self.bytes).await;
        std::fs::write(&file, whole).unwrap();
        assert!(get(&self.disk.store, self.id, &self.key).await.unwrap() == self.bytes);
    }
}

#[tokio::test]
async fn a_flipped_bit_is_found_in_every_region() {
    let victim = Victim::new(SLAB + CHUNK + 100).await;
    let slab = 8 * STRIDE;
    let regions = [
        0,
        CHUNK / 2,
        CHUNK - 1,
        CHUNK,
        STRIDE - 1,
        STRIDE,
        3 * STRIDE + 5,
        slab - 1,
        slab,
        slab + STRIDE,
        slab + STRIDE + 99,
        slab + STRIDE + 100,
        slab + STRIDE + 115,
    ];
    for position in regions {
        victim.expect_damage_after(|bytes| bytes[position] ^= 1).await;
    }
}

#[test]
fn a_flipped_bit_is_found_anywhere() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let victim = runtime.block_on(Victim::new(2 * SLAB));
    let size = 16 * STRIDE;
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    let flip = |(position, bit): (usize, u8)| {
        runtime.block_on(victim.expect_damage_after(|bytes| bytes[position] ^= 1 << bit));
        Ok(())
    };
    runner.run(&(0..size, 0..8_u8), flip).unwrap();
}

#[tokio::test]
async fn a_cut_or_lengthened_object_is_found_whichever_range_is_read() {
    let victim = Victim::new(3 * CHUNK).await;
    let file = victim.disk.file(victim.id, &victim.key);
    let whole = std::fs::read(&file).unwrap();
    for size in [
        0,
        1,
        16,
        STRIDE,
        2 * STRIDE,
        3 * STRIDE - 1,
        3 * STRIDE + 1,
        3 * STRIDE + 16,
        4 * STRIDE,
    ] {
        rewrite(&file, |bytes| bytes.resize(size, 0));
        for range in [None, Some(0..1)] {
            let refusal = victim
                .disk
                .store
                .get(victim.id, &victim.key, range)
                .await
                .unwrap_err();
            assert!(matches!(refusal, BlobError::Damaged { .. }), "{size}: {refusal}");
        }
    }
    std::fs::write(&file, whole).unwrap();
    assert!(get(&victim.disk.store, victim.id, &victim.key).await.unwrap() == victim.bytes);
}

#[tokio::test]
async fn chunks_that_changed_places_are_found() {
    let victim = Victim::new(4 * CHUNK).await;
    let exchange = |a: usize, b: usize| {
        move |bytes: &mut Vec<u8>| {
            let chunks: Vec<Vec<u8>> = bytes.chunks(STRIDE).map(<[u8]>::to_vec).collect();
            bytes[a * STRIDE..][..STRIDE].copy_from_slice(&chunks[b]);
            bytes[b * STRIDE..][..STRIDE].copy_from_slice(&chunks[a]);
        }
    };
    victim.expect_damage_after(exchange(0, 1)).await;
    victim.expect_damage_after(exchange(1, 2)).await;
    victim.expect_damage_after(exchange(2, 3)).await;
    victim
        .expect_damage_after(|bytes| bytes.copy_within(0..STRIDE, STRIDE))
        .await;
}

#[tokio::test]
async fn two_objects_that_exchanged_their_bytes_are_found() {
    let disk = OnDisk::new().await;
    let (one, other) = (new_id(), new_id());
    let (bytes, other_bytes) = (content(1_000, 1), content(1_000, 2));
    let key = put(&disk.store, one, &bytes).await.unwrap().key;
    let other_key = put(&disk.store, other, &other_bytes).await.unwrap().key;
    let (file, other_file) = (disk.file(one, &key), disk.file(other, &other_key));
    let kept = std::fs::read(&file).unwrap();
    std::fs::copy(&other_file, &file).unwrap();
    std::fs::write(&other_file, kept).unwrap();
    expect_damage(&disk.store, one, &key, &bytes).await;
    expect_damage(&disk.store, other, &other_key, &other_bytes).await;
}

/// Bytes and sealed key of one object under the id of another, as a mix-up of rows would have it.
#[tokio::test]
async fn an_object_under_another_id_is_found_even_with_its_own_key() {
    let disk = OnDisk::new().await;
    let (one, other) = (new_id(), new_id());
    let key = put(&disk.store, one, &content(1_000, 1)).await.unwrap().key;
    let target = disk.file(other, &key);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(disk.file(one, &key), target).unwrap();
    let refusal = disk.store.get(other, &key, None).await.unwrap_err();
    assert!(matches!(refusal, BlobError::Damaged { .. }));
}

#[tokio::test]
async fn an_object_in_another_area_is_found_even_with_its_own_key() {
    let disk = OnDisk::new().await;
    let id = new_id();
    let key = put(&disk.store, id, &content(1_000, 1)).await.unwrap().key;
    let area = "svarut".parse().unwrap();
    let random = Random::system();
    let elsewhere = BlobStore::on_disk(disk.root.path(), area, disk.keys.clone(), random)
        .await
        .unwrap();
    let shard = format!("{:02x}", id.0.as_bytes()[15]);
    let target = disk.root.path().join("svarut/objects").join(shard);
    std::fs::copy(
        disk.file(id, &key),
        target.join(disk.file(id, &key).file_name().unwrap()),
    )
    .unwrap();
    assert!(matches!(
        elsewhere.get(id, &key, None).await,
        Err(BlobError::Damaged { .. })
    ));
}

#[tokio::test]
async fn every_byte_of_a_sealed_key_counts() {
    let disk = OnDisk::new().await;
    let id = new_id();
    let key = put(&disk.store, id, &content(1_000, 1)).await.unwrap().key;
    for position in 0..SealedKey::LENGTH {
        for bit in 0..8 {
            let mut bytes = key.to_bytes();
            bytes[position] ^= 1 << bit;
            let refused = match SealedKey::from_bytes(&bytes) {
                Err(_) => true,
                Ok(changed) => disk.store.get(id, &changed, None).await.is_err(),
            };
            assert!(refused, "byte {position}, bit {bit}");
        }
    }
    assert_eq!(SealedKey::from_bytes(&key.to_bytes()).unwrap(), key);
}

#[test]
fn no_bytes_break_the_reader_of_sealed_keys() {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..2 * SealedKey::LENGTH);
    let read = |bytes: Vec<u8>| {
        if let Ok(key) = SealedKey::from_bytes(&bytes) {
            prop_assert_eq!(key.to_bytes().to_vec(), bytes);
        }
        Ok(())
    };
    runner.run(&bytes, read).unwrap();
    // With the first two bytes right, the rest is read as well.
    let rest = prop::collection::vec(any::<u8>(), SealedKey::LENGTH - 2);
    runner
        .run(&rest.prop_map(|rest| [vec![1, 16], rest].concat()), read)
        .unwrap();
}
