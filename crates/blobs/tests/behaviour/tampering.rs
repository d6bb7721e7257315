//! Whoever can write to the storage can destroy an object, but not change it unnoticed.

use bytes::Bytes;
use fiks_blobs::{Area, BlobError, BlobId, BlobStore, SealedKey};
use futures::StreamExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::stores::{TestStore, every_store};
use crate::support::*;

every_store!(
    a_flipped_bit_is_found_in_every_region,
    a_cut_or_lengthened_object_is_found_whichever_range_is_read,
    chunks_that_changed_places_are_found,
    two_objects_that_exchanged_their_bytes_are_found,
    an_object_under_another_id_is_found_even_with_its_own_key,
    an_object_in_another_area_is_found_even_with_its_own_key,
    every_byte_of_a_sealed_key_counts,
);

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

struct Victim {
    test: TestStore,
    id: BlobId,
    key: SealedKey,
    bytes: Bytes,
    stored: Vec<u8>,
}

impl Victim {
    async fn new(test: TestStore, size: usize) -> Self {
        let (id, bytes) = (new_id(), content(size, 1));
        let key = put(&test.store, id, &bytes).await.unwrap().key;
        let stored = test.read(&area(), id, &key).await;
        Self {
            test,
            id,
            key,
            bytes,
            stored,
        }
    }

    /// Changes the stored bytes, until `mend`.
    async fn edit(&self, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.stored.clone();
        edit(&mut bytes);
        self.test.write(&area(), self.id, &self.key, bytes).await;
    }

    async fn mend(&self) {
        self.edit(|_| ()).await;
        assert!(get(&self.test.store, self.id, &self.key).await.unwrap() == self.bytes);
    }

    async fn expect_damage_after(&self, edit: impl FnOnce(&mut Vec<u8>)) {
        self.edit(edit).await;
        expect_damage(&self.test.store, self.id, &self.key, &self.bytes).await;
        self.mend().await;
    }
}

async fn a_flipped_bit_is_found_in_every_region(test: TestStore) {
    let victim = Victim::new(test, SLAB + CHUNK + 100).await;
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
    let victim = runtime.block_on(async { Victim::new(TestStore::on_disk().await, 2 * SLAB).await });
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

async fn a_cut_or_lengthened_object_is_found_whichever_range_is_read(test: TestStore) {
    let victim = Victim::new(test, 3 * CHUNK).await;
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
        victim.edit(|bytes| bytes.resize(size, 0)).await;
        for range in [None, Some(0..1), Some(2 * CHUNK as u64..2 * CHUNK as u64 + 1)] {
            let store = &victim.test.store;
            let refusal = store.get(victim.id, &victim.key, range).await.unwrap_err();
            assert!(matches!(refusal, BlobError::Damaged { .. }), "{size}: {refusal}");
        }
    }
    victim.mend().await;
}

async fn chunks_that_changed_places_are_found(test: TestStore) {
    let victim = Victim::new(test, 4 * CHUNK).await;
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

async fn two_objects_that_exchanged_their_bytes_are_found(test: TestStore) {
    let (one, other, store) = (new_id(), new_id(), &test.store);
    let (bytes, other_bytes) = (content(1_000, 1), content(1_000, 2));
    let key = put(store, one, &bytes).await.unwrap().key;
    let other_key = put(store, other, &other_bytes).await.unwrap().key;
    let stored = test.read(&area(), one, &key).await;
    let other_stored = test.read(&area(), other, &other_key).await;
    test.write(&area(), one, &key, other_stored).await;
    test.write(&area(), other, &other_key, stored).await;
    expect_damage(store, one, &key, &bytes).await;
    expect_damage(store, other, &other_key, &other_bytes).await;
}

/// Bytes and sealed key of one object under the id of another, as a mix-up of rows would have it.
async fn an_object_under_another_id_is_found_even_with_its_own_key(test: TestStore) {
    let (one, other) = (new_id(), new_id());
    let key = put(&test.store, one, &content(1_000, 1)).await.unwrap().key;
    let stored = test.read(&area(), one, &key).await;
    test.write(&area(), other, &key, stored).await;
    let refusal = test.store.get(other, &key, None).await.unwrap_err();
    assert!(matches!(refusal, BlobError::Damaged { .. }));
}

async fn an_object_in_another_area_is_found_even_with_its_own_key(test: TestStore) {
    let id = new_id();
    let key = put(&test.store, id, &content(1_000, 1)).await.unwrap().key;
    let svarut: Area = "svarut".parse().unwrap();
    let elsewhere = test.other_area(svarut.clone()).await;
    let stored = test.read(&area(), id, &key).await;
    test.write(&svarut, id, &key, stored).await;
    assert!(elsewhere.exists(id, &key).await.unwrap());
    let refusal = elsewhere.get(id, &key, None).await.unwrap_err();
    assert!(matches!(refusal, BlobError::Damaged { .. }));
}

async fn every_byte_of_a_sealed_key_counts(test: TestStore) {
    let id = new_id();
    let key = put(&test.store, id, &content(1_000, 1)).await.unwrap().key;
    for position in 0..SealedKey::LENGTH {
        for bit in 0..8 {
            let mut bytes = key.to_bytes();
            bytes[position] ^= 1 << bit;
            let refused = match SealedKey::from_bytes(&bytes) {
                Err(_) => true,
                Ok(changed) => test.store.get(id, &changed, None).await.is_err(),
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
