//! Arithmetic between an object's plain bytes and its stored bytes.
//!
//! Invariant: stored bytes are chunks of [`CHUNK`] plain bytes, each followed by its [`TAG`]; only the last chunk
//! may be shorter, and an empty object has one empty chunk. Hence every plain position has one stored position,
//! and every plain size one stored size.

use std::ops::Range;

/// Plain bytes in a chunk.
pub(crate) const CHUNK: usize = 64 * 1024;
/// `CHUNK` as a power of two, as written in a sealed key.
pub(crate) const CHUNK_LOG2: u8 = 16;
/// Bytes of authentication tag after each chunk (AES-GCM's full tag).
pub(crate) const TAG: usize = 16;
/// Stored bytes of a full chunk.
pub(crate) const STRIDE: usize = CHUNK + TAG;
/// Chunks that are encrypted, written and read in one go.
pub(crate) const SLAB_CHUNKS: usize = 8;
/// Stored bytes of a full slab.
pub(crate) const SLAB: usize = SLAB_CHUNKS * STRIDE;
/// Plain bytes of a full slab.
pub(crate) const SLAB_PLAIN: usize = SLAB_CHUNKS * CHUNK;

/// The largest object that the format can hold: the chunk counter has 32 bits.
pub(crate) const MAX_PLAIN: u64 = (1 << 32) * CHUNK as u64;

/// How many chunks an object of `plain` bytes has.
pub(crate) const fn chunk_count(plain: u64) -> u64 {
    if plain == 0 {
        1
    } else {
        plain.div_ceil(CHUNK as u64)
    }
}

/// How many bytes an object of `plain` bytes (at most [`MAX_PLAIN`]) takes in the store.
pub(crate) const fn stored_size(plain: u64) -> u64 {
    plain + chunk_count(plain) * TAG as u64
}

/// The piece of an object that a caller wants, cut along chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Plain bytes, start ≤ end ≤ the object's size.
    pub(crate) plain: Range<u64>,
    /// Index of the first chunk to read.
    pub(crate) first_chunk: u64,
    /// Stored bytes of all the chunks to read.
    pub(crate) stored: Range<u64>,
    /// Plain bytes of the first chunk that lie before the wanted ones.
    pub(crate) skip: usize,
}

impl Cut {
    /// Cuts `range` out of an object of `total` plain bytes, or takes all of it. An end beyond the object's end
    /// means its end. `None` when the range is reversed, empty, or starts at or after the end.
    pub(crate) fn new(total: u64, range: Option<Range<u64>>) -> Option<Self> {
        let plain = match range {
            None => 0..total,
            Some(range) if range.start < range.end.min(total) => range.start..range.end.min(total),
            Some(_) => return None,
        };
        let first_chunk = plain.start / CHUNK as u64;
        let end_chunk = plain.end.div_ceil(CHUNK as u64).max(1);
        let end = (end_chunk * STRIDE as u64).min(stored_size(total));
        Some(Self {
            first_chunk,
            stored: first_chunk * STRIDE as u64..end,
            skip: usize::try_from(plain.start % CHUNK as u64).unwrap_or(0),
            plain,
        })
    }

    /// The stored bytes in slabs: how many bytes each read takes, in order.
    pub(crate) fn slabs(&self) -> impl Iterator<Item = usize> + Send + use<> {
        let mut left = self.stored.end - self.stored.start;
        std::iter::from_fn(move || {
            let size = left.min(SLAB as u64);
            left -= size;
            usize::try_from(size).ok().filter(|size| *size > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_object_is_one_tag() {
        assert_eq!(stored_size(0), TAG as u64);
        assert_eq!(Cut::new(0, None).unwrap().stored, 0..TAG as u64);
    }

    #[test]
    fn a_full_last_chunk_opens_no_further_chunk() {
        assert_eq!(stored_size(CHUNK as u64), STRIDE as u64);
        assert_eq!(stored_size(CHUNK as u64 + 1), STRIDE as u64 + 1 + TAG as u64);
    }

    #[test]
    fn ranges_outside_the_object_are_refused() {
        for range in [10..11, 5..5, u64::MAX..u64::MAX, Range { start: 7, end: 3 }] {
            assert_eq!(Cut::new(10, Some(range)), None);
        }
        assert_eq!(Cut::new(0, Some(0..1)), None);
        assert_eq!(Cut::new(10, Some(9..u64::MAX)).unwrap().plain, 9..10);
    }

    #[test]
    fn the_largest_object_overflows_nothing() {
        assert_eq!(chunk_count(MAX_PLAIN) - 1, u64::from(u32::MAX));
        let cut = Cut::new(MAX_PLAIN, Some(MAX_PLAIN - 1..MAX_PLAIN)).unwrap();
        assert_eq!(cut.stored.end, stored_size(MAX_PLAIN));
    }

    proptest! {
        #[test]
        fn a_cut_covers_its_range_with_whole_chunks(total in 1_u64..10_000_000, a: u64, b: u64) {
            let (start, end) = ((a % total).min(b % total), (a % total).max(b % total) + 1);
            let cut = Cut::new(total, Some(start..end)).unwrap();
            let chunks = (cut.stored.end - cut.stored.start).div_ceil(STRIDE as u64);
            let covered = cut.stored.end - cut.stored.start - chunks * TAG as u64;
            prop_assert_eq!(cut.first_chunk * CHUNK as u64 + cut.skip as u64, start);
            prop_assert!(cut.first_chunk * CHUNK as u64 + covered >= end);
            prop_assert!(cut.stored.end <= stored_size(total));
            prop_assert_eq!(cut.slabs().sum::<usize>() as u64, cut.stored.end - cut.stored.start);
        }
    }
}
