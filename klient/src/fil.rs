//! A file to be sent: its name, its type and where its content is.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::Feil;

/// The type of files whose name tells nothing.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A file to be sent. It is read when the message is sent, a little at a time.
#[derive(Clone, Debug)]
pub struct Fil {
    pub(crate) navn: String,
    pub(crate) mime_type: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Path(PathBuf),
    Bytes(Bytes),
}

impl Fil {
    /// A file on disk, under its own name.
    ///
    /// Fails with [`Feil::UgyldigMelding`] when the path has no name, or one that is not Unicode.
    pub fn fra_disk(sti: impl AsRef<Path>) -> Result<Self, Feil> {
        let sti = sti.as_ref();
        let navn = sti.file_name().and_then(|navn| navn.to_str());
        let navn = navn.ok_or(Feil::UgyldigMelding(
            "Stien til en fil ender ikke på et filnavn i Unicode.",
        ))?;
        Ok(Self::new(navn.to_owned(), Content::Path(sti.to_path_buf())))
    }

    /// A file in memory.
    pub fn fra_bytes(navn: impl Into<String>, innhold: impl Into<Bytes>) -> Self {
        Self::new(navn.into(), Content::Bytes(innhold.into()))
    }

    /// Another name for the receiver: flat (no folders), and no other file's.
    #[must_use]
    pub fn med_navn(self, navn: impl Into<String>) -> Self {
        Self::new(navn.into(), self.content)
    }

    /// The media type, where it can't be told from the name.
    #[must_use]
    pub fn med_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = mime_type.into();
        self
    }

    fn new(navn: String, content: Content) -> Self {
        let mime_type = mime_guess::from_path(&navn)
            .first_raw()
            .unwrap_or(UNKNOWN_TYPE)
            .to_owned();
        Self {
            navn,
            mime_type,
            content,
        }
    }

    /// Opens the content for reading from its start.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.content {
            Content::Path(path) => Box::new(File::open(path)?),
            Content::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_follows_from_the_name() {
        let mime_type = |navn: &str| Fil::fra_bytes(navn, "").mime_type;
        assert_eq!(mime_type("brev.PDF"), "application/pdf");
        assert_eq!(mime_type("arkivmelding.xml"), "text/xml");
        assert_eq!(mime_type("uten-endelse"), UNKNOWN_TYPE);
        assert_eq!(
            Fil::fra_bytes("a.pdf", "").med_navn("b.png").mime_type,
            "image/png"
        );
        assert_eq!(
            Fil::fra_bytes("a", "").med_mime_type("text/plain").mime_type,
            "text/plain"
        );
    }

    #[test]
    fn a_path_gives_its_last_part_as_name() {
        assert_eq!(Fil::fra_disk("/tmp/mappe/brev.pdf").unwrap().navn, "brev.pdf");
        assert!(matches!(Fil::fra_disk("/"), Err(Feil::UgyldigMelding(_))));
    }

    #[test]
    fn content_can_be_read_more_than_once() {
        let fil = Fil::fra_bytes("a.txt", "innhold");
        for _ in 0..2 {
            let mut text = String::new();
            fil.open().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "innhold");
        }
    }
}
