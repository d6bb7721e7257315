//! What clients see.

use fiks_core::id::{KontoId, MeldingId};
use serde::{Deserialize, Serialize};

/// One thing that one client did or saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since the run began. Only for people: the order of a history is the order of its events.
    pub micros: u64,
    /// What happened.
    #[serde(flatten)]
    pub action: Action,
}

/// What happened. A client notes an attempt before it begins and an outcome after it is known, so whatever stands
/// earlier in a history did not begin after what stands later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Action {
    /// A send begins.
    Send {
        /// Tells this send from all others; it travels with the message.
        mark: u64,
        /// From.
        avsender: KontoId,
        /// To.
        mottaker: KontoId,
        /// Its time may pass within the run.
        short_lived: bool,
    },
    /// A send has ended.
    Sent {
        /// Which.
        mark: u64,
        /// How.
        answer: Answer,
    },
    /// A consumer's connection is open.
    Connected {
        /// Tells this connection from all others.
        connection: u64,
    },
    /// A message was delivered to a consumer.
    Delivered {
        /// By which connection. What lies in a socket's buffer can be read long after the platform has given the
        /// connection up: only what a connection brought before tells how late a delivery is.
        connection: u64,
        /// Whose consumer.
        konto: KontoId,
        /// The message.
        melding: MeldingId,
        /// Its sender's mark.
        mark: u64,
        /// The platform says that it was delivered before.
        redelivered: bool,
    },
    /// The platform has told that an ack, or a nack without requeue, is on disk.
    Flushed {
        /// Of which message.
        melding: MeldingId,
    },
    /// A message from the platform about another message arrived at that one's sender.
    Feedback {
        /// Where it arrived.
        konto: KontoId,
        /// Its own id: the same one may come again.
        melding: MeldingId,
        /// Which message it is about.
        svar_til: MeldingId,
        /// What it says.
        feedback: Feedback,
    },
    /// By the rules, a message must have ended without an ack: its time has passed while nobody had it, or it has
    /// failed three times.
    MustEnd {
        /// Which.
        melding: MeldingId,
    },
    /// A konto's queue was read to its end, and nothing is out at a consumer: what was to come has come.
    Emptied {
        /// Which.
        konto: KontoId,
    },
    /// The platform was killed.
    Killed,
}

/// How a send ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// 202, with this id.
    Accepted(MeldingId),
    /// Any answer that means that nothing was stored.
    Refused,
    /// The connection was lost, or the answer leaves it open: the message may be there or not.
    Unknown,
}

/// What the platform tells a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Feedback {
    /// The time ran out.
    Tidsavbrudd,
    /// Three deliveries failed.
    Serverfeil,
}

/// What all clients saw, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(pub Vec<Event>);

/// A line that is no event.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no event")]
pub struct UnreadableHistory {
    /// Which, from 1.
    pub line: usize,
    source: serde_json::Error,
}

impl History {
    /// Reads lines of JSON; empty lines are passed over.
    pub fn read(text: &str) -> Result<Self, UnreadableHistory> {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, text)| !text.trim().is_empty());
        let event = |(index, text): (usize, &str)| {
            serde_json::from_str(text).map_err(|source| UnreadableHistory {
                line: index + 1,
                source,
            })
        };
        lines.map(event).collect::<Result<_, _>>().map(Self)
    }

    /// One line of JSON for each event.
    pub fn write(&self) -> String {
        let lines = self
            .0
            .iter()
            .filter_map(|event| serde_json::to_string(event).ok());
        lines.map(|line| line + "\n").collect()
    }
}
