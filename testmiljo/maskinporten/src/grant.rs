//! The JWT that a client asks with (auth-og-konfigurasjon §3.1).
//!
//! Invariant: of an unverified assertion only `alg`, `kid`, `x5c` and `iss` are used, to find the key to verify it
//! with.

mod claims;
mod rules;
mod verify;

pub(crate) use claims::Grant;
pub(crate) use rules::check_times;
pub(crate) use verify::{Assertion, ClientProof};
