//! Every kind of store, with a back door to what it holds, and the macro that runs a behaviour on each.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "s3")]
use fiks_blobs::object_store::{ObjectStore, ObjectStoreExt as _, memory::InMemory, path};
use fiks_blobs::{Area, BlobId, BlobStore, KeyRing, SealedKey};
use fiks_core::Random;
use tempfile::TempDir;

use crate::memory_files::MemoryFiles;
#[cfg(feature = "s3")]
use crate::s3_server::S3Server;
use crate::support::{area, key_ring};

/// Declares a test per kind of store for each behaviour in the list: `async fn name(test: TestStore)`.
macro_rules! every_store {
    ($($behaviour:ident),+ $(,)?) => {
        crate::stores::every_store!(@kind disk, on_disk, $($behaviour),+);
        crate::stores::every_store!(@kind memory, in_memory, $($behaviour),+);
        #[cfg(feature = "s3")]
        crate::stores::every_store!(@kind objects, in_objects, $($behaviour),+);
        #[cfg(feature = "s3")]
        crate::stores::every_store!(@kind s3, on_s3, $($behaviour),+);
    };
    (@kind $kind:ident, $make:ident, $($behaviour:ident),+) => {
        mod $kind {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(crate::stores::TestStore::$make().await).await;
            })+
        }
    };
}
pub(crate) use every_store;

/// A store of its own for a test.
pub(crate) struct TestStore {
    pub(crate) store: BlobStore,
    keys: KeyRing,
    backing: Backing,
}

enum Backing {
    Disk(TempDir),
    Memory(MemoryFiles),
    #[cfg(feature = "s3")]
    Objects(Arc<dyn ObjectStore>),
    #[cfg(feature = "s3")]
    S3(S3Server),
}

impl TestStore {
    /// Files on the real disk.
    pub(crate) async fn on_disk() -> Self {
        Self::on(Backing::Disk(tempfile::tempdir().unwrap())).await
    }

    /// Files in memory.
    pub(crate) async fn in_memory() -> Self {
        Self::on(Backing::Memory(MemoryFiles::default())).await
    }

    /// An object store in memory.
    #[cfg(feature = "s3")]
    pub(crate) async fn in_objects() -> Self {
        Self::on(Backing::Objects(Arc::new(InMemory::new()))).await
    }

    /// S3 over HTTP.
    #[cfg(feature = "s3")]
    pub(crate) async fn on_s3() -> Self {
        Self::on(Backing::S3(S3Server::start().await)).await
    }

    async fn on(backing: Backing) -> Self {
        let keys = key_ring();
        let store = backing.open(area(), keys.clone()).await;
        Self { store, keys, backing }
    }

    /// A store over the same storage and keys for another area.
    pub(crate) async fn other_area(&self, area: Area) -> BlobStore {
        self.backing.open(area, self.keys.clone()).await
    }

    /// The stored bytes of an object.
    pub(crate) async fn read(&self, area: &Area, id: BlobId, key: &SealedKey) -> Vec<u8> {
        self.backing.read(&name(area, id, key)).await
    }

    /// Puts bytes where those of an object are looked for.
    pub(crate) async fn write(&self, area: &Area, id: BlobId, key: &SealedKey, bytes: Vec<u8>) {
        self.backing.write(&name(area, id, key), bytes).await;
    }

    /// What uploads have written that is not visible, in files or parts.
    pub(crate) fn unfinished(&self) -> usize {
        match &self.backing {
            Backing::Disk(root) => count(&root.path().join("dokumentlager/incoming")),
            Backing::Memory(files) => files.files_below("/lager/dokumentlager/incoming").len(),
            #[cfg(feature = "s3")]
            Backing::Objects(_) => 0,
            #[cfg(feature = "s3")]
            Backing::S3(server) => server.parts(),
        }
    }
}

fn count(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

/// Where an object lies below its store's root: in its shard, where there are files.
struct Name {
    area: String,
    shard: String,
    file: String,
}

fn name(area: &Area, id: BlobId, key: &SealedKey) -> Name {
    Name {
        area: area.as_str().to_owned(),
        shard: format!("{:02x}", id.0.as_bytes()[15]),
        file: format!("{id}-{}", key.generation()),
    }
}

impl Name {
    fn below(&self, root: &Path) -> std::path::PathBuf {
        let objects = root.join(&self.area).join("objects");
        objects.join(&self.shard).join(&self.file)
    }

    #[cfg(feature = "s3")]
    fn key(&self) -> path::Path {
        path::Path::from_iter([self.area.as_str(), &self.file])
    }
}

#[cfg_attr(
    not(feature = "s3"),
    expect(clippy::unused_async, reason = "only object stores wait")
)]
impl Backing {
    async fn open(&self, area: Area, keys: KeyRing) -> BlobStore {
        let random = Random::system();
        match self {
            Self::Disk(root) => BlobStore::on_disk(root.path(), area, keys, random).await.unwrap(),
            Self::Memory(files) => {
                let files = Arc::new(files.clone());
                let opened = BlobStore::on_files(files, Path::new("/lager"), area, keys, random).await;
                opened.unwrap()
            }
            #[cfg(feature = "s3")]
            Self::Objects(objects) => on_objects(objects, area, keys),
            #[cfg(feature = "s3")]
            Self::S3(server) => on_objects(&server.objects, area, keys),
        }
    }

    async fn read(&self, name: &Name) -> Vec<u8> {
        match self {
            Self::Disk(root) => std::fs::read(name.below(root.path())).unwrap(),
            Self::Memory(files) => files.read(&name.below(Path::new("/lager"))),
            #[cfg(feature = "s3")]
            Self::Objects(objects) => read_object(objects, name).await,
            #[cfg(feature = "s3")]
            Self::S3(server) => read_object(&server.objects, name).await,
        }
    }

    async fn write(&self, name: &Name, bytes: Vec<u8>) {
        match self {
            Self::Disk(root) => std::fs::write(name.below(root.path()), bytes).unwrap(),
            Self::Memory(files) => files.write(&name.below(Path::new("/lager")), bytes),
            #[cfg(feature = "s3")]
            Self::Objects(objects) => write_object(objects, name, bytes).await,
            #[cfg(feature = "s3")]
            Self::S3(server) => write_object(&server.objects, name, bytes).await,
        }
    }
}

#[cfg(feature = "s3")]
fn on_objects(objects: &Arc<dyn ObjectStore>, area: Area, keys: KeyRing) -> BlobStore {
    let options = fiks_blobs::ObjectOptions::default();
    BlobStore::on_objects(objects.clone(), options, area, keys, Random::system())
}

#[cfg(feature = "s3")]
async fn read_object(objects: &Arc<dyn ObjectStore>, name: &Name) -> Vec<u8> {
    let answer = objects.get(&name.key()).await.unwrap();
    answer.bytes().await.unwrap().to_vec()
}

#[cfg(feature = "s3")]
async fn write_object(objects: &Arc<dyn ObjectStore>, name: &Name, bytes: Vec<u8>) {
    objects.put(&name.key(), bytes.into()).await.unwrap();
}
