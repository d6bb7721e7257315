//! Measures the store on a disk: `cargo run --release -p fiks-blobs --example throughput -- [directory] [MiB]`.
//!
//! The directory should lie on the disk in question (default: the temporary directory), which needs room for the
//! MiB given (default 2048) once. `FIKS_FLUSH_DELAY_MS` adds a pause to each flush, as a real disk would.
#![allow(clippy::print_stdout)]

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fiks_blobs::files::{FileEntry, FileLayer, FileReader, FileWriter, Flush, RealFiles};
use fiks_blobs::{BlobError, BlobId, BlobStore, KeyRing, Result, Stored};
use fiks_core::{Random, Timestamp};
use futures::{Stream, StreamExt as _, TryStreamExt as _, future, stream};

const MIB: u64 = 1 << 20;
const PIECE: usize = 64 * 1024;
const PARALLEL: u64 = 32;
const SMALL: u64 = 50_000;
const SMALL_COUNT: u64 = 5_000;
const SMALL_PARALLEL: usize = 64;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let size = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2048)
        * MIB;
    let root = parent.join(format!("fiks-throughput-{}", std::process::id()));
    let random = Random::system();
    let keys = KeyRing::in_memory(&random, Timestamp::real())?;
    let files = Arc::new(SlowFlush(flush_delay()));
    let store = BlobStore::on_files(files, &root, "maaling".parse()?, keys, random.clone()).await?;
    let result = measure(&store, &random, size).await;
    println!("peak resident memory {}", peak_memory());
    std::fs::remove_dir_all(&root).map_err(|error| BlobError::Source(error.into()))?;
    result
}

async fn measure(store: &BlobStore, random: &Random, size: u64) -> Result<()> {
    println!(
        "flush delay {:?}; memory at start {}",
        flush_delay(),
        peak_memory()
    );
    one_large(store, random, size).await?;
    println!("peak resident memory after one transfer {}", peak_memory());
    many_large(store, random, size / PARALLEL).await?;
    many_small(store, random).await
}

async fn one_large(store: &BlobStore, random: &Random, size: u64) -> Result<()> {
    let id = BlobId(random.uuid()?);
    let start = Instant::now();
    let stored = store.put(id, content(random, size)?, size).await?;
    report("put, 1 object", size, start);
    let start = Instant::now();
    drain(store, id, &stored).await?;
    report("get, 1 object", size, start);
    store.delete(id, &stored.key).await
}

/// Fairness shows in how far apart the first and the last of equal transfers end.
async fn many_large(store: &BlobStore, random: &Random, size: u64) -> Result<()> {
    let start = Instant::now();
    let puts = (0..PARALLEL).map(|_| async {
        let id = BlobId(random.uuid()?);
        let stored = store.put(id, content(random, size)?, size).await?;
        Ok::<_, BlobError>((id, stored, start.elapsed()))
    });
    let all = spread("put", future::try_join_all(puts).await?);
    report("put, 32 at once", size * PARALLEL, start);
    let start = Instant::now();
    let gets = all.iter().map(|(id, stored)| async move {
        drain(store, *id, stored).await?;
        Ok::<_, BlobError>((*id, stored.clone(), start.elapsed()))
    });
    let all = spread("get", future::try_join_all(gets).await?);
    report("get, 32 at once", size * PARALLEL, start);
    future::try_join_all(all.iter().map(|(id, stored)| store.delete(*id, &stored.key)))
        .await
        .map(|_| ())
}

fn spread(what: &str, ended: Vec<(BlobId, Stored, Duration)>) -> Vec<(BlobId, Stored)> {
    let first = ended.iter().map(|(.., time)| *time).min().unwrap_or_default();
    let last = ended.iter().map(|(.., time)| *time).max().unwrap_or_default();
    println!("{what}, 32 at once: first ended after {first:.2?}, last after {last:.2?}");
    ended.into_iter().map(|(id, stored, _)| (id, stored)).collect()
}

async fn many_small(store: &BlobStore, random: &Random) -> Result<()> {
    let start = Instant::now();
    let put = |_| async {
        let id = BlobId(random.uuid()?);
        let stored = store.put(id, content(random, SMALL)?, SMALL).await?;
        Ok::<_, BlobError>((id, stored))
    };
    let all: Vec<_> = stream::iter(0..SMALL_COUNT)
        .map(put)
        .buffered(SMALL_PARALLEL)
        .try_collect()
        .await?;
    rate("put, 50 kB, 64 at once", start);
    let start = Instant::now();
    let get = |(id, stored): &(BlobId, Stored)| {
        let (id, stored) = (*id, stored.clone());
        async move { drain(store, id, &stored).await }
    };
    stream::iter(all.iter().map(get))
        .buffered(SMALL_PARALLEL)
        .try_collect::<()>()
        .await?;
    rate("get, 50 kB, 64 at once", start);
    Ok(())
}

/// Pieces as a network gives them, cut from the same random MiB.
fn content(random: &Random, size: u64) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>> {
    let mut bytes = vec![0; PIECE];
    random.fill(&mut bytes)?;
    let piece = Bytes::from(bytes);
    let pieces = size / PIECE as u64;
    let rest = piece.slice(..usize::try_from(size % PIECE as u64).unwrap_or(0));
    let whole = (0..pieces).map(move |_| Ok(piece.clone()));
    Ok(stream::iter(whole.chain([Ok(rest)])))
}

async fn drain(store: &BlobStore, id: BlobId, stored: &Stored) -> Result<()> {
    let mut download = store.get(id, &stored.key, None).await?;
    while let Some(piece) = download.try_next().await? {
        std::hint::black_box(piece);
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn report(what: &str, bytes: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {:.0} MB/s", bytes as f64 / 1e6 / seconds);
}

#[allow(clippy::cast_precision_loss)]
fn rate(what: &str, start: Instant) {
    println!(
        "{what}: {:.0}/s",
        SMALL_COUNT as f64 / start.elapsed().as_secs_f64()
    );
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |rest| rest.trim().to_owned())
}

fn flush_delay() -> Duration {
    let text = std::env::var("FIKS_FLUSH_DELAY_MS").unwrap_or_default();
    Duration::from_millis(text.parse().unwrap_or(0))
}

#[derive(Debug)]
struct SlowFlush(Duration);

impl FileLayer for SlowFlush {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.create_directory(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        Ok(Box::new(SlowWriter(RealFiles.create(path)?, self.0)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FileReader>> {
        RealFiles.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }

    fn remove_abandoned(&self, path: &Path) -> io::Result<bool> {
        RealFiles.remove_abandoned(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        std::thread::sleep(self.0);
        RealFiles.sync_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<FileEntry>> {
        RealFiles.list(directory)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealFiles.exists(path)
    }
}

struct SlowWriter(Box<dyn FileWriter>, Duration);

impl FileWriter for SlowWriter {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        std::thread::sleep(self.1);
        self.0.sync()
    }

    fn sync_later(&mut self) -> io::Result<Flush> {
        let (flush, delay) = (self.0.sync_later()?, self.1);
        Ok(Box::new(move || {
            std::thread::sleep(delay);
            flush()
        }))
    }
}
