//! Whether everything in a container is what was signed.

use std::collections::HashMap;

use super::manifest::Manifest;
use crate::cms::{Signer, verify_detached};
use crate::{Error, Result};

/// Most manifests of one container; each costs the check of a signature.
const MAX_MANIFESTS: usize = 16;

/// A verified container.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The payload, in the container's order.
    pub files: Vec<File>,
    /// Who signed, one for each manifest; empty only where unsigned containers were allowed. Whether they can be
    /// trusted is for the caller to say: KS' libraries don't ask (fiks-io §11.4).
    pub signers: Vec<Signer>,
    /// The file to open first, where one is stated.
    pub root: Option<String>,
}

/// A file of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type, as the manifest states it.
    pub mime_type: Option<String>,
    /// Octets.
    pub size: u64,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// Everything that counts of a container, collected while reading.
#[derive(Default)]
pub(super) struct Seen {
    files: Vec<SeenFile>,
    pub(super) manifests: Vec<Metadata>,
    pub(super) signatures: Vec<Metadata>,
    pub(super) has_xades: bool,
    pub(super) has_mime_type: bool,
}

struct SeenFile {
    entry: usize,
    file: File,
    is_listed: bool,
}

/// One of the container's own files.
pub(super) struct Metadata {
    pub(super) entry: usize,
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

impl Seen {
    pub(super) fn file(&mut self, entry: usize, name: &str, size: u64, sha256: [u8; 32]) {
        let file = File {
            name: name.to_owned(),
            mime_type: None,
            size,
            sha256,
        };
        self.files.push(SeenFile {
            entry,
            file,
            is_listed: false,
        });
    }

    /// Checks the rules of Java's reader (fiks-io §11.4): there is payload; every manifest has a signature that
    /// verifies; every listed file is there with the same digest; every file and every signature is listed.
    pub(super) fn verify(mut self, is_unsigned_allowed: bool) -> Result<Contents> {
        self.check_form()?;
        let mut signers = Vec::new();
        let mut root = None;
        for metadata in std::mem::take(&mut self.manifests) {
            let manifest = Manifest::parse(&metadata.content)?;
            signers.extend(self.verify_signature(&metadata, &manifest, is_unsigned_allowed)?);
            self.verify_files(&manifest)?;
            let roots = manifest
                .references
                .into_iter()
                .filter(|reference| reference.is_root);
            root = root.or_else(|| roots.map(|reference| reference.uri).next());
        }
        self.verify_nothing_left()?;
        Ok(Contents {
            files: self.files.into_iter().map(|seen| seen.file).collect(),
            signers,
            root,
        })
    }

    /// `mimetype` is not asked for where there is a manifest: Java doesn't, and its own tests have such containers.
    fn check_form(&self) -> Result<()> {
        match self.manifests.len() {
            0 if self.has_xades => Err(Error::XadesOnly),
            0 if !self.has_mime_type => Err(Error::NotAsice),
            0 => Err(Error::MissingManifest),
            _ if self.files.is_empty() => Err(Error::NoFiles),
            number if number > MAX_MANIFESTS => Err(Error::TooLarge {
                what: "number of manifests",
                limit: MAX_MANIFESTS as u64,
            }),
            _ => Ok(()),
        }
    }

    fn verify_signature(
        &mut self,
        metadata: &Metadata,
        manifest: &Manifest,
        is_unsigned_allowed: bool,
    ) -> Result<Option<Signer>> {
        let Some(name) = &manifest.signature else {
            return if is_unsigned_allowed {
                Ok(None)
            } else {
                Err(Error::Unsigned)
            };
        };
        let place = self
            .signatures
            .iter()
            .position(|signature| signature.name == *name);
        let signature = self.signatures.swap_remove(place.ok_or(Error::SignatureMissing)?);
        verify_detached(&metadata.content, &signature.content).map(Some)
    }

    fn verify_files(&mut self, manifest: &Manifest) -> Result<()> {
        let files = self.files.iter_mut().map(|seen| (seen.file.name.clone(), seen));
        let mut files: HashMap<String, &mut SeenFile> = files.collect();
        for (index, reference) in manifest.references.iter().enumerate() {
            let seen = files
                .get_mut(&reference.uri)
                .ok_or(Error::FileMissing { reference: index + 1 })?;
            if seen.file.sha256 != reference.sha256 {
                return Err(Error::DigestMismatch { entry: seen.entry });
            }
            seen.is_listed = true;
            seen.file.mime_type.clone_from(&reference.mime_type);
        }
        Ok(())
    }

    fn verify_nothing_left(&self) -> Result<()> {
        if let Some(stray) = self.signatures.first() {
            return Err(Error::StraySignature { entry: stray.entry });
        }
        match self.files.iter().find(|seen| !seen.is_listed) {
            Some(seen) => Err(Error::NotListed { entry: seen.entry }),
            None => Ok(()),
        }
    }
}
