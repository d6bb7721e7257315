//! Objects as files: `objects/<shard>/<name>`, written under `incoming/` and renamed when whole.
//!
//! Invariant: file flushed, then renamed, then directory flushed, and only then success. A file in `incoming/`
//! whose writer is gone is rubbish, and is swept when the store is opened.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tokio::task::JoinHandle;

use super::{Engine, Source, Upload, WRONG_SIZE};
use crate::buffer::Buffer;
use crate::errors::{BlobError, Result};
use crate::files::{FileEntry, FileLayer, FileReader, FileWriter, Flush};
use crate::id::{Area, Listed, ObjectName};
use crate::layout::MAX_PLAIN;
use crate::processor::blocking;

/// Bytes after which a large file is flushed on the way, beside the writing, so that the flush at its end, during
/// which the uploader waits (60 s at most: dokumentlager §3), has little left to do, and dirty memory stays bounded.
const FLUSH_EVERY: usize = 32 << 20;

#[derive(Debug)]
pub(crate) struct DiskEngine {
    files: Arc<dyn FileLayer>,
    objects: PathBuf,
    incoming: PathBuf,
}

impl DiskEngine {
    /// Opens `<root>/<area>`, makes what is missing of it, and sweeps what a crash left behind.
    pub(crate) async fn open(files: Arc<dyn FileLayer>, root: &Path, area: &Area) -> Result<Self> {
        let (root, home) = (root.to_owned(), root.join(area.as_str()));
        let engine = Self {
            files,
            objects: home.join("objects"),
            incoming: home.join("incoming"),
        };
        blocking(move || {
            engine
                .make_directories(&root, &home)
                .map_err(|error| BlobError::storage("make its directories", error))?;
            engine
                .sweep()
                .map_err(|error| BlobError::storage("sweep unfinished files", error))?;
            Ok(engine)
        })
        .await
    }

    /// All shards are made at once, so that no upload ever needs a new directory. Each directory's parent is
    /// flushed even when it was there before: its maker may have died between making and flushing.
    fn make_directories(&self, root: &Path, home: &Path) -> std::io::Result<()> {
        for directory in [root, home, &self.objects, &self.incoming] {
            self.files.create_directory(directory)?;
        }
        for shard in 0..=u8::MAX {
            self.files.create_directory(&self.shard(shard))?;
        }
        let above = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        for directory in above.into_iter().chain([root, home, &self.objects]) {
            self.files.sync_directory(directory)?;
        }
        Ok(())
    }

    fn sweep(&self) -> std::io::Result<()> {
        let mut removed = 0_usize;
        for entry in self.files.list(&self.incoming)? {
            match self.files.remove_abandoned(&self.incoming.join(&entry.name)) {
                Ok(was_abandoned) => removed += usize::from(was_abandoned),
                // Finished or removed by its own process in the meantime, or no locks there to tell by.
                Err(error) => tracing::debug!(error = %error.kind(), "unfinished file left alone"),
            }
        }
        if removed > 0 {
            tracing::info!(removed, "unfinished files swept");
        }
        Ok(())
    }

    fn shard(&self, shard: u8) -> PathBuf {
        self.objects.join(format!("{shard:02x}"))
    }

    fn path(&self, name: ObjectName) -> PathBuf {
        self.shard(name.shard()).join(name.to_string())
    }
}

#[async_trait]
impl Engine for DiskEngine {
    fn largest(&self) -> u64 {
        MAX_PLAIN
    }

    async fn begin(&self, name: ObjectName, _stored_limit: u64) -> Result<Box<dyn Upload>> {
        let files = Arc::clone(&self.files);
        let (incoming, finished) = (self.incoming.clone(), self.path(name));
        let directory = self.shard(name.shard());
        blocking(move || {
            let (unfinished, writer) = create(files.as_ref(), &incoming, name)?;
            let place = Place {
                files,
                unfinished,
                finished,
                directory,
            };
            let file = Box::new(OpenFile {
                writer,
                place,
                is_done: false,
            });
            Ok(Box::new(DiskUpload::new(file)) as Box<dyn Upload>)
        })
        .await
    }

