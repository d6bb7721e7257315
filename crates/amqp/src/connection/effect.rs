//! What the state machine wants done.

use amq_protocol::protocol::AMQPClass;
use secrecy::SecretString;

use crate::{
    backend::{AuthenticateError, ConsumeError, ConsumeOptions, QueueStatus},
    delivery::{DeliveryId, Outcome},
    reply::ReplyCode,
};

/// Names one consumer within a connection; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsumerId(pub u64);

/// A thing to do, in the order given. Settlements come separately and first
/// (`Machine::settlements`).
#[derive(Debug, Clone)]
pub enum Effect {
    /// Send the protocol header that would have been right.
    SendProtocolHeader,
    /// Send a method.
    Send {
        /// Channel, 0 for the connection.
        channel: u16,
        /// Method and arguments.
        method: Box<AMQPClass>,
    },
    /// Ask the back end who this is. Until [`super::Machine::on_answer`] no frame may be given to the
    /// machine.
    Authenticate {
        /// User name.
        username: String,
        /// Password.
        secret: SecretString,
    },
    /// Ask the session. Until [`super::Machine::on_answer`] no frame may be given to the machine.
    Call(Call),
    /// From now on frames may have this size in both directions, and heartbeats this interval.
    Tune(Tuning),
    /// The handshake is over.
    Established,
    /// The consumer has credit again after [`super::Machine::room`] said 0.
    Replenished(ConsumerId),
    /// No more deliveries for the consumer, but keep the subscription for settlements.
    Stop(ConsumerId),
    /// Drop the subscription.
    Drop(ConsumerId),
    /// Something was refused: `close` is being sent on this channel. On channel 0 the peer must answer in
    /// time.
    Fault {
        /// Channel, 0 for the connection.
        channel: u16,
        /// Why.
        code: ReplyCode,
    },
    /// Send what is buffered, then close the socket.
    HangUp,
}

/// A question for the session. At most one is open at a time, [`Effect::Authenticate`] included.
#[derive(Debug, Clone)]
pub enum Call {
    /// Check a renewed password.
    Renew {
        /// New password.
        secret: SecretString,
    },
    /// Start consuming; the subscription is then known by `consumer`.
    Consume {
        /// Id of the consumer to be.
        consumer: ConsumerId,
        /// Queue name.
        queue: String,
        /// Options.
        options: ConsumeOptions,
    },
    /// Look at a queue.
    Inspect {
        /// Queue name.
        queue: String,
    },
}

/// The back end's answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Effect::Authenticate`].
    Authenticated(Result<(), LoginFault>),
    /// To [`Call::Renew`].
    Renewed(Result<(), AuthenticateError>),
    /// To [`Call::Consume`]. On success the caller holds the subscription.
    Consumed(Result<(), ConsumeError>),
    /// To [`Call::Inspect`].
    Inspected(Result<QueueStatus, ConsumeError>),
}

/// Why an authenticated or unauthenticated peer may not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginFault {
    /// The back end said no.
    Back(AuthenticateError),
    /// The user has too many connections; the bound.
    TooManyConnections(usize),
}

/// What `tune-ok` settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// Largest frame in bytes, overhead included.
    pub frame_max: u32,
    /// Highest channel number.
    pub channel_max: u16,
    /// Heartbeat interval in seconds, 0 for none.
    pub heartbeat: u16,
}

/// One delivery that ended by the client's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Whose delivery.
    pub consumer: ConsumerId,
    /// How it ended.
    pub outcome: Outcome,
    /// Which.
    pub delivery: DeliveryId,
}
