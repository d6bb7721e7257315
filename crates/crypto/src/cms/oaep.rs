//! The parameters of RSA-OAEP, written and read.

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString};
use der::{Decode, Encode};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::model::{OaepParameters, oid};

/// How a key was wrapped with OAEP.
pub(super) struct Oaep {
    pub(super) algorithm: &'static OaepAlgorithm,
    pub(super) label: Option<OctetString>,
}

/// OAEP with SHA-256 and MGF1 over SHA-256, both with NULL parameters and the empty label left out: octet for octet
/// what KS' Java library writes (fiks-io §11.2).
pub(super) fn sha256() -> der::Result<AlgorithmIdentifierOwned> {
    let hash = AlgorithmIdentifierOwned {
        oid: oid::SHA256,
        parameters: Some(Any::null()),
    };
    let mask = AlgorithmIdentifierOwned {
        oid: oid::MGF1,
        parameters: Some(Any::encode_from(&hash)?),
    };
    let parameters = OaepParameters {
        hash: Some(hash),
        mask: Some(mask),
        source: None,
    };
    Ok(AlgorithmIdentifierOwned {
        oid: oid::RSAES_OAEP,
        parameters: Some(Any::encode_from(&parameters)?),
    })
}

/// Reads the parameters. `None` when they are malformed, or ask for a combination that the library lacks: it wants
/// the same hash for both uses.
pub(super) fn read(parameters: Option<&Any>) -> Option<Oaep> {
    let parameters: OaepParameters = match parameters {
        None => OaepParameters::default(),
        Some(any) => any.decode_as().ok()?,
    };
    let hash = parameters.hash.map_or(oid::SHA1, |hash| hash.oid);
    let is_same = mask_hash(parameters.mask)? == hash;
    let algorithm = match hash {
        oid::SHA1 => &OAEP_SHA1_MGF1SHA1,
        oid::SHA256 => &OAEP_SHA256_MGF1SHA256,
        oid::SHA384 => &OAEP_SHA384_MGF1SHA384,
        oid::SHA512 => &OAEP_SHA512_MGF1SHA512,
        _ => return None,
    };
    let label = match parameters.source {
        None => None,
        Some(source) if source.oid == oid::P_SPECIFIED => Some(source.parameters?.decode_as().ok()?),
        Some(_) => return None,
    };
    is_same.then_some(Oaep { algorithm, label })
}

fn mask_hash(mask: Option<AlgorithmIdentifierOwned>) -> Option<ObjectIdentifier> {
    let Some(mask) = mask else { return Some(oid::SHA1) };
    if mask.oid != oid::MGF1 {
        return None;
    }
    let Some(parameters) = mask.parameters else {
        return Some(oid::SHA1);
    };
    let hash = AlgorithmIdentifierOwned::from_der(&parameters.to_der().ok()?).ok()?;
    Some(hash.oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_those_of_the_java_library() {
        let expected = [
            0x30, 0x3C, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x07, 0x30, 0x2F, 0xA0,
            0x0F, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
            0xA1, 0x1C, 0x30, 0x1A, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08, 0x30,
            0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        ];
        assert_eq!(sha256().unwrap().to_der().unwrap(), expected);
    }

    #[test]
    fn absent_parameters_mean_sha1() {
        let oaep = read(None).unwrap();
        assert_eq!(oaep.algorithm.id(), OAEP_SHA1_MGF1SHA1.id());
        assert!(oaep.label.is_none());
    }

    #[test]
    fn mixed_hashes_are_not_supported() {
        let hash = AlgorithmIdentifierOwned {
            oid: oid::SHA256,
            parameters: None,
        };
        let parameters = OaepParameters {
            hash: Some(hash),
            ..OaepParameters::default()
        };
        assert!(read(Some(&Any::encode_from(&parameters).unwrap())).is_none());
    }
}
