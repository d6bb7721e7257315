//! Hourly upkeep of the ground's own tables: answers to idempotent requests, jobs that were given up.

use std::time::Duration;

use fiks_core::Clock;
use fiks_database::jobs::Runner;
use fiks_database::{Database, DatabaseError, idempotency};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_hours(1);

/// Runs until `stop` becomes true.
pub async fn run(database: Database, clock: Clock, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = purge(&database, &clock).await {
            tracing::error!(error = &error as &dyn std::error::Error, "upkeep failed");
        }
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn purge(database: &Database, clock: &Clock) -> Result<(), DatabaseError> {
    let answers = idempotency::purge(database, clock).await?;
    let jobs = Runner::purge(database, clock).await?;
    if answers + jobs > 0 {
        tracing::info!(answers, jobs, "old rows removed");
    }
    Ok(())
}
