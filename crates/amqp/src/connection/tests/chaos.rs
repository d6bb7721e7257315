//! Whatever frames arrive: every delivery ends exactly once, every consumer is dropped exactly once, nothing
//! panics.

use proptest::prelude::*;

use super::*;
use crate::connection::ledger::{Ledger, Step};

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
        20 => (1u16..3, method()).prop_map(|(channel, payload)| Step::Frame(FrameKind::Method, channel, payload)),
        12 => (0u64..8).prop_map(|id| Step::Deliver(ConsumerId(id))),
        2 => (0u64..8).prop_map(|id| Step::Cancelled(ConsumerId(id))),
        1 => (0u64..8).prop_map(|id| Step::Refused(ConsumerId(id))),
        1 => (kind, 0u16..3, prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(kind, channel, payload)| Step::Frame(kind, channel, payload)),
        1 => Just(Step::Unreadable),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_delivery_and_every_consumer_ends_exactly_once(steps in prop::collection::vec(step(), 0..60)) {
        let limits =
            Limits { max_unacked_per_channel: 6, max_unacked_per_connection: 9, ..Limits::default() };
        let mut peer = Peer::with(limits);
        peer.handshake(2);
        let mut ledger = Ledger::new(peer.machine);
        for step in steps {
            ledger.step(step);
        }
        ledger.close();
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
