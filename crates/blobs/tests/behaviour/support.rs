//! Stores to test, and content to put in them.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fiks_blobs::{Area, BlobError, BlobId, BlobStore, KeyRing, SealedKey, Stored};
use fiks_core::{Random, Timestamp};
use futures::{Stream, TryStreamExt as _, stream};
use tempfile::TempDir;

pub(crate) const CHUNK: usize = 64 * 1024;
pub(crate) const STRIDE: usize = CHUNK + 16;
pub(crate) const SLAB: usize = 8 * CHUNK;
pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const LIMIT: u64 = 5 << 30;

pub(crate) fn area() -> Area {
    "dokumentlager".parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_763_812_800_000)
}

pub(crate) fn key_ring() -> KeyRing {
    KeyRing::in_memory(&Random::system(), now()).unwrap()
}

pub(crate) fn new_id() -> BlobId {
    BlobId(Random::system().uuid().unwrap())
}

/// A store on a disk of its own.
pub(crate) struct OnDisk {
    pub(crate) store: BlobStore,
    pub(crate) keys: KeyRing,
    pub(crate) root: TempDir,
}

impl OnDisk {
    pub(crate) async fn new() -> Self {
        let (root, keys) = (tempfile::tempdir().unwrap(), key_ring());
        let store = open(root.path(), keys.clone()).await;
        Self { store, keys, root }
    }

    /// The file of an object.
    pub(crate) fn file(&self, id: BlobId, key: &SealedKey) -> PathBuf {
        let name = format!("{id}-{}", key.generation());
        let shard = format!("{:02x}", id.0.as_bytes()[15]);
        self.root
            .path()
            .join("dokumentlager/objects")
            .join(shard)
            .join(name)
    }

    /// How many unfinished files there are.
    pub(crate) fn unfinished(&self) -> usize {
        let incoming = self.root.path().join("dokumentlager/incoming");
        std::fs::read_dir(incoming).unwrap().count()
    }
}

pub(crate) async fn open(root: &Path, keys: KeyRing) -> BlobStore {
    BlobStore::on_disk(root, area(), keys, Random::system())
        .await
        .unwrap()
}

/// Bytes that differ between seeds, and whose chunks all differ from each other.
pub(crate) fn content(size: usize, seed: u64) -> Bytes {
    const PERIOD: usize = 70_001;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let block: Vec<u8> = (0..size.min(PERIOD)).map(|_| next()).collect();
    let mut bytes = block.repeat(size.div_ceil(PERIOD));
    bytes.truncate(size);
    bytes.into()
}

/// `bytes` in pieces of the given sizes, over and over; empty pieces included.
pub(crate) fn pieces(
    bytes: &Bytes,
    sizes: &[usize],
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let mut rest = bytes.clone();
    let sizes = if sizes.iter().all(|size| *size == 0) {
        vec![1 << 16]
    } else {
        sizes.to_vec()
    };
    let mut sizes = sizes.into_iter().cycle();
    stream::iter(std::iter::from_fn(move || {
        let size = sizes.next().unwrap().min(rest.len());
        (!rest.is_empty()).then(|| Ok(rest.split_to(size)))
    }))
}

pub(crate) async fn put(store: &BlobStore, id: BlobId, bytes: &Bytes) -> Result<Stored, BlobError> {
    store.put(id, pieces(bytes, &[10_000, 0, 70_001]), LIMIT).await
}

pub(crate) async fn get(store: &BlobStore, id: BlobId, key: &SealedKey) -> Result<Vec<u8>, BlobError> {
    let download = store.get(id, key, None).await?;
    download
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

/// How many objects the store shows.
pub(crate) async fn visible(store: &BlobStore) -> usize {
    store.list().try_collect::<Vec<_>>().await.unwrap().len()
}

/// Keeps the highest value it has seen.
#[derive(Clone, Default)]
pub(crate) struct Peak(Arc<AtomicU64>);

impl Peak {
    pub(crate) fn see(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// 64 MiB in pieces, noting at each how many bytes have been given and not yet been taken away again.
pub(crate) fn counted(
    peak: Peak,
    taken: impl Fn() -> u64 + Send,
) -> impl futures::Stream<Item = Result<Bytes, Infallible>> + Send {
    let piece = content(CHUNK, 1);
    stream::iter((1..=64 * MIB / CHUNK as u64).map(move |count| {
        peak.see((count * CHUNK as u64).saturating_sub(taken()));
        Ok(piece.clone())
    }))
}
