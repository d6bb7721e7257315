//! The part of the zip format (APPNOTE 6.3) that containers use, written and read in one pass.
//!
//! The `zip` crate can't serve here: its stream reader refuses data descriptors, which is how KS' Java library
//! writes every file, and its stream writer puts one behind the stored `mimetype`, which that library can't read.
//! Decompression and checksums are `flate2`'s.
//!
//! Invariant of the reader: local headers and central directory tell the same story, so no two programs can see
//! different files in one container.

mod listing;
mod read;
mod record;
mod write;

pub(super) use read::{Step, ZipReader};
pub(super) use write::ZipWriter;
