//! The few ASN.1 structures of RFC 5652, RFC 4055 and RFC 5035 that are needed, in DER.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Choice, Sequence, ValueOrd};
use x509_cert::spki::AlgorithmIdentifierOwned;

pub(super) mod oid {
    pub(crate) use const_oid::db::rfc5911::{
        ID_AA_SIGNING_CERTIFICATE_V_2 as SIGNING_CERTIFICATE_V2, ID_CONTENT_TYPE as CONTENT_TYPE,
        ID_DATA as DATA, ID_ENVELOPED_DATA as ENVELOPED_DATA, ID_MESSAGE_DIGEST as MESSAGE_DIGEST,
        ID_SIGNED_DATA as SIGNED_DATA, ID_SIGNING_TIME as SIGNING_TIME,
    };
    pub(crate) use const_oid::db::rfc5911::{
        ID_AES_128_CBC as AES_128_CBC, ID_AES_192_CBC as AES_192_CBC, ID_AES_256_CBC as AES_256_CBC,
    };
    pub(crate) use const_oid::db::rfc5912::{
        ID_MGF_1 as MGF1, ID_P_SPECIFIED as P_SPECIFIED, ID_RSAES_OAEP as RSAES_OAEP, ID_SHA_1 as SHA1,
        ID_SHA_256 as SHA256, ID_SHA_384 as SHA384, ID_SHA_512 as SHA512, RSA_ENCRYPTION,
        SHA_1_WITH_RSA_ENCRYPTION as SHA1_WITH_RSA, SHA_256_WITH_RSA_ENCRYPTION as SHA256_WITH_RSA,
        SHA_384_WITH_RSA_ENCRYPTION as SHA384_WITH_RSA, SHA_512_WITH_RSA_ENCRYPTION as SHA512_WITH_RSA,
    };
}

/// `KeyTransRecipientInfo`: the content key, wrapped for one recipient.
#[derive(Clone, Debug, Sequence)]
pub(super) struct KeyTransRecipientInfo {
    pub(super) version: u8,
    pub(super) rid: CertificateIdentifier,
    pub(super) key_encryption_algorithm: AlgorithmIdentifierOwned,
    pub(super) encrypted_key: OctetString,
}

/// `RecipientIdentifier` and `SignerIdentifier`, which are the same.
#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub(super) enum CertificateIdentifier {
    IssuerAndSerialNumber(IssuerAndSerialNumber),
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    SubjectKeyIdentifier(OctetString),
}

/// Names are compared as bytes, so they are not taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct IssuerAndSerialNumber {
    pub(super) issuer: Any,
    pub(super) serial_number: Any,
}

/// `RSAES-OAEP-params` (RFC 4055 §4.1); what is absent has a default with SHA-1.
#[derive(Clone, Debug, Default, Sequence)]
pub(super) struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) source: Option<AlgorithmIdentifierOwned>,
}

/// `ContentInfo`.
#[derive(Clone, Debug, Sequence)]
pub(super) struct ContentInfo {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: Any,
}

/// `SignedData`.
#[derive(Clone, Debug, Sequence)]
pub(super) struct SignedData {
    pub(super) version: u8,
    pub(super) digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    pub(super) content: EncapsulatedContent,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(super) certificates: Option<SetOfVec<Any>>,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(super) revocations: Option<SetOfVec<Any>>,
    pub(super) signer_infos: SetOfVec<SignerInfo>,
}

/// `EncapsulatedContentInfo`; detached signatures leave the content out.
#[derive(Clone, Debug, Sequence)]
pub(super) struct EncapsulatedContent {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) content: Option<Any>,
}

/// `SignerInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct SignerInfo {
    pub(super) version: u8,
    pub(super) sid: CertificateIdentifier,
    pub(super) digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(super) signed_attributes: Option<SetOfVec<Attribute>>,
    pub(super) signature_algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: OctetString,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(super) unsigned_attributes: Option<SetOfVec<Attribute>>,
}

impl ValueOrd for SignerInfo {
    fn value_cmp(&self, other: &Self) -> der::Result<std::cmp::Ordering> {
        use der::{DerOrd, Encode};
        Any::from_der_bytes(&self.to_der()?)?.der_cmp(&Any::from_der_bytes(&other.to_der()?)?)
    }
}

/// `Attribute`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
pub(super) struct Attribute {
    pub(super) oid: ObjectIdentifier,
    pub(super) values: SetOfVec<Any>,
}

/// `SigningCertificateV2` (RFC 5035 §3), which makes a signature one after CAdES: it names the signer's certificate
/// by its digest.
#[derive(Clone, Debug, Sequence)]
pub(super) struct SigningCertificateV2 {
    pub(super) certificates: Vec<EssCertificateId>,
}

/// `ESSCertIDv2` with the default hash, SHA-256, which DER leaves out.
#[derive(Clone, Debug, Sequence)]
pub(super) struct EssCertificateId {
    pub(super) hash: OctetString,
    pub(super) issuer_serial: IssuerSerial,
}

/// `IssuerSerial`: the issuer stands in a `GeneralNames` of one `directoryName` (tag 4).
#[derive(Clone, Debug, Sequence)]
pub(super) struct IssuerSerial {
    pub(super) issuer: Vec<Any>,
    pub(super) serial_number: Any,
}

trait AnyFromDer: Sized {
    fn from_der_bytes(der: &[u8]) -> der::Result<Self>;
}

impl AnyFromDer for Any {
    fn from_der_bytes(der: &[u8]) -> der::Result<Self> {
        der::Decode::from_der(der)
    }
}
