//! One certificate and what it says.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use fiks_core::Timestamp;
use fiks_core::id::Orgnr;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::pem_text;
use crate::{Error, Result};

const SERIAL_NUMBER: ObjectIdentifier = const_oid::db::rfc4519::SERIAL_NUMBER;
const COMMON_NAME: ObjectIdentifier = const_oid::db::rfc4519::COMMON_NAME;
/// X.520 `organizationIdentifier`, in virksomhetssertifikater after the ETSI standard.
const ORGANIZATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");

/// An X.509 certificate. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Vec<u8>,
    public_key: Vec<u8>,
    fields: x509_cert::Certificate,
}

/// Where a moment lies in a certificate's lifetime. It is shown as `valid` and `statusMessage` of a konto's key
/// (fiks-io §5); KS' clients encrypt whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// The moment is inside the lifetime, both ends included.
    Valid,
    /// The moment is before `validFrom`.
    NotYetValid,
    /// The moment is after `validTo`.
    Expired,
}

impl Validity {
    /// The status in words for the owner of the key.
    pub fn text(self) -> &'static str {
        match self {
            Self::Valid => "Sertifikatet er gyldig.",
            Self::NotYetValid => "Sertifikatet er ikke gyldig ennå.",
            Self::Expired => "Sertifikatet er utløpt.",
        }
    }
}

impl Certificate {
    /// Reads exactly one certificate.
    ///
    /// Fails with [`Error::CertificateMalformed`] on anything else, data after the certificate included.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let fields = x509_cert::Certificate::from_der(der).map_err(|_| Error::CertificateMalformed)?;
        let public_key = fields.tbs_certificate().subject_public_key_info().to_der();
        let public_key = public_key.map_err(|_| Error::CertificateMalformed)?;
        Ok(Self(Arc::new(Parsed {
            der: der.to_vec(),
            public_key,
            fields,
        })))
    }

    /// Reads the one certificate in a PEM text. Other blocks are refused.
    pub fn from_pem(text: &str) -> Result<Self> {
        match pem_text::blocks(text)?.as_slice() {
            [block] if pem_text::is_certificate(block) => Self::from_der(block.contents()),
            [_] => Err(Error::NotCertificate),
            _ => Err(Error::SeveralPemBlocks),
        }
    }

    /// Reads all certificates in a PEM text, in its order. Blocks of another kind are passed over, since key and
    /// chain often share a file.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>> {
        let blocks = pem_text::blocks(text)?;
        let certificates = blocks.iter().filter(|block| pem_text::is_certificate(block));
        let chain: Vec<_> = certificates
            .map(|block| Self::from_der(block.contents()))
            .collect::<Result<_>>()?;
        if chain.is_empty() {
            Err(Error::NotCertificate)
        } else {
            Ok(chain)
        }
    }

    /// The certificate as it was read.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as PEM: lines of 64 characters, line feeds, nothing before or after.
    pub fn pem(&self) -> String {
        pem_text::encode("CERTIFICATE", self.der())
    }

    /// The serial number in decimal, as Java writes it.
    pub fn serial(&self) -> String {
        decimal(self.fields().serial_number().as_bytes())
    }

    /// The subject as RFC 4514 text, most specific part first.
    pub fn subject_dn(&self) -> String {
        self.fields().subject().to_string()
    }

    /// The issuer as RFC 4514 text, most specific part first.
    pub fn issuer_dn(&self) -> String {
        self.fields().issuer().to_string()
    }

    /// The subject's common name, when it has one that is text.
    pub fn common_name(&self) -> Option<String> {
        self.subject_text(COMMON_NAME).next()
    }

    /// The organisation that the certificate was issued to: `serialNumber` of nine digits, or
    /// `organizationIdentifier` of the form `NTRNO-<nine digits>`. `None` when neither is a valid number.
    pub fn orgnr(&self) -> Option<Orgnr> {
        let plain = self.subject_text(SERIAL_NUMBER);
        let prefixed = self.subject_text(ORGANIZATION_IDENTIFIER);
        let mut candidates =
            plain.chain(prefixed.filter_map(|text| text.strip_prefix("NTRNO-").map(str::to_owned)));
        candidates.find_map(|digits| digits.parse().ok())
    }

    /// First moment of the lifetime.
    pub fn valid_from(&self) -> Timestamp {
        moment(self.fields().validity().not_before)
    }

    /// Last moment of the lifetime.
    pub fn valid_to(&self) -> Timestamp {
        moment(self.fields().validity().not_after)
    }

    /// Where `now` lies in the lifetime. Certificates live on the real clock ([`Timestamp::real`]).
    pub fn validity_at(&self, now: Timestamp) -> Validity {
        if now < self.valid_from() {
            Validity::NotYetValid
        } else if now > self.valid_to() {
            Validity::Expired
        } else {
            Validity::Valid
        }
    }

    /// The SubjectPublicKeyInfo in DER. Two certificates for the same key agree in it.
    pub fn public_key_der(&self) -> &[u8] {
        &self.0.public_key
    }

    /// The issuer's name in DER: with [`Self::serial_der`] what CMS calls issuerAndSerialNumber.
    pub(crate) fn issuer_der(&self) -> Result<Vec<u8>> {
        self.fields()
            .issuer()
            .to_der()
            .map_err(|_| Error::CertificateMalformed)
    }

    /// The serial number in DER.
    pub(crate) fn serial_der(&self) -> Result<Vec<u8>> {
        self.fields()
            .serial_number()
            .to_der()
            .map_err(|_| Error::CertificateMalformed)
    }

    /// The subject key identifier of the certificate's extension.
    pub(crate) fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let found = self
            .fields()
            .get_extension::<SubjectKeyIdentifier>()
            .ok()
            .flatten();
        found.map(|(_, identifier)| identifier.0.as_bytes().to_vec())
    }

    /// The algorithm of the public key.
    pub(crate) fn public_key_algorithm(&self) -> ObjectIdentifier {
        self.fields().subject_public_key_info().algorithm.oid
    }

    /// The public key itself, inside SubjectPublicKeyInfo.
    pub(crate) fn public_key_bits(&self) -> Option<&[u8]> {
        self.fields()
            .subject_public_key_info()
            .subject_public_key
            .as_bytes()
    }

    fn fields(&self) -> &x509_cert::TbsCertificate {
        self.0.fields.tbs_certificate()
    }

    fn subject_text(&self, kind: ObjectIdentifier) -> impl Iterator<Item = String> + '_ {
        let attributes = self
            .fields()
            .subject()
            .iter()
            .filter(move |attribute| attribute.oid == kind);
        attributes.filter_map(|attribute| {
            std::str::from_utf8(attribute.value.value())
                .ok()
                .map(str::to_owned)
        })
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::fmt::Debug for Certificate {
    /// Only the serial number: subjects can be persons.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Certificate({})", self.serial())
    }
}

fn moment(time: x509_cert::time::Time) -> Timestamp {
    let millis = time.to_unix_duration().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// A big-endian number in decimal digits.
fn decimal(octets: &[u8]) -> String {
    let mut digits = vec![0u8];
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            // A remainder of ten always fits.
            *digit = u8::try_from(value % 10).unwrap_or(0);
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::decimal;
    use proptest::prelude::*;

    #[test]
    fn big_serial_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(
            decimal(&[0xFF; 20]),
            "1461501637330902918203684832716283019655932542975"
        );
    }

    proptest! {
        #[test]
        fn decimal_agrees_with_machine_integers(number: u128) {
            prop_assert_eq!(decimal(&number.to_be_bytes()), number.to_string());
        }
    }
}
