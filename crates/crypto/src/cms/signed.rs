//! Detached signatures over a small content (the manifest of a container).

use std::time::Duration;

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, GeneralizedTime, OctetString, SetOfVec, UtcTime};
use der::{Decode, Encode, Tag, TagNumber};
use fiks_core::Timestamp;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::keyring;
use super::model::{
    Attribute, CertificateIdentifier, ContentInfo, EncapsulatedContent, EssCertificateId, IssuerSerial,
    SignedData, SignerInfo, SigningCertificateV2, oid,
};
use crate::ber::canonical::to_der;
use crate::x509::{Certificate, Identity, SignatureAlgorithm};
use crate::{Error, Result};

/// Biggest signature structure that is read. A signer with a chain of four takes some 8 KiB.
pub(crate) const MAX_SIGNATURE_BYTES: usize = 256 * 1024;
/// Most signers that are checked, since each costs an RSA operation. .NET writes two.
const MAX_SIGNERS: usize = 16;

/// Who signed.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The signer's certificate, as it came with the signature. Nobody has checked whether it can be trusted.
    pub certificate: Certificate,
    /// When, by the signer's own word.
    pub signed_at: Option<Timestamp>,
}

/// Signs `content`: CAdES-BES, SHA-256 with RSA, the whole chain included, the content not.
///
/// `at` is the signing time to state.
pub fn sign_detached(content: &[u8], identity: &Identity, at: Timestamp) -> Result<Vec<u8>> {
    let signer = signer_info(content, identity, at)?;
    signed_data(identity, vec![signer]).map_err(|_| Error::Crypto("CMS encoding"))
}

/// Checks a detached signature and tells who made it. Of several signers any one is enough (fiks-io §11.4).
///
/// SHA-1, SHA-256, SHA-384 and SHA-512 with RSA of at least 2048 bits, with or without signed attributes. Neither
/// trust nor lifetime of the certificate are looked at.
///
/// Fails with [`Error::MalformedSignature`], [`Error::TooLarge`] or [`Error::SignatureInvalid`].
pub fn verify_detached(content: &[u8], signature: &[u8]) -> Result<Signer> {
    let signed = read(signature)?;
    let certificates: Vec<Certificate> = signed
        .certificates
        .iter()
        .flat_map(SetOfVec::iter)
        .filter_map(|certificate| Certificate::from_der(&certificate.to_der().ok()?).ok())
        .collect();
    let signers = signed.signer_infos.iter().take(MAX_SIGNERS);
    let verified =
        signers.filter_map(|info| verify(content, &signed.content.content_type, info, &certificates));
    verified.into_iter().next().ok_or(Error::SignatureInvalid)
}

fn read(signature: &[u8]) -> Result<SignedData> {
    let der = to_der(signature, MAX_SIGNATURE_BYTES)?;
    let info = ContentInfo::from_der(&der).map_err(|_| Error::MalformedSignature)?;
    if info.content_type != oid::SIGNED_DATA {
        return Err(Error::MalformedSignature);
    }
    info.content.decode_as().map_err(|_| Error::MalformedSignature)
}

fn verify(
    content: &[u8],
    content_type: &ObjectIdentifier,
    info: &SignerInfo,
    certificates: &[Certificate],
) -> Option<Signer> {
    let named = |certificate: &&Certificate| {
        keyring::identifiers(certificate).is_ok_and(|identifiers| identifiers.contains(&info.sid))
    };
    let certificate = certificates.iter().find(named)?;
    let hash = Hash::of(&info.digest_algorithm.oid)?;
    if Hash::of_signature(&info.signature_algorithm.oid, hash) != Some(hash) {
        return None;
    }
    let signature = info.signature.as_bytes();
    let Some(attributes) = &info.signed_attributes else {
        hash.verify(certificate, content, signature).ok()?;
        return Some(Signer {
            certificate: certificate.clone(),
            signed_at: None,
        });
    };
    let digest: OctetString = single(attributes, oid::MESSAGE_DIGEST)?.decode_as().ok()?;
    let signed_type: ObjectIdentifier = single(attributes, oid::CONTENT_TYPE)?.decode_as().ok()?;
    if digest.as_bytes() != hash.digest(content).as_ref() || signed_type != *content_type {
        return None;
    }
    // RFC 5652 §5.4: what is signed is the DER of the attributes as a SET, not as the [0] they travel in.
    hash.verify(certificate, &attributes.to_der().ok()?, signature)
        .ok()?;
    Some(Signer {
        certificate: certificate.clone(),
        signed_at: signing_time(attributes),
    })
}

fn single(attributes: &SetOfVec<Attribute>, kind: ObjectIdentifier) -> Option<&Any> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == kind);
    let (attribute, None) = (found.next()?, found.next()) else {
        return None;
    };
    match attribute.values.as_slice() {
        [value] => Some(value),
        _ => None,
    }
}

fn signing_time(attributes: &SetOfVec<Attribute>) -> Option<Timestamp> {
    let time: Time = Time::from_der(&single(attributes, oid::SIGNING_TIME)?.to_der().ok()?).ok()?;
    let millis = i64::try_from(time.to_unix_duration().as_millis()).ok()?;
    Some(Timestamp::from_millis(millis))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha2(SignatureAlgorithm),
}

impl Hash {
    fn of(digest: &ObjectIdentifier) -> Option<Self> {
        Some(match *digest {
            oid::SHA1 => Self::Sha1,
            oid::SHA256 => Self::Sha2(SignatureAlgorithm::Rs256),
            oid::SHA384 => Self::Sha2(SignatureAlgorithm::Rs384),
            oid::SHA512 => Self::Sha2(SignatureAlgorithm::Rs512),
            _ => return None,
        })
    }

