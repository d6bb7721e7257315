//! The queues at work: memory ([`crate::model::ko`]) and table (`store::melding`) kept in step.
//!
//! Order that must not change: a message is stored before memory hears of it, and its end is stored before memory
//! forgets it. So whatever is lost with the process was either not acknowledged or is still in the table.

mod broker;
mod ende;
mod henting;
mod konto_ko;
mod merking;
mod utlop;

pub use broker::Broker;
pub use konto_ko::{Konsument, Levering};
