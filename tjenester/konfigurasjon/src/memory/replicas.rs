//! Learning of changes that other replicas have made (PostgreSQL only).
//!
//! Each change to access advances a count in its own transaction. Whoever wants to use memory makes sure that the
//! count has been read within the last second; when it has moved by changes of others, everything is forgotten. That
//! is one small query a second, whatever the load.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fiks_database::DatabaseError;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::Memory;
use crate::store;

/// How long memory may be used without a look at the database's count: the longest that a revocation made by one
/// replica takes to count in another.
pub const TRUST: Duration = Duration::from_secs(1);

/// How long to wait with the next attempt after one that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

/// How far this process has followed the count.
///
/// Time here is the machine's, not the platform's: it measures how long other processes have gone unheard, and must
/// run steadily when a test environment moves its clock.
pub(super) struct Replicas {
    start: Instant,
    /// Microseconds from `start` to the beginning of the latest look, plus one; zero before the first.
    looked: AtomicU64,
    /// All changes up to this number are in effect here; `None` before the first look.
    known: Mutex<Option<i64>>,
    /// Held by the one who looks.
    turn: tokio::sync::Mutex<()>,
}

impl Replicas {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            looked: AtomicU64::new(0),
            known: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Notes that a change of our own is in effect, when it is the one after those we know of.
    pub(super) fn applied(&self, version: i64) {
        let mut known = self.known.lock();
        if known.is_some_and(|known| known + 1 == version) {
            *known = Some(version);
        }
    }

    /// How long memory may still be used.
    fn left(&self) -> Duration {
        match self.looked.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            micros => (Duration::from_micros(micros) + TRUST).saturating_sub(self.start.elapsed()),
        }
    }

    fn micros_now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}

impl Memory {
    /// Makes sure that changes of other replicas older than [`TRUST`] are in effect.
    pub(super) async fn catch_up(&self) -> Result<(), DatabaseError> {
        match &self.replicas {
            Some(replicas) if replicas.left().is_zero() => self.look(replicas).await,
            _ => Ok(()),
        }
    }

    async fn look(&self, replicas: &Replicas) -> Result<(), DatabaseError> {
        let _turn = replicas.turn.lock().await;
        if !replicas.left().is_zero() {
            return Ok(());
        }
        let began = replicas.micros_now();
        let version = store::versjon::read(self.database.reader()).await?;
        self.reached(replicas, version);
        replicas.looked.store(began, Ordering::Release);
        Ok(())
    }

    /// Takes note of the count as it was read.
    fn reached(&self, replicas: &Replicas, version: i64) {
        let mut known = replicas.known.lock();
        if known.is_none_or(|known| known < version) {
            *known = Some(version);
            self.forget_everything();
            drop(known);
            self.announce();
        }
    }

    /// Keeps looking until told to stop, so that whoever waits for [`fiks_identity::AccessChanges`] hears of other
    /// replicas' changes although nobody asks for anything. Returns at once on SQLite, which has no other replicas.
    pub(crate) async fn follow(&self, mut stop: watch::Receiver<bool>) {
        let Some(replicas) = &self.replicas else { return };
        loop {
            let pause = match self.catch_up().await {
                Ok(()) => replicas.left(),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "changes to access not followed"
                    );
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Looks at the count now, however short ago that was done.
    pub(crate) async fn look_now(&self) -> Result<(), DatabaseError> {
        if let Some(replicas) = &self.replicas {
            replicas.looked.store(0, Ordering::Release);
        }
        self.catch_up().await
    }
}
