//! The CAdES manifest: which files there are, their digests, and where the signature is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::MIME_TYPE;
use crate::{Error, Result};

/// The namespace we write, Java's; the others are an older edition and .NET's spelling (fiks-io §11.3–11.4).
const ASIC: [&str; 3] = [
    "http://uri.etsi.org/02918/v1.2.1#",
    "http://uri.etsi.org/02918/v1.1.1#",
    "http://uri.etsi.org/2918/v1.2.1#",
];
const XML_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The URI we write, Java's; the other is .NET's.
const SHA256: [&str; 2] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2000/09/xmldsig#sha256",
];
/// What Java takes a reference without URI for.
const DEFAULT_SIGNATURE: &str = "META-INF/signature.p7s";
const SIGNATURE_TYPE: &str = "application/x-pkcs7-signature";

/// A manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Name of the file with the signature over the manifest; `None` when it is not signed, as .NET writes it
    /// without a certificate (fiks-io §11.5).
    pub signature: Option<String>,
    /// The files.
    pub references: Vec<Reference>,
}

/// A file as the manifest lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// Its name in the container.
    pub uri: String,
    /// Its media type, where stated.
    pub mime_type: Option<String>,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// Whether it is the one to open first.
    pub is_root: bool,
}

/// Deepest nesting of elements, those that are passed over included.
const MAX_DEPTH: usize = 16;
/// Most attributes of an element. Names are looked up one by one, so their number must not be the sender's choice.
const MAX_ATTRIBUTES: usize = 32;

/// Which element the parser is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Manifest,
    DataObject,
    DigestValue,
    Unknown,
}

/// What is known of a reference so far.
#[derive(Default)]
struct Draft {
    reference: Reference,
    has_method: bool,
    digest: Option<String>,
}

struct Parser {
    /// The elements that are open; [`Place::Unknown`] for those that are passed over.
    open: Vec<Place>,
    manifest: Manifest,
    draft: Draft,
    has_root: bool,
}

impl Manifest {
    /// Reads a manifest. Elements that are not known are passed over.
    ///
    /// Fails with [`Error::MalformedManifest`], and with [`Error::UnsupportedDigest`] when a file is listed with
    /// another digest than SHA-256: that is all that KS' libraries use.
    pub fn parse(xml: &[u8]) -> Result<Self> {
        let xml = xml.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(xml);
        let xml = std::str::from_utf8(xml).map_err(|_| Error::MalformedManifest("not UTF-8"))?;
        let mut reader = NsReader::from_str(xml);
        let mut parser = Parser::new();
        loop {
            let event = reader
                .read_event()
                .map_err(|_| Error::MalformedManifest("not well-formed"))?;
            match event {
                Event::Start(element) => parser.open(&reader, &element)?,
                Event::Empty(element) => {
                    parser.open(&reader, &element)?;
                    parser.close()?;
                }
                Event::End(_) => parser.close()?,
                Event::Text(text) => parser.text(&text)?,
                // Neither belongs in base64, and nothing else is text.
                Event::GeneralRef(_) | Event::CData(_) => parser.text("&")?,
                Event::DocType(_) => return Err(Error::MalformedManifest("document type")),
                Event::Eof => return parser.finish(),
                _ => {}
            }
        }
    }

    /// The manifest as XML, in the form that Java writes.
    pub fn to_xml(&self) -> String {
        let root = format!(
            "<ASiCManifest xmlns=\"{}\" xmlns:ns2=\"{XML_SIGNATURE}\">\n",
            ASIC[0]
        );
        let signature = self
            .signature
            .as_deref()
            .map(signature_reference)
            .unwrap_or_default();
        let files: String = self.references.iter().map(Reference::to_xml).collect();
        [XML_DECLARATION, &root, &signature, &files, "</ASiCManifest>\n"].concat()
    }

    /// The OpenDocument manifest, which lists the same files once more.
    pub(super) fn to_open_document(&self) -> String {
        let root = format!("<ns1:manifest xmlns:ns1=\"{OPEN_DOCUMENT}\">\n");
        let container = open_document_entry("/", MIME_TYPE);
        let files = self.references.iter();
        let files: String = files
            .map(|file| open_document_entry(&file.uri, file.mime_type.as_deref().unwrap_or_default()))
            .collect();
        [XML_DECLARATION, &root, &container, &files, "</ns1:manifest>\n"].concat()
    }
}

const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OPEN_DOCUMENT: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";

fn signature_reference(name: &str) -> String {
    format!(
        "    <SigReference URI=\"{}\" MimeType=\"{SIGNATURE_TYPE}\"/>\n",
        escape(name)
    )
}

fn open_document_entry(path: &str, mime_type: &str) -> String {
    let (path, mime_type) = (escape(path), escape(mime_type));
    format!("    <ns1:file-entry ns1:full-path=\"{path}\" ns1:media-type=\"{mime_type}\"/>\n")
}