    async fn open(&self, name: ObjectName, size: u64, range: Range<u64>) -> Result<Box<dyn Source>> {
        let (files, path) = (Arc::clone(&self.files), self.path(name));
        blocking(move || {
            let mut file = files.open(&path).map_err(|error| io("open an object", error))?;
            let actual = file.size().map_err(|error| io("open an object", error))?;
            if actual != size {
                return Err(BlobError::damaged(WRONG_SIZE));
            }
            file.seek(range.start)
                .map_err(|error| io("open an object", error))?;
            Ok(Box::new(DiskSource(Some(file))) as Box<dyn Source>)
        })
        .await
    }

    /// Not flushed: should a power cut bring the name back, the object is one that nobody has the key of, and
    /// clean-up finds it.
    async fn delete(&self, name: ObjectName) -> Result<()> {
        let (files, path) = (Arc::clone(&self.files), self.path(name));
        blocking(
            move || match files.remove(&path).map_err(|error| io("remove an object", error)) {
                Err(BlobError::NotFound) => Ok(()),
                other => other,
            },
        )
        .await
    }

    async fn exists(&self, name: ObjectName) -> Result<bool> {
        let (files, path) = (Arc::clone(&self.files), self.path(name));
        blocking(move || {
            files
                .exists(&path)
                .map_err(|error| io("look for an object", error))
        })
        .await
    }

    fn list(&self) -> BoxStream<'static, Result<Listed>> {
        let files = Arc::clone(&self.files);
        let shards: Vec<_> = (0..=u8::MAX).map(|shard| self.shard(shard)).collect();
        stream::iter(shards)
            .then(move |shard| {
                let files = Arc::clone(&files);
                blocking(move || files.list(&shard).map_err(|error| io("list objects", error)))
            })
            .map_ok(|entries| stream::iter(entries.into_iter().filter_map(|entry| listed(&entry)).map(Ok)))
            .try_flatten()
            .boxed()
    }
}

/// Makes the file of an upload. Another process that opens the store in the very moment between making and locking
/// takes it for rubbish; then the next name is tried.
fn create(
    files: &dyn FileLayer,
    incoming: &Path,
    name: ObjectName,
) -> Result<(PathBuf, Box<dyn FileWriter>)> {
    const ATTEMPTS: u8 = 3;
    let mut attempts = (0..ATTEMPTS).map(|attempt| {
        let path = incoming.join(format!("{name}.{attempt}"));
        files.create(&path).map(|writer| (path, writer))
    });
    let is_lost = |made: &std::io::Result<_>| matches!(made, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
    let made = attempts.find(|made| !is_lost(made));
    made.unwrap_or_else(|| Err(std::io::ErrorKind::WouldBlock.into()))
        .map_err(|error| io("make a file", error))
}

/// `None` for files that are not ours.
fn listed(entry: &FileEntry) -> Option<Listed> {
    let ObjectName { id, generation } = entry.name.parse().ok()?;
    Some(Listed {
        id,
        generation,
        stored_size: entry.size,
        modified: entry.modified,
    })
}

fn io(action: &'static str, error: std::io::Error) -> BlobError {
    BlobError::from_io(action, error)
}

/// Where a file is and where it goes.
struct Place {
    files: Arc<dyn FileLayer>,
    unfinished: PathBuf,
    finished: PathBuf,
    directory: PathBuf,
}

/// A file being written. Dropping it before it is done removes it, so that no way out of an upload, not even the
/// end of the runtime, leaves one behind.
struct OpenFile {
    writer: Box<dyn FileWriter>,
    place: Place,
    is_done: bool,
}

impl OpenFile {
    fn append(&mut self, slab: &[u8]) -> Result<()> {
        self.writer
            .write_all(slab)
            .map_err(|error| io("write an object", error))
    }

    fn sync_later(&mut self) -> Result<Flush> {
        self.writer
            .sync_later()
            .map_err(|error| io("flush an object", error))
    }

    fn publish(&mut self) -> Result<()> {
        let Place {
            files,
            unfinished,
            finished,
            directory,
        } = &self.place;
        self.writer.sync().map_err(|error| io("flush an object", error))?;
        files
            .rename(unfinished, finished)
            .map_err(|error| io("finish an object", error))?;
        if let Err(error) = files.sync_directory(directory) {
            // Names are never used twice, so this can only be the object that is being refused.
            log_failure(files.remove(finished));
            return Err(io("flush a directory", error));
        }
        self.is_done = true;
        Ok(())
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if !self.is_done {
            log_failure(self.place.files.remove(&self.place.unfinished));
        }
    }
}

fn log_failure(removed: std::io::Result<()>) {
    if let Err(error) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(error = %error.kind(), "unfinished file not removed");
    }
}

