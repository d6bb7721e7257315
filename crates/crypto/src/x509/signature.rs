//! Signatures checked with the key of a certificate.

use aws_lc_rs::signature::{self, RsaParameters, UnparsedPublicKey};
use const_oid::db::rfc5912::RSA_ENCRYPTION;

use super::Certificate;
use crate::{Error, Result};

/// RSASSA-PKCS1-v1_5 with a hash of the SHA-2 family, by its JWS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// SHA-256.
    Rs256,
    /// SHA-384.
    Rs384,
    /// SHA-512.
    Rs512,
}

impl Certificate {
    /// Checks a signature over `message`.
    ///
    /// Fails with [`Error::SignatureInvalid`] also when the certificate's key is not RSA of at least 2048 bits.
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<()> {
        let parameters = match algorithm {
            SignatureAlgorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            SignatureAlgorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            SignatureAlgorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        };
        self.verify_rsa(parameters, message, signature)
    }

    /// As [`Self::verify`], with SHA-1: only for containers, since KS' Java library signs them so (fiks-io §11.3).
    pub(crate) fn verify_sha1(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let parameters = &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
        self.verify_rsa(parameters, message, signature)
    }

    fn verify_rsa(&self, parameters: &'static RsaParameters, message: &[u8], signature: &[u8]) -> Result<()> {
        // The bits alone don't tell: a key meant for another scheme, PSS above all, may have the same form.
        if self.public_key_algorithm() != RSA_ENCRYPTION {
            return Err(Error::SignatureInvalid);
        }
        let key = UnparsedPublicKey::new(parameters, self.public_key_bits().unwrap_or_default());
        key.verify(message, signature)
            .map_err(|_| Error::SignatureInvalid)
    }
}
