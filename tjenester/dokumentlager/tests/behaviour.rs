//! What the service promises on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

#[path = "behaviour/damage.rs"]
mod damage;
#[path = "behaviour/expiry.rs"]
mod expiry;
#[path = "behaviour/exposure.rs"]
mod exposure;
#[path = "behaviour/kontoer.rs"]
mod kontoer;
#[path = "behaviour/storing.rs"]
mod storing;
#[path = "behaviour/sweep.rs"]
mod sweep;
#[path = "behaviour/unsure.rs"]
mod unsure;
