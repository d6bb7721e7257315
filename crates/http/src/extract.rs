//! Extractors that refuse with the platform's error body.

mod caller;
mod faults;
mod json;
mod parameters;

pub use caller::Authenticated;
pub(crate) use caller::authenticate;
pub use json::{Json, parse as parse_json};
pub use parameters::{Path, Query};
