//! One konto's queue with its consumers.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use fiks_amqp::{
    Batch, Cancelled, Delivery, DeliveryId, EncodedProperties, Outcome, ShortText, Subscription,
};
use fiks_core::id::KontoId;
use parking_lot::Mutex;

use super::broker::Broker;
use super::ende::{Ende, Utfall};
use crate::model::ko::{Klar, Ko, KonsumentId, Plass};
use crate::model::melding::Tilstand;

/// What a consumer gets: everything encoded, shared by all who hold it.
#[derive(Clone, Debug)]
pub struct Levering {
    /// Header table and properties.
    pub egenskaper: EncodedProperties,
    /// Payload; empty when there is none or when it is in dokumentlager.
    pub data: Bytes,
    /// Whether it has been with a consumer before.
    pub levert: bool,
}

pub(super) struct KontoKo {
    pub(super) konto: KontoId,
    routing_key: ShortText,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) ko: Ko<Levering>,
    konsumenter: HashSet<KonsumentId>,
    waiting: VecDeque<(KonsumentId, Waker)>,
    next_konsument: KonsumentId,
    deleted: bool,
}

impl KontoKo {
    pub(super) fn new(konto: KontoId, routing_key: ShortText) -> Self {
        let state = State {
            ko: Ko::default(),
            konsumenter: HashSet::new(),
            waiting: VecDeque::new(),
            next_konsument: 1,
            deleted: false,
        };
        Self {
            konto,
            routing_key,
            state: Mutex::new(state),
        }
    }

    pub(super) fn ankom(&self, plass: Plass, klar: Klar<Levering>) {
        let mut state = self.state.lock();
        let keep = !state.konsumenter.is_empty();
        state.ko.ankom(plass, klar, keep);
        state.wake_next();
    }

    pub(super) fn konsumenter(&self) -> usize {
        self.state.lock().konsumenter.len()
    }

    /// Tells every consumer that the queue is gone.
    pub(super) fn delete(&self) {
        let mut state = self.state.lock();
        state.deleted = true;
        state.wake_all();
    }

    /// Whether it may be forgotten: nobody consumes and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.konsumenter.is_empty() && state.ko.er_i_ro()
    }

    pub(super) fn join(&self) -> KonsumentId {
        let mut state = self.state.lock();
        let konsument = state.next_konsument;
        state.next_konsument += 1;
        state.konsumenter.insert(konsument);
        konsument
    }

    fn leave(&self, konsument: KonsumentId) {
        let mut state = self.state.lock();
        state.waiting.retain(|(waiting, _)| *waiting != konsument);
        if state.konsumenter.remove(&konsument) && state.konsumenter.is_empty() {
            state.ko.tom_vindu();
        }
        state.wake_next();
    }
}

impl State {
    /// Wakes the consumer that has waited longest.
    pub(super) fn wake_next(&mut self) {
        if let Some((_, waker)) = self.waiting.pop_front() {
            waker.wake();
        }
    }

    pub(super) fn wake_all(&mut self) {
        for (_, waker) in self.waiting.drain(..) {
            waker.wake();
        }
    }

    fn wait(&mut self, konsument: KonsumentId, waker: &Waker) {
        match self.waiting.iter_mut().find(|(waiting, _)| *waiting == konsument) {
            Some((_, known)) => known.clone_from(waker),
            None => self.waiting.push_back((konsument, waker.clone())),
        }
    }
}

/// A consumer on a queue, as the AMQP endpoint sees it.
pub struct Konsument {
    broker: Broker,
    ko: Arc<KontoKo>,
    id: KonsumentId,
}

impl Konsument {
    pub(super) fn new(broker: Broker, ko: Arc<KontoKo>) -> Self {
        let id = ko.join();
        Self { broker, ko, id }
    }

    fn delivery(&self, plass: Plass, levering: &Levering) -> Delivery {
        Delivery {
            id: DeliveryId(u64::try_from(plass).unwrap_or_default()),
            redelivered: levering.levert,
            exchange: ShortText::default(),
            routing_key: self.ko.routing_key.clone(),
            properties: levering.egenskaper.clone(),
            body: levering.data.clone(),
        }
    }

    /// Fills the batch with what is ready. Returns the places handed over.
    fn hand_over(&self, state: &mut State, batch: &mut Batch) -> Vec<Plass> {
        let now = self.broker.clock().now();
        let mut out = Vec::new();
        while !batch.is_full() && self.broker.ender().has_room(self.ko.konto) {
            let Some((plass, klar)) = state.ko.lever(self.id, now) else {
                break;
            };
            if batch.push(self.delivery(plass, &klar.levering)).is_err() {
                state.ko.angre(plass, klar);
                break;
            }
            out.push(plass);
        }
        out
    }

    fn end(&self, plass: Plass, outcome: Outcome) -> Option<Utfall> {
        let ko = &mut self.ko.state.lock().ko;
        let ende = match outcome {
            Outcome::Acknowledged => ko.ta_fra(plass, self.id).map(|_| Ende::Slutt(Tilstand::Kvittert)),
            Outcome::Discarded => ko.ta_fra(plass, self.id).map(|_| Ende::Slutt(Tilstand::Avvist)),
            Outcome::Requeued => ko
                .ta_tilbake(plass, self.id)
                .map(|ute| Ende::Tilbake { ute, mislykket: true }),
        }?;
        Some(Utfall {
            konto: self.ko.konto,
            plass,
            ende,
        })
    }
}

impl Subscription for Konsument {
    fn poll_deliveries(
        &mut self,
        context: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Result<(), Cancelled>> {
        let mut state = self.ko.state.lock();
        if state.deleted {
            return Poll::Ready(Err(Cancelled));
        }
        let out = self.hand_over(&mut state, batch);
        if let Some(behov) = state.ko.behov() {
            self.broker.hent(self.ko.clone(), behov);
        }
        if out.is_empty() {
            state.wait(self.id, context.waker());
            return Poll::Pending;
        }
        state.wake_next();
        drop(state);
        self.broker.merk_senere(Instant::now(), &self.ko, &out);
        Poll::Ready(Ok(()))
    }

    fn pass(&mut self) {
        self.ko.state.lock().wake_next();
    }

    fn settle(&mut self, outcome: Outcome, deliveries: &[DeliveryId]) {
        let places = deliveries.iter().filter_map(|id| Plass::try_from(id.0).ok());
        let ended = places.filter_map(|plass| self.end(plass, outcome)).collect();
        self.broker.avslutt(ended);
    }

    fn stop(&mut self) {
        self.ko.leave(self.id);
    }
}

impl Drop for Konsument {
    /// What the consumer still has comes back. A lost connection counts as a failed delivery (fiks-io §8.5); the
    /// platform's own shutdown does not.
    fn drop(&mut self) {
        let taken = self.ko.state.lock().ko.ta_alt_tilbake(self.id);
        let mislykket = !self.broker.is_stopping();
        let konto = self.ko.konto;
        let back = |(plass, ute)| Utfall {
            konto,
            plass,
            ende: Ende::Tilbake { ute, mislykket },
        };
        self.broker.avslutt(taken.into_iter().map(back).collect());
        self.ko.leave(self.id);
        self.broker.forget_if_idle(self.ko.konto);
    }
}
