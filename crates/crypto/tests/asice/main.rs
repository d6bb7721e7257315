//! Containers: our own, those of the .NET library's shape, and everything that must not be taken for a signed one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::print_stderr, clippy::cast_possible_truncation)]

mod foreign;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod written;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};

use fiks_core::Random;
use fiks_crypto::asice::{Contents, Event, Limits, Manifest, Reader, Reference, Sink, Writer};
use fiks_crypto::cms;
use fiks_crypto::{Error, Result};
use proptest::prelude::*;
use support::{NOW, content, folder, identity, must};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

type Files = Vec<(String, Vec<u8>)>;

#[derive(Default)]
struct Memory(BTreeMap<String, Vec<u8>>, String);

impl Sink for Memory {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        name.clone_into(&mut self.1);
        self.0.insert(self.1.clone(), Vec::new());
        Ok(())
    }

    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        self.0.get_mut(&self.1).unwrap().extend_from_slice(content);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    for (name, content) in files {
        writer
            .add(name, "application/octet-stream", content.as_slice())
            .unwrap();
    }
    writer.finish().unwrap()
}

fn read(container: &[u8]) -> Result<(Contents, BTreeMap<String, Vec<u8>>)> {
    read_with(Reader::new(container))
}

fn read_with<R: Read>(reader: Reader<R>) -> Result<(Contents, BTreeMap<String, Vec<u8>>)> {
    let mut memory = Memory::default();
    let contents = reader.extract(&mut memory)?;
    Ok((contents, memory.0))
}

fn example() -> Files {
    vec![
        ("brev.txt".to_owned(), b"Hei".to_vec()),
        ("vedlegg æøå.bin".to_owned(), content(70_000)),
        ("tom.txt".to_owned(), Vec::new()),
    ]
}

/// A source that gives one octet at a time.
struct Dripping<'a>(&'a [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

fn sha256(content: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content)
        .as_ref()
        .try_into()
        .unwrap()
}

const SIGNATURE: &str = "META-INF/signature-1.p7s";

fn manifest_of(files: &[(&str, &[u8])], signature: Option<&str>) -> String {
    let references = files.iter().map(|(name, content)| Reference {
        uri: (*name).to_owned(),
        mime_type: None,
        sha256: sha256(content),
        is_root: false,
    });
    Manifest {
        signature: signature.map(str::to_owned),
        references: references.collect(),
    }
    .to_xml()
}

/// The manifest as .NET writes it: its namespace, prefix and digest URI, a byte order mark, line ends of Windows.
fn dotnet_manifest(files: &[(&str, &[u8])], signature: Option<&str>) -> String {
    let xml = manifest_of(files, signature)
        .replace(
            "http://uri.etsi.org/02918/v1.2.1#",
            "http://uri.etsi.org/2918/v1.2.1#",
        )
        .replace(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha256",
        )
        .replace("xmlns=", "xmlns:cades=")
        .replace("<ASiC", "<cades:ASiC")
        .replace("</ASiC", "</cades:ASiC")
        .replace("<Sig", "<cades:Sig")
        .replace("<Data", "<cades:Data")
        .replace("</Data", "</cades:Data")
        .replace('\n', "\r\n");
    format!("\u{FEFF}{xml}")
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const MIMETYPE: (&str, &[u8]) = ("mimetype", b"application/vnd.etsi.asic-e+zip");
const FILE: (&str, &[u8]) = ("fil.txt", b"innhold");

fn sign(manifest: &str) -> Vec<u8> {
    cms::sign_detached(manifest.as_bytes(), identity(0), NOW).unwrap()
}

/// A container of `payload` whose manifest lists `listed`, with more entries at the end.
fn container(payload: &[(&str, &[u8])], listed: &[(&str, &[u8])], more: &[(&str, &[u8])]) -> Vec<u8> {
    let manifest = manifest_of(listed, Some(SIGNATURE));
    let signature = sign(&manifest);
    let own = [
        ("META-INF/ASiCManifest.xml", manifest.as_bytes()),
        (SIGNATURE, &signature),
    ];
    zip_of(&[&[MIMETYPE], payload, &own, more].concat())
}

fn error_of(container: &[u8]) -> Error {
    read(container).unwrap_err()
}
