//! The queues and who may consume from them, on both engines, without sockets: the protocol has its tests in
//! `fiks-amqp`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod deling;
#[path = "../support/ground.rs"]
mod ground;
mod levering;
mod sletting;
mod tilbake;
mod tilgang;
mod tilkobling;
mod utlop;
mod world;

use fiks_database::ServiceMigrations;

/// The tables of all that Fiks IO stands on.
const TABLES: [ServiceMigrations; 3] = [
    fiks_konfigurasjon::migrations,
    fiks_dokumentlager::migrations,
    fiks_fiksio::migrations,
];