    /// Many write plain `rsaEncryption` as signature algorithm: the hash is that of the digest then.
    fn of_signature(signature: &ObjectIdentifier, of_digest: Self) -> Option<Self> {
        Some(match *signature {
            oid::RSA_ENCRYPTION => of_digest,
            oid::SHA1_WITH_RSA => Self::Sha1,
            oid::SHA256_WITH_RSA => Self::Sha2(SignatureAlgorithm::Rs256),
            oid::SHA384_WITH_RSA => Self::Sha2(SignatureAlgorithm::Rs384),
            oid::SHA512_WITH_RSA => Self::Sha2(SignatureAlgorithm::Rs512),
            _ => return None,
        })
    }

    fn digest(self, content: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha2(SignatureAlgorithm::Rs256) => &SHA256,
            Self::Sha2(SignatureAlgorithm::Rs384) => &SHA384,
            Self::Sha2(SignatureAlgorithm::Rs512) => &SHA512,
        };
        digest::digest(algorithm, content)
    }

    fn verify(self, certificate: &Certificate, message: &[u8], signature: &[u8]) -> Result<()> {
        match self {
            Self::Sha1 => certificate.verify_sha1(message, signature),
            Self::Sha2(algorithm) => certificate.verify(algorithm, message, signature),
        }
    }
}

pub(super) fn signer_info(content: &[u8], identity: &Identity, at: Timestamp) -> Result<SignerInfo> {
    let encoding = |_| Error::Crypto("CMS encoding");
    let attributes = signed_attributes(content, identity, at)?;
    let to_sign = attributes.to_der().map_err(encoding)?;
    let signature = identity.key().sign(SignatureAlgorithm::Rs256, &to_sign)?;
    let sid = keyring::issuer_and_serial(identity.certificate())?;
    Ok(SignerInfo {
        version: 1,
        sid: CertificateIdentifier::IssuerAndSerialNumber(sid),
        digest_algorithm: sha256(),
        signed_attributes: Some(attributes),
        signature_algorithm: AlgorithmIdentifierOwned {
            oid: oid::RSA_ENCRYPTION,
            parameters: Some(Any::null()),
        },
        signature: OctetString::new(signature).map_err(encoding)?,
        unsigned_attributes: None,
    })
}

fn signed_attributes(content: &[u8], identity: &Identity, at: Timestamp) -> Result<SetOfVec<Attribute>> {
    let encoding = |_| Error::Crypto("CMS encoding");
    let certificate = signing_certificate(identity.certificate())?;
    let time = time(at).map_err(encoding)?;
    let digest = digest::digest(&SHA256, content);
    let digest = OctetString::new(digest.as_ref()).map_err(encoding)?;
    let attributes = [
        attribute(oid::CONTENT_TYPE, &oid::DATA),
        attribute(oid::SIGNING_TIME, &time),
        attribute(oid::MESSAGE_DIGEST, &digest),
        attribute(oid::SIGNING_CERTIFICATE_V2, &certificate),
    ];
    let attributes: Vec<_> = attributes
        .into_iter()
        .collect::<der::Result<_>>()
        .map_err(encoding)?;
    SetOfVec::try_from(attributes).map_err(encoding)
}

/// RFC 5652 §11.3: UTCTime until 2049, GeneralizedTime after.
fn time(at: Timestamp) -> der::Result<Time> {
    let since_1970 = Duration::from_secs(u64::try_from(at.as_seconds()).unwrap_or(0));
    match UtcTime::from_unix_duration(since_1970) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => GeneralizedTime::from_unix_duration(since_1970).map(Time::GeneralTime),
    }
}

fn attribute(kind: ObjectIdentifier, value: &impl Encode) -> der::Result<Attribute> {
    let value = Any::from_der(&value.to_der()?)?;
    Ok(Attribute {
        oid: kind,
        values: SetOfVec::try_from(vec![value])?,
    })
}

fn signing_certificate(certificate: &Certificate) -> Result<SigningCertificateV2> {
    let encoding = |_| Error::Crypto("CMS encoding");
    let digest = digest::digest(&SHA256, certificate.der());
    let directory_name = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(4),
    };
    let issuer_serial = IssuerSerial {
        issuer: vec![Any::new(directory_name, certificate.issuer_der()?).map_err(encoding)?],
        serial_number: keyring::issuer_and_serial(certificate)?.serial_number,
    };
    let hash = OctetString::new(digest.as_ref()).map_err(encoding)?;
    Ok(SigningCertificateV2 {
        certificates: vec![EssCertificateId { hash, issuer_serial }],
    })
}

pub(super) fn signed_data(identity: &Identity, signers: Vec<SignerInfo>) -> der::Result<Vec<u8>> {
    let certificates = identity
        .chain()
        .map(|certificate| Any::from_der(certificate.der()));
    let certificates: Vec<_> = certificates.collect::<der::Result<_>>()?;
    let signed = SignedData {
        version: 1,
        digest_algorithms: SetOfVec::try_from(vec![sha256()])?,
        content: EncapsulatedContent {
            content_type: oid::DATA,
            content: None,
        },
        certificates: Some(SetOfVec::try_from(certificates)?),
        revocations: None,
        signer_infos: SetOfVec::try_from(signers)?,
    };
    ContentInfo {
        content_type: oid::SIGNED_DATA,
        content: Any::encode_from(&signed)?,
    }
    .to_der()
}

fn sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: oid::SHA256,
        parameters: None,
    }
}
