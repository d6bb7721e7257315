//! A container written and signed.

use std::collections::HashSet;
use std::io::{Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use fiks_core::{Random, Timestamp};

use super::manifest::{Manifest, Reference};
use super::zip::ZipWriter;
use super::{Limits, MIME_TYPE, names};
use crate::cms::sign_detached;
use crate::x509::Identity;
use crate::{Error, Result};

const BUFFER: usize = 64 * 1024;

/// Writes a signed container that KS' Java and .NET readers take (fiks-io §11.3): Java's form, but SHA-256 in the
/// signature. The files are streamed: each is written once, whatever its size, and its digest is taken on the way.
///
/// Either [`Writer::add`] whole files from readers, or go by [`Writer::start`], [`Writer::write`] and
/// [`Writer::end`]; end with [`Writer::finish`]. In async programs write into a `Vec<u8>` and take what has come
/// there with [`Writer::sink_mut`] after each write.
pub struct Writer<W> {
    zip: ZipWriter<W>,
    identity: Identity,
    at: Timestamp,
    manifest: Manifest,
    names: HashSet<String>,
    open: Option<OpenFile>,
}

struct OpenFile {
    name: String,
    mime_type: String,
    digest: Context,
}

impl<W: Write> Writer<W> {
    /// Begins a container to be signed by `identity`, with `at` as its signing time.
    pub fn new(sink: W, identity: &Identity, at: Timestamp, random: &Random) -> Result<Self> {
        let id = random.uuid().map_err(|_| Error::Crypto("random numbers"))?;
        let mut zip = ZipWriter::new(sink, at);
        zip.store("mimetype", &comment(), MIME_TYPE.as_bytes())?;
        let signature = Some(format!("META-INF/signature-{id}.p7s"));
        let manifest = Manifest {
            signature,
            references: Vec::new(),
        };
        Ok(Self {
            zip,
            identity: identity.clone(),
            at,
            manifest,
            names: HashSet::new(),
            open: None,
        })
    }

    /// Where the container goes.
    pub fn sink_mut(&mut self) -> &mut W {
        self.zip.sink_mut()
    }

    /// Adds a file. The first one is the root file.
    ///
    /// Fails with [`Error::FileName`] or [`Error::DuplicateFile`] for a name that is not allowed: the container's
    /// own, in a folder, or used before.
    pub fn add(&mut self, name: &str, mime_type: &str, mut content: impl Read) -> Result<()> {
        self.start(name, mime_type)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return self.end(),
                Ok(count) => self.write(buffer.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Begins a file; for the names see [`Writer::add`].
    pub fn start(&mut self, name: &str, mime_type: &str) -> Result<()> {
        // `mimetype` is the first file of the container.
        let entry = self.names.len() + 2;
        let limits = Limits::default();
        if !names::is_writable(name, limits.name_bytes) || mime_type.chars().any(char::is_control) {
            return Err(Error::FileName { entry });
        }
        if self.names.contains(name) {
            return Err(Error::DuplicateFile { entry });
        }
        // Room for `mimetype`, two manifests and the signature.
        if self.names.len() + 4 >= limits.files {
            return Err(Error::TooLarge {
                what: "number of files",
                limit: limits.files as u64,
            });
        }
        self.zip.start(name, is_packed(mime_type))?;
        self.names.insert(name.to_owned());
        let (name, mime_type) = (name.to_owned(), mime_type.to_owned());
        self.open = Some(OpenFile {
            name,
            mime_type,
            digest: Context::new(&SHA256),
        });
        Ok(())
    }

    /// Adds content to the open file.
    pub fn write(&mut self, content: &[u8]) -> Result<()> {
        let open = self.open.as_mut().ok_or(Error::OutOfOrder("no file is open"))?;
        open.digest.update(content);
        self.zip.write(content)
    }

    /// Ends the open file.
    pub fn end(&mut self) -> Result<()> {
        let open = self.open.take().ok_or(Error::OutOfOrder("no file is open"))?;
        self.zip.end()?;
        let sha256 = open
            .digest
            .finish()
            .as_ref()
            .try_into()
            .map_err(|_| Error::Crypto("SHA-256"))?;
        self.manifest.references.push(Reference {
            uri: open.name,
            mime_type: Some(open.mime_type),
            sha256,
            is_root: self.manifest.references.is_empty(),
        });
        Ok(())
    }

    /// Writes manifest and signature, and gives the sink back. A container without files is refused with
    /// [`Error::NoFiles`]: no reader would take it.
    pub fn finish(mut self) -> Result<W> {
        if self.open.is_some() {
            return Err(Error::OutOfOrder("a file is open"));
        }
        if self.manifest.references.is_empty() {
            return Err(Error::NoFiles);
        }
        let manifest = self.manifest.to_xml();
        let signature = sign_detached(manifest.as_bytes(), &self.identity, self.at)?;
        let signature_name = self.manifest.signature.clone().unwrap_or_default();
        let open_document = self.manifest.to_open_document();
        self.own("META-INF/ASiCManifest.xml", manifest.as_bytes())?;
        self.own(&signature_name, &signature)?;
        self.own("META-INF/manifest.xml", open_document.as_bytes())?;
        self.zip.finish(&comment())
    }

    fn own(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.zip.start(name, false)?;
        self.zip.write(content)?;
        self.zip.end()
    }
}

/// Whether files of that type are compressed by themselves.
fn is_packed(mime_type: &str) -> bool {
    const PACKED: [&str; 8] = [
        "application/gzip",
        "application/pdf",
        "application/vnd.oasis.opendocument.",
        "application/vnd.openxmlformats-officedocument.",
        "application/zip",
        "audio/",
        "image/jp",
        "video/",
    ];
    let is_picture = mime_type == "image/png" || mime_type == "image/webp";
    is_picture || PACKED.iter().any(|packed| mime_type.starts_with(packed))
}

/// Of the `mimetype` file and of the archive, as Java writes it.
fn comment() -> String {
    format!("mimetype={MIME_TYPE}")
}
