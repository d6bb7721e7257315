//! The machine against every rule, without sockets.

mod channels;
mod chaos;
mod consuming;
mod handshake;
mod settling;

use std::sync::Arc;

use amq_protocol::protocol::{AMQPClass, basic, channel, connection, gen_class, queue};
use bytes::Bytes;
use secrecy::ExposeSecret;

use super::{Answer, Call, ConsumerId, Effect, LoginFault, Machine, Settlement};
use crate::{
    codec::{Frame, FrameKind},
    delivery::{DeliveryId, Outcome},
    identity::Identity,
    limits::Limits,
};

/// What the peer sees, and what the endpoint is told to do.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Header,
    Method(u16, AMQPClass),
    Authenticate(String, String),
    Renew(String),
    Consume(ConsumerId, String, bool),
    Inspect(String),
    Tune(u32, u16, u16),
    Established,
    Replenished(ConsumerId),
    Stop(ConsumerId),
    Drop(ConsumerId),
    HangUp,
}

struct Peer {
    machine: Machine,
}

impl Peer {
    /// Nothing said yet.
    fn with(limits: Limits) -> Self {
        let identity = Identity {
            product: "test".into(),
            version: "1".into(),
        };
        Self {
            machine: Machine::new(Arc::new(limits), Arc::new(identity), 0xabc),
        }
    }

    /// Through the handshake, with channel 1 open.
    fn running_with(limits: Limits) -> Self {
        let mut peer = Self::with(limits);
        peer.handshake(1);
        peer
    }

    fn running() -> Self {
        Self::running_with(Limits::default())
    }

    fn handshake(&mut self, channels: u16) {
        self.machine.on_protocol_header();
        self.connection(connection::AMQPMethod::StartOk(start_ok(true)));
        self.answer(Answer::Authenticated(Ok(())));
        self.connection(tune_ok(0, 0, 60));
        self.connection(open("/"));
        for id in 1..=channels {
            self.channel(id, channel::AMQPMethod::Open(channel::Open {}));
        }
        self.seen();
    }

    fn frame(&mut self, kind: FrameKind, channel: u16, payload: impl Into<Bytes>) -> Vec<Seen> {
        self.machine.on_frame(&Frame {
            kind,
            channel,
            payload: payload.into(),
        });
        self.seen()
    }

    fn method(&mut self, channel: u16, class: &AMQPClass) -> Vec<Seen> {
        let payload = gen_class(class)(Vec::new().into()).unwrap().into_inner().0;
        self.frame(FrameKind::Method, channel, payload)
    }

    fn connection(&mut self, method: connection::AMQPMethod) -> Vec<Seen> {
        self.method(0, &AMQPClass::Connection(method))
    }

    fn channel(&mut self, id: u16, method: channel::AMQPMethod) -> Vec<Seen> {
        self.method(id, &AMQPClass::Channel(method))
    }

    fn basic(&mut self, channel: u16, method: basic::AMQPMethod) -> Vec<Seen> {
        self.method(channel, &AMQPClass::Basic(method))
    }

    fn answer(&mut self, answer: Answer) -> Vec<Seen> {
        self.machine.on_answer(answer);
        self.seen()
    }

    fn seen(&mut self) -> Vec<Seen> {
        let mut effects = Vec::new();
        self.machine.swap_effects(&mut effects);
        effects.into_iter().filter_map(seen).collect()
    }

    fn settlements(&mut self) -> Vec<(u64, Outcome, u64)> {
        let mut settlements = Vec::new();
        self.machine.swap_settlements(&mut settlements);
        settlements
            .into_iter()
            .map(
                |Settlement {
                     consumer,
                     outcome,
                     delivery,
                 }| (consumer.0, outcome, delivery.0),
            )
            .collect()
    }

    /// Starts a consumer that the back end accepts.
    fn consume(&mut self, channel: u16, tag: &str) -> ConsumerId {
        self.consume_with(
            channel,
            basic::Consume {
                consumer_tag: tag.into(),
                ..consume("q")
            },
        )
    }

    fn consume_with(&mut self, channel: u16, consume: basic::Consume) -> ConsumerId {
        let seen = self.basic(channel, basic::AMQPMethod::Consume(consume));
        let [Seen::Consume(consumer, _, _)] = seen[..] else {
            panic!("{seen:?}")
        };
        self.answer(Answer::Consumed(Ok(())));
        consumer
    }

