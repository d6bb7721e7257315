//! ASiC-E containers (ETSI TS 102 918) with CAdES signatures, as KS' Java and .NET libraries write and read them
//! (fiks-io §11.3–11.4).
//!
//! Invariants: containers are written and read as streams, the files in them never held in memory. What a
//! [`Reader`] hands out is provisional: only [`Reader::finish`] says that every file is the one that was signed.
//! Every number and size that a container states is bounded by [`Limits`].

mod manifest;
mod names;
mod parser;
mod reader;
mod verify;
mod writer;
mod zip;

pub use manifest::{Manifest, Reference};
pub use reader::{Event, Reader, Sink};
pub use verify::{Contents, File};
pub use writer::Writer;

/// The media type of a container.
pub const MIME_TYPE: &str = "application/vnd.etsi.asic-e+zip";

/// What a reader accepts at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files in the container, its own included.
    pub files: usize,
    /// Octets of one file name.
    pub name_bytes: usize,
    /// Octets of all the container's own files together, unpacked: manifests and signatures.
    pub metadata_bytes: usize,
    /// Octets of all files together, unpacked.
    pub content_bytes: u64,
}

impl Default for Limits {
    /// 4096 files, names of 512 octets, 8 MiB of metadata, 20 GiB of content: four times what Fiks IO carries.
    fn default() -> Self {
        Self {
            files: 4096,
            name_bytes: 512,
            metadata_bytes: 8 << 20,
            content_bytes: 20 << 30,
        }
    }
}
