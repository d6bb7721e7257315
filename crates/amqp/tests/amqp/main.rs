//! The endpoint with a back end in memory: a foreign client (lapin), and raw sockets for what no client
//! sends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bounds;
mod clients;
mod malformed;
mod memory;
mod raw;
mod setup;
mod throughput;
mod tls;
