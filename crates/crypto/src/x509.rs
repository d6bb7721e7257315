//! Certificates and RSA keys: what they say, what is accepted as a konto's public key, and who signed what.
//!
//! Invariant: a [`Certificate`] always holds one whole, well-formed X.509 certificate, and a [`PrivateKey`] an RSA
//! key of 2048 to 8192 bits that the crypto library has accepted. Trust (chains, revocation) is not decided here.

mod certificate;
mod identity;
mod pem_text;
mod private_key;
mod public_key;
mod signature;

pub use certificate::{Certificate, Validity};
pub use identity::Identity;
pub use private_key::PrivateKey;
pub use public_key::{MAX_RSA_BITS, MIN_RSA_BITS, parse_public_key_upload};
pub use signature::SignatureAlgorithm;
