//! Objects in an object store: `<area>/<name>`, small ones in one call, larger ones in parts.
//!
//! Invariant: the store makes an object visible in its last call, whole; a name is written once, so repeating a call
//! whose answer was lost is safe. Every call has a deadline.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use fiks_core::Timestamp;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    GetOptions, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload, UploadPart,
};
use tokio::task::JoinSet;

use super::{Engine, Source, Upload, WRONG_SIZE};
use crate::buffer::Buffer;
use crate::errors::{BlobError, Result};
use crate::id::{Area, Listed, ObjectName};
use crate::layout::{SLAB, SLAB_PLAIN};

/// Slabs in a part: the fewest that reach the 5 MiB that S3 asks of every part but the last. All parts of an object
/// are of one size, which some stores ask for.
const MIN_PART_SLABS: usize = (5_usize << 20).div_ceil(SLAB);
/// The most parts that S3 takes for one object.
const MAX_PARTS: u64 = 10_000;
/// Bounds the memory of an upload whatever limit its caller sets: parts of 64 MiB, hence objects of 625 GiB.
const MAX_PART_SLABS: usize = (64 << 20) / SLAB;

/// For calls that carry no content.
const CALL_DEADLINE: Duration = Duration::from_secs(45);
/// For sending one part, repeats included.
const PART_DEADLINE: Duration = Duration::from_mins(5);
/// For the next piece of an object, repeats included: a downloader gives up after 60 s (dokumentlager §3).
const READ_DEADLINE: Duration = Duration::from_secs(45);

/// How an object store is used.
#[derive(Clone, Copy, Debug)]
pub struct ObjectOptions {
    /// Parts of one upload that are sent at the same time. Each takes 5 MiB of memory (more only when the caller's
    /// limit passes 48 GiB: there are at most 10,000 parts). One keeps a transfer within the platform's 8 MB; more make
    /// a single upload faster.
    pub parallel_parts: usize,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self { parallel_parts: 1 }
    }
}

#[derive(Debug)]
pub(crate) struct ObjectEngine {
    store: Arc<dyn ObjectStore>,
    area: Area,
    options: ObjectOptions,
}

impl ObjectEngine {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, area: Area, options: ObjectOptions) -> Self {
        Self { store, area, options }
    }

    fn path(&self, name: ObjectName) -> Path {
        Path::from_iter([self.area.as_str(), &name.to_string()])
    }
}

#[async_trait]
impl Engine for ObjectEngine {
    fn largest(&self) -> u64 {
        MAX_PARTS * (MAX_PART_SLABS * SLAB_PLAIN) as u64
    }

    /// Calls nothing yet: a small object takes one call in all.
    async fn begin(&self, name: ObjectName, stored_limit: u64) -> Result<Box<dyn Upload>> {
        Ok(Box::new(ObjectUpload {
            store: Arc::clone(&self.store),
            path: self.path(name),
            part: Vec::new(),
            part_slabs: part_slabs(stored_limit),
            multipart: None,
            sending: JoinSet::new(),
            parallel_parts: self.options.parallel_parts.max(1),
        }))
    }

    async fn open(&self, name: ObjectName, size: u64, range: Range<u64>) -> Result<Box<dyn Source>> {
        let is_whole = range == (0..size);
        let options = GetOptions::new().with_range((!is_whole).then_some(range.clone()));
        let path = self.path(name);
        let answer = match within(
            CALL_DEADLINE,
            "open an object",
            self.store.get_opts(&path, options),
        )
        .await
        {
            // A store says so when the object is too short for the range.
            Err(BlobError::Storage { .. }) if self.size(&path).await? != size => {
                return Err(BlobError::damaged(WRONG_SIZE));
            }
            other => other?,
        };
        if answer.meta.size != size || answer.range != range {
            return Err(BlobError::damaged(WRONG_SIZE));
        }
        Ok(Box::new(ObjectSource {
            body: answer.into_stream(),
            rest: Bytes::new(),
        }))
    }

    async fn delete(&self, name: ObjectName) -> Result<()> {
        remove(self.store.as_ref(), &self.path(name)).await
    }

    async fn exists(&self, name: ObjectName) -> Result<bool> {
        match self.size(&self.path(name)).await {
            Err(BlobError::NotFound) => Ok(false),
            other => other.map(|_| true),
        }
    }

    fn list(&self) -> BoxStream<'static, Result<Listed>> {
        let area = Path::from(self.area.as_str());
        let listing = self.store.list(Some(&area));
        listing
            .map_err(|error| from_store("list objects", error))
            .try_filter_map(|meta| futures::future::ready(Ok(listed(&meta))))
            .boxed()
    }
}

impl ObjectEngine {
    async fn size(&self, path: &Path) -> Result<u64> {
        Ok(within(CALL_DEADLINE, "look for an object", self.store.head(path))
            .await?
            .size)
    }
}

/// How many slabs make a part, so that an object of `stored_limit` bytes does not take too many parts.
fn part_slabs(stored_limit: u64) -> usize {
    let needed = stored_limit.div_ceil(SLAB as u64).div_ceil(MAX_PARTS);
    usize::try_from(needed)
        .unwrap_or(usize::MAX)
        .clamp(MIN_PART_SLABS, MAX_PART_SLABS)
}

