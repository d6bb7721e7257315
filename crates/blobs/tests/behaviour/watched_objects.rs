//! An object store in memory that counts, and fails where it is told to.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fiks_blobs::object_store::memory::InMemory;
use fiks_blobs::object_store::path::Path;
use fiks_blobs::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use futures::FutureExt as _;
use futures::stream::BoxStream;
use parking_lot::Mutex;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Put,
    Begin,
    Part(usize),
    Complete,
    /// The object is made, but the answer is lost.
    AnswerOfComplete,
    AnswerOfPut,
}

#[derive(Debug, Default)]
struct Seen {
    part_sizes: Vec<u64>,
    bytes_taken: u64,
    aborted: usize,
    in_flight: usize,
    most_in_flight: usize,
    /// How long this store takes for a part.
    latency: Duration,
    trouble: Option<Trouble>,
}

#[derive(Debug, Default)]
pub(crate) struct WatchedObjects {
    inner: InMemory,
    seen: Arc<Mutex<Seen>>,
}

impl WatchedObjects {
    pub(crate) fn with(trouble: Trouble) -> Self {
        let watched = Self::default();
        watched.seen.lock().trouble = Some(trouble);
        watched
    }

    /// A store that takes its time for each part.
    pub(crate) fn slow() -> Self {
        let watched = Self::default();
        watched.seen.lock().latency = Duration::from_secs(1);
        watched
    }

    /// The most parts that were on their way at the same time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.seen.lock().most_in_flight
    }

    /// Sizes of the parts, in the order in which they were begun.
    pub(crate) fn part_sizes(&self) -> Vec<u64> {
        self.seen.lock().part_sizes.clone()
    }

    /// Bytes of the parts that are done.
    pub(crate) fn bytes_taken(&self) -> u64 {
        self.seen.lock().bytes_taken
    }

    /// Uploads that were abandoned properly.
    pub(crate) fn aborted(&self) -> usize {
        self.seen.lock().aborted
    }

    fn fail_if(&self, trouble: Trouble) -> Result<()> {
        fail_if(&self.seen, trouble)
    }
}

fn begin_part(seen: &Mutex<Seen>) -> Duration {
    let mut seen = seen.lock();
    seen.in_flight += 1;
    seen.most_in_flight = seen.most_in_flight.max(seen.in_flight);
    seen.latency
}

fn fail_if(seen: &Mutex<Seen>, trouble: Trouble) -> Result<()> {
    if seen.lock().trouble == Some(trouble) {
        return Err(Error::Generic {
            store: "watched",
            source: "injected".into(),
        });
    }
    Ok(())
}

impl fmt::Display for WatchedObjects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WatchedObjects")
    }
}

#[async_trait]
impl ObjectStore for WatchedObjects {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.fail_if(Trouble::Put)?;
        let result = self.inner.put_opts(location, payload, options).await;
        self.fail_if(Trouble::AnswerOfPut)?;
        result
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.fail_if(Trouble::Begin)?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(WatchedUpload {
            inner,
            seen: Arc::clone(&self.seen),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct WatchedUpload {
    inner: Box<dyn MultipartUpload>,
    seen: Arc<Mutex<Seen>>,
}

#[async_trait]
impl MultipartUpload for WatchedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let size = data.content_length() as u64;
        let number = self.seen.lock().part_sizes.len();
        self.seen.lock().part_sizes.push(size);
        let (sending, seen) = (self.inner.put_part(data), Arc::clone(&self.seen));
        async move {
            let latency = begin_part(&seen);
            tokio::time::sleep(latency).await;
            let sent = match fail_if(&seen, Trouble::Part(number)) {
                Ok(()) => sending.await,
                failed => failed,
            };
            let mut seen = seen.lock();
            seen.in_flight -= 1;
            seen.bytes_taken += if sent.is_ok() { size } else { 0 };
            sent
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        fail_if(&self.seen, Trouble::Complete)?;
        let result = self.inner.complete().await;
        fail_if(&self.seen, Trouble::AnswerOfComplete)?;
        result
    }

    async fn abort(&mut self) -> Result<()> {
        self.seen.lock().aborted += 1;
        self.inner.abort().await
    }
}
