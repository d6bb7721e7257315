//! What the store promises, on a disk, on a disk that fails, and on an object store.
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
mod object_store_faults;
mod refusals;
mod round_trip;
mod support;
mod tampering;
mod watched_objects;