/// `None` for objects that are not ours.
fn listed(meta: &ObjectMeta) -> Option<Listed> {
    let ObjectName { id, generation } = meta.location.filename()?.parse().ok()?;
    let modified = Timestamp::from_millis(meta.last_modified.timestamp_millis());
    Some(Listed {
        id,
        generation,
        stored_size: meta.size,
        modified,
    })
}

async fn remove(store: &dyn ObjectStore, path: &Path) -> Result<()> {
    match within(CALL_DEADLINE, "remove an object", store.delete(path)).await {
        Err(BlobError::NotFound) => Ok(()),
        other => other,
    }
}

/// Makes a call, but not for ever.
async fn within<T>(
    deadline: Duration,
    action: &'static str,
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(|error| from_store(action, error)),
        Err(_) => Err(BlobError::Deadline { action }),
    }
}

fn from_store(action: &'static str, error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::NotFound,
        other => BlobError::storage(action, other),
    }
}

struct ObjectUpload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// Slabs of the part being gathered.
    part: Vec<Bytes>,
    part_slabs: usize,
    multipart: Option<Box<dyn MultipartUpload>>,
    sending: JoinSet<Result<()>>,
    parallel_parts: usize,
}

impl ObjectUpload {
    async fn send_part(&mut self) -> Result<()> {
        let payload: PutPayload = self.part.drain(..).collect();
        let upload = match &mut self.multipart {
            Some(upload) => upload,
            none => {
                let begun = within(
                    CALL_DEADLINE,
                    "begin an object",
                    self.store.put_multipart(&self.path),
                );
                none.insert(begun.await?)
            }
        };
        self.sending.spawn(sent(upload.put_part(payload)));
        self.wait_for_fewer_than(self.parallel_parts).await
    }

    async fn wait_for_fewer_than(&mut self, bound: usize) -> Result<()> {
        while self.sending.len() >= bound {
            let Some(part) = self.sending.join_next().await else {
                break;
            };
            part.map_err(|_| BlobError::Interrupted)??;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        if self.multipart.is_none() {
            let payload: PutPayload = self.part.drain(..).collect();
            let put = self.store.put(&self.path, payload);
            return within(PART_DEADLINE, "write an object", put).await.map(|_| ());
        }
        if !self.part.is_empty() {
            self.send_part().await?;
        }
        self.wait_for_fewer_than(1).await?;
        let upload = self.multipart.as_mut().ok_or(BlobError::Interrupted)?;
        within(CALL_DEADLINE, "finish an object", upload.complete())
            .await
            .map(|_| ())
    }

    async fn give_up(&mut self) {
        self.sending.shutdown().await;
        if let Some(upload) = &mut self.multipart
            && let Err(error) = within(CALL_DEADLINE, "abandon an object", upload.abort()).await
        {
            tracing::warn!(%error, "parts of an abandoned upload not removed");
        }
    }
}

/// Sends a part. It holds the part's memory until the store has it.
async fn sent(part: UploadPart) -> Result<()> {
    within(PART_DEADLINE, "write a part of an object", part).await
}

#[async_trait]
impl Upload for ObjectUpload {
    async fn write(&mut self, slab: Buffer) -> Result<()> {
        self.part.push(slab.freeze());
        if self.part.len() >= self.part_slabs {
            self.send_part().await
        } else {
            Ok(())
        }
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        let result = self.finish().await;
        if result.is_err() {
            self.give_up().await;
            // The last call may have worked although its answer was lost.
            if let Err(error) = remove(self.store.as_ref(), &self.path).await {
                tracing::warn!(%error, "object of a failed upload not removed");
            }
        }
        result
    }

    async fn abort(mut self: Box<Self>) {
        self.give_up().await;
    }
}

struct ObjectSource {
    body: BoxStream<'static, object_store::Result<Bytes>>,
    /// What is left of the latest piece.
    rest: Bytes,
}

#[async_trait]
impl Source for ObjectSource {
    async fn fill(&mut self, mut buffer: Buffer) -> Result<Buffer> {
        let mut empty: &mut [u8] = &mut buffer;
        while !empty.is_empty() {
            if self.rest.is_empty() {
                let next = within(READ_DEADLINE, "read an object", self.body.try_next()).await?;
                self.rest = next.ok_or(BlobError::damaged(WRONG_SIZE))?;
            }
            let size = empty.len().min(self.rest.len());
            let (now, later) = empty.split_at_mut(size);
            self.rest.copy_to_slice(now);
            empty = later;
        }
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::stored_size;
    use object_store::memory::InMemory;

    #[test]
    fn parts_satisfy_s3_at_every_limit() {
        let store = ObjectEngine::new(
            Arc::new(InMemory::new()),
            "a".parse().unwrap(),
            ObjectOptions::default(),
        );
        for limit in [
            0,
            1,
            5 << 30,
            48 << 30,
            100 << 30,
            store.largest() - 1,
            store.largest(),
        ] {
            let slabs = part_slabs(stored_size(limit));
            let part = (slabs * SLAB) as u64;
            assert!(part >= 5 << 20);
            assert!(stored_size(limit).div_ceil(part) <= MAX_PARTS, "{limit}");
        }
    }

    #[test]
    fn parts_of_the_default_limit_leave_a_transfer_within_8_mb() {
        let slabs_elsewhere = 4;
        assert!((part_slabs(5 << 30) + slabs_elsewhere) * SLAB <= 8_000_000);
    }
}
