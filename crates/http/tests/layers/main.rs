//! What holds for every route, seen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod credentials;
mod drain;
mod idempotency;
mod parameters;
mod render;
mod support;
