//! The protocol as a state machine: frames and answers in, effects out. No sockets, no clock, no waiting.
//!
//! Invariants, whatever frames arrive:
//! * a delivery handed to [`Machine::deliver`] ends in exactly one [`Settlement`] or with its consumer's
//!   [`Effect::Drop`];
//! * each consumer that was started ends in exactly one [`Effect::Drop`];
//! * memory is bounded by [`Limits`]; nothing is kept for channels that are closed.

mod channel;
mod channels;
mod consuming;
mod effect;
mod handshake;
#[cfg(any(test, fuzzing))]
pub mod ledger;
mod sasl;
mod settling;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, mem, sync::Arc};

use amq_protocol::{
    protocol::{AMQPClass, channel as channel_class, connection as connection_class},
    types::ShortString,
};

use self::channel::{Channel, Consumer, Unacked};
pub use self::{
    consuming::Ticket,
    effect::{Answer, Call, ConsumerId, Effect, LoginFault, Settlement, Tuning},
};
use crate::{
    codec::{
        Frame, FrameFault, FrameKind, Method, MethodFault, MethodId,
        method::{self, CONNECTION_CLOSE, CONNECTION_CLOSE_OK},
    },
    identity::Identity,
    limits::Limits,
    reply::{Closure, ReplyCode},
};

/// One connection's protocol state.
#[derive(Debug)]
pub struct Machine {
    limits: Arc<Limits>,
    identity: Arc<Identity>,
    phase: Phase,
    client: Client,
    tuning: Tuning,
    pending: Option<Pending>,
    channels: BTreeMap<u16, Channel>,
    consumers: BTreeMap<ConsumerId, Consumer>,
    /// Deliveries without an answer, on all channels.
    unacked: usize,
    last_consumer: u64,
    tags: TagSource,
    effects: Vec<Effect>,
    settlements: Vec<Settlement>,
    /// Memory for [`settling`], empty between frames.
    taken: Vec<Unacked>,
}

/// How far the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has arrived.
    Header,
    /// `start` is sent.
    Starting,
    /// `tune` is sent.
    Tuning,
    /// `tune-ok` has arrived.
    Opening,
    /// Channels may be opened.
    Running,
    /// `close` is sent, `close-ok` is awaited.
    Closing,
    /// Nothing more is said or heard.
    Closed,
}

/// What is known about the peer.
#[derive(Debug, Default)]
struct Client {
    username: String,
    cancel_notify: bool,
    failure_close: bool,
}

/// Which call waits for an answer, with what the answer needs.
#[derive(Debug)]
enum Pending {
    Authenticate {
        username: String,
    },
    Renew,
    Consume {
        consumer: ConsumerId,
        tag: ShortString,
        queue: String,
        no_ack: bool,
        channel: u16,
        silent: bool,
    },
    Inspect {
        queue: String,
        channel: u16,
        silent: bool,
    },
}

/// Makes consumer tags that no other connection makes: clients re-use the tags of a lost connection on the
/// next one.
#[derive(Debug)]
struct TagSource {
    nonce: u128,
    made: u64,
}

/// Something went wrong; the code decides whether it ends the channel or the connection.
#[derive(Debug)]
struct Fault {
    code: ReplyCode,
    explanation: Cow<'static, str>,
    method: MethodId,
}

impl Fault {
    fn new(code: ReplyCode, explanation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            explanation: explanation.into(),
            method: MethodId::default(),
        }
    }

    fn at(self, method: MethodId) -> Self {
        Self { method, ..self }
    }
}

impl From<MethodFault> for Fault {
    fn from(fault: MethodFault) -> Self {
        let explanation = fault.to_string();
        match fault {
            MethodFault::Incomplete => Self::new(ReplyCode::FrameError, explanation),
            MethodFault::Unknown(method) => Self::new(ReplyCode::CommandInvalid, explanation).at(method),
            MethodFault::Malformed(method) => Self::new(ReplyCode::SyntaxError, explanation).at(method),
        }
    }
}

/// Totals for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Open channels.
    pub channels: usize,
    /// Consumers, cancelled ones with outstanding deliveries included.
    pub consumers: usize,
    /// Deliveries without an answer.
    pub unacked: usize,
}

