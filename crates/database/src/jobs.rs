//! Follow-up work in a table, enqueued in the transaction that makes it necessary.
//!
//! Invariant: a job is either in the table or done. A worker leases it for a while; when the worker dies, the lease
//! runs out and another takes over, so every handler must bear to be run twice. A job that keeps failing is tried
//! less and less often and given up after [`MAX_ATTEMPTS`]; it then stays in the table, is logged and counted.
//! Owner: this crate. Retention: done jobs are removed at once, those given up after [`GIVEN_UP_RETENTION`].

mod runner;
mod store;

use std::time::Duration;

use async_trait::async_trait;
use fiks_core::{Clock, Random, Timestamp};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};
use serde::Serialize;
use uuid::Uuid;

use crate::error::DatabaseError;
pub use runner::{Runner, RunnerStatus};
pub(crate) use store::CreateJobs;

/// Attempts before a job is given up: about a day with the pauses between them.
pub const MAX_ATTEMPTS: i32 = 20;
/// How long a job that was given up stays readable.
pub const GIVEN_UP_RETENTION: Duration = Duration::from_hours(24 * 90);

/// A job as its handler sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What to do it with, as the JSON that was enqueued.
    pub content: String,
    /// 1 for the first attempt.
    pub attempt: i32,
}

/// What went wrong with an attempt. The job is tried again later.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// Does the jobs of one kind.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does the work. May be called again for the same job, also after it succeeded.
    async fn run(&self, job: &Job) -> Result<(), JobError>;
}

/// Work to be done, not yet in the table.
#[derive(Clone, Debug)]
pub struct NewJob {
    kind: &'static str,
    content: String,
    not_before: Timestamp,
}

impl NewJob {
    /// A job of `kind` to be done as soon as possible.
    pub fn new(kind: &'static str, content: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self {
            kind,
            content: serde_json::to_string(content)?,
            not_before: Timestamp::default(),
        })
    }

    /// The same job, to be done at that time at the earliest.
    #[must_use]
    pub fn not_before(self, moment: Timestamp) -> Self {
        Self {
            not_before: moment,
            ..self
        }
    }
}

/// Enqueues a job in the transaction of the change that makes it necessary.
pub async fn enqueue(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    random: &Random,
    job: NewJob,
) -> Result<Uuid, DatabaseError> {
    let now = clock.now();
    let id = random
        .uuid_at(now)
        .map_err(|error| DatabaseError::from(sea_orm::DbErr::Custom(error.to_string())))?;
    let row = store::jobb::ActiveModel {
        id: Set(id),
        slag: Set(job.kind.to_owned()),
        innhold: Set(job.content),
        opprettet: Set(now.as_millis()),
        tidligst: Set(job.not_before.as_millis()),
        forsok: Set(0),
        leid_til: Set(0),
        oppgitt: Set(None),
        feil: Set(None),
    };
    store::jobb::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(id)
}
