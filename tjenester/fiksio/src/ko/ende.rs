//! How messages end: many outcomes in one transaction, memory told after it.

use std::sync::Arc;
use std::time::Duration;

use fiks_core::Timestamp;
use fiks_core::id::{KontoId, MeldingId};
use fiks_database::DatabaseTransaction;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::broker::Broker;
use crate::errors::FiksioError;
use crate::model::ko::{Plass, Ute};
use crate::model::melding::{FLESTE_FORSOK, Melding, Tilstand};
use crate::store::melding as store;

/// Outcomes in one transaction at most.
const BATCH: usize = 1_000;
/// Pause before outcomes that could not be stored are tried again.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What became of a delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Utfall {
    pub(super) konto: KontoId,
    pub(super) plass: Plass,
    pub(super) ende: Ende,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ende {
    /// It ends so.
    Slutt(Tilstand),
    /// It comes back from a consumer; `mislykket` when that counts as a failed delivery.
    Tilbake { ute: Ute, mislykket: bool },
}

impl Ende {
    /// How the message ends, or `None` when it waits again: a third failure ends it, and so does a lifetime that
    /// ran out while it was with the consumer (fiks-io §8.5, §8.6).
    fn slutt(self, now: Timestamp) -> Option<Tilstand> {
        match self {
            Self::Slutt(slutt) => Some(slutt),
            Self::Tilbake { ute, mislykket } if mislykket && ute.forsok + 1 >= FLESTE_FORSOK => {
                Some(Tilstand::Feilet)
            }
            Self::Tilbake { ute, .. } if ute.utloper <= now => Some(Tilstand::Utlopt),
            Self::Tilbake { .. } => None,
        }
    }

    fn mislykket(self) -> bool {
        matches!(self, Self::Tilbake { mislykket: true, .. })
    }
}

/// Outcomes on their way to the table.
#[derive(Default)]
pub(super) struct Ender {
    waiting: Mutex<Vec<Utfall>>,
    bell: Notify,
}

