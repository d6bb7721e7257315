//! What happens by itself: documents end, deleted kontoer are emptied, bytes that nobody knows are swept up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fiks_blobs::Listed;
use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, DokumentlagerKontoId};
use fiks_database::jobs::{Handler, Job, JobError};
use futures::TryStreamExt;
use tokio::sync::watch;

use crate::errors::DokumentlagerError;
use crate::handle::{Dokumentlager, Grunn};
use crate::store;

/// Kind of the job that empties a deleted konto.
pub(crate) const SLETT_KONTO: &str = "dokumentlager.slett_konto";

const BATCH: u64 = 200;
/// Looks for ended documents this often at least: others may have been marked meanwhile.
const LOOK: Duration = Duration::from_mins(1);
const SWEEP: Duration = Duration::from_hours(1);
/// Bytes younger than this may belong to an upload whose row is about to be written.
const ORPHAN_AGE: Duration = Duration::from_hours(24);

/// The handlers of this service's jobs.
pub fn jobs(dokumentlager: &Dokumentlager) -> Vec<(&'static str, Arc<dyn Handler>)> {
    vec![(SLETT_KONTO, Arc::new(EmptyKonto(dokumentlager.clone())))]
}

struct EmptyKonto(Dokumentlager);

#[async_trait]
impl Handler for EmptyKonto {
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let konto: DokumentlagerKontoId = serde_json::from_str(&job.content)?;
        let grunn = self.0.grunn();
        loop {
            let ids = store::of_konto(grunn.database.reader(), konto, BATCH).await?;
            if ids.is_empty() {
                break;
            }
            let now = grunn.clock.now();
            let marked: Result<(), DokumentlagerError> = grunn
                .database
                .write(move |transaction| {
                    Box::pin(async move { Ok(store::mark_deleted(transaction, &ids, now).await?) })
                })
                .await;
            marked?;
        }
        self.0.fjern_utlopte().await?;
        Ok(())
    }
}

impl Dokumentlager {
    /// Removes the bytes of documents that have ended, and hourly those that nobody knows, until `stop` becomes true.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut next_sweep = tokio::time::Instant::now();
        while !*stop.borrow() {
            // What could not be removed has its next turn after `LOOK`: only later ends are waited for.
            let now = self.grunn().clock.now();
            log("ended documents not removed", self.fjern_utlopte().await);
            if tokio::time::Instant::now() >= next_sweep {
                log(
                    "orphaned bytes not swept",
                    self.fei_foreldrelose().await.map(|_| ()),
                );
                next_sweep = tokio::time::Instant::now() + SWEEP;
            }
            tokio::select! {
                () = self.until_next_end(now) => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn until_next_end(&self, after: Timestamp) {
        let Grunn { database, clock, .. } = self.grunn();
        let next = store::next_end(database.reader(), after).await.ok().flatten();
        let next = next.unwrap_or(Timestamp::from_millis(i64::MAX));
        clock.sleep_until(next.max(clock.now().plus_millis(50))).await;
    }

    /// Removes the bytes of all documents that have ended. Those that fail are left for the next time, and do not
    /// stand in the way of the others; the first failure is told.
    pub async fn fjern_utlopte(&self) -> Result<(), DokumentlagerError> {
        let Grunn { database, clock, .. } = self.grunn();
        let now = clock.now();
        let marked: Result<(), DokumentlagerError> = database
            .write(move |transaction| {
                Box::pin(async move { Ok(store::mark_run_out(transaction, now).await?) })
            })
            .await;
        marked?;
        let (mut after, mut outcome) = (None, Ok(()));
        loop {
            let ended = store::to_purge(database.reader(), after, BATCH).await?;
            let Some(last) = ended.last() else {
                return outcome;
            };
            after = Some(last.id);
            outcome = outcome.and(self.remove_bytes(ended).await);
        }
    }

    /// Removes bytes that no document knows, left by uploads that were cut off and by commits whose outcome nobody
    /// learned. Returns how many objects. Those that fail are left for the next time; the first failure is told.
    pub async fn fei_foreldrelose(&self) -> Result<u64, DokumentlagerError> {
        let oldest = Timestamp::real().minus(ORPHAN_AGE);
        let mut listed = self.grunn().blobs.list();
        let (mut swept, mut failure) = (0, None);
        while let Some(found) = listed.try_next().await? {
            if found.modified >= oldest {
                continue;
            }
            match self.sweep(&found).await {
                Ok(was_orphan) => swept += u64::from(was_orphan),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(swept), Err)
    }

    async fn sweep(&self, found: &Listed) -> Result<bool, DokumentlagerError> {
        let known = store::with_bytes_of(self.grunn().database.reader(), DokumentId(found.id.0)).await?;
        let generation = known.map(|known| known.nokkel).transpose()?;
        let is_orphan = generation.is_none_or(|key| key.generation() != found.generation);
        if is_orphan {
            self.grunn().blobs.delete_listed(found).await?;
        }
        Ok(is_orphan)
    }
}

fn log(what: &'static str, outcome: Result<(), DokumentlagerError>) {
    if let Err(error) = outcome {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            what,
            "dokumentlager upkeep failed"
        );
    }
}
