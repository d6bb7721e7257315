//! How messages end: many outcomes in one transaction, memory told after it.

use std::collections::HashSet;
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

/// Outcomes that wait to be stored; past this many nothing more is delivered until some are.
const MOST: usize = 20_000;

/// Outcomes on their way to the table.
#[derive(Default)]
pub(super) struct Ender {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    utfall: Vec<Utfall>,
    /// Queues that deliver nothing because there are too many.
    halted: HashSet<KontoId>,
}

impl Ender {
    pub(super) fn add(&self, utfall: Vec<Utfall>) {
        if !utfall.is_empty() {
            self.waiting.lock().utfall.extend(utfall);
            self.bell.notify_one();
        }
    }

    /// Whether a queue may deliver. Asked while the queue is locked, so nothing here may lock a queue. If not, its consumers are woken when it may.
    pub(super) fn has_room(&self, konto: KontoId) -> bool {
        let mut waiting = self.waiting.lock();
        let has_room = waiting.utfall.len() < MOST;
        if !has_room {
            waiting.halted.insert(konto);
        }
        has_room
    }

    /// The next outcomes to store, and the queues that may deliver again.
    fn take(&self) -> (Vec<Utfall>, HashSet<KontoId>) {
        let mut waiting = self.waiting.lock();
        let count = waiting.utfall.len().min(BATCH);
        let batch = waiting.utfall.drain(..count).collect();
        let resumed = if waiting.utfall.len() < MOST {
            std::mem::take(&mut waiting.halted)
        } else {
            HashSet::new()
        };
        (batch, resumed)
    }
}

/// A message that the platform made in the course of a change.
type Ny = (Plass, Arc<Melding>);

impl Broker {
    pub(super) async fn store_ends(&self, mut stop: watch::Receiver<bool>) {
        loop {
            let (batch, resumed) = self.ender().take();
            self.resume(resumed);
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

    fn resume(&self, kontoer: HashSet<KontoId>) {
        for ko in kontoer.into_iter().filter_map(|konto| self.find(konto)) {
            ko.state.lock().wake_all();
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
            match utfall.ende {
                Ende::Tilbake { ute, .. } if utfall.ende.slutt(now).is_none() => {
                    state.ko.tilbake(utfall.plass);
                    // The expiry may have passed it over while that was being stored.
                    self.utlop().ankom(ute.utloper);
                }
                Ende::Tilbake { .. } | Ende::Slutt(_) => state.ko.avsluttet(utfall.plass),
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
        self.utlop().fra_begynnelsen();
        for utfall in batch {
            self.forget_if_idle(utfall.konto);
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn acknowledged(plass: Plass) -> Utfall {
        Utfall {
            konto: KontoId(Uuid::nil()),
            plass,
            ende: Ende::Slutt(Tilstand::Kvittert),
        }
    }

    #[test]
    fn what_waits_to_be_stored_is_bounded_and_the_halted_resume() {
        let ender = Ender::default();
        let (busy, other) = (KontoId(Uuid::from_u128(1)), KontoId(Uuid::from_u128(2)));
        ender.add((1..).take(MOST).map(acknowledged).collect());
        assert!(!ender.has_room(busy) && !ender.has_room(other));
        let (batch, resumed) = ender.take();
        assert_eq!((batch.len(), resumed), (BATCH, HashSet::from([busy, other])));
        assert!(ender.has_room(busy));
        assert_eq!(ender.take().1, HashSet::new());
    }

    #[test]
    fn a_third_failure_ends_a_message_and_so_does_a_lifetime_that_ran_out_meanwhile() {
        let now = Timestamp::from_millis(1_000);
        let back = |forsok, utloper, mislykket| {
            let ute = Ute {
                konsument: 1,
                utloper: Timestamp::from_millis(utloper),
                forsok,
            };
            Ende::Tilbake { ute, mislykket }.slutt(now)
        };
        assert_eq!(back(1, 1_001, true), None);
        assert_eq!(back(2, 1_001, true), Some(Tilstand::Feilet));
        assert_eq!(back(2, 1_001, false), None, "not a failed delivery");
        assert_eq!(back(0, 1_000, true), Some(Tilstand::Utlopt));
        assert_eq!(back(2, 1_000, true), Some(Tilstand::Feilet));
    }
}
