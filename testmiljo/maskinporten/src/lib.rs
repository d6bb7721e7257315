#![doc = include_str!("../README.md")]

mod access_token;
mod api;
mod client;
mod errors;
mod grant;
mod issuer;
mod registry;
mod replay;
mod signing_key;
#[cfg(feature = "testing")]
pub mod testing;
mod trust;

pub use access_token::TokenResponse;
pub use api::router;
pub use client::{Client, Delegation, RegisteredKey};
pub use errors::{ERRORS, GrantError, SetupError};
pub use issuer::{Issuer, IssuerConfig};
pub use registry::{ClientRegistry, InMemoryRegistry, RegistryFailed};
pub use signing_key::SigningKey;