    /// Sends as many deliveries as there is room for, at most `count`; gives their tags.
    fn deliver(&mut self, consumer: ConsumerId, count: u64) -> Vec<u64> {
        let mut tags = Vec::new();
        for id in 0..count {
            if self.machine.room(consumer) == 0 {
                break;
            }
            let ticket = self
                .machine
                .deliver(consumer, DeliveryId(100 * consumer.0 + id))
                .unwrap();
            tags.push(ticket.delivery_tag);
        }
        tags
    }

    fn ack(&mut self, channel: u16, delivery_tag: u64, multiple: bool) -> Vec<Seen> {
        self.basic(
            channel,
            basic::AMQPMethod::Ack(basic::Ack {
                delivery_tag,
                multiple,
            }),
        )
    }

    fn qos(&mut self, channel: u16, prefetch_count: u16, global: bool) -> Vec<Seen> {
        self.basic(
            channel,
            basic::AMQPMethod::Qos(basic::Qos {
                prefetch_count,
                global,
            }),
        )
    }
}

fn seen(effect: Effect) -> Option<Seen> {
    Some(match effect {
        Effect::SendProtocolHeader => Seen::Header,
        Effect::Send { channel, method } => Seen::Method(channel, *method),
        Effect::Authenticate { username, secret } => {
            Seen::Authenticate(username, secret.expose_secret().to_owned())
        }
        Effect::Call(Call::Renew { secret }) => Seen::Renew(secret.expose_secret().to_owned()),
        Effect::Call(Call::Consume {
            consumer,
            queue,
            options,
        }) => Seen::Consume(consumer, queue, options.no_ack),
        Effect::Call(Call::Inspect { queue }) => Seen::Inspect(queue),
        Effect::Tune(tuning) => Seen::Tune(tuning.frame_max, tuning.channel_max, tuning.heartbeat),
        Effect::Established => Seen::Established,
        Effect::Replenished(consumer) => Seen::Replenished(consumer),
        Effect::Stop(consumer) => Seen::Stop(consumer),
        Effect::Drop(consumer) => Seen::Drop(consumer),
        Effect::HangUp => Seen::HangUp,
        // Always beside a `close` that says the same.
        Effect::Fault { .. } => return None,
    })
}

fn start_ok(capable: bool) -> connection::StartOk {
    use amq_protocol::types::{AMQPValue, FieldTable};
    let mut capabilities = FieldTable::default();
    for name in ["authentication_failure_close", "consumer_cancel_notify"] {
        capabilities.insert(name.into(), AMQPValue::Boolean(capable));
    }
    let mut client_properties = FieldTable::default();
    client_properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
    connection::StartOk {
        client_properties,
        mechanism: "PLAIN".into(),
        response: "\0user\0password token".into(),
        locale: "en_US".into(),
    }
}

fn tune_ok(frame_max: u32, channel_max: u16, heartbeat: u16) -> connection::AMQPMethod {
    connection::AMQPMethod::TuneOk(connection::TuneOk {
        channel_max,
        frame_max,
        heartbeat,
    })
}

fn open(vhost: &str) -> connection::AMQPMethod {
    connection::AMQPMethod::Open(connection::Open {
        virtual_host: vhost.into(),
    })
}

fn consume(queue: &str) -> basic::Consume {
    basic::Consume {
        queue: queue.into(),
        ..basic::Consume::default()
    }
}

/// `connection.close` as sent by the machine.
fn connection_close(code: u16, text: &str, class_id: u16, method_id: u16) -> Seen {
    let close = connection::Close {
        reply_code: code,
        reply_text: text.into(),
        class_id,
        method_id,
    };
    Seen::Method(0, AMQPClass::Connection(connection::AMQPMethod::Close(close)))
}

/// `channel.close` as sent by the machine.
fn channel_close(channel: u16, code: u16, text: &str, class_id: u16, method_id: u16) -> Seen {
    let close = channel::Close {
        reply_code: code,
        reply_text: text.into(),
        class_id,
        method_id,
    };
    Seen::Method(channel, AMQPClass::Channel(channel::AMQPMethod::Close(close)))
}

fn sent_connection(method: connection::AMQPMethod) -> Seen {
    Seen::Method(0, AMQPClass::Connection(method))
}

fn sent_channel(id: u16, method: channel::AMQPMethod) -> Seen {
    Seen::Method(id, AMQPClass::Channel(method))
}

fn sent_basic(id: u16, method: basic::AMQPMethod) -> Seen {
    Seen::Method(id, AMQPClass::Basic(method))
}

fn sent_queue(id: u16, method: queue::AMQPMethod) -> Seen {
    Seen::Method(id, AMQPClass::Queue(method))
}

fn close_ok() -> connection::AMQPMethod {
    connection::AMQPMethod::CloseOk(connection::CloseOk {})
}
