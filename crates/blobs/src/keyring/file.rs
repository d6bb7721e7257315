//! The key file: JSON, readable by its owner only, replaced whole or not at all.
//!
//! Invariant: at every moment, power cut included, the file's name leads to a complete key file or to nothing; and
//! only one process changes it at a time, so that no key is ever lost to a race.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_core::{Random, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyId, KeyRing};
use crate::errors::{BlobError, Result};
use crate::files::{FileLayer, FileWriter, RealFiles};
use crate::sealed::{SecretBytes, draw_key};

const VERSION: u32 = 1;
/// Room for thousands of keys; whatever is larger is not a key file.
const MAX_SIZE: u64 = 1 << 20;

/// Where an installation keeps its master keys.
#[derive(Clone, Debug)]
pub struct KeyFile {
    files: Arc<dyn FileLayer>,
    path: PathBuf,
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileFault {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// Others than the owner may read or write it.
    #[error("others than its owner may read or write it")]
    OpenToOthers,
    /// It is not JSON of the documented form. The content is never quoted.
    #[error("it is malformed at line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A newer program wrote it.
    #[error("its version is {0}, not {VERSION}")]
    UnknownVersion(u32),
    /// A key is not the one that its id was made from.
    #[error("the bytes of key {0} were changed")]
    DamagedKey(KeyId),
    /// The active key is not among the keys.
    #[error("the active key {0} is not in it")]
    NoActiveKey(KeyId),
    /// It is too large to be one.
    #[error("it is larger than {MAX_SIZE} bytes")]
    TooLarge,
    /// Another process is changing it.
    #[error("another process is changing it")]
    Busy,
    /// It was written, yet reads back as something else.
    #[error("it reads back differently from what was written")]
    NotKept,
    /// The ring was not loaded from a file, so there is none to change.
    #[error("the key ring has no file of its own")]
    NoFile,
    /// The file system refused.
    #[error("{0}")]
    Io(io::Error),
}

impl KeyFileFault {
    /// The fault in Norwegian, to stand after a colon.
    pub fn text(&self) -> String {
        match self {
            Self::Missing => "filen finnes ikke".to_owned(),
            Self::OpenToOthers => {
                "andre enn eieren har tilgang til filen (sett rettighetene til 0600)".to_owned()
            }
            Self::Malformed { line, column } => {
                format!("innholdet er ugyldig ved linje {line}, tegn {column}")
            }
            Self::UnknownVersion(version) => {
                format!("filen har versjon {version}, som dette programmet ikke kjenner")
            }
            Self::DamagedKey(id) => format!("nøkkelen {id} er endret"),
            Self::NoActiveKey(id) => format!("den aktive nøkkelen {id} mangler"),
            Self::TooLarge => "filen er for stor til å være en nøkkelring".to_owned(),
            Self::Busy => "en annen prosess er i ferd med å endre den".to_owned(),
            Self::NotKept => "filen kunne ikke leses tilbake slik den ble skrevet".to_owned(),
            Self::NoFile => "den er ikke lest fra en egen fil og kan ikke endres herfra".to_owned(),
            Self::Io(error) => format!("filsystemet svarte «{}»", error.kind()),
        }
    }
}

impl From<io::Error> for KeyFileFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// A failure inside this module: a fault that still lacks the file's name, or one of randomness.
enum Failure {
    Fault(KeyFileFault),
    Other(BlobError),
}

impl From<KeyFileFault> for Failure {
    fn from(fault: KeyFileFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl KeyFile {
    /// The key file at `path`. Its directory must exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::on(Arc::new(RealFiles), path)
    }

    /// The key file at `path` of another file system: for tests.
    pub fn on(files: Arc<dyn FileLayer>, path: impl Into<PathBuf>) -> Self {
        Self {
            files,
            path: path.into(),
        }
    }

    /// Loads the ring. The file must be there, complete, and its owner's alone. Blocks.
    pub fn open(self) -> Result<KeyRing> {
        let content = self.read()?;
        // Its maker may have died before the name reached the disk; nothing may be locked with keys that a power cut
        // could take. A directory that cannot be flushed is one that cannot have changed.
        if let Err(error) = self.files.sync_directory(self.directory())
            && !is_read_only(&error)
        {
            return Err(self.error(error.into()));
        }
        KeyRing::from_content(&content, Some(self))
    }

    /// Loads the ring, or makes a file with one new key when there is none. For installations that keep documents
    /// already, use [`KeyFile::open`]: a lost file must be restored, not replaced. Blocks.
    pub fn open_or_create(self, random: &Random, now: Timestamp) -> Result<KeyRing> {
        let exists = self
            .files
            .exists(&self.path)
            .map_err(|error| self.error(error.into()))?;
        if !exists {
            self.change(|present| match present {
                Some(content) => Ok(content),
                None => Content::generate(random, now),
            })?;
        }
        self.open()
    }

    /// Adds a new key and makes it the active one. Gives its id, and what the file holds then.
    pub(super) fn add_key(&self, random: &Random, now: Timestamp) -> Result<(KeyId, Content)> {
        let key = MasterKey::generate(random, now)?;
        let id = key.id;
        let content = self.change(|present| {
            let mut content = present.ok_or_else(|| self.error(KeyFileFault::Missing))?;
            content.active = id;
            content.keys.push(key);
            Ok(content)
        })?;
        Ok((id, content))
    }

    pub(super) fn read(&self) -> Result<Content> {
        self.try_read().map_err(|fault| self.error(fault))
    }

    fn try_read(&self) -> Result<Content, KeyFileFault> {
        let mut file = self.files.open(&self.path)?;
        if file.is_open_to_others()? {
            return Err(KeyFileFault::OpenToOthers);
        }
        let size = file.size()?;
        if size > MAX_SIZE {
            return Err(KeyFileFault::TooLarge);
        }
        let mut text = Zeroizing::new(vec![0; usize::try_from(size).unwrap_or(0)]);
        file.read_exact(&mut text)?;
        Content::parse(&text)
    }

    /// Replaces the file by what `edit` makes of it. The name of the new file is the lock: whoever gets to make it
    /// is alone until it is renamed or gone, and reads the present content only then.
    fn change(&self, edit: impl FnOnce(Option<Content>) -> Result<Content>) -> Result<Content> {
        let new = self.path.with_added_extension("new");
        let mut writer = self.claim(&new).map_err(|fault| self.error(fault))?;
        match self.replace(&new, writer.as_mut(), edit) {
            Ok(active) => self.confirm(active).map_err(|fault| self.error(fault)),
            Err(failure) => {
                // Not renamed, so the name is still ours to remove. What cannot be removed is swept by the next change.
                if self.files.remove(&new).is_err() {
                    tracing::warn!("unfinished key file not removed");
                }
                Err(match failure {
                    Failure::Fault(fault) => self.error(fault),
                    Failure::Other(error) => error,
                })
            }
        }
    }

    fn claim(&self, new: &Path) -> Result<Box<dyn FileWriter>, KeyFileFault> {
        use io::ErrorKind::{AlreadyExists, NotFound, WouldBlock};
        match self.files.create(new) {
            Err(error) if error.kind() == AlreadyExists => {}
            other => return other.map_err(busy_if(&[WouldBlock])),
        }
        match self.files.remove_abandoned(new) {
            Ok(false) => return Err(KeyFileFault::Busy),
            Err(error) if error.kind() != NotFound => return Err(error.into()),
            _ => {}
        }
        self.files
            .create(new)
            .map_err(busy_if(&[AlreadyExists, WouldBlock]))
    }

    /// Writes the new content and lets it take the old one's place. Gives the active key.
    fn replace(
        &self,
        new: &Path,
        writer: &mut dyn FileWriter,
        edit: impl FnOnce(Option<Content>) -> Result<Content>,
    ) -> Result<KeyId, Failure> {
        let present = match self.try_read() {
            Err(KeyFileFault::Missing) => None,
            other => Some(other?),
        };
        let content = edit(present).map_err(Failure::Other)?;
        let text = content.to_text();
        if text.len() as u64 > MAX_SIZE {
            // What could not be read back must not be written.
            return Err(KeyFileFault::TooLarge.into());
        }
        writer.write_all(&text)?;
        writer.sync()?;
        self.files.rename(new, &self.path)?;
        Ok(content.active)
    }

    /// Makes the new name durable and reads it back. Another process may have added a key of its own meanwhile.
    fn confirm(&self, id: KeyId) -> Result<Content, KeyFileFault> {
        self.files.sync_directory(self.directory())?;
        let kept = self.try_read()?;
        if kept.keys.iter().any(|key| key.id == id) {
            Ok(kept)
        } else {
            Err(KeyFileFault::NotKept)
        }
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn error(&self, fault: KeyFileFault) -> BlobError {
        BlobError::KeyFile {
            path: self.path.display().to_string(),
            fault,
        }
    }
}

/// Errors of these kinds mean that somebody else is at it.
fn busy_if(kinds: &'static [io::ErrorKind]) -> impl Fn(io::Error) -> KeyFileFault {
    |error| {
        if kinds.contains(&error.kind()) {
            KeyFileFault::Busy
        } else {
            error.into()
        }
    }
}

fn is_read_only(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(
        error.kind(),
        InvalidInput | PermissionDenied | ReadOnlyFilesystem | Unsupported
    )
}

/// What a key file holds.
pub(super) struct Content {
    pub(super) active: KeyId,
    pub(super) keys: Vec<MasterKey>,
}

pub(super) struct MasterKey {
    pub(super) id: KeyId,
    pub(super) created: Timestamp,
    pub(super) bytes: SecretBytes,
}

impl MasterKey {
    fn generate(random: &Random, now: Timestamp) -> Result<Self> {
        let bytes = draw_key(random)?;
        Ok(Self {
            id: KeyId::of(&bytes),
            created: now,
            bytes,
        })
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText<'a> {
    version: u32,
    active: KeyId,
    #[serde(borrow)]
    keys: Vec<KeyText<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText<'a> {
    id: KeyId,
    created: Timestamp,
    /// Base64 of 32 bytes. Borrowed, so that no copy of it stays behind in memory.
    key: &'a str,
}

impl<'a> KeyText<'a> {
    fn new(key: &MasterKey, text: &'a Zeroizing<String>) -> Self {
        Self {
            id: key.id,
            created: key.created,
            key: text,
        }
    }
}

impl Content {
    pub(super) fn generate(random: &Random, now: Timestamp) -> Result<Self> {
        let key = MasterKey::generate(random, now)?;
        Ok(Self {
            active: key.id,
            keys: vec![key],
        })
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, KeyFileFault> {
        match serde_json::from_slice(text) {
            Ok(VersionOnly { version: VERSION }) => {}
            Ok(VersionOnly { version }) => return Err(KeyFileFault::UnknownVersion(version)),
            Err(error) => return Err(malformed(&error)),
        }
        let file: FileText<'_> = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
        let keys = file
            .keys
            .iter()
            .map(MasterKey::parse)
            .collect::<Result<Vec<_>, _>>()?;
        let content = Self {
            active: file.active,
            keys,
        };
        let has_active = content.keys.iter().any(|key| key.id == content.active);
        if has_active {
            Ok(content)
        } else {
            Err(KeyFileFault::NoActiveKey(content.active))
        }
    }

    /// The text, in memory that is wiped and, being large enough from the start, never moved.
    fn to_text(&self) -> Zeroizing<Vec<u8>> {
        let encoded: Vec<_> = self
            .keys
            .iter()
            .map(|key| Zeroizing::new(STANDARD.encode(*key.bytes)))
            .collect();
        let entry = |(key, text)| KeyText::new(key, text);
        let keys = self.keys.iter().zip(&encoded).map(entry).collect();
        let file = FileText {
            version: VERSION,
            active: self.active,
            keys,
        };
        let mut text = Zeroizing::new(Vec::with_capacity(256 + 256 * self.keys.len()));
        // Writing plain data to memory has no way to fail; an empty file would be caught when it is read back.
        serde_json::to_writer_pretty(&mut *text, &file).unwrap_or_default();
        text
    }
}

impl MasterKey {
    fn parse(text: &KeyText<'_>) -> Result<Self, KeyFileFault> {
        let mut bytes = SecretBytes::default();
        match STANDARD.decode_slice(text.key, bytes.as_mut()) {
            Ok(length) if length == bytes.len() && KeyId::of(&bytes) == text.id => Ok(Self {
                id: text.id,
                created: text.created,
                bytes,
            }),
            _ => Err(KeyFileFault::DamagedKey(text.id)),
        }
    }
}

fn malformed(error: &serde_json::Error) -> KeyFileFault {
    // The message may quote the content, so only the place is kept.
    KeyFileFault::Malformed {
        line: error.line(),
        column: error.column(),
    }
}
