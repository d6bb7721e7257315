//! The files of a received message: decrypted, and verified before anybody sees them.
//!
//! Invariant: nothing is handed out, and no file gets its name on disk, before the signature over all of the
//! container has been verified.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use fiks_crypto::asice::{Contents, Event, Limits, Reader};
use fiks_crypto::cms::Signer;
use tempfile::{TempDir, TempPath};
use tokio::fs;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio_util::io::StreamReader;

use super::innhold::failure;
use super::mottatt::MottattMelding;
use crate::Feil;

/// A received file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MottattFil {
    /// Its name: relative, without steps upwards, possibly in folders (`/`).
    pub navn: String,
    /// Its media type, as its sender states it.
    pub mime_type: Option<String>,
    /// Its content.
    pub innhold: Bytes,
}

/// Verified files in memory.
#[derive(Clone, Debug)]
pub struct MottatteFiler {
    /// The files, in the sender's order: the first is the main one.
    pub filer: Vec<MottattFil>,
    /// Who signed. Whether that is who it should be, is for you to say (fiks-io §11.4).
    pub signert_av: Vec<Signer>,
}

/// Verified files on disk.
#[derive(Clone, Debug)]
pub struct SkrevneFiler {
    /// Where they are, in the sender's order: the first is the main one.
    pub stier: Vec<PathBuf>,
    /// Who signed. Whether that is who it should be, is for you to say (fiks-io §11.4).
    pub signert_av: Vec<Signer>,
}

impl MottattMelding {
    /// Decrypts, verifies and reads all files into memory, at most `grense` bytes of them together.
    ///
    /// Fails as [`dekrypter`](Self::dekrypter) does; with [`Feil::UgyldigPakke`] when this is no container, it is not
    /// signed, or a file is not the one that was signed; and with [`Feil::ForStort`].
    pub async fn filer(&self, grense: u64) -> Result<MottatteFiler, Feil> {
        let limits = Limits {
            content_bytes: grense,
            ..Limits::default()
        };
        let mut reader = self.reader(limits).await?;
        let mut contents: Vec<BytesMut> = Vec::new();
        while let Some(event) = next(&mut reader, grense).await? {
            match event {
                Event::File { .. } => contents.push(BytesMut::new()),
                Event::Data(data) => contents
                    .last_mut()
                    .into_iter()
                    .for_each(|content| content.extend_from_slice(data)),
                Event::FileEnd => {}
            }
        }
        let Contents { files, signers, .. } = reader.finish().map_err(failure)?;
        let filer = files.into_iter().zip(contents).map(|(file, content)| MottattFil {
            navn: file.name,
            mime_type: file.mime_type,
            innhold: content.freeze(),
        });
        Ok(MottatteFiler {
            filer: filer.collect(),
            signert_av: signers,
        })
    }

    /// Decrypts, verifies and writes all files to a folder that exists, in constant memory. Folders in names are made.
    ///
    /// The files appear once they are verified. No file is ever replaced: when one with the same name is there, none
    /// is written. Fails as [`filer`](Self::filer) does, and with [`Feil::Skriving`].
    pub async fn skriv_til(&self, mappe: impl AsRef<Path>) -> Result<SkrevneFiler, Feil> {
        let mappe = mappe.as_ref().to_path_buf();
        let limits = Limits::default();
        let mut reader = self.reader(limits).await?;
        let mut staging = Staging::new(&mappe).await?;
        while let Some(event) = next(&mut reader, limits.content_bytes).await? {
            match event {
                Event::File { .. } => staging.begin().await?,
                Event::Data(data) => staging.write(data).await?,
                Event::FileEnd => staging.end().await?,
            }
        }
        let Contents { files, signers, .. } = reader.finish().map_err(failure)?;
        let stier: Vec<_> = files.iter().map(|file| mappe.join(&file.name)).collect();
        let placed = stier.clone();
        let work = tokio::task::spawn_blocking(move || staging.place(&placed));
        work.await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(writing)?;
        Ok(SkrevneFiler {
            stier,
            signert_av: signers,
        })
    }

    async fn reader(&self, limits: Limits) -> Result<Reader<impl AsyncRead + Unpin + use<>>, Feil> {
        let source = StreamReader::new(self.plaintext().await?);
        let reader = Reader::with_limits(source, limits);
        Ok(if self.core.konfigurasjon().godta_usignert {
            reader.allow_unsigned()
        } else {
            reader
        })
    }
}

async fn next<R: AsyncRead + Unpin>(reader: &mut Reader<R>, grense: u64) -> Result<Option<Event<'_>>, Feil> {
    let event = reader.next_event_async().await;
    event.map_err(|error| match error {
        fiks_crypto::Error::TooLarge { what: "content", .. } => Feil::ForStort { grense },
        other => failure(other),
    })
}

fn writing(error: std::io::Error) -> Feil {
    Feil::Skriving(Arc::new(error))
}

/// Files under numbers instead of names, in a folder that goes away with this.
struct Staging {
    folder: TempDir,
    count: usize,
    open: Option<fs::File>,
}

impl Staging {
    /// Inside the target, so that the files can be moved to their names without being copied.
    async fn new(target: &Path) -> Result<Self, Feil> {
        let target = target.to_path_buf();
        let made =
            tokio::task::spawn_blocking(move || tempfile::Builder::new().prefix(".fiks-").tempdir_in(target));
        let folder = made
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(writing)?;
        Ok(Self {
            folder,
            count: 0,
            open: None,
        })
    }

    async fn begin(&mut self) -> Result<(), Feil> {
        let file = fs::File::create_new(self.path(self.count))
            .await
            .map_err(writing)?;
        self.count += 1;
        self.open = Some(file);
        Ok(())
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Feil> {
        match &mut self.open {
            Some(file) => file.write_all(data).await.map_err(writing),
            None => Ok(()),
        }
    }

    async fn end(&mut self) -> Result<(), Feil> {
        let Some(file) = self.open.take() else {
            return Ok(());
        };
        file.sync_all().await.map_err(writing)
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.path().join(index.to_string())
    }

    /// Gives the files their names. When one can't have it, those that got theirs are removed again.
    fn place(self, names: &[PathBuf]) -> std::io::Result<()> {
        let mut placed: Vec<TempPath> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if let Some(parent) = name.parent() {
                std::fs::create_dir_all(parent)?;
            }
            TempPath::try_from_path(self.path(index))?.persist_noclobber(name)?;
            placed.push(TempPath::try_from_path(name)?);
        }
        placed
            .into_iter()
            .try_for_each(|path| path.keep().map(drop).map_err(Into::into))
    }
}

#[cfg(test)]
mod tests;
