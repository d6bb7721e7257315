//! The issuer over HTTP bodies, as clients meet it: auth-og-konfigurasjon §3.1–3.4, point by point.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod delegation;
mod grants;
mod hostile;
mod proofs;
mod requests;
mod tokens;
mod world;
