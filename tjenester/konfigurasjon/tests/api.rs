//! The HTTP API: the shape of each operation's success, and its refusals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

#[path = "api/autorisasjon.rs"]
mod autorisasjon;
#[path = "api/client.rs"]
mod client;
#[path = "api/document.rs"]
mod document;
#[path = "api/konfigurasjon.rs"]
mod konfigurasjon;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/root.rs"]
mod root;
