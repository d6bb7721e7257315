//! Receiving: the konto's queue over AMQP (fiks-io §8).
//!
//! Invariant: a message leaves the queue only by [`MottattMelding::ack`] or [`MottattMelding::nack`]. Whatever else
//! happens (an error, a drop, a lost connection, a crash), it is delivered again, or, after three tries, its sender
//! told (fiks-io §8.5).

mod amqp;
mod broker;
mod filer;
mod hode;
mod innhold;
mod mottaker;
mod mottatt;
mod socket;

pub use filer::{MottattFil, MottatteFiler, SkrevneFiler};
pub use hode::Meldingshode;
pub use mottaker::Mottaker;
pub use mottatt::MottattMelding;

pub(crate) use amqp::Amqp;