impl Machine {
    /// A machine that waits for the protocol header. `nonce` must be random: it makes generated consumer tags
    /// unique.
    pub fn new(limits: Arc<Limits>, identity: Arc<Identity>, nonce: u128) -> Self {
        let tuning = Tuning {
            frame_max: limits.handshake_frame_max,
            channel_max: limits.max_channels,
            heartbeat: 0,
        };
        Self {
            limits,
            identity,
            phase: Phase::Header,
            client: Client::default(),
            tuning,
            pending: None,
            channels: BTreeMap::new(),
            consumers: BTreeMap::new(),
            unacked: 0,
            last_consumer: 0,
            tags: TagSource { nonce, made: 0 },
            effects: Vec::new(),
            settlements: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// The right protocol header has arrived.
    pub fn on_protocol_header(&mut self) {
        if self.phase == Phase::Header {
            self.start();
        }
    }

    /// Takes one frame. Not to be called while [`Machine::is_waiting`].
    pub fn on_frame(&mut self, frame: &Frame) {
        match self.phase {
            Phase::Header | Phase::Closed => {}
            Phase::Closing => self.closing_frame(frame),
            _ if self.pending.is_some() => {
                self.close_connection(&Fault::new(ReplyCode::InternalError, "frame taken out of turn"));
            }
            Phase::Running if frame.channel != 0 => self.on_channel_frame(frame),
            _ => {
                if let Err(fault) = self.connection_frame(frame) {
                    self.close_connection(&fault);
                }
            }
        }
    }

    /// The input is no AMQP, or no longer. Nothing can be read after this.
    pub fn on_unreadable(&mut self, fault: &FrameFault) {
        match (self.phase, fault) {
            (Phase::Closed, _) => return,
            (_, FrameFault::ProtocolHeader) => self.effects.push(Effect::SendProtocolHeader),
            (Phase::Closing, _) => {}
            _ => self.close_connection(&Fault::new(ReplyCode::FrameError, fault.to_string())),
        }
        self.hang_up();
    }

    /// Takes the back end's answer to the open call. An answer to a call that is not open any more is
    /// ignored.
    pub fn on_answer(&mut self, answer: Answer) {
        match (self.pending.take(), answer) {
            (Some(Pending::Authenticate { username }), Answer::Authenticated(result)) => {
                self.on_authenticated(username, result);
            }
            (Some(Pending::Renew), Answer::Renewed(result)) => self.on_renewed(result),
            (
                Some(Pending::Consume {
                    consumer,
                    tag,
                    queue,
                    no_ack,
                    channel,
                    silent,
                }),
                Answer::Consumed(result),
            ) => {
                let started = Consumer::new(channel, tag, no_ack);
                self.on_consumed(consumer, started, &queue, silent, result);
            }
            (
                Some(Pending::Inspect {
                    queue,
                    channel,
                    silent,
                }),
                Answer::Inspected(result),
            ) => {
                self.on_inspected(channel, queue, silent, result);
            }
            (pending, _) => self.pending = pending,
        }
    }

    /// Closes the connection for a reason of the server's own.
    pub fn close(&mut self, closure: &Closure) {
        match self.phase {
            Phase::Header => self.hang_up(),
            Phase::Closing | Phase::Closed => {}
            _ => self.close_connection(&Fault::new(closure.code, closure.explanation.clone())),
        }
    }

    /// Whether a call to the back end is open: frames must wait.
    pub fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether [`Machine::swap_effects`] would give something.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Exchanges the list of effects with an empty one, so that both keep their memory.
    pub fn swap_effects(&mut self, empty: &mut Vec<Effect>) {
        mem::swap(&mut self.effects, empty);
    }

    /// Exchanges the list of settlements likewise. To be carried out before any effect.
    pub fn swap_settlements(&mut self, empty: &mut Vec<Settlement>) {
        mem::swap(&mut self.settlements, empty);
    }

    /// Totals of this connection.
    pub fn counts(&self) -> Counts {
        Counts {
            channels: self.channels.len(),
            consumers: self.consumers.len(),
            unacked: self.unacked,
        }
    }

    /// The user name that was authenticated, empty before.
    pub fn username(&self) -> &str {
        &self.client.username
    }

    /// Gives back memory that is only used while frames flow.
    pub(crate) fn release(&mut self) {
        self.effects.shrink_to_fit();
        self.settlements.shrink_to_fit();
        self.taken.shrink_to_fit();
    }

    fn connection_frame(&mut self, frame: &Frame) -> Result<(), Fault> {
        if frame.channel != 0 {
            return Err(Fault::new(
                ReplyCode::ChannelError,
                "channel used before connection.open",
            ));
        }
        match frame.kind {
            FrameKind::Heartbeat if frame.payload.is_empty() => Ok(()),
            FrameKind::Heartbeat => Err(Fault::new(ReplyCode::FrameError, "heartbeat with a payload")),
            FrameKind::Header | FrameKind::Body => Err(Fault::new(
                ReplyCode::UnexpectedFrame,
                "content frame on channel 0",
            )),
            FrameKind::Method => {
                let (id, method) = method::decode(&frame.payload)?;
                self.connection_method(method).map_err(|fault| fault.at(id))
            }
        }
    }

    fn connection_method(&mut self, method: Method) -> Result<(), Fault> {
        match (self.phase, method) {
            (_, Method::ConnectionClose) => {
                self.client_closes();
                Ok(())
            }
            (Phase::Starting, Method::StartOk(start_ok)) => self.on_start_ok(&start_ok),
            (Phase::Tuning, Method::TuneOk(tune_ok)) => self.on_tune_ok(&tune_ok),
            (Phase::Opening, Method::ConnectionOpen(open)) => self.on_open(&open),
            (Phase::Running, Method::UpdateSecret(update)) => self.on_update_secret(&update),
            (phase, _) => {
                let state = phase.name();
                Err(Fault::new(
                    ReplyCode::ChannelError,
                    format!("unexpected method in connection state {state}"),
                ))
            }
        }
    }

    /// After `close` was sent nothing is read but the numbers of the closing dance.
    fn closing_frame(&mut self, frame: &Frame) {
        if frame.channel != 0 || frame.kind != FrameKind::Method {
            return;
        }
        match method::method_id(&frame.payload) {
            Some(CONNECTION_CLOSE) => self.client_closes(),
            Some(CONNECTION_CLOSE_OK) => self.hang_up(),
            _ => {}
        }
    }

    fn client_closes(&mut self) {
        self.drop_everything();
        let close_ok = connection_class::AMQPMethod::CloseOk(connection_class::CloseOk {});
        self.send(0, AMQPClass::Connection(close_ok));
        self.hang_up();
    }

    fn close_connection(&mut self, fault: &Fault) {
        self.drop_everything();
        self.effects.push(Effect::Fault {
            channel: 0,
            code: fault.code,
        });
        let close = connection_class::AMQPMethod::Close(connection_class::Close {
            reply_code: fault.code.number(),
            reply_text: fault.code.text(&fault.explanation),
            class_id: fault.method.class,
            method_id: fault.method.method,
        });
        self.send(0, AMQPClass::Connection(close));
        self.phase = Phase::Closing;
    }

    fn hang_up(&mut self) {
        self.drop_everything();
        self.phase = Phase::Closed;
        self.effects.push(Effect::HangUp);
    }

    /// Ends the channel or, for a hard code, the connection.
    fn fail(&mut self, channel: u16, fault: &Fault) {
        if fault.code.is_hard() {
            return self.close_connection(fault);
        }
        self.release_channel(channel);
        self.effects.push(Effect::Fault {
            channel,
            code: fault.code,
        });
        if let Some(state) = self.channels.get_mut(&channel) {
            state.start_closing();
        }
        let close = channel_class::AMQPMethod::Close(channel_class::Close {
            reply_code: fault.code.number(),
            reply_text: fault.code.text(&fault.explanation),
            class_id: fault.method.class,
            method_id: fault.method.method,
        });
        self.send(channel, AMQPClass::Channel(close));
    }

    fn drop_everything(&mut self) {
        self.pending = None;
        self.channels.clear();
        self.unacked = 0;
        let consumers = mem::take(&mut self.consumers);
        self.effects.extend(consumers.into_keys().map(Effect::Drop));
    }

    fn send(&mut self, channel: u16, method: AMQPClass) {
        self.effects.push(Effect::Send {
            channel,
            method: Box::new(method),
        });
    }

    fn call(&mut self, pending: Pending, call: Call) {
        self.pending = Some(pending);
        self.effects.push(Effect::Call(call));
    }
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Header => "waiting for the protocol header",
            Self::Starting => "starting",
            Self::Tuning => "tuning",
            Self::Opening => "opening",
            Self::Running => "running",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}