impl Reference {
    fn to_xml(&self) -> String {
        let mime_type = self
            .mime_type
            .as_ref()
            .map(|text| format!(" MimeType=\"{}\"", escape(text)));
        format!(
            concat!(
                "    <DataObjectReference URI=\"{uri}\"{mime_type}{root}>\n",
                "        <ns2:DigestMethod Algorithm=\"{method}\"/>\n",
                "        <ns2:DigestValue>{digest}</ns2:DigestValue>\n",
                "    </DataObjectReference>\n",
            ),
            uri = escape(&self.uri),
            mime_type = mime_type.unwrap_or_default(),
            root = if self.is_root { " Rootfile=\"true\"" } else { "" },
            method = SHA256[0],
            digest = STANDARD.encode(self.sha256),
        )
    }
}

impl Parser {
    fn new() -> Self {
        let (manifest, draft) = (Manifest::default(), Draft::default());
        Self {
            open: Vec::new(),
            manifest,
            draft,
            has_root: false,
        }
    }

    fn open(&mut self, reader: &NsReader<&[u8]>, element: &BytesStart<'_>) -> Result<()> {
        let attributes = element.attributes().take(MAX_ATTRIBUTES + 1);
        let attributes: Vec<_> = attributes
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| malformed_attribute())?;
        if self.open.len() >= MAX_DEPTH || attributes.len() > MAX_ATTRIBUTES {
            return Err(Error::MalformedManifest("too deep or too many attributes"));
        }
        let (namespace, name) = reader.resolver().resolve_element(element.name());
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => namespace,
            _ => "",
        };
        let place = match (self.open.last(), name.into_inner()) {
            (None, "ASiCManifest") if ASIC.contains(&namespace) && !self.has_root => Place::Manifest,
            (None, _) => return Err(Error::MalformedManifest("root element")),
            (Some(Place::Manifest), name) if ASIC.contains(&namespace) => self.open_asic(name, element)?,
            (Some(Place::DataObject), name) if namespace == XML_SIGNATURE => {
                self.open_digest(name, element)?
            }
            _ => Place::Unknown,
        };
        self.has_root = true;
        self.open.push(place);
        Ok(())
    }

    fn open_asic(&mut self, name: &str, element: &BytesStart<'_>) -> Result<Place> {
        match name {
            "SigReference" => self.signature(element).map(|()| Place::Unknown),
            "DataObjectReference" => {
                self.draft = Draft {
                    reference: reference(element)?,
                    ..Draft::default()
                };
                Ok(Place::DataObject)
            }
            _ => Ok(Place::Unknown),
        }
    }

    fn open_digest(&mut self, name: &str, element: &BytesStart<'_>) -> Result<Place> {
        match name {
            "DigestMethod" => self.method(element).map(|()| Place::Unknown),
            "DigestValue" => {
                self.draft.digest = Some(String::new());
                Ok(Place::DigestValue)
            }
            _ => Ok(Place::Unknown),
        }
    }

    fn signature(&mut self, element: &BytesStart<'_>) -> Result<()> {
        if self.manifest.signature.is_some() {
            return Err(Error::MalformedManifest("several signature references"));
        }
        let uri = attribute(element, "URI")?;
        self.manifest.signature = Some(uri.unwrap_or_else(|| DEFAULT_SIGNATURE.to_owned()));
        Ok(())
    }

    fn method(&mut self, element: &BytesStart<'_>) -> Result<()> {
        let algorithm = attribute(element, "Algorithm")?.unwrap_or_default();
        self.draft.has_method = true;
        if SHA256.contains(&algorithm.as_str()) {
            Ok(())
        } else {
            Err(Error::UnsupportedDigest)
        }
    }

    fn text(&mut self, text: &str) -> Result<()> {
        match (self.open.last(), &mut self.draft.digest) {
            (Some(Place::DigestValue), Some(digest)) => digest.extend(text.split_ascii_whitespace()),
            (None, _) if !text.trim().is_empty() => return Err(Error::MalformedManifest("text")),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if self.open.pop() == Some(Place::DataObject) {
            self.manifest
                .references
                .push(std::mem::take(&mut self.draft).finish()?);
        }
        Ok(())
    }

    fn finish(self) -> Result<Manifest> {
        if self.has_root && self.open.is_empty() {
            Ok(self.manifest)
        } else {
            Err(Error::MalformedManifest("unfinished"))
        }
    }
}

impl Draft {
    fn finish(self) -> Result<Reference> {
        let digest = self
            .digest
            .filter(|_| self.has_method)
            .ok_or(Error::MalformedManifest("digest missing"))?;
        let sha256 = STANDARD
            .decode(digest)
            .ok()
            .and_then(|octets| octets.try_into().ok());
        let sha256 = sha256.ok_or(Error::MalformedManifest("digest"))?;
        Ok(Reference {
            sha256,
            ..self.reference
        })
    }
}

