//! What the service promises on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

#[path = "behaviour/access.rs"]
mod access;
#[path = "behaviour/integrasjoner.rs"]
mod integrasjoner;
#[path = "behaviour/oppslag.rs"]
mod oppslag;
#[path = "behaviour/organisasjoner.rs"]
mod organisasjoner;
#[path = "behaviour/random.rs"]
mod random;
#[path = "behaviour/replicas.rs"]
mod replicas;
#[path = "behaviour/ressurser.rs"]
mod ressurser;
