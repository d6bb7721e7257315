//! Buffers of one slab, used again and again.
//!
//! Invariant: a buffer's visible part is exactly what its user asked for and has filled; what an earlier user left
//! beyond it is never shown.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::layout::SLAB;

/// Idle buffers that a pool keeps; more go back to the system. Bounds the memory of an idle program to 8 MiB.
const IDLE: usize = 16;

/// Hands out buffers and takes them back. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Box<[u8]>>>>);

impl Pool {
    /// A buffer of `size` bytes, at most a slab. Its content is anything.
    pub(crate) fn take(&self, size: usize) -> Buffer {
        let idle = self.0.lock().pop();
        let bytes = idle.unwrap_or_else(|| vec![0; SLAB].into_boxed_slice());
        Buffer {
            bytes,
            used: size.min(SLAB),
            pool: self.clone(),
        }
    }
}

/// A slab's worth of memory that goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    used: usize,
    pool: Pool,
}

impl Buffer {
    /// Shows only the first `size` bytes from now on.
    pub(crate) fn shorten(&mut self, size: usize) {
        self.used = self.used.min(size);
    }

    /// The same memory as shared, immutable bytes; it returns to the pool when the last of them is dropped.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.used).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut idle = self.pool.0.lock();
        if idle.len() < IDLE {
            idle.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again_and_shows_only_its_size() {
        let pool = Pool::default();
        let first = pool.take(SLAB);
        let address = first.as_ptr();
        drop(first.freeze());
        let second = pool.take(10);
        assert_eq!((second.as_ptr(), second.len()), (address, 10));
    }

    #[test]
    fn no_more_than_the_bound_is_kept_idle() {
        let pool = Pool::default();
        let buffers: Vec<_> = (0..IDLE + 3).map(|_| pool.take(1)).collect();
        drop(buffers);
        assert_eq!(pool.0.lock().len(), IDLE);
    }
}
