//! What names an object: the caller's id, the area it lives in, and the generation of its bytes.
//!
//! Invariant: a name is used for one set of bytes only. Each `put` draws a fresh generation, so that storing under
//! an id twice never touches bytes that somebody has been promised.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fiks_core::{Random, Timestamp};
use uuid::Uuid;

use crate::errors::{BlobError, Result};

/// The caller's id of an object, for example a document's. It never appears on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub Uuid);

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<Uuid> for BlobId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

/// Bytes of a generation.
pub(crate) const GENERATION: usize = 7;

/// Which put an object's bytes come from: random, and the prefix of the object's nonces. Written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub(crate) [u8; GENERATION]);

impl Generation {
    pub(crate) fn draw(random: &Random) -> Result<Self> {
        let mut bytes = [0; GENERATION];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Generation({self})")
    }
}

/// An object's name in the store: `<id>-<generation>`, 36 + 1 + 14 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectName {
    pub(crate) id: BlobId,
    pub(crate) generation: Generation,
}

impl ObjectName {
    /// Spreads objects evenly: the last byte is random in UUIDs of version 4 and 7 alike.
    pub(crate) fn shard(&self) -> u8 {
        let [.., last] = *self.id.0.as_bytes();
        last
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.id, self.generation)
    }
}

/// The text is no object's name.
#[derive(Debug)]
pub(crate) struct NotAName;

impl FromStr for ObjectName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let (id, generation) = text.rsplit_once('-').ok_or(NotAName)?;
        let bits = u64::from_str_radix(generation, 16).map_err(|_| NotAName)?;
        let [0, generation @ ..] = bits.to_be_bytes() else {
            return Err(NotAName);
        };
        let name = Self {
            id: BlobId(id.parse().map_err(|_| NotAName)?),
            generation: Generation(generation),
        };
        // One spelling only: anything else was not written by us.
        if name.to_string() == text {
            Ok(name)
        } else {
            Err(NotAName)
        }
    }
}

/// An object that is in the store, whether or not anybody still knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The caller's id.
    pub id: BlobId,
    /// Compare with [`crate::SealedKey::generation`]: another one is a left-over of a put that never was recorded.
    pub generation: Generation,
    /// Bytes in the store.
    pub stored_size: u64,
    /// When the bytes were written, by the storage's clock. S3 gives the time at which a large upload *began*.
    pub modified: Timestamp,
}

impl Listed {
    pub(crate) fn name(&self) -> ObjectName {
        ObjectName {
            id: self.id,
            generation: self.generation,
        }
    }
}

/// A named part of the storage that belongs to one service: `a–z`, digits and `-`, 1–32 characters, starting with a
/// letter. Directory or key prefix, and part of what authenticates every object in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area(Arc<str>);

impl Area {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Area {
    type Err = BlobError;

    fn from_str(name: &str) -> Result<Self> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if starts_well && name.len() <= 32 && name.bytes().all(legal) {
            Ok(Self(name.into()))
        } else {
            Err(BlobError::Setting {
                what: "områdets navn",
                source: None,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn area_names_cannot_leave_their_directory() {
        for bad in ["", ".", "..", "a/b", "A", "1a", "-a", "æ", &"a".repeat(33)] {
            assert!(bad.parse::<Area>().is_err(), "{bad}");
        }
        assert!("dokumentlager-2".parse::<Area>().is_ok());
    }

    #[test]
    fn foreign_files_are_no_object_names() {
        let id = "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab";
        for tail in [
            "",
            "-",
            "-1",
            "-+0000000000001",
            "-000000000000001",
            "-0000000000000G",
            "-0000000000000A",
        ] {
            assert!(format!("{id}{tail}").parse::<ObjectName>().is_err(), "{tail}");
        }
    }

    proptest! {
        #[test]
        fn a_name_reads_back(id: [u8; 16], generation: [u8; GENERATION]) {
            let name = ObjectName { id: BlobId(Uuid::from_bytes(id)), generation: Generation(generation) };
            prop_assert_eq!(name.to_string().parse::<ObjectName>().unwrap(), name);
        }

        #[test]
        fn no_text_breaks_the_name_parser(text: String) {
            if let Ok(name) = text.parse::<ObjectName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
