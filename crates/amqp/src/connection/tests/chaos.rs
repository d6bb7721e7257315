//! Whatever frames arrive: every delivery ends exactly once, every consumer is dropped exactly once, nothing
//! panics.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    backend::{ConsumeError, QueueStatus},
    codec::FrameFault,
};

#[derive(Debug, Clone)]
enum Step {
    Method(u16, Vec<u8>),
    Raw(FrameKind, u16, Vec<u8>),
    Deliver(u64),
    Cancelled(u64),
    Refused(u64),
    Unreadable,
}

/// Methods that matter, more often right than wrong.
fn method() -> impl Strategy<Value = Vec<u8>> {
    let settle = (prop::sample::select(vec![80u8, 90, 120]), 0u64..12, 0u8..4)
        .prop_map(|(method, tag, bits)| [&[0, 60, 0, method], &tag.to_be_bytes()[..], &[bits]].concat());
    let qos = (0u8..4, 0u8..2).prop_map(|(count, global)| vec![0, 60, 0, 10, 0, 0, 0, 0, 0, count, global]);
    let consume = (0u8..3, 0u8..2).prop_map(|(tag, no_ack)| {
        vec![
            0,
            60,
            0,
            20,
            0,
            0,
            1,
            b'q',
            1,
            b'a' + tag,
            no_ack << 1,
            0,
            0,
            0,
            0,
        ]
    });
    let cancel = (0u8..3).prop_map(|tag| vec![0, 60, 0, 30, 1, b'a' + tag, 0]);
    let fixed = prop::sample::select(vec![
        vec![0, 20, 0, 10, 0],
        vec![0, 20, 0, 20, 0],
        vec![0, 20, 0, 20, 1],
        vec![0, 20, 0, 40, 0, 0, 0, 0, 0, 0, 0],
        vec![0, 20, 0, 41],
        vec![0, 60, 0, 110, 1],
        vec![0, 60, 0, 40, 0],
        vec![0, 50, 0, 10, 0, 0, 1, b'q', 1, 0, 0, 0, 0],
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![8 => settle, 2 => qos, 6 => consume, 2 => cancel, 3 => fixed, 1 => noise]
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![FrameKind::Header, FrameKind::Body, FrameKind::Heartbeat]);
    prop_oneof![
        20 => (1u16..3, method()).prop_map(|(channel, payload)| Step::Method(channel, payload)),
        12 => (0u64..8).prop_map(Step::Deliver),
        2 => (0u64..8).prop_map(Step::Cancelled),
        1 => (0u64..8).prop_map(Step::Refused),
        1 => (kind, 0u16..3, prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(kind, channel, payload)| Step::Raw(kind, channel, payload)),
        1 => Just(Step::Unreadable),
    ]
}

/// The driver's side of the bargain, with a ledger.
struct Ledger {
    peer: Peer,
    next_delivery: u64,
    live: BTreeSet<ConsumerId>,
    held: BTreeMap<DeliveryId, ConsumerId>,
    pending: Option<ConsumerId>,
}

impl Ledger {
    fn carry_out(&mut self) {
        let mut settlements = Vec::new();
        self.peer.machine.swap_settlements(&mut settlements);
        for settlement in settlements {
            assert!(self.live.contains(&settlement.consumer), "settled after the drop");
            let holder = self.held.remove(&settlement.delivery);
            assert_eq!(holder, Some(settlement.consumer), "settled twice, or by another");
        }
        for seen in self.peer.seen() {
            match seen {
                Seen::Drop(consumer) => {
                    assert!(self.live.remove(&consumer), "dropped twice");
                    self.held.retain(|_, holder| *holder != consumer);
                }
                Seen::Stop(consumer) | Seen::Replenished(consumer) => assert!(self.live.contains(&consumer)),
                Seen::Consume(consumer, _, _) => self.pending = Some(consumer),
                _ => {}
            }
        }
        self.answer();
    }

    fn answer(&mut self) {
        let Some(consumer) = self.pending.take() else {
            self.peer
                .machine
                .on_answer(Answer::Inspected(Ok(QueueStatus::default())));
            return;
        };
        let result = if consumer.0.is_multiple_of(5) {
            Err(ConsumeError::NotFound)
        } else {
            Ok(())
        };
        if result.is_ok() {
            self.live.insert(consumer);
        }
        self.peer.machine.on_answer(Answer::Consumed(result));
        self.carry_out();
    }

    fn deliver(&mut self, consumer: ConsumerId) {
        if self.peer.machine.room(consumer) == 0 {
            return;
        }
        self.next_delivery += 1;
        let delivery = DeliveryId(self.next_delivery);
        if self.peer.machine.deliver(consumer, delivery).is_some() {
            assert!(self.live.contains(&consumer));
            self.held.insert(delivery, consumer);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Method(channel, payload) => self.frame(FrameKind::Method, channel, payload),
            Step::Raw(kind, channel, payload) => self.frame(kind, channel, payload),
            Step::Deliver(consumer) => self.deliver(ConsumerId(consumer)),
            Step::Cancelled(consumer) => self.peer.machine.on_cancelled(ConsumerId(consumer)),
            Step::Refused(consumer) => self
                .peer
                .machine
                .refuse_delivery(ConsumerId(consumer), "no".into()),
            Step::Unreadable => self.peer.machine.on_unreadable(&FrameFault::UnknownType(9)),
        }
        self.carry_out();
        assert!(!self.peer.machine.is_waiting());
        assert_eq!(self.peer.machine.counts().consumers, self.live.len());
        assert_eq!(self.peer.machine.counts().unacked, self.held.len());
    }

    fn frame(&mut self, kind: FrameKind, channel: u16, payload: Vec<u8>) {
        self.peer.machine.on_frame(&Frame {
            kind,
            channel,
            payload: payload.into(),
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_delivery_and_every_consumer_ends_exactly_once(steps in prop::collection::vec(step(), 0..60)) {
        let limits =
            Limits { max_unacked_per_channel: 6, max_unacked_per_connection: 9, ..Limits::default() };
        let mut peer = Peer::with(limits);
        peer.handshake(2);
        let mut ledger = Ledger {
            peer, next_delivery: 0, live: BTreeSet::new(), held: BTreeMap::new(), pending: None,
        };
        for step in steps {
            ledger.step(step);
        }
        let close = connection::AMQPMethod::Close(connection::Close::default());
        let (close, _) = gen_class(&AMQPClass::Connection(close))(Vec::new().into()).unwrap().into_inner();
        ledger.frame(FrameKind::Method, 0, close);
        ledger.carry_out();
        prop_assert!(ledger.live.is_empty() && ledger.held.is_empty());
    }

    #[test]
    fn frames_before_authentication_never_panic(
        frames in prop::collection::vec((0u8..4, 0u16..3, prop::collection::vec(any::<u8>(), 0..40)), 0..10),
    ) {
        let mut peer = Peer::with(Limits::default());
        peer.machine.on_protocol_header();
        for (kind, channel, payload) in frames {
            let kinds = [FrameKind::Method, FrameKind::Header, FrameKind::Body, FrameKind::Heartbeat];
            let kind = kinds[usize::from(kind)];
            peer.frame(kind, channel, payload);
        }
    }
}
