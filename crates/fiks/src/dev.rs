//! `fiks dev`: everything on one machine, embedded, with two municipalities to play with.
//!
//! Order that must not change: an old `dev.json` goes first; every table, queue and certificate is ready before a
//! port opens; `dev.json` is written last, whole.

mod dev_json;
mod folder;
mod innsikt;
mod keys;
mod ports;
mod seed;
mod serve;
mod testapi;
mod time;

pub use dev_json::DevJson;
pub use ports::Ports;
pub use serve::{Options, published, run};
pub use time::parse_span;
