//! Encryption of an object's chunks: AES-256-GCM under the object's own key, in the manner of STREAM (Hoang,
//! Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015).
//!
//! Invariant: a chunk opens only at its own position, of its own object, and as the last one only if it is; so
//! flipping, cutting, reordering and exchanging are all found at the chunk where they happen. A key encrypts one
//! object once, so no nonce is ever used twice with it.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::digest;
use bytes::{Buf as _, Bytes};

use crate::buffer::{Buffer, Pool};
use crate::errors::{BlobError, Result};
use crate::id::{GENERATION, Generation};
use crate::layout::{CHUNK, SLAB, SLAB_CHUNKS, SLAB_PLAIN, STRIDE, TAG, chunk_count};
use crate::sealed::{Place, SecretBytes, aes_key};

/// An object's key and everything else that each of its chunks is bound to.
struct ChunkKey {
    key: LessSafeKey,
    generation: Generation,
    binding: Vec<u8>,
}

impl ChunkKey {
    fn new(key: &SecretBytes, generation: Generation, place: Place<'_>) -> Result<Self> {
        let binding = [b"fiks-blobs chunk".as_slice(), &place.to_bytes()].concat();
        Ok(Self {
            key: aes_key(key)?,
            generation,
            binding,
        })
    }

    fn nonce(&self, index: u32, is_last: bool) -> Nonce {
        let mut nonce = [0; GENERATION + 4 + 1];
        let fields = self
            .generation
            .0
            .into_iter()
            .chain(index.to_be_bytes())
            .chain([u8::from(is_last)]);
        nonce
            .iter_mut()
            .zip(fields)
            .for_each(|(place, byte)| *place = byte);
        Nonce::assume_unique_for_key(nonce)
    }

    fn binding(&self) -> Aad<&[u8]> {
        Aad::from(self.binding.as_slice())
    }
}

/// A slab being filled with plain bytes, each already where its encrypted form will be.
pub(crate) struct PlainSlab {
    buffer: Buffer,
    filled: usize,
}

impl PlainSlab {
    pub(crate) fn new(pool: &Pool) -> Self {
        Self {
            buffer: pool.take(SLAB),
            filled: 0,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == SLAB_PLAIN
    }

    /// Moves as much of `piece` in as fits.
    pub(crate) fn fill_from(&mut self, piece: &mut Bytes) {
        let Self { buffer, filled } = self;
        let chunks = buffer.chunks_exact_mut(STRIDE).skip(*filled / CHUNK);
        for chunk in chunks {
            let (body, _) = chunk.split_at_mut(CHUNK);
            let (_, empty) = body.split_at_mut(*filled % CHUNK);
            let size = empty.len().min(piece.len());
            let (now, _) = empty.split_at_mut(size);
            piece.copy_to_slice(now);
            *filled += size;
            if piece.is_empty() {
                return;
            }
        }
    }
}

/// Encrypts an object from its start to its end, and hashes it on the way.
pub(crate) struct Sealer {
    key: ChunkKey,
    index: u32,
    hash: digest::Context,
    plain_size: u64,
}

/// What is known of an object once all of it has been encrypted.
#[derive(Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) plain_size: u64,
    pub(crate) sha256: [u8; 32],
}

impl Sealer {
    pub(crate) fn new(key: &SecretBytes, generation: Generation, place: Place<'_>) -> Result<Self> {
        let key = ChunkKey::new(key, generation, place)?;
        Ok(Self {
            key,
            index: 0,
            hash: digest::Context::new(&digest::SHA256),
            plain_size: 0,
        })
    }

    /// Encrypts the next slab. All but the last must be full.
    pub(crate) fn seal(&mut self, slab: PlainSlab, is_last: bool) -> Result<Buffer> {
        let PlainSlab { mut buffer, filled } = slab;
        let chunks = if filled == 0 { 1 } else { filled.div_ceil(CHUNK) };
        buffer.shorten(filled + chunks * TAG);
        for (position, chunk) in buffer.chunks_mut(STRIDE).enumerate() {
            self.seal_chunk(chunk, is_last && position + 1 == chunks)?;
        }
        self.plain_size += filled as u64;
        Ok(buffer)
    }

    fn seal_chunk(&mut self, chunk: &mut [u8], is_last: bool) -> Result<()> {
        let (body, tag_place) = chunk.split_at_mut(chunk.len() - TAG);
        self.hash.update(body);
        let nonce = self.key.nonce(self.index, is_last);
        let sealed = self
            .key
            .key
            .seal_in_place_separate_tag(nonce, self.key.binding(), body);
        tag_place.copy_from_slice(sealed.map_err(|_| BlobError::Crypto)?.as_ref());
        // Runs over only after the largest last chunk, when no other follows.
        self.index = self.index.wrapping_add(1);
        Ok(())
    }

    pub(crate) fn finish(self) -> Sealed {
        let hash = self.hash.finish();
        let sha256 = hash.as_ref().first_chunk().copied().unwrap_or_default();
        Sealed {
            plain_size: self.plain_size,
            sha256,
        }
    }
}

/// Decrypts an object's chunks in order, from any of them on.
pub(crate) struct Opener {
    key: ChunkKey,
    next: u64,
    last: u64,
}

impl Opener {
    /// For an object of `plain_size` bytes, from chunk `first` on.
    pub(crate) fn new(
        key: &SecretBytes,
        generation: Generation,
        place: Place<'_>,
        (plain_size, first): (u64, u64),
    ) -> Result<Self> {
        let key = ChunkKey::new(key, generation, place)?;
        Ok(Self {
            key,
            next: first,
            last: chunk_count(plain_size) - 1,
        })
    }

    /// Decrypts the next slab's chunks where they are: each one's plain bytes at its start, then its tag.
    pub(crate) fn open(&mut self, slab: &mut [u8]) -> Result<()> {
        slab.chunks_mut(STRIDE)
            .try_for_each(|chunk| self.open_chunk(chunk))
    }

    fn open_chunk(&mut self, chunk: &mut [u8]) -> Result<()> {
        let damaged = BlobError::damaged("a chunk was changed or moved");
        let Ok(index) = u32::try_from(self.next) else {
            return Err(damaged);
        };
        let nonce = self.key.nonce(index, self.next == self.last);
        self.key
            .key
            .open_in_place(nonce, self.key.binding(), chunk)
            .map_err(|_| damaged)?;
        self.next += 1;
        Ok(())
    }
}

/// The plain bytes of an opened slab, chunk by chunk.
pub(crate) struct OpenedSlab(Bytes);

impl OpenedSlab {
    pub(crate) fn new(slab: Buffer) -> Self {
        debug_assert!(slab.len() <= SLAB_CHUNKS * STRIDE);
        Self(slab.freeze())
    }

    /// The next chunk's plain bytes, which may be none.
    pub(crate) fn next_chunk(&mut self) -> Option<Bytes> {
        if self.0.is_empty() {
            return None;
        }
        let mut chunk = self.0.split_to(STRIDE.min(self.0.len()));
        chunk.truncate(chunk.len().saturating_sub(TAG));
        Some(chunk)
    }
}
