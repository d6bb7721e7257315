//! An object's own key, locked by a master key: the bytes that the caller keeps in the object's row.
//!
//! Invariant: a sealed key opens only together with the area, the id and every field it was sealed with, so that a
//! key, a size or a generation that strays from one object to another is found out before a byte is read.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use fiks_core::Random;
use zeroize::Zeroizing;

use crate::errors::{BlobError, Result};
use crate::id::{Area, BlobId, GENERATION, Generation, ObjectName};
use crate::keyring::{KEY_ID, KeyId};
use crate::layout::{CHUNK_LOG2, MAX_PLAIN, TAG};

const VERSION: u8 = 1;
const KEY: usize = 32;
const NONCE: usize = 12;
/// What is authenticated but not encrypted: version, chunk size, generation, plain size, master key.
const HEAD: usize = 1 + 1 + GENERATION + 8 + KEY_ID;

/// Bytes of a key and of secrets like it, wiped when dropped.
pub(crate) type SecretBytes = Zeroizing<[u8; KEY]>;

/// An object's key in locked form, 85 bytes; the README has the layout. Store it with the object's row: without it
/// the object cannot be read by anybody. Not secret by itself, yet no need to show it around.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    head: Head,
    nonce: [u8; NONCE],
    wrapped: [u8; KEY + TAG],
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    generation: Generation,
    plain_size: u64,
    master: KeyId,
}

impl SealedKey {
    /// Length of [`SealedKey::to_bytes`].
    pub const LENGTH: usize = HEAD + NONCE + KEY + TAG;

    /// The bytes to keep.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let all = self
            .head
            .to_bytes()
            .into_iter()
            .chain(self.nonce)
            .chain(self.wrapped);
        bytes.iter_mut().zip(all).for_each(|(place, byte)| *place = byte);
        bytes
    }

    /// Reads kept bytes back. Says [`BlobError::Damaged`] when they cannot be a sealed key; whether they really are
    /// the one of an object shows when it is read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let parse = || {
            let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
            let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
            let wrapped = rest.try_into().ok()?;
            Some(Self {
                head: Head::from_bytes(*head)?,
                nonce: *nonce,
                wrapped,
            })
        };
        parse().ok_or(BlobError::damaged("the sealed key has an unknown form"))
    }

    /// Which put the object's bytes come from.
    pub fn generation(&self) -> Generation {
        self.head.generation
    }

    /// The object's size in bytes of plain text.
    pub fn plain_size(&self) -> u64 {
        self.head.plain_size
    }

    /// The master key that locks this one: for finding what a rotation has left to do.
    pub fn master_key(&self) -> KeyId {
        self.head.master
    }

    pub(crate) fn name(&self, id: BlobId) -> ObjectName {
        ObjectName {
            id,
            generation: self.head.generation,
        }
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SealedKey({} under {})",
            self.head.generation, self.head.master
        )
    }
}

impl Head {
    fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let fields = [VERSION, CHUNK_LOG2]
            .into_iter()
            .chain(self.generation.0)
            .chain(self.plain_size.to_be_bytes())
            .chain(self.master.0);
        bytes
            .iter_mut()
            .zip(fields)
            .for_each(|(place, byte)| *place = byte);
        bytes
    }

    fn from_bytes(bytes: [u8; HEAD]) -> Option<Self> {
        let [VERSION, CHUNK_LOG2, rest @ ..] = bytes else {
            return None;
        };
        let (generation, rest) = rest.split_first_chunk()?;
        let (plain_size, rest) = rest.split_first_chunk()?;
        let plain_size = u64::from_be_bytes(*plain_size);
        let master = KeyId(rest.try_into().ok()?);
        (plain_size <= MAX_PLAIN).then_some(Self {
            generation: Generation(*generation),
            plain_size,
            master,
        })
    }
}

/// What a sealed key is bound to besides its own fields.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) area: &'a Area,
    pub(crate) id: BlobId,
}

impl Place<'_> {
    /// The bytes that authenticate an object's identity. Of variable length only at its end, so that no two places
    /// can give the same bytes.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [self.id.0.as_bytes(), self.area.as_str().as_bytes()].concat()
    }
}

/// Draws a key for a new object.
pub(crate) fn draw_key(random: &Random) -> Result<SecretBytes> {
    let mut key = SecretBytes::default();
    random.fill(key.as_mut())?;
    Ok(key)
}

/// Makes a working AES-256-GCM key out of secret bytes.
pub(crate) fn aes_key(bytes: &SecretBytes) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map_err(|_| BlobError::Crypto)?;
    Ok(LessSafeKey::new(key))
}

/// Locks an object's key with a master key.
pub(crate) fn seal(
    (master, master_key): (KeyId, &LessSafeKey),
    place: Place<'_>,
    (generation, plain_size): (Generation, u64),
    key: &SecretBytes,
    random: &Random,
) -> Result<SealedKey> {
    let head = Head {
        generation,
        plain_size,
        master,
    };
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce)?;
    let mut wrapped = [0; KEY + TAG];
    let (body, tag_place) = wrapped.split_at_mut(KEY);
    body.copy_from_slice(key.as_ref());
    let tag = master_key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), binding(head, place), body)
        .map_err(|_| BlobError::Crypto)?;
    tag_place.copy_from_slice(tag.as_ref());
    Ok(SealedKey { head, nonce, wrapped })
}

/// Unlocks an object's key. [`BlobError::Damaged`] when the key belongs to another object or was changed.
pub(crate) fn open(master_key: &LessSafeKey, place: Place<'_>, sealed: &SealedKey) -> Result<SecretBytes> {
    let mut bytes = Zeroizing::new(sealed.wrapped);
    let plain = master_key
        .open_in_place(
            Nonce::assume_unique_for_key(sealed.nonce),
            binding(sealed.head, place),
            bytes.as_mut(),
        )
        .map_err(|_| BlobError::damaged("the sealed key was changed or is another object's"))?;
    let mut key = SecretBytes::default();
    key.copy_from_slice(plain);
    Ok(key)
}

fn binding(head: Head, place: Place<'_>) -> Aad<Vec<u8>> {
    Aad::from([b"fiks-blobs key".as_slice(), &head.to_bytes(), &place.to_bytes()].concat())
}
