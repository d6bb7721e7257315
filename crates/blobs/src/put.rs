//! Storing: the caller's stream → slabs → encryption → engine, each stage working while the others do.
//!
//! Invariant: a worker of its own owns the upload and ends it, by commit when it has been told which slab is the
//! last and by clean-up in every other case: a failed or too long source, or a caller who stopped waiting.
//! In flight are at most four slabs and what the engine gathers (nothing on disk, the parts being sent on S3).

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::chunks::{PlainSlab, Sealed, Sealer};
use crate::engine::Upload;
use crate::errors::{BlobError, BoxError, Result, SILENCE};
use crate::id::{BlobId, Generation, ObjectName};
use crate::layout::stored_size;
use crate::processor;
use crate::sealed::{self, SealedKey, SecretBytes};
use crate::store::Inner;

/// A stored object, durable and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Bytes of plain text.
    pub plain_size: u64,
    /// Bytes in the store.
    pub stored_size: u64,
    /// SHA-256 of the plain text.
    pub sha256: [u8; 32],
    /// What the caller must keep to read the object again.
    pub key: SealedKey,
}

/// From the feeding stage to the worker. A channel that closes without `Last` means that the object is not to be.
enum Message {
    More(PlainSlab),
    Last(PlainSlab),
}

pub(crate) async fn put<S, E>(store: Arc<Inner>, id: BlobId, source: S, max_size: u64) -> Result<Stored>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<BoxError>,
{
    let max_size = max_size.min(store.engine.largest());
    let (sender, receiver) = mpsc::channel(1);
    let worker = Worker::new(Arc::clone(&store), id)?;
    let work = tokio::spawn(worker.work(receiver, max_size).in_current_span());
    let fed = feed(&store, source, max_size, sender).await;
    // Waited for in any case, so that nothing is left when a failure is told.
    let stored = work.await.map_err(|_| BlobError::Interrupted)?;
    fed?;
    stored
}

/// Cuts the stream into slabs. Ends early, without an error, when the worker no longer takes them: it knows why.
async fn feed<S, E>(store: &Inner, source: S, max_size: u64, sender: mpsc::Sender<Message>) -> Result<()>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    let mut source = pin!(source);
    let mut slab = PlainSlab::new(&store.pool);
    let mut size = 0_u64;
    while let Some(piece) = within_silence(source.next()).await? {
        let mut piece = piece.map_err(|error| BlobError::Source(error.into()))?;
        size = size.saturating_add(piece.len() as u64);
        if size > max_size {
            return Err(BlobError::TooLarge { limit: max_size });
        }
        while !piece.is_empty() {
            // Only now is it known that the full slab is not the last.
            if slab.is_full() {
                let full = std::mem::replace(&mut slab, PlainSlab::new(&store.pool));
                if sender.send(Message::More(full)).await.is_err() {
                    return Ok(());
                }
            }
            slab.fill_from(&mut piece);
        }
        // A source that is always ready must not keep others waiting.
        tokio::task::coop::consume_budget().await;
    }
    // A worker that is gone tells why itself.
    let _ = sender.send(Message::Last(slab)).await;
    Ok(())
}

/// Waits for a source, but not for ever.
async fn within_silence<T>(next: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(SILENCE, next)
        .await
        .map_err(|_| BlobError::Silence)
}

struct Worker {
    store: Arc<Inner>,
    name: ObjectName,
    key: SecretBytes,
    sealer: Sealer,
}

impl Worker {
    fn new(store: Arc<Inner>, id: BlobId) -> Result<Self> {
        let name = ObjectName {
            id,
            generation: Generation::draw(&store.random)?,
        };
        let key = sealed::draw_key(&store.random)?;
        let sealer = Sealer::new(&key, name.generation, store.place(id))?;
        Ok(Self {
            store,
            name,
            key,
            sealer,
        })
    }

    async fn work(self, slabs: mpsc::Receiver<Message>, max_size: u64) -> Result<Stored> {
        let mut upload = self.store.engine.begin(self.name, stored_size(max_size)).await?;
        match self.write_all(slabs, upload.as_mut()).await {
            Ok(stored) => upload.commit().await.map(|()| stored),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    async fn write_all(self, mut slabs: mpsc::Receiver<Message>, upload: &mut dyn Upload) -> Result<Stored> {
        let Self {
            store,
            name,
            key,
            mut sealer,
        } = self;
        loop {
            let (slab, is_last) = match slabs.recv().await.ok_or(BlobError::Interrupted)? {
                Message::More(slab) => (slab, false),
                Message::Last(slab) => (slab, true),
            };
            let sealed =
                processor::run(move || sealer.seal(slab, is_last).map(|slab| (sealer, slab))).await?;
            sealer = sealed.0;
            upload.write(sealed.1).await?;
            if is_last {
                return describe(&store, name, &key, sealer.finish());
            }
        }
    }
}

fn describe(store: &Inner, name: ObjectName, key: &SecretBytes, sealed: Sealed) -> Result<Stored> {
    let Sealed { plain_size, sha256 } = sealed;
    let facts = (name.generation, plain_size);
    let key = store.keys.seal(store.place(name.id), facts, key, &store.random)?;
    Ok(Stored {
        plain_size,
        stored_size: stored_size(plain_size),
        sha256,
        key,
    })
}