fn reference(element: &BytesStart<'_>) -> Result<Reference> {
    Ok(Reference {
        uri: attribute(element, "URI")?.ok_or(Error::MalformedManifest("URI missing"))?,
        mime_type: attribute(element, "MimeType")?,
        sha256: [0; 32],
        is_root: matches!(attribute(element, "Rootfile")?.as_deref(), Some("true" | "1")),
    })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
    let Some(found) = element
        .try_get_attribute(name)
        .map_err(|_| malformed_attribute())?
    else {
        return Ok(None);
    };
    let value = found
        .normalized_value(XmlVersion::Explicit1_0)
        .map_err(|_| malformed_attribute())?;
    Ok(Some(value.into_owned()))
}

fn malformed_attribute() -> Error {
    Error::MalformedManifest("attribute")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Manifest {
        let file = |uri: &str, is_root| Reference {
            uri: uri.to_owned(),
            mime_type: Some("text/plain".to_owned()),
            sha256: [7; 32],
            is_root,
        };
        Manifest {
            signature: Some("META-INF/signature-1.p7s".to_owned()),
            references: vec![file("a & <b> \"c\".txt", true), file("æøå.txt", false)],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Manifest::parse(example().to_xml().as_bytes()).unwrap(), example());
        let unsigned = Manifest {
            signature: None,
            ..example()
        };
        assert_eq!(Manifest::parse(unsigned.to_xml().as_bytes()).unwrap(), unsigned);
    }

    #[test]
    fn the_spellings_of_dotnet_are_read() {
        let digest = STANDARD.encode([9; 32]);
        let xml = format!(
            "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
             <cades:ASiCManifest xmlns:sig=\"{XML_SIGNATURE}\" xmlns:cades=\"{}\">\r\n\
               <cades:SigReference URI=\"META-INF/signature-2.p7s\" MimeType=\"application/x-pkcs7-signature\" />\r\n\
               <cades:DataObjectReference URI=\"fil.txt\" MimeType=\"text/plain\">\r\n\
                 <sig:DigestMethod Algorithm=\"{}\" />\r\n\
                 <sig:DigestValue>{digest}</sig:DigestValue>\r\n\
               </cades:DataObjectReference>\r\n\
             </cades:ASiCManifest>",
            ASIC[2], SHA256[1]
        );
        let manifest = Manifest::parse(xml.as_bytes()).unwrap();
        assert_eq!(manifest.signature.as_deref(), Some("META-INF/signature-2.p7s"));
        assert_eq!(manifest.references[0].sha256, [9; 32]);
        assert!(!manifest.references[0].is_root);
    }

    #[test]
    fn unknown_elements_are_passed_over() {
        let xml = example().to_xml();
        let extended = xml
            .replace(
                "</ASiCManifest>",
                "<Extra><DataObjectReference URI=\"x\"/></Extra></ASiCManifest>",
            )
            .replace("<ns2:DigestMethod", "<Other>text<deep/></Other><ns2:DigestMethod");
        assert_eq!(Manifest::parse(extended.as_bytes()).unwrap(), example());
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let xml = example().to_xml();
        for (broken, what) in [
            (String::new(), "empty"),
            ("<a/>".to_owned(), "other root"),
            (xml.replace(ASIC[0], "urn:other"), "other namespace"),
            (xml.replace("ASiCManifest>", "ASiCManifest"), "cut"),
            (xml.replace("Digest", "Dagest"), "no digest"),
            (format!("{xml}<a/>"), "two roots"),
            (
                xml.replace("<ASiC", "<!DOCTYPE a [<!ENTITY b \"c\">]><ASiC"),
                "document type",
            ),
            (xml.replace("BwcH", "&b;"), "entity in the digest"),
            (xml.replace(" URI=\"æøå", " URL=\"æøå"), "no name"),
            (xml.replace(" URI=\"æøå", " URI=\"x\" URI=\"æøå"), "two names"),
            (
                xml.replace("</ASiC", &format!("{}</ASiC", "<a>".repeat(100))),
                "too deep",
            ),
            (
                xml.replace("<SigReference", &format!("<SigReference{}", " a=\"\"".repeat(33))),
                "many attributes",
            ),
        ] {
            assert!(Manifest::parse(broken.as_bytes()).is_err(), "{what}");
        }
    }

    #[test]
    fn other_digests_are_refused_as_such() {
        let xml = example().to_xml().replace("xmlenc#sha256", "xmlenc#sha512");
        assert!(matches!(
            Manifest::parse(xml.as_bytes()),
            Err(Error::UnsupportedDigest)
        ));
    }
}
