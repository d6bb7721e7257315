//! What Fiks IO promises on both engines: rules and SQL together, through its handle, with a clock that the tests
//! move.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/ground.rs"]
mod ground;
mod support;

mod adresser;
mod koer;
mod konflikter;
mod kontoer;
mod manuell;
mod payload;
mod sending;
mod slutt;
mod tilgang;
