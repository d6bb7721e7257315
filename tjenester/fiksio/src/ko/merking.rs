//! Noting in the table that a message has been with a consumer, so that it is marked as redelivered even after a
//! crash. A consumer that answers quickly costs nothing: only what is still out after a moment is marked.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fiks_core::id::KontoId;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::broker::Broker;
use crate::errors::FiksioError;
use crate::model::ko::Plass;
use crate::store::melding as store;

const MOMENT: Duration = Duration::from_millis(100);
const BATCH: usize = 1_000;

/// Deliveries that may have to be marked, oldest first. Bounded by what may be with consumers at all.
#[derive(Default)]
pub(super) struct Merking {
    recent: Mutex<VecDeque<(Instant, KontoId, Plass)>>,
    bell: Notify,
}

impl Merking {
    pub(super) fn add(&self, now: Instant, konto: KontoId, places: &[Plass]) {
        let mut recent = self.recent.lock();
        let was_empty = recent.is_empty();
        recent.extend(places.iter().map(|plass| (now, konto, *plass)));
        if was_empty {
            self.bell.notify_one();
        }
    }

    fn take(&self) -> Vec<(KontoId, Plass)> {
        let mut recent = self.recent.lock();
        let old = recent
            .iter()
            .take(BATCH)
            .take_while(|(at, ..)| at.elapsed() >= MOMENT)
            .count();
        recent
            .drain(..old)
            .map(|(_, konto, plass)| (konto, plass))
            .collect()
    }

    fn is_empty(&self) -> bool {
        self.recent.lock().is_empty()
    }
}

impl Broker {
    pub(super) async fn mark_deliveries(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let old = self.merking().take();
            if !old.is_empty() {
                self.mark(old).await;
            } else if self.merking().is_empty() {
                tokio::select! {
                    () = self.merking().bell.notified() => {}
                    _ = stop.changed() => {}
                }
            } else {
                tokio::time::sleep(MOMENT).await;
            }
        }
    }

    async fn mark(&self, old: Vec<(KontoId, Plass)>) {
        let out = |(konto, plass): &(KontoId, Plass)| {
            self.find(*konto)
                .is_some_and(|ko| ko.state.lock().ko.er_ute(*plass))
        };
        let places: Vec<Plass> = old
            .iter()
            .filter(|which| out(which))
            .map(|(_, plass)| *plass)
            .collect();
        if places.is_empty() {
            return;
        }
        let marked: Result<(), FiksioError> = self
            .database()
            .write(move |transaction| {
                Box::pin(async move { Ok(store::mark_delivered(transaction, &places, false).await?) })
            })
            .await;
        if let Err(error) = marked {
            // Costs a flag after a crash, nothing else.
            tracing::warn!(error = &error as &dyn std::error::Error, "deliveries not marked");
        }
    }
}
