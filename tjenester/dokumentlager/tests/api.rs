//! The HTTP API: statuses, headers and bodies as they leave (dokumentlager §7, §12).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

#[path = "api/client.rs"]
mod client;
#[path = "api/nedlasting.rs"]
mod nedlasting;
#[path = "api/refusals.rs"]
mod refusals;
