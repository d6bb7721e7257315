//! What is known of one file, and of all files together.

use aws_lc_rs::digest::{Context, SHA256};
use flate2::Crc;

use super::record::Sizes;

/// The file that is being read.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) start: u64,
    pub(super) stated: Option<(u32, Sizes)>,
    pub(super) is_wide: bool,
    pub(super) crc: Crc,
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
}

/// All files as one of the two places lists them, boiled down to a number and a digest, so that comparing them takes
/// no memory.
pub(super) struct Listing {
    pub(super) count: u64,
    digest: Context,
}

impl Listing {
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            digest: Context::new(&SHA256),
        }
    }

    pub(super) fn add(&mut self, name: &[u8], method: u16, crc: u32, sizes: &Sizes) {
        self.count += 1;
        self.digest.update(&(name.len() as u64).to_le_bytes());
        self.digest.update(name);
        self.digest.update(&method.to_le_bytes());
        self.digest.update(&crc.to_le_bytes());
        for number in [sizes.compressed, sizes.uncompressed, sizes.offset] {
            self.digest.update(&number.to_le_bytes());
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        let (one, two) = (self.digest.clone().finish(), other.digest.clone().finish());
        self.count == other.count && one.as_ref() == two.as_ref()
    }
}

impl Entry {
    pub(super) fn empty() -> Self {
        Self {
            name: String::new(),
            method: 0,
            start: 0,
            stated: None,
            is_wide: false,
            crc: Crc::new(),
            compressed: 0,
            uncompressed: 0,
        }
    }
}
