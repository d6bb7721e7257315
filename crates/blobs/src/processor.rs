//! Turns on the processor for encryption, decryption and hashing.
//!
//! Invariant: this work runs off the async threads, a slab at a time, on at most as many threads as there are
//! cores, and whoever has waited longest goes next. So many transfers share evenly, whatever their size.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

use crate::errors::{BlobError, Result};

/// One for the whole program, since the cores are. Tokio's semaphore is first come, first served.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(cores))
});

/// Waits for a turn and runs `work`, which should take about a millisecond or less. The turn is held until the work
/// ends, even when the caller no longer waits.
pub(crate) async fn run<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let turn = Arc::clone(&TURNS)
        .acquire_owned()
        .await
        .map_err(|_| BlobError::Interrupted)?;
    blocking(move || {
        let result = work();
        drop(turn);
        result
    })
    .await
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| BlobError::Interrupted)?
}
