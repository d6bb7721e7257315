//! Methods that a client may send, with their arguments.
//!
//! `ack`, `nack`, `reject` and `qos` are read by hand: the first three arrive once per message, and
//! `amq-protocol` drops the `prefetch-size` of the last. Methods that the endpoint refuses anyway are
//! recognised by their number alone.

use std::fmt;

use amq_protocol::{
    frame::ParserResult,
    protocol::{basic, connection, queue},
};

use super::{nesting::check_table, reader::Reader};
use crate::delivery::Outcome;

/// Class and method number, sent back in `close` methods to say what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MethodId {
    /// Class number, 10 for `connection`.
    pub class: u16,
    /// Number within the class.
    pub method: u16,
}

impl MethodId {
    const fn new(class: u16, method: u16) -> Self {
        Self { class, method }
    }
}

impl fmt::Display for MethodId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.class, self.method)
    }
}

/// `connection.close`.
pub const CONNECTION_CLOSE: MethodId = MethodId::new(10, 50);
/// `connection.close-ok`.
pub const CONNECTION_CLOSE_OK: MethodId = MethodId::new(10, 51);
/// `channel.close`.
pub const CHANNEL_CLOSE: MethodId = MethodId::new(20, 40);
/// `channel.close-ok`.
pub const CHANNEL_CLOSE_OK: MethodId = MethodId::new(20, 41);

/// `queue.declare`.
pub const QUEUE_DECLARE: MethodId = MethodId::new(50, 10);
/// `basic.consume`.
pub const BASIC_CONSUME: MethodId = MethodId::new(60, 20);
/// `basic.deliver`.
pub const BASIC_DELIVER: MethodId = MethodId::new(60, 60);

/// A method with what the endpoint needs of its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// `connection.start-ok`: credentials.
    StartOk(Box<connection::StartOk>),
    /// `connection.tune-ok`: negotiated limits.
    TuneOk(connection::TuneOk),
    /// `connection.open`: choice of virtual host.
    ConnectionOpen(connection::Open),
    /// `connection.update-secret`: a renewed password.
    UpdateSecret(Box<connection::UpdateSecret>),
    /// `connection.close`.
    ConnectionClose,
    /// `connection.close-ok`.
    ConnectionCloseOk,
    /// `channel.open`.
    ChannelOpen,
    /// `channel.flow`: pause or resume deliveries.
    ChannelFlow {
        /// Whether deliveries shall flow.
        active: bool,
    },
    /// `channel.close`.
    ChannelClose,
    /// `channel.close-ok`.
    ChannelCloseOk,
    /// `basic.qos`.
    Qos {
        /// Bytes ahead of answers; only 0 is supported.
        prefetch_size: u32,
        /// Messages ahead of answers, 0 for no limit of the client's.
        prefetch_count: u16,
        /// Per channel when true, else for each later consumer of the channel.
        global: bool,
    },
    /// `basic.consume`.
    Consume(Box<basic::Consume>),
    /// `basic.cancel`.
    Cancel(basic::Cancel),
    /// `basic.cancel-ok`: answer to a cancellation by the server.
    CancelOk,
    /// `basic.ack`, `basic.nack` and `basic.reject`.
    Settle {
        /// Delivery tag, 0 for "all" when `multiple`.
        tag: u64,
        /// Whether all earlier ones are meant too.
        multiple: bool,
        /// What becomes of them.
        outcome: Outcome,
    },
    /// `basic.recover` and `basic.recover-async`.
    Recover {
        /// Whether messages go back to the queue; false is not supported.
        requeue: bool,
        /// Whether an answer is expected.
        answered: bool,
    },
    /// `queue.declare`.
    QueueDeclare(Box<queue::Declare>),
    /// A method that this endpoint does not offer.
    Refused(Refusal),
}

/// Methods of AMQP 0-9-1 that need a broker rather than a delivery endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `basic.publish`.
    Publish,
    /// `basic.get`.
    Get,
    /// Declaring, binding, purging or deleting queues and exchanges.
    Topology,
    /// Class `tx`.
    Transactions,
    /// Class `confirm`.
    Confirms,
}

/// Why a method frame is no method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MethodFault {
    /// Not even the two numbers.
    #[error("method frame without class and method")]
    Incomplete,
    /// No such method, or none that a client sends.
    #[error("unknown or misplaced method {0}")]
    Unknown(MethodId),
    /// The arguments cannot be read.
    #[error("malformed arguments of method {0}")]
    Malformed(MethodId),
}

/// Class and method number of a method frame's payload.
pub fn method_id(payload: &[u8]) -> Option<MethodId> {
    let mut reader = Reader::new(payload);
    Some(MethodId::new(reader.u16()?, reader.u16()?))
}

/// Reads a method frame's payload.
///
/// # Errors
/// [`MethodFault`] when it is not a method that a client may send.
pub fn decode(payload: &[u8]) -> Result<(MethodId, Method), MethodFault> {
    let id = method_id(payload).ok_or(MethodFault::Incomplete)?;
    let arguments = payload.get(4..).unwrap_or_default();
    let method = match id.class {
        10 => connection_method(id, arguments),
        20 => channel_method(id, arguments),
        60 => basic_method(id, arguments),
        _ => other_method(id, arguments),
    }?;
    Ok((id, method))
}

