//! The whole program with a real database and real clients: one `fiks dev`, shared by all tests here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(
    clippy::too_many_lines,
    clippy::print_stderr,
    reason = "a test tells one story, and says what it skips"
)]

mod adresse;
mod amqp;
mod environment;
mod feil;
mod katalog;
mod konto;
mod levetid;
mod manuell;
mod nokkel;
mod openapi;
mod send;
mod tilbakekall;
mod walk;
