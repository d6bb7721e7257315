#![doc = include_str!("../README.md")]

pub mod access;
pub mod authenticator;
pub mod caller;
pub mod credentials;
pub mod errors;
pub mod password;
pub mod token;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use access::{
    Access, AccessChanges, AccessError, Authoriser, Forbidden, IntegrasjonSource, StoreFailed,
    StoredIntegrasjon,
};
pub use authenticator::{Authenticator, Session};
pub use caller::{Caller, Integrasjon};
pub use credentials::Credentials;
pub use errors::AuthenticationError;
pub use jsonwebtoken::jwk::JwkSet;
pub use password::PasswordHasher;
pub use token::{
    JwksSource, JwksTiming, JwksUnavailable, NoUsableKeys, TokenError, TokenRules, TokenValidator,
    TrustedIssuer, ValidatedToken,
};
