//! Keys, certificates and key stores that are made here: for test environments, for a konto's first key, for TLS on
//! a laptop.
//!
//! Invariant: every key is RSA of 2048 bits, since that is what all code paths of KS' clients take (fiks-io §5), and
//! every serial number is random, so two certificates of one issuer never share one.

mod authority;
mod pkcs12;
mod signing;

pub use authority::{Authority, LOCAL_HOSTS, Lifetime, Usage, self_signed};
pub use pkcs12::{key_store, read_key_store, trust_store};