/// Writes one slab, and flushes earlier ones, while the next is being encrypted.
struct DiskUpload {
    state: State,
    /// Bytes written since a flush was last begun.
    unflushed: usize,
    flushing: Option<JoinHandle<std::io::Result<()>>>,
}

enum State {
    Idle(Box<OpenFile>),
    Writing(JoinHandle<Result<Box<OpenFile>>>),
    Broken,
}

impl DiskUpload {
    fn new(file: Box<OpenFile>) -> Self {
        Self {
            state: State::Idle(file),
            unflushed: 0,
            flushing: None,
        }
    }

    /// Waits for the slab being written.
    async fn settle(&mut self) -> Result<Box<OpenFile>> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Idle(file) => Ok(file),
            State::Writing(work) => work.await.map_err(|_| BlobError::Interrupted)?,
            State::Broken => Err(BlobError::Interrupted),
        }
    }

    /// Waits for the flush going on. The system tells of a failure only once, so it must be heard here.
    async fn flushed(&mut self) -> Result<()> {
        match self.flushing.take() {
            None => Ok(()),
            Some(work) => {
                let result = work.await.map_err(|_| BlobError::Interrupted)?;
                result.map_err(|error| io("flush an object", error))
            }
        }
    }
}

#[async_trait]
impl Upload for DiskUpload {
    async fn write(&mut self, slab: Buffer) -> Result<()> {
        let mut file = self.settle().await?;
        if self.unflushed >= FLUSH_EVERY {
            self.flushed().await?;
            self.flushing = Some(tokio::task::spawn_blocking(file.sync_later()?));
            self.unflushed = 0;
        }
        self.unflushed += slab.len();
        self.state = State::Writing(tokio::task::spawn_blocking(move || {
            file.append(&slab).map(|()| file)
        }));
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        let mut file = self.settle().await?;
        self.flushed().await?;
        blocking(move || file.publish()).await
    }

    async fn abort(mut self: Box<Self>) {
        // A write that failed has removed its file already.
        if let Ok(file) = self.settle().await
            && tokio::task::spawn_blocking(move || drop(file)).await.is_err()
        {
            tracing::warn!("unfinished file not removed");
        }
    }
}

struct DiskSource(Option<Box<dyn FileReader>>);

#[async_trait]
impl Source for DiskSource {
    async fn fill(&mut self, mut buffer: Buffer) -> Result<Buffer> {
        let mut file = self.0.take().ok_or(BlobError::Interrupted)?;
        let (file, buffer) = blocking(move || match file.read_exact(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(BlobError::damaged(WRONG_SIZE))
            }
            Err(error) => Err(io("read an object", error)),
            Ok(()) => Ok((file, buffer)),
        })
        .await?;
        self.0 = Some(file);
        Ok(buffer)
    }
}
