#![doc = include_str!("../README.md")]

pub mod amqp;
pub mod api;
mod egenskaper;
pub mod errors;
pub mod handle;
pub mod jobs;
pub mod ko;
pub mod model;
mod store;

pub use api::router;
pub use errors::{FiksioError, kinds::ALL as ERRORS};
pub use handle::{Fiksio, Grunn};
pub use store::melding::LagretMelding;
pub use store::migrations;