impl Ender {
    pub(super) fn add(&self, utfall: impl Iterator<Item = Utfall>) {
        let mut waiting = self.waiting.lock();
        let before = waiting.len();
        waiting.extend(utfall);
        if waiting.len() > before {
            self.bell.notify_one();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.lock().len()
    }

    fn take(&self) -> Vec<Utfall> {
        let mut waiting = self.waiting.lock();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }
}

/// A message that the platform made in the course of a change.
type Ny = (Plass, Arc<Melding>);

impl Broker {
    pub(super) async fn store_ends(&self, mut stop: watch::Receiver<bool>) {
        loop {
            let batch = self.ender().take();
            if batch.is_empty() {
                if *stop.borrow() {
                    return;
                }
                tokio::select! {
                    () = self.ender().bell.notified() => {}
                    _ = stop.changed() => {}
                }
            } else if let Err(error) = self.store_batch(batch.clone()).await {
                tracing::error!(error = &error as &dyn std::error::Error, "outcomes not stored");
                self.memory_returns(&batch);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }

    async fn store_batch(&self, batch: Vec<Utfall>) -> Result<(), FiksioError> {
        let now = self.clock().now();
        let broker = self.clone();
        let told = batch.clone();
        let after = {
            let broker = self.clone();
            move |nye: &Vec<Ny>| broker.memory_follows(&told, now, nye)
        };
        self.database()
            .write_then(
                move |transaction| {
                    Box::pin(async move {
                        let mut nye = Vec::new();
                        for slutt in [
                            Tilstand::Kvittert,
                            Tilstand::Avvist,
                            Tilstand::Utlopt,
                            Tilstand::Feilet,
                        ] {
                            let ends = places(&batch, |ende| ende.slutt(now) == Some(slutt));
                            nye.extend(broker.end_in(transaction, &ends, slutt, now).await?.1);
                        }
                        for failed in [true, false] {
                            let back = places(&batch, |ende| {
                                ende.slutt(now).is_none() && ende.mislykket() == failed
                            });
                            if !back.is_empty() {
                                store::mark_delivered(transaction, &back, failed).await?;
                            }
                        }
                        Ok::<_, FiksioError>(nye)
                    })
                },
                after,
            )
            .await?;
        Ok(())
    }

    /// Ends messages that were claimed; they wait again if that fails. Returns how many ended.
    pub(super) async fn end_claimed(
        &self,
        claimed: Vec<(KontoId, Plass)>,
        slutt: Tilstand,
    ) -> Result<u64, FiksioError> {
        let ends = |(konto, plass): &(KontoId, Plass)| Utfall {
            konto: *konto,
            plass: *plass,
            ende: Ende::Slutt(slutt),
        };
        let utfall: Vec<Utfall> = claimed.iter().map(ends).collect();
        let (broker, told, now) = (self.clone(), utfall.clone(), self.clock().now());
        let after = {
            let broker = self.clone();
            move |(_, nye): &(u64, Vec<Ny>)| broker.memory_follows(&told, now, nye)
        };
        let places: Vec<Plass> = claimed.into_iter().map(|(_, plass)| plass).collect();
        let outcome = self
            .database()
            .write_then(
                move |transaction| {
                    Box::pin(async move { broker.end_in(transaction, &places, slutt, now).await })
                },
                after,
            )
            .await;
        if outcome.is_err() {
            self.memory_returns(&utfall);
        }
        outcome.map(|(ended, _)| ended)
    }

    /// Ends messages and stores the feedback that their senders are owed: together or not at all.
    async fn end_in(
        &self,
        transaction: &DatabaseTransaction,
        places: &[Plass],
        slutt: Tilstand,
        now: Timestamp,
    ) -> Result<(u64, Vec<Ny>), FiksioError> {
        if places.is_empty() {
            return Ok((0, Vec::new()));
        }
        if matches!(slutt, Tilstand::Kvittert | Tilstand::Avvist) {
            return Ok((
                store::end_unread(transaction, places, slutt, now).await?,
                Vec::new(),
            ));
        }
        let ended = store::end(transaction, places, slutt, now).await?;
        let mut nye = Vec::new();
        for row in &ended {
            nye.extend(self.feedback_in(transaction, &row.melding, slutt, now).await?);
        }
        Ok((u64::try_from(ended.len()).unwrap_or(u64::MAX), nye))
    }

    async fn feedback_in(
        &self,
        transaction: &DatabaseTransaction,
        melding: &Melding,
        slutt: Tilstand,
        now: Timestamp,
    ) -> Result<Option<Ny>, FiksioError> {
        let id = MeldingId(self.random().uuid_at(now)?);
        let Some(feedback) = melding.tilbakemelding(slutt, id, now) else {
            return Ok(None);
        };
        if !crate::store::konto::exists(transaction, feedback.spesifikasjon.mottaker).await? {
            return Ok(None);
        }
        let plass = store::insert(transaction, &feedback, &bytes::Bytes::new()).await?;
        Ok(Some((plass, Arc::new(feedback))))
    }

    /// What was stored now holds in memory as well.
    fn memory_follows(&self, stored: &[Utfall], now: Timestamp, nye: &[Ny]) {
        for utfall in stored {
            let Some(ko) = self.find(utfall.konto) else {
                continue;
            };
            let mut state = ko.state.lock();
            if utfall.ende.slutt(now).is_some() {
                state.ko.avsluttet(utfall.plass);
            } else {
                state.ko.tilbake(utfall.plass);
            }
            if matches!(utfall.ende, Ende::Tilbake { .. }) {
                state.wake_next();
            }
        }
        for (plass, melding) in nye {
            self.ankom(*plass, melding, bytes::Bytes::new());
        }
        for utfall in stored {
            self.forget_if_idle(utfall.konto);
        }
    }

    /// Nothing was stored: the messages wait again. Who acknowledged one may see it once more.
    fn memory_returns(&self, batch: &[Utfall]) {
        for utfall in batch {
            let Some(ko) = self.find(utfall.konto) else {
                continue;
            };
            let mut state = ko.state.lock();
            state.ko.tilbake(utfall.plass);
            state.wake_next();
        }
    }
}

fn places(batch: &[Utfall], which: impl Fn(Ende) -> bool) -> Vec<Plass> {
    batch
        .iter()
        .filter(|utfall| which(utfall.ende))
        .map(|utfall| utfall.plass)
        .collect()
}