fn connection_method(id: MethodId, arguments: &[u8]) -> Result<Method, MethodFault> {
    match id.method {
        11 => {
            check_table(&mut Reader::new(arguments)).ok_or(MethodFault::Malformed(id))?;
            parsed(id, arguments, connection::parse_start_ok).map(|method| Method::StartOk(Box::new(method)))
        }
        31 => parsed(id, arguments, connection::parse_tune_ok).map(Method::TuneOk),
        40 => parsed(id, arguments, connection::parse_open).map(Method::ConnectionOpen),
        50 => Ok(Method::ConnectionClose),
        51 => Ok(Method::ConnectionCloseOk),
        70 => parsed(id, arguments, connection::parse_update_secret)
            .map(|method| Method::UpdateSecret(Box::new(method))),
        _ => Err(MethodFault::Unknown(id)),
    }
}

fn channel_method(id: MethodId, arguments: &[u8]) -> Result<Method, MethodFault> {
    match id.method {
        10 => Ok(Method::ChannelOpen),
        20 => read(id, arguments, |reader| {
            bits(reader).map(|[active, _]| Method::ChannelFlow { active })
        }),
        40 => Ok(Method::ChannelClose),
        41 => Ok(Method::ChannelCloseOk),
        _ => Err(MethodFault::Unknown(id)),
    }
}

fn basic_method(id: MethodId, arguments: &[u8]) -> Result<Method, MethodFault> {
    match id.method {
        10 => read(id, arguments, qos),
        20 => {
            check_consume(arguments).ok_or(MethodFault::Malformed(id))?;
            parsed(id, arguments, basic::parse_consume).map(|method| Method::Consume(Box::new(method)))
        }
        30 => parsed(id, arguments, basic::parse_cancel).map(Method::Cancel),
        31 => Ok(Method::CancelOk),
        40 => Ok(Method::Refused(Refusal::Publish)),
        70 => Ok(Method::Refused(Refusal::Get)),
        80 => read(id, arguments, ack),
        90 => read(id, arguments, reject),
        100 => read(id, arguments, |reader| recover(reader, false)),
        110 => read(id, arguments, |reader| recover(reader, true)),
        120 => read(id, arguments, nack),
        _ => Err(MethodFault::Unknown(id)),
    }
}

fn other_method(id: MethodId, arguments: &[u8]) -> Result<Method, MethodFault> {
    match (id.class, id.method) {
        (50, 10) => {
            check_declare(arguments).ok_or(MethodFault::Malformed(id))?;
            parsed(id, arguments, queue::parse_declare).map(|method| Method::QueueDeclare(Box::new(method)))
        }
        (40, 10 | 20 | 30 | 40) | (50, 20 | 30 | 40 | 50) => Ok(Method::Refused(Refusal::Topology)),
        (85, 10) => Ok(Method::Refused(Refusal::Confirms)),
        (90, 10 | 20 | 30) => Ok(Method::Refused(Refusal::Transactions)),
        _ => Err(MethodFault::Unknown(id)),
    }
}

/// Runs one of `amq-protocol`'s parsers, which must use all arguments.
fn parsed<'a, T>(
    id: MethodId,
    arguments: &'a [u8],
    parser: fn(&'a [u8]) -> ParserResult<&'a [u8], T>,
) -> Result<T, MethodFault> {
    match parser(arguments) {
        Ok(([], method)) => Ok(method),
        _ => Err(MethodFault::Malformed(id)),
    }
}

/// Runs a reader of our own, which must use all arguments.
fn read(
    id: MethodId,
    arguments: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Option<Method>,
) -> Result<Method, MethodFault> {
    let mut reader = Reader::new(arguments);
    read(&mut reader)
        .filter(|_| reader.is_empty())
        .ok_or(MethodFault::Malformed(id))
}

/// Bits are packed into one octet, the first in the lowest place.
fn bits(reader: &mut Reader<'_>) -> Option<[bool; 2]> {
    reader.u8().map(|octet| [octet & 1 != 0, octet & 2 != 0])
}

fn qos(reader: &mut Reader<'_>) -> Option<Method> {
    let (prefetch_size, prefetch_count) = (reader.u32()?, reader.u16()?);
    let [global, _] = bits(reader)?;
    Some(Method::Qos {
        prefetch_size,
        prefetch_count,
        global,
    })
}

fn ack(reader: &mut Reader<'_>) -> Option<Method> {
    let tag = reader.u64()?;
    let [multiple, _] = bits(reader)?;
    Some(Method::Settle {
        tag,
        multiple,
        outcome: Outcome::Acknowledged,
    })
}

fn nack(reader: &mut Reader<'_>) -> Option<Method> {
    let tag = reader.u64()?;
    let [multiple, requeue] = bits(reader)?;
    Some(Method::Settle {
        tag,
        multiple,
        outcome: unacknowledged(requeue),
    })
}

fn reject(reader: &mut Reader<'_>) -> Option<Method> {
    let tag = reader.u64()?;
    let [requeue, _] = bits(reader)?;
    Some(Method::Settle {
        tag,
        multiple: false,
        outcome: unacknowledged(requeue),
    })
}

fn unacknowledged(requeue: bool) -> Outcome {
    if requeue {
        Outcome::Requeued
    } else {
        Outcome::Discarded
    }
}

fn recover(reader: &mut Reader<'_>, answered: bool) -> Option<Method> {
    let [requeue, _] = bits(reader)?;
    Some(Method::Recover { requeue, answered })
}

/// Reserved number, queue, tag, bits, then the table.
fn check_consume(arguments: &[u8]) -> Option<()> {
    let mut reader = Reader::new(arguments);
    reader.skip(2)?;
    reader.short_string()?;
    reader.short_string()?;
    reader.skip(1)?;
    check_table(&mut reader)
}

/// Reserved number, queue, bits, then the table.
fn check_declare(arguments: &[u8]) -> Option<()> {
    let mut reader = Reader::new(arguments);
    reader.skip(2)?;
    reader.short_string()?;
    reader.skip(1)?;
    check_table(&mut reader)
}

#[cfg(test)]
mod tests;
