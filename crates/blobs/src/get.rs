//! Reading: engine → decryption → the caller, who takes one slab while the next is being made ready.
//!
//! Invariant: no byte leaves here unverified, and a stream that ends without an error has given every byte that was
//! asked for. In flight are at most three slabs.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures::Stream;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::chunks::{OpenedSlab, Opener};
use crate::engine::Source;
use crate::errors::{BlobError, Result, SILENCE};
use crate::id::BlobId;
use crate::layout::{Cut, stored_size};
use crate::processor;
use crate::sealed::SealedKey;
use crate::store::Inner;

/// An object's plain bytes, or a range of them. After an `Err` item nothing more comes: the receiver must be told
/// that what it has is not whole, for example by breaking the connection.
#[derive(Debug)]
pub struct Download {
    total_size: u64,
    range: Range<u64>,
    slabs: mpsc::Receiver<Result<OpenedSlab>>,
    slab: Option<OpenedSlab>,
    skip: usize,
    left: u64,
    has_failed: bool,
}

impl std::fmt::Debug for OpenedSlab {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("OpenedSlab")
    }
}

impl Download {
    /// The size of the whole object, in bytes of plain text.
    pub fn total_size(&self) -> u64 {
        self.total_size
    }

    /// The bytes that this stream gives: what was asked for, its end at most the object's.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The next bytes of the slab at hand, cut to the range. `None` when it has no more.
    fn next_piece(&mut self) -> Option<Bytes> {
        loop {
            let mut piece = self.slab.as_mut()?.next_chunk()?;
            piece.advance(std::mem::take(&mut self.skip).min(piece.len()));
            piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= piece.len() as u64;
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.has_failed && this.left > 0 {
            if let Some(piece) = this.next_piece() {
                return Poll::Ready(Some(Ok(piece)));
            }
            // A worker that vanished must not look like the end of the object.
            match ready!(this.slabs.poll_recv(context)).unwrap_or(Err(BlobError::Interrupted)) {
                Ok(slab) => this.slab = Some(slab),
                Err(error) => {
                    this.has_failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        this.slab = None;
        Poll::Ready(None)
    }
}

pub(crate) async fn get(
    store: &Inner,
    id: BlobId,
    key: &SealedKey,
    range: Option<Range<u64>>,
) -> Result<Download> {
    let total_size = key.plain_size();
    let secret = store.open_key(id, key).await?;
    let cut = Cut::new(total_size, range).ok_or(BlobError::Range { total: total_size })?;
    let position = (total_size, cut.first_chunk);
    let opener = Opener::new(&secret, key.generation(), store.place(id), position)?;
    let source = store
        .engine
        .open(key.name(id), stored_size(total_size), cut.stored.clone())
        .await?;

    let (sender, mut slabs) = mpsc::channel(1);
    let worker = Worker {
        pool: store.pool.clone(),
        source,
        opener,
    };
    tokio::spawn(worker.work(cut.slabs(), sender).in_current_span());
    let first = slabs.recv().await.ok_or(BlobError::Interrupted)??;
    let left = cut.plain.end - cut.plain.start;
    Ok(Download {
        total_size,
        range: cut.plain,
        slabs,
        slab: Some(first),
        skip: cut.skip,
        left,
        has_failed: false,
    })
}

struct Worker {
    pool: crate::buffer::Pool,
    source: Box<dyn Source>,
    opener: Opener,
}

impl Worker {
    /// Ends when all is read, something fails, or nobody takes the slabs any more: a reader that stands still for
    /// too long loses its place, and finds its stream interrupted should it come back.
    async fn work(mut self, sizes: impl Iterator<Item = usize>, sender: mpsc::Sender<Result<OpenedSlab>>) {
        for size in sizes {
            let slab = match self.next(size).await {
                Ok((worker, slab)) => {
                    self = worker;
                    slab
                }
                Err(error) => {
                    // A reader who has left needs no error.
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            match tokio::time::timeout(SILENCE, sender.send(Ok(slab))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    async fn next(mut self, size: usize) -> Result<(Self, OpenedSlab)> {
        let mut slab = self.source.fill(self.pool.take(size)).await?;
        let Self {
            pool,
            source,
            mut opener,
        } = self;
        let (opener, slab) = processor::run(move || {
            opener.open(&mut slab)?;
            Ok((opener, OpenedSlab::new(slab)))
        })
        .await?;
        Ok((Self { pool, source, opener }, slab))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;

    #[tokio::test]
    async fn a_worker_that_vanishes_is_an_error_and_not_the_end() {
        let (sender, slabs) = mpsc::channel(1);
        drop(sender);
        let mut download = Download {
            total_size: 9,
            range: 0..9,
            slabs,
            slab: None,
            skip: 0,
            left: 9,
            has_failed: false,
        };
        assert!(matches!(download.next().await, Some(Err(BlobError::Interrupted))));
        assert!(download.next().await.is_none());
    }
}
