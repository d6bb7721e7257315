#![doc = include_str!("../README.md")]

mod buffer;
mod chunks;
mod engine;
pub mod errors;
pub mod files;
mod get;
mod id;
mod keyring;
mod layout;
mod processor;
mod put;
#[cfg(feature = "s3")]
mod s3;
mod sealed;
mod store;

#[cfg(feature = "s3")]
pub use engine::objects::ObjectOptions;
pub use errors::{BlobError, BoxError, ERRORS, Result, SILENCE};
pub use get::Download;
pub use id::{Area, BlobId, Generation, Listed};
pub use keyring::{KeyFile, KeyFileFault, KeyId, KeyInfo, KeyRing};
#[cfg(feature = "s3")]
pub use object_store;
pub use put::Stored;
#[cfg(feature = "s3")]
pub use s3::S3Settings;
pub use sealed::SealedKey;
pub use store::BlobStore;
