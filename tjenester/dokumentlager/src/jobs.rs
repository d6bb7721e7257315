//! What happens by itself: documents end, deleted kontoer are emptied, bytes that nobody knows are swept up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, DokumentlagerKontoId};
use fiks_database::jobs::{Handler, Job, JobError};
use futures::TryStreamExt;
use tokio::sync::watch;

use crate::errors::DokumentlagerError;
use crate::handle::Dokumentlager;
use crate::store;

/// Kind of the job that empties a deleted konto.
pub(crate) const SLETT_KONTO: &str = "dokumentlager.slett_konto";

const BATCH: u64 = 200;
/// Looks for ended documents this often at least: others may have been marked meanwhile.
const LOOK: Duration = Duration::from_mins(1);
const SWEEP: Duration = Duration::from_hours(1);
/// Bytes younger than this may belong to an upload under way.
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
            log("ended documents not removed", self.fjern_utlopte().await);
            if tokio::time::Instant::now() >= next_sweep {
                log(
                    "orphaned bytes not swept",
                    self.fei_foreldrelose().await.map(|_| ()),
                );
                next_sweep = tokio::time::Instant::now() + SWEEP;
            }
            let clock = &self.grunn().clock;
            let next = store::next_end(self.grunn().database.reader())
                .await
                .ok()
                .flatten();
            let next = next
                .unwrap_or(Timestamp::from_millis(i64::MAX))
                .max(clock.now().plus_millis(50));
            tokio::select! {
                () = clock.sleep_until(next) => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Removes the bytes of all documents that have ended.
    pub async fn fjern_utlopte(&self) -> Result<(), DokumentlagerError> {
        loop {
            let ended =
                store::to_purge(self.grunn().database.reader(), self.grunn().clock.now(), BATCH).await?;
            let last = u64::try_from(ended.len()).unwrap_or(BATCH) < BATCH;
            if !ended.is_empty() {
                self.remove_bytes(ended).await?;
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Removes bytes that no document knows, left by uploads that were cut off. Returns how many objects.
    pub async fn fei_foreldrelose(&self) -> Result<u64, DokumentlagerError> {
        let oldest = Timestamp::real().minus(ORPHAN_AGE);
        let mut listed = self.grunn().blobs.list();
        let mut swept = 0;
        while let Some(found) = listed.try_next().await? {
            if found.modified >= oldest {
                continue;
            }
            let document = store::find(self.grunn().database.reader(), DokumentId(found.id.0)).await?;
            let known = document.and_then(|document| document.nokkel);
            if known.is_none_or(|key| key.generation() != found.generation) {
                self.grunn().blobs.delete_listed(&found).await?;
                swept += 1;
            }
        }
        Ok(swept)
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
