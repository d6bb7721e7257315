//! The driver's side of the bargain, with a ledger of what is owed: each step checks the invariants of
//! [`super::Machine`]. For tests and fuzzing alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Call, ConsumerId, Effect, Machine};
use crate::{
    backend::{ConsumeError, QueueStatus},
    codec::{Frame, FrameFault, FrameKind},
    delivery::DeliveryId,
};

/// `connection.close` with code 0 and without a text.
const CONNECTION_CLOSE: [u8; 11] = [0, 10, 0, 50, 0, 0, 0, 0, 0, 0, 0];

/// Something that happens to a connection.
#[derive(Debug, Clone)]
pub enum Step {
    /// The protocol header arrives.
    ProtocolHeader,
    /// A frame arrives, on this channel and with this payload.
    Frame(FrameKind, u16, Vec<u8>),
    /// The back end has a delivery.
    Deliver(ConsumerId),
    /// The consumer's queue is gone.
    Cancelled(ConsumerId),
    /// A delivery can't be sent.
    Refused(ConsumerId),
    /// What arrives is no AMQP.
    Unreadable,
}

/// A machine, and what it owes.
pub struct Ledger {
    machine: Machine,
    next_delivery: u64,
    live: BTreeSet<ConsumerId>,
    held: BTreeMap<DeliveryId, ConsumerId>,
}

impl Ledger {
    /// A ledger of a machine without consumers.
    pub fn new(machine: Machine) -> Self {
        Self {
            machine,
            next_delivery: 0,
            live: BTreeSet::new(),
            held: BTreeMap::new(),
        }
    }

    /// Carries out one step and all that follows of it.
    ///
    /// # Panics
    /// When the machine breaks an invariant.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::ProtocolHeader => self.machine.on_protocol_header(),
            Step::Frame(kind, channel, payload) => self.frame(kind, channel, payload),
            Step::Deliver(consumer) => self.deliver(consumer),
            Step::Cancelled(consumer) => self.machine.on_cancelled(consumer),
            Step::Refused(consumer) => self.machine.refuse_delivery(consumer, "no".into()),
            Step::Unreadable => self.machine.on_unreadable(&FrameFault::UnknownType(9)),
        }
        self.carry_out();
        assert!(!self.machine.is_waiting(), "an answered call is still open");
        assert_eq!(self.machine.counts().consumers, self.live.len());
        assert_eq!(self.machine.counts().unacked, self.held.len());
    }

    /// Ends the connection: nothing may be owed afterwards.
    ///
    /// # Panics
    /// When something is.
    pub fn close(&mut self) {
        self.step(Step::Frame(FrameKind::Method, 0, CONNECTION_CLOSE.to_vec()));
        assert!(self.live.is_empty(), "a consumer was not dropped");
        assert!(self.held.is_empty(), "a delivery did not end");
    }

    fn frame(&mut self, kind: FrameKind, channel: u16, payload: Vec<u8>) {
        self.machine.on_frame(&Frame {
            kind,
            channel,
            payload: payload.into(),
        });
    }

    fn deliver(&mut self, consumer: ConsumerId) {
        if self.machine.room(consumer) == 0 {
            return;
        }
        self.next_delivery += 1;
        let delivery = DeliveryId(self.next_delivery);
        if self.machine.deliver(consumer, delivery).is_some() {
            assert!(self.live.contains(&consumer), "delivered to nobody");
            self.held.insert(delivery, consumer);
        }
    }

    /// Settlements first, then effects, until there are no more.
    fn carry_out(&mut self) {
        self.settle();
        while self.machine.has_effects() {
            let mut effects = Vec::new();
            self.machine.swap_effects(&mut effects);
            for effect in effects {
                self.effect(effect);
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        let mut settlements = Vec::new();
        self.machine.swap_settlements(&mut settlements);
        for settlement in settlements {
            assert!(self.live.contains(&settlement.consumer), "settled after the drop");
            let holder = self.held.remove(&settlement.delivery);
            assert_eq!(holder, Some(settlement.consumer), "settled twice, or by another");
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Drop(consumer) => {
                assert!(self.live.remove(&consumer), "dropped twice");
                self.held.retain(|_, holder| *holder != consumer);
            }
            Effect::Stop(consumer) | Effect::Replenished(consumer) => {
                assert!(self.live.contains(&consumer), "told of a consumer that is gone");
            }
            Effect::Authenticate { .. } => self.machine.on_answer(Answer::Authenticated(Ok(()))),
            Effect::Call(call) => self.answer(&call),
            _ => {}
        }
    }

    /// Every fifth consumer is refused.
    fn answer(&mut self, call: &Call) {
        let answer = match call {
            Call::Renew { .. } => Answer::Renewed(Ok(())),
            Call::Inspect { .. } => Answer::Inspected(Ok(QueueStatus::default())),
            Call::Consume { consumer, .. } if consumer.0.is_multiple_of(5) => {
                Answer::Consumed(Err(ConsumeError::NotFound))
            }
            Call::Consume { consumer, .. } => {
                self.live.insert(*consumer);
                Answer::Consumed(Ok(()))
            }
        };
        self.machine.on_answer(answer);
    }
}
