#![doc = include_str!("../README.md")]

pub mod error;
pub mod extract;
mod layers;
pub mod server;
mod service;

pub use error::{ApiError, ErrorMessage, OwnErrorBody};
pub use extract::{Authenticated, Json, Path, Query};
pub use layers::idempotency::{IdempotencyClaim, StoredAnswer};
pub use service::{Ground, finish};

/// Every kind of failure of this crate that a caller can see.
pub const ERRORS: &[&fiks_core::ErrorKind] = error::kinds::ALL;
