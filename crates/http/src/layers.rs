//! What happens around every handler.

pub(crate) mod drain;
pub mod idempotency;
pub(crate) mod render;
