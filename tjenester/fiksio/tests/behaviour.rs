//! What Fiks IO promises on both engines: rules and SQL together, through its handle, with a clock that the tests
//! move.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

#[path = "behaviour/adresser.rs"]
mod adresser;
#[path = "behaviour/koer.rs"]
mod koer;
#[path = "behaviour/konflikter.rs"]
mod konflikter;
#[path = "behaviour/kontoer.rs"]
mod kontoer;
#[path = "behaviour/manuell.rs"]
mod manuell;
#[path = "behaviour/payload.rs"]
mod payload;
#[path = "behaviour/sending.rs"]
mod sending;
#[path = "behaviour/slutt.rs"]
mod slutt;
#[path = "behaviour/tilgang.rs"]
mod tilgang;
