//! The master keys: one active, which locks the keys of new objects, and any number of older ones, which only unlock.
//!
//! Invariant: what is in memory is what the key file holds, and a key is used for locking only after the file with
//! it has reached the disk and been read back. A key's id follows from the key, so a changed key is noticed.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::digest;
use fiks_core::{Random, Timestamp};
use parking_lot::RwLock;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::errors::{BlobError, Result};
use crate::id::Generation;
use crate::sealed::{self, Place, SealedKey, SecretBytes};

pub use file::{KeyFile, KeyFileFault};

/// Bytes of a master key's id.
pub(crate) const KEY_ID: usize = 8;

/// A master key's id: the first eight bytes of a hash of the key. Written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; KEY_ID]);

impl KeyId {
    fn of(key: &SecretBytes) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"fiks-blobs master key");
        context.update(key.as_ref());
        let hash = context.finish();
        Self(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes()))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The master keys of an installation. Cheap to clone; all clones see a rotation at once.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    file: Option<KeyFile>,
    keys: RwLock<Keys>,
}

/// Working keys: the library wipes them when they are dropped.
struct Keys {
    active: KeyId,
    all: BTreeMap<KeyId, WorkingKey>,
}

struct WorkingKey {
    key: LessSafeKey,
    created: Timestamp,
}

/// A master key as shown to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// Its id.
    pub id: KeyId,
    /// When it was made.
    pub created: Timestamp,
    /// Whether new objects are locked with it.
    pub active: bool,
}

impl KeyRing {
    /// A ring that is kept nowhere: for tests. What it locks is lost with it.
    pub fn in_memory(random: &Random, now: Timestamp) -> Result<Self> {
        Self::from_content(&file::Content::generate(random, now)?, None)
    }

    /// A ring out of a key file's text, for installations that hand it over by other means than a file of their own
    /// (a secret store). It cannot be rotated here.
    pub fn from_text(text: &[u8]) -> Result<Self> {
        let content = file::Content::parse(text).map_err(|fault| BlobError::KeyFile {
            path: "(tekst)".to_owned(),
            fault,
        })?;
        Self::from_content(&content, None)
    }

    fn from_content(content: &file::Content, file: Option<KeyFile>) -> Result<Self> {
        let keys = RwLock::new(Keys::new(content)?);
        Ok(Self(Arc::new(Inner { file, keys })))
    }

    /// The key that locks new objects.
    pub fn active(&self) -> KeyId {
        self.0.keys.read().active
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> Vec<KeyInfo> {
        let keys = self.0.keys.read();
        let info = |(id, key): (&KeyId, &WorkingKey)| KeyInfo {
            id: *id,
            created: key.created,
            active: *id == keys.active,
        };
        let mut all: Vec<_> = keys.all.iter().map(info).collect();
        all.sort_by_key(|key| (key.created, key.id));
        all
    }

    /// Makes a new key the active one. The old keys stay and go on unlocking; [`crate::BlobStore::rewrap`] moves
    /// objects over. Other processes with the same file take up the new key when they first meet it. Blocks.
    pub fn rotate(&self, random: &Random, now: Timestamp) -> Result<KeyId> {
        let file = self.0.file.as_ref().ok_or(BlobError::KeyFile {
            path: "(tekst)".to_owned(),
            fault: KeyFileFault::NoFile,
        })?;
        let (id, content) = file.add_key(random, now)?;
        *self.0.keys.write() = Keys::new(&content)?;
        Ok(id)
    }

    /// Reads the key file again, after another process has rotated. Without a file nothing happens. Blocks.
    pub fn reload(&self) -> Result<()> {
        if let Some(file) = &self.0.file {
            *self.0.keys.write() = Keys::new(&file.read()?)?;
        }
        Ok(())
    }

    pub(crate) fn seal(
        &self,
        place: Place<'_>,
        facts: (Generation, u64),
        key: &SecretBytes,
        random: &Random,
    ) -> Result<SealedKey> {
        let keys = self.0.keys.read();
        sealed::seal(
            (keys.active, &keys.get(keys.active)?.key),
            place,
            facts,
            key,
            random,
        )
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &SealedKey) -> Result<SecretBytes> {
        let keys = self.0.keys.read();
        sealed::open(&keys.get(sealed.master_key())?.key, place, sealed)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keys()).finish()
    }
}

impl Keys {
    fn new(content: &file::Content) -> Result<Self> {
        let working = |key: &file::MasterKey| {
            Ok((
                key.id,
                WorkingKey {
                    key: sealed::aes_key(&key.bytes)?,
                    created: key.created,
                },
            ))
        };
        let all = content.keys.iter().map(working).collect::<Result<_>>()?;
        Ok(Self {
            active: content.active,
            all,
        })
    }

    fn get(&self, id: KeyId) -> Result<&WorkingKey> {
        self.all.get(&id).ok_or(BlobError::UnknownMasterKey(id))
    }
}
