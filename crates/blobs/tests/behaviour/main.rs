//! What the store promises: on a disk, in memory, on a disk that fails and, with the feature `s3`, on object stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod crash;
mod format;
mod key_ring;
mod memory_files;
#[cfg(feature = "s3")]
mod object_store_faults;
mod refusals;
mod round_trip;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod s3_server;
mod stores;
mod support;
mod tampering;
#[cfg(feature = "s3")]
mod watched_objects;
