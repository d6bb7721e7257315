//! The connection's state machine: whatever arrives in whatever order, every delivery and every consumer ends
//! exactly once.
#![no_main]

use std::sync::Arc;

use fiks_amqp::codec::FrameKind;
use fiks_amqp::connection::ledger::{Ledger, Step};
use fiks_amqp::connection::{ConsumerId, Machine};
use fiks_amqp::{Identity, Limits};
use fiks_amqp_fuzz as say;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// One connection's life.
#[derive(Debug, Arbitrary)]
struct Life {
    /// Through the handshake, with two open channels, before the events; else the fuzzer shakes hands itself.
    is_running: bool,
    knows_cancel: bool,
    events: Vec<Event>,
}

/// Mostly what clients do, so that the fuzzer gets far; the rest is noise.
#[derive(Debug, Arbitrary)]
enum Event {
    ProtocolHeader,
    StartOk {
        knows_cancel: bool,
    },
    TuneOk,
    Open,
    ChannelOpen {
        channel: u8,
    },
    ChannelClose {
        channel: u8,
    },
    ChannelCloseOk {
        channel: u8,
    },
    Flow {
        channel: u8,
        active: bool,
    },
    Qos {
        channel: u8,
        count: u8,
        global: bool,
    },
    Consume {
        channel: u8,
        tag: u8,
        bits: u8,
    },
    Cancel {
        channel: u8,
        tag: u8,
        no_wait: bool,
    },
    Ack {
        channel: u8,
        tag: u8,
        bits: u8,
    },
    Reject {
        channel: u8,
        tag: u8,
        bits: u8,
    },
    Nack {
        channel: u8,
        tag: u8,
        bits: u8,
    },
    Method {
        channel: u8,
        class: u8,
        method: u8,
        arguments: Vec<u8>,
    },
    Content {
        channel: u8,
        is_header: bool,
        payload: Vec<u8>,
    },
    Heartbeat {
        channel: u8,
        payload: Vec<u8>,
    },
    Deliver {
        consumer: u8,
    },
    Cancelled {
        consumer: u8,
    },
    Refused {
        consumer: u8,
    },
    Unreadable,
}

fuzz_target!(|life: Life| {
    let limits = Limits {
        max_channels: 3,
        max_consumers_per_channel: 3,
        max_consumers_per_connection: 4,
        max_unacked_per_channel: 6,
        max_unacked_per_connection: 9,
        ..Limits::default()
    };
    let identity = Identity {
        product: "fuzz".into(),
        version: "1".into(),
    };
    let mut ledger = Ledger::new(Machine::new(Arc::new(limits), Arc::new(identity), 7));
    if life.is_running {
        handshake(&mut ledger, life.knows_cancel);
    }
    for event in life.events {
        ledger.step(step(event));
    }
    ledger.close();
});

fn handshake(ledger: &mut Ledger, knows_cancel: bool) {
    let shake = [
        Event::ProtocolHeader,
        Event::StartOk { knows_cancel },
        Event::TuneOk,
        Event::Open,
        Event::ChannelOpen { channel: 1 },
        Event::ChannelOpen { channel: 2 },
    ];
    for event in shake {
        ledger.step(step(event));
    }
}

fn step(event: Event) -> Step {
    let consumer = |id: u8| ConsumerId(u64::from(id % 16));
    match event {
        Event::ProtocolHeader => Step::ProtocolHeader,
        Event::Deliver { consumer: id } => Step::Deliver(consumer(id)),
        Event::Cancelled { consumer: id } => Step::Cancelled(consumer(id)),
        Event::Refused { consumer: id } => Step::Refused(consumer(id)),
        Event::Unreadable => Step::Unreadable,
        Event::Heartbeat { channel, payload } => frame(FrameKind::Heartbeat, channel, payload),
        Event::Content {
            channel,
            is_header: true,
            payload,
        } => frame(FrameKind::Header, channel, payload),
        Event::Content { channel, payload, .. } => frame(FrameKind::Body, channel, payload),
        other => {
            let (channel, payload) = method(other);
            frame(FrameKind::Method, channel, payload)
        }
    }
}

/// Channels 0 to 4: one more than there may be.
fn frame(kind: FrameKind, channel: u8, payload: Vec<u8>) -> Step {
    Step::Frame(kind, u16::from(channel % 5), payload)
}

fn method(event: Event) -> (u8, Vec<u8>) {
    match event {
        Event::StartOk { knows_cancel } => (0, say::start_ok(knows_cancel)),
        Event::TuneOk => (0, say::TUNE_OK.to_vec()),
        Event::Open => (0, say::OPEN.to_vec()),
        Event::ChannelOpen { channel } => (channel, say::CHANNEL_OPEN.to_vec()),
        Event::ChannelClose { channel } => (channel, say::CHANNEL_CLOSE.to_vec()),
        Event::ChannelCloseOk { channel } => (channel, say::CHANNEL_CLOSE_OK.to_vec()),
        Event::Flow { channel, active } => (channel, say::flow(active)),
        Event::Qos {
            channel,
            count,
            global,
        } => (channel, say::qos(count % 8, global)),
        Event::Consume { channel, tag, bits } => (channel, say::consume(tag, bits)),
        Event::Cancel {
            channel,
            tag,
            no_wait,
        } => (channel, say::cancel(tag, no_wait)),
        Event::Ack { channel, tag, bits } => (channel, say::settle(80, u64::from(tag % 16), bits)),
        Event::Reject { channel, tag, bits } => (channel, say::settle(90, u64::from(tag % 16), bits)),
        Event::Nack { channel, tag, bits } => (channel, say::settle(120, u64::from(tag % 16), bits)),
        Event::Method {
            channel,
            class,
            method,
            arguments,
        } => (channel, [&[0, class, 0, method][..], &arguments].concat()),
        _ => (0, Vec::new()),
    }
}
