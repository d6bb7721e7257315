//! Ending messages whose lifetime has run out, at the time or soon after, also when nobody consumes (fiks-io §8.6:
//! eager expiry is compatible).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fiks_core::Timestamp;
use fiks_core::id::KontoId;
use tokio::sync::{Notify, watch};

use super::broker::Broker;
use crate::errors::FiksioError;
use crate::model::ko::Plass;
use crate::model::melding::Tilstand;
use crate::store::melding as store;

const BATCH: u64 = 500;
const AFTER_FAILURE: Duration = Duration::from_millis(500);
const NEVER: i64 = i64::MAX;

/// When the expiry looks next, and from where.
pub(super) struct Utlop {
    next: AtomicI64,
    /// The earliest end among messages stored since the expiry last looked: it may lie before the point that the
    /// expiry has reached, when a message was stored late or the clock was moved meanwhile.
    again: AtomicI64,
    bell: Notify,
}

impl Default for Utlop {
    fn default() -> Self {
        Self {
            next: AtomicI64::new(NEVER),
            again: AtomicI64::new(NEVER),
            bell: Notify::new(),
        }
    }
}

impl Utlop {
    /// A message that runs out then has been stored.
    pub(super) fn ankom(&self, utloper: Timestamp) {
        let utloper = utloper.as_millis();
        self.again.fetch_min(utloper, Ordering::AcqRel);
        if utloper < self.next.load(Ordering::Acquire) {
            self.bell.notify_one();
        }
    }

    /// Messages wait again that the expiry may have passed over.
    pub(super) fn fra_begynnelsen(&self) {
        self.ankom(Timestamp::from_millis(i64::MIN));
    }

    /// The point to go on from, back where something may have been missed.
    fn fra(&self, point: (Timestamp, Plass)) -> (Timestamp, Plass) {
        let again = Timestamp::from_millis(self.again.swap(NEVER, Ordering::AcqRel));
        point.min((again, 0))
    }
}

impl Broker {
    pub(super) async fn expire(&self, mut stop: watch::Receiver<bool>) {
        // Messages with a consumer are passed over and looked at when they come back.
        let mut point = (Timestamp::from_millis(i64::MIN), 0);
        while !*stop.borrow() {
            point = self.utlop().fra(point);
            let turn = match self.expire_after(point).await {
                Ok(Some(next)) => {
                    point = next;
                    Ok(())
                }
                Ok(None) => self.await_expiry(point, &mut stop).await,
                Err(error) => Err(error),
            };
            if let Err(error) = turn {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "expired messages not ended"
                );
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }

    /// Ends the next expired messages after a point. Returns the point to go on from, or `None` when none are left.
    async fn expire_after(
        &self,
        point: (Timestamp, Plass),
    ) -> Result<Option<(Timestamp, Plass)>, FiksioError> {
        let now = self.clock().now();
        let expired = store::expired(self.database().reader(), point, now, BATCH).await?;
        let Some((utloper, plass, _)) = expired.last().copied() else {
            return Ok(None);
        };
        let ours = expired
            .into_iter()
            .filter(|(_, plass, konto)| self.krev(*konto, *plass));
        let ours: Vec<(KontoId, Plass)> = ours.map(|(_, plass, konto)| (konto, plass)).collect();
        if !ours.is_empty() {
            self.end_claimed(ours, Tilstand::Utlopt).await?;
        }
        Ok(Some((utloper, plass)))
    }

    async fn await_expiry(
        &self,
        point: (Timestamp, Plass),
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), FiksioError> {
        // Set before the table is read: whoever stores a message that ends earlier rings from now on.
        self.utlop().next.store(NEVER, Ordering::Release);
        let next = store::next_expiry(self.database().reader(), point).await?;
        let next = next.unwrap_or(Timestamp::from_millis(NEVER));
        self.utlop().next.store(next.as_millis(), Ordering::Release);
        // What was stored before that, and lies before the point, has not rung.
        if self.utlop().again.load(Ordering::Acquire) <= point.0.as_millis() {
            return Ok(());
        }
        tokio::select! {
            () = self.clock().sleep_until(next) => {}
            () = self.utlop().bell.notified() => {}
            _ = stop.changed() => {}
        }
        Ok(())
    }
}
