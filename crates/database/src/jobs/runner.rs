//! The worker that does the jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fiks_core::Clock;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

use super::store::{self, jobb};
use super::{GIVEN_UP_RETENTION, Handler, Job, JobError, MAX_ATTEMPTS};
use crate::database::Database;
use crate::error::DatabaseError;

/// How long a worker may keep a job before another takes it over.
const LEASE: Duration = Duration::from_mins(5);
/// Jobs at work at the same time in one process.
const PARALLEL: usize = 8;
/// Looks at the table this often even when nobody rings: other replicas enqueue too.
const POLL: Duration = Duration::from_secs(5);
const FIRST_PAUSE_MILLIS: i64 = 1_000;
const LONGEST_PAUSE_MILLIS: i64 = 2 * 3_600_000;

/// Runs jobs until told to stop.
pub struct Runner {
    database: Database,
    clock: Clock,
    handlers: HashMap<String, Arc<dyn Handler>>,
    bell: Arc<Notify>,
    status: RunnerStatus,
}

/// What a [`Runner`] has done since it was made. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RunnerStatus(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

impl RunnerStatus {
    /// Jobs that succeeded.
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// Attempts that failed.
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// Jobs that were given up.
    pub fn given_up(&self) -> u64 {
        self.0.given_up.load(Ordering::Relaxed)
    }
}

impl Runner {
    /// A worker without handlers.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self {
            database,
            clock,
            handlers: HashMap::new(),
            bell: Arc::default(),
            status: RunnerStatus::default(),
        }
    }

    /// Adds the handler for one kind of job.
    #[must_use]
    pub fn with(mut self, kind: &'static str, handler: Arc<dyn Handler>) -> Self {
        self.handlers.insert(kind.to_owned(), handler);
        self
    }

    /// Rings when a job has been enqueued, so that it does not wait for the next look at the table.
    pub fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }

    /// What this worker has done.
    pub fn status(&self) -> RunnerStatus {
        self.status.clone()
    }

    /// Works until `stop` becomes true, then lets jobs at work finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(PARALLEL));
        let mut at_work = JoinSet::new();
        while !*stop.borrow() {
            match self.start_due(&places, &mut at_work).await {
                Ok(0) => self.rest(&mut stop).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "jobs could not be leased"
                    );
                    self.rest(&mut stop).await;
                }
            }
            while at_work.try_join_next().is_some() {}
        }
        while at_work.join_next().await.is_some() {}
    }

    /// Starts what is due and for which there is a place. Returns how many were started.
    async fn start_due(
        &self,
        places: &Arc<Semaphore>,
        at_work: &mut JoinSet<()>,
    ) -> Result<usize, DatabaseError> {
        let now = self.clock.now();
        let free = places.available_permits();
        if free == 0 {
            return Ok(0);
        }
        let kinds = self.handlers.keys().cloned().collect();
        let limit = u64::try_from(free).unwrap_or(1);
        let leased = store::lease(&self.database, kinds, now, now.plus(LEASE), limit).await?;
        let started = leased.len();
        for job in leased {
            let Ok(place) = places.clone().try_acquire_owned() else {
                break;
            };
            let Some(handler) = self.handlers.get(&job.slag).cloned() else {
                continue;
            };
            let work = self.worker(handler);
            at_work.spawn(async move {
                work.attempt(job).await;
                drop(place);
            });
        }
        Ok(started)
    }

    fn worker(&self, handler: Arc<dyn Handler>) -> Worker {
        Worker {
            database: self.database.clone(),
            clock: self.clock.clone(),
            handler,
            status: self.status.clone(),
            bell: self.bell.clone(),
        }
    }

    async fn rest(&self, stop: &mut watch::Receiver<bool>) {
        let next = store::next_due(&self.database).await.ok().flatten();
        let wake_at = next.map_or(self.clock.now().plus(POLL), |due| {
            due.max(self.clock.now().plus_millis(50))
        });
        tokio::select! {
            () = self.clock.sleep_until(wake_at) => {}
            () = tokio::time::sleep(POLL) => {}
            () = self.bell.notified() => {}
            _ = stop.changed() => {}
        }
    }

    /// Removes jobs given up long ago. Returns how many.
    pub async fn purge(database: &Database, clock: &Clock) -> Result<u64, DatabaseError> {
        store::purge(database, clock.now().minus(GIVEN_UP_RETENTION)).await
    }
}

struct Worker {
    database: Database,
    clock: Clock,
    handler: Arc<dyn Handler>,
    status: RunnerStatus,
    bell: Arc<Notify>,
}

impl Worker {
    async fn attempt(&self, row: jobb::Model) {
        let job = Job {
            id: row.id,
            content: row.innhold,
            attempt: row.forsok + 1,
        };
        let handler = self.handler.clone();
        let outcome = {
            let job = job.clone();
            // A task of its own, so that a panic is an error like any other.
            tokio::spawn(async move { handler.run(&job).await }).await
        };
        let noted = match outcome {
            Ok(Ok(())) => self.done(job.id).await,
            Ok(Err(error)) => self.failed(&job, &row.slag, error).await,
            Err(panic) => self.failed(&job, &row.slag, panic.into()).await,
        };
        if let Err(error) = noted {
            // The lease runs out and the job is tried again.
            tracing::error!(error = &error as &dyn std::error::Error, job = %job.id, "outcome of a job not stored");
        }
        self.bell.notify_one();
    }

    async fn done(&self, id: uuid::Uuid) -> Result<(), DatabaseError> {
        store::finish(&self.database, id).await?;
        self.status.0.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn failed(&self, job: &Job, kind: &str, error: JobError) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let retry_at = (job.attempt < MAX_ATTEMPTS).then(|| now.plus_millis(pause_millis(job)));
        self.status.0.failed.fetch_add(1, Ordering::Relaxed);
        if retry_at.is_none() {
            self.status.0.given_up.fetch_add(1, Ordering::Relaxed);
        }
        log_failure(job, kind, &*error, retry_at.is_none());
        store::fail(&self.database, job.id, error.to_string(), retry_at, now).await
    }
}

fn log_failure(job: &Job, kind: &str, error: &(dyn std::error::Error + 'static), given_up: bool) {
    if given_up {
        tracing::error!(error, job = %job.id, kind, "job given up");
    } else {
        tracing::warn!(error, job = %job.id, kind, attempt = job.attempt, "job failed");
    }
}

/// Doubles from attempt to attempt up to two hours, spread by a quarter either way by the job's id so that jobs
/// that failed together do not come back together.
fn pause_millis(job: &Job) -> i64 {
    let doublings = u32::try_from(job.attempt - 1).unwrap_or(0).min(20);
    let pause = FIRST_PAUSE_MILLIS
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE_MILLIS);
    let spread = i64::from(job.id.as_bytes().last().copied().unwrap_or(0)) - 128;
    pause + pause / 4 * spread / 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_below_their_bound() {
        let job = |attempt| Job {
            id: uuid::Uuid::from_u128(128),
            content: String::new(),
            attempt,
        };
        let pauses: Vec<i64> = (1..=MAX_ATTEMPTS)
            .map(|attempt| pause_millis(&job(attempt)))
            .collect();
        assert!(pauses.is_sorted());
        assert_eq!(pauses.first(), Some(&FIRST_PAUSE_MILLIS));
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE_MILLIS));
    }
}
