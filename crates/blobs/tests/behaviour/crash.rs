//! Nothing acknowledged is lost and nothing half done is seen, wherever the disk fails or the power goes.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobId, BlobStore, KeyRing, SealedKey};
use fiks_core::Random;
use futures::TryStreamExt as _;

use crate::memory_files::{ALL_CRASHES, Fault, MemoryFiles};
use crate::support::*;

async fn open(files: &MemoryFiles, keys: &KeyRing) -> Result<BlobStore, BlobError> {
    let files = Arc::new(files.clone());
    BlobStore::on_files(
        files,
        Path::new("/data/lager"),
        area(),
        keys.clone(),
        Random::system(),
    )
    .await
}

/// A store that holds one object already.
struct Machine {
    files: MemoryFiles,
    keys: KeyRing,
    store: BlobStore,
    old: (BlobId, SealedKey, Bytes),
}

impl Machine {
    async fn new() -> Self {
        let (files, keys) = (MemoryFiles::default(), key_ring());
        let store = open(&files, &keys).await.unwrap();
        let (id, bytes) = (new_id(), content(300, 1));
        let key = put(&store, id, &bytes).await.unwrap().key;
        Self {
            files,
            keys,
            store,
            old: (id, key, bytes),
        }
    }

    /// Operations of one put that goes well.
    async fn operations_of(&self, bytes: &Bytes) -> usize {
        self.files.fail(None);
        let id = new_id();
        let key = put(&self.store, id, bytes).await.unwrap().key;
        let operations = self.files.operations();
        self.store.delete(id, &key).await.unwrap();
        operations
    }

    /// Puts with a fault, crashes in every way, and looks at what is left.
    async fn crash_in(&self, operation: usize, bytes: &Bytes) {
        self.files.fail(Some(Fault::From(operation)));
        let id = new_id();
        let outcome = put(&self.store, id, bytes).await;
        for crash in ALL_CRASHES {
            let files = self.files.after(crash);
            let store = open(&files, &self.keys).await.unwrap();
            let (old, old_key, old_bytes) = &self.old;
            assert_eq!(
                get(&store, *old, old_key).await.unwrap(),
                *old_bytes,
                "{operation} {crash:?}"
            );
            if let Ok(stored) = &outcome {
                let read = get(&store, id, &stored.key).await;
                assert!(
                    read.unwrap() == *bytes,
                    "acknowledged and lost: {operation} {crash:?}"
                );
            }
            let whole = (bytes.len() + 16 * bytes.len().div_ceil(CHUNK)) as u64;
            let listed: Vec<_> = store.list().try_collect().await.unwrap();
            let is_whole = |one: &fiks_blobs::Listed| one.id == *old || one.stored_size == whole;
            assert!(
                listed.iter().all(is_whole),
                "half an object is visible: {operation} {crash:?}"
            );
            assert!(files.files_below("/data/lager/dokumentlager/incoming").is_empty());
        }
        // The dead program's disk goes on for the next round, without what it left.
        self.files.fail(None);
        open(&self.files, &self.keys).await.unwrap();
        for listed in self.store.list().try_collect::<Vec<_>>().await.unwrap() {
            if listed.id != self.old.0 {
                self.store.delete_listed(&listed).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_step_of_a_put_loses_nothing() {
    let machine = Machine::new().await;
    let bytes = content(SLAB + 5, 2);
    let operations = machine.operations_of(&bytes).await;
    assert!(
        operations >= 6,
        "create, write, write, flush, rename, flush directory"
    );
    for operation in 0..=operations {
        machine.crash_in(operation, &bytes).await;
    }
}

/// Large enough to be flushed on the way, beside the writing.
#[tokio::test]
async fn a_crash_late_in_a_large_put_loses_nothing() {
    let machine = Machine::new().await;
    let bytes = content(34 << 20, 2);
    let operations = machine.operations_of(&bytes).await;
    for operation in operations - 10..=operations {
        machine.crash_in(operation, &bytes).await;
    }
}

#[tokio::test]
async fn a_disk_error_at_any_step_of_a_put_leaves_nothing() {
    let machine = Machine::new().await;
    for bytes in [content(SLAB + 5, 2), content(34 << 20, 3)] {
        let operations = machine.operations_of(&bytes).await;
        for operation in (0..operations).filter(|operation| *operation < 5 || *operation + 10 >= operations) {
            machine.files.fail(Some(Fault::Once(operation)));
            let refusal = put(&machine.store, new_id(), &bytes).await.unwrap_err();
            assert!(
                matches!(refusal, BlobError::Storage { .. }),
                "{operation}: {refusal}"
            );
            let files = machine.files.files_below("/data");
            assert_eq!(files.len(), 1, "{operation}: only the old object may be there");
        }
    }
}

#[tokio::test]
async fn a_crash_while_opening_leaves_a_store_that_opens() {
    let keys = key_ring();
    let files = MemoryFiles::default();
    open(&files, &keys).await.unwrap();
    let operations = files.operations();
    for operation in 0..operations {
        let files = MemoryFiles::default();
        files.fail(Some(Fault::From(operation)));
        assert!(open(&files, &keys).await.is_err());
        for crash in ALL_CRASHES {
            let files = files.after(crash);
            let store = open(&files, &keys).await.unwrap();
            let (id, bytes) = (new_id(), content(10, 1));
            let key = put(&store, id, &bytes).await.unwrap().key;
            let files = files.after(crate::memory_files::Survives::Flushed);
            let store = open(&files, &keys).await.unwrap();
            assert_eq!(
                get(&store, id, &key).await.unwrap(),
                bytes,
                "{operation} {crash:?}"
            );
        }
    }
}

#[tokio::test]
async fn opening_a_store_leaves_uploads_of_other_processes_alone() {
    let disk = OnDisk::new().await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, BlobError>>(1);
    let source = futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let id = new_id();
    let store = disk.store.clone();
    let upload = tokio::spawn(async move { store.put(id, source, LIMIT).await });
    let bytes = content(2 * SLAB, 1);
    // Two slabs taken mean that the file of the upload has been made.
    for piece in bytes.chunks(CHUNK) {
        sender.send(Ok(Bytes::copy_from_slice(piece))).await.unwrap();
    }
    std::fs::write(disk.root.path().join("dokumentlager/incoming/rest"), "x").unwrap();
    crate::support::open(disk.root.path(), disk.keys.clone()).await;
    drop(sender);
    let key = upload.await.unwrap().unwrap().key;
    assert!(get(&disk.store, id, &key).await.unwrap() == bytes);
    assert_eq!(disk.unfinished(), 0);
}
