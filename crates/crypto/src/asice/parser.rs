//! A container taken apart as it arrives, without knowing where its bytes come from.

use std::collections::HashSet;

use aws_lc_rs::digest::{Context, SHA256};

use super::names::{self, Kind};
use super::verify::{Metadata, Seen};
use super::zip::{Step, ZipReader};
use super::{Limits, MIME_TYPE};
use crate::{Error, Result};

/// What the parser came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    NeedInput,
    /// A payload file begins.
    File,
    /// Content of the file.
    Data,
    /// The file has ended.
    FileEnd,
    Finished,
}

/// What happens to the content of the present file.
enum Current {
    Payload { digest: Context, size: u64 },
    Own { kind: Kind, content: Vec<u8> },
}

pub(super) struct Parser {
    zip: ZipReader,
    limits: Limits,
    /// Number of the present file, from 1.
    entry: usize,
    names: HashSet<String>,
    current: Option<Current>,
    metadata_bytes: usize,
    content_bytes: u64,
    seen: Seen,
}

impl Parser {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            zip: ZipReader::new(),
            limits,
            entry: 0,
            names: HashSet::new(),
            current: None,
            metadata_bytes: 0,
            content_bytes: 0,
            seen: Seen::default(),
        }
    }

    /// Takes input off the front until something happens.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Found> {
        loop {
            let found = match self.zip.step(input)? {
                Step::NeedInput => Some(Found::NeedInput),
                Step::Start => self.start()?,
                Step::Data => self.data()?,
                Step::End => self.end()?,
                Step::Finished => Some(Found::Finished),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        self.zip.name()
    }

    pub(super) fn content(&self) -> &[u8] {
        self.zip.data()
    }

    /// What was found, to be verified; fails when the end hasn't come.
    pub(super) fn finish(self) -> Result<Seen> {
        if self.zip.is_finished() {
            Ok(self.seen)
        } else {
            Err(Error::Truncated)
        }
    }

    fn start(&mut self) -> Result<Option<Found>> {
        self.entry += 1;
        if self.entry > self.limits.files {
            return Err(Error::TooLarge {
                what: "number of files",
                limit: self.limits.files as u64,
            });
        }
        let kind = names::classify(self.zip.name(), self.limits.name_bytes);
        let kind = kind.ok_or(Error::FileName { entry: self.entry })?;
        if !self.names.insert(self.zip.name().to_owned()) {
            return Err(Error::DuplicateFile { entry: self.entry });
        }
        match kind {
            Kind::Unknown => Err(Error::UnknownMetadata { entry: self.entry }),
            Kind::Payload => {
                self.current = Some(Current::Payload {
                    digest: Context::new(&SHA256),
                    size: 0,
                });
                Ok(Some(Found::File))
            }
            kind => {
                self.current = Some(Current::Own {
                    kind,
                    content: Vec::new(),
                });
                Ok(None)
            }
        }
    }

    fn data(&mut self) -> Result<Option<Found>> {
        let piece = self.zip.data();
        match &mut self.current {
            Some(Current::Payload { digest, size }) => {
                self.content_bytes += piece.len() as u64;
                if self.content_bytes > self.limits.content_bytes {
                    return Err(Error::TooLarge {
                        what: "content",
                        limit: self.limits.content_bytes,
                    });
                }
                digest.update(piece);
                *size += piece.len() as u64;
                Ok(Some(Found::Data))
            }
            Some(Current::Own { content, .. }) => {
                self.metadata_bytes += piece.len();
                if self.metadata_bytes > self.limits.metadata_bytes {
                    return Err(Error::TooLarge {
                        what: "metadata",
                        limit: self.limits.metadata_bytes as u64,
                    });
                }
                content.extend_from_slice(piece);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn end(&mut self) -> Result<Option<Found>> {
        match self.current.take() {
            Some(Current::Payload { digest, size }) => {
                let sha256 = digest
                    .finish()
                    .as_ref()
                    .try_into()
                    .map_err(|_| Error::Crypto("SHA-256"))?;
                self.seen.file(self.entry, self.zip.name(), size, sha256);
                Ok(Some(Found::FileEnd))
            }
            Some(Current::Own { kind, content }) => self.own(kind, content).map(|()| None),
            None => Ok(None),
        }
    }

    fn own(&mut self, kind: Kind, content: Vec<u8>) -> Result<()> {
        let metadata = |content| Metadata {
            entry: self.entry,
            name: self.zip.name().to_owned(),
            content,
        };
        match kind {
            Kind::MimeType if content != MIME_TYPE.as_bytes() => return Err(Error::NotAsice),
            Kind::MimeType => self.seen.has_mime_type = true,
            Kind::Manifest => self.seen.manifests.push(metadata(content)),
            Kind::Signature => self.seen.signatures.push(metadata(content)),
            Kind::Xades => self.seen.has_xades = true,
            _ => {}
        }
        Ok(())
    }
}
