//! Which private keys there are, and which recipients they are known to be.

use std::sync::Arc;

use der::{Decode, asn1::Any, asn1::OctetString};

use super::model::{CertificateIdentifier, IssuerAndSerialNumber};
use crate::x509::{Certificate, PrivateKey};
use crate::{Error, Result};

/// Most keys that a ring holds; each may cost an RSA operation for every envelope.
const MAX_KEYS: usize = 16;

/// The private keys that an envelope may be encrypted to, in the order they are tried. Receivers keep the old key
/// beside the new one while messages to the old one may still be waiting (fiks-io §5). Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<[Entry]>);

pub(super) struct Entry {
    pub(super) key: PrivateKey,
    identifiers: Vec<CertificateIdentifier>,
}

impl Keyring {
    /// A ring of keys without certificates: whom an envelope names as recipient doesn't matter then, and only its
    /// first recipient is tried.
    ///
    /// Fails with [`Error::TooLarge`] for more than 16 keys.
    pub fn new(keys: impl IntoIterator<Item = PrivateKey>) -> Result<Self> {
        Self::from_entries(keys.into_iter().map(|key| {
            Ok(Entry {
                key,
                identifiers: Vec::new(),
            })
        }))
    }

    /// A ring of keys with their certificates, so that the right recipient of several is found and the right key is
    /// tried first. A key that fits no named recipient is tried all the same.
    ///
    /// Fails with [`Error::TooLarge`] for more than 16 keys.
    pub fn with_certificates(pairs: impl IntoIterator<Item = (PrivateKey, Certificate)>) -> Result<Self> {
        Self::from_entries(pairs.into_iter().map(|(key, certificate)| {
            Ok(Entry {
                key,
                identifiers: identifiers(&certificate)?,
            })
        }))
    }

    fn from_entries(entries: impl Iterator<Item = Result<Entry>>) -> Result<Self> {
        // One more than allowed tells that there are too many, however long the source goes on.
        let entries: Vec<_> = entries.take(MAX_KEYS + 1).collect::<Result<_>>()?;
        if entries.len() > MAX_KEYS {
            Err(Error::TooLarge {
                what: "keyring",
                limit: MAX_KEYS as u64,
            })
        } else {
            Ok(Self(entries.into()))
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Whether one of the keys is known to belong to that recipient.
    pub(super) fn knows(&self, recipient: &CertificateIdentifier) -> bool {
        self.0.iter().any(|entry| entry.is(recipient))
    }
}

impl Entry {
    pub(super) fn is(&self, recipient: &CertificateIdentifier) -> bool {
        self.identifiers.contains(recipient)
    }
}

impl std::fmt::Debug for Keyring {
    /// Only the number of keys: issuers' names can be persons'.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keyring({})", self.0.len())
    }
}

impl From<PrivateKey> for Keyring {
    fn from(key: PrivateKey) -> Self {
        Self(Arc::new([Entry {
            key,
            identifiers: Vec::new(),
        }]))
    }
}

/// Issuer and serial number of a certificate as an identifier.
pub(super) fn issuer_and_serial(certificate: &Certificate) -> Result<IssuerAndSerialNumber> {
    let any = |der: &[u8]| Any::from_der(der).map_err(|_| Error::CertificateMalformed);
    Ok(IssuerAndSerialNumber {
        issuer: any(&certificate.issuer_der()?)?,
        serial_number: any(&certificate.serial_der()?)?,
    })
}

/// All ways in which CMS can name a certificate.
pub(super) fn identifiers(certificate: &Certificate) -> Result<Vec<CertificateIdentifier>> {
    let by_issuer = CertificateIdentifier::IssuerAndSerialNumber(issuer_and_serial(certificate)?);
    let by_key = certificate
        .subject_key_identifier()
        .and_then(|octets| OctetString::new(octets).ok());
    let by_key = by_key.map(CertificateIdentifier::SubjectKeyIdentifier);
    Ok([by_issuer].into_iter().chain(by_key).collect())
}
