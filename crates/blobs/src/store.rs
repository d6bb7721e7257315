//! The store as its callers see it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fiks_core::Random;
use futures::Stream;
use futures::stream::BoxStream;
#[cfg(feature = "s3")]
use object_store::ObjectStore;

use crate::buffer::Pool;
use crate::engine::Engine;
use crate::engine::disk::DiskEngine;
#[cfg(feature = "s3")]
use crate::engine::objects::{ObjectEngine, ObjectOptions};
use crate::errors::{BlobError, BoxError, Result};
use crate::files::{FileLayer, RealFiles};
use crate::get::{self, Download};
use crate::id::{Area, BlobId, Listed};
use crate::keyring::KeyRing;
use crate::processor::blocking;
use crate::put::{self, Stored};
use crate::sealed::{Place, SealedKey, SecretBytes};

/// One service's objects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BlobStore(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) keys: KeyRing,
    pub(crate) random: Random,
    pub(crate) pool: Pool,
    area: Area,
}

impl Inner {
    pub(crate) fn place(&self, id: BlobId) -> Place<'_> {
        Place { area: &self.area, id }
    }

    /// Unlocks an object's key. A master key that is not known may be one that another process has just made.
    pub(crate) async fn open_key(&self, id: BlobId, key: &SealedKey) -> Result<SecretBytes> {
        match self.keys.open(self.place(id), key) {
            Err(BlobError::UnknownMasterKey(_)) => {
                let keys = self.keys.clone();
                blocking(move || keys.reload()).await?;
                self.keys.open(self.place(id), key)
            }
            other => other,
        }
    }
}

impl BlobStore {
    /// Keeps objects in files under `<root>/<area>/`. Makes the directories and sweeps what a crash left unfinished.
    /// `root`'s own parent must exist.
    pub async fn on_disk(root: &Path, area: Area, keys: KeyRing, random: Random) -> Result<Self> {
        Self::on_files(Arc::new(RealFiles), root, area, keys, random).await
    }

    /// As [`BlobStore::on_disk`], over another file layer: for tests that make files fail.
    pub async fn on_files(
        files: Arc<dyn FileLayer>,
        root: &Path,
        area: Area,
        keys: KeyRing,
        random: Random,
    ) -> Result<Self> {
        let engine = DiskEngine::open(files, root, &area).await?;
        Ok(Self::new(Box::new(engine), area, keys, random))
    }

    /// Keeps objects in any object store under `<area>/`. The bucket should have a lifecycle rule that drops
    /// unfinished multipart uploads after a day: a process that dies cannot.
    #[cfg(feature = "s3")]
    pub fn on_objects(
        store: Arc<dyn ObjectStore>,
        options: ObjectOptions,
        area: Area,
        keys: KeyRing,
        random: Random,
    ) -> Self {
        let engine = ObjectEngine::new(store, area.clone(), options);
        Self::new(Box::new(engine), area, keys, random)
    }

    fn new(engine: Box<dyn Engine>, area: Area, keys: KeyRing, random: Random) -> Self {
        Self(Arc::new(Inner {
            engine,
            keys,
            random,
            pool: Pool::default(),
            area,
        }))
    }

    /// Stores what `source` gives, at most `max_size` bytes, and returns once it is durable. The caller then records
    /// [`Stored::key`]; until it has, the object is nobody's. A second put of the same id makes an object of its
    /// own: whichever key is recorded tells which is meant.
    ///
    /// On any error nothing is stored. A caller that stops waiting stops the upload, except in the very last step:
    /// then the object may remain as one that nobody knows, for clean-up to find.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Source`] when the source fails, [`BlobError::Full`], or the storage's.
    pub async fn put<S, E>(&self, id: BlobId, source: S, max_size: u64) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        put::put(Arc::clone(&self.0), id, source, max_size).await
    }

    /// Reads an object, or a range of its plain bytes. An end beyond the object's end means its end.
    /// The first slab is verified before this returns, so that an object that is broken from the start, missing,
    /// or of the wrong length fails here and not midway.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Damaged`], [`BlobError::Range`], [`BlobError::UnknownMasterKey`], or the
    /// storage's.
    pub async fn get(&self, id: BlobId, key: &SealedKey, range: Option<Range<u64>>) -> Result<Download> {
        get::get(&self.0, id, key, range).await
    }

    /// Removes an object. One that is not there is removed already.
    pub async fn delete(&self, id: BlobId, key: &SealedKey) -> Result<()> {
        self.0.engine.delete(key.name(id)).await
    }

    /// Whether the object is in the store. Says nothing of its bytes being whole.
    pub async fn exists(&self, id: BlobId, key: &SealedKey) -> Result<bool> {
        self.0.engine.exists(key.name(id)).await
    }

    /// Every object of the area, in any order: for finding those that no row knows. Leave alone what is younger than
    /// the longest upload (a day is plenty): its row may be about to be written.
    pub fn list(&self) -> BoxStream<'static, Result<Listed>> {
        self.0.engine.list()
    }

    /// Removes an object found by [`BlobStore::list`].
    pub async fn delete_listed(&self, listed: &Listed) -> Result<()> {
        self.0.engine.delete(listed.name()).await
    }

    /// Locks an object's key with the active master key; `None` when it is already. Touches nothing in the store:
    /// the caller replaces the recorded key.
    ///
    /// # Errors
    /// [`BlobError::Damaged`] when the key is not this object's, [`BlobError::UnknownMasterKey`].
    pub async fn rewrap(&self, id: BlobId, key: &SealedKey) -> Result<Option<SealedKey>> {
        if key.master_key() == self.0.keys.active() {
            return Ok(None);
        }
        let secret = self.0.open_key(id, key).await?;
        let facts = (key.generation(), key.plain_size());
        self.0
            .keys
            .seal(self.0.place(id), facts, &secret, &self.0.random)
            .map(Some)
    }
}
