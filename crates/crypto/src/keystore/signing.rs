//! Our private keys as `rcgen` wants them.

use rcgen::{PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm as RcgenAlgorithm, SigningKey};

use crate::x509::{PrivateKey, SignatureAlgorithm};

/// A key that signs certificates, or whose public half is certified.
pub(super) struct CertificateKey<'a>(pub(super) &'a PrivateKey);

impl PublicKeyData for CertificateKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key_bits()
    }

    fn algorithm(&self) -> &'static RcgenAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for CertificateKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0
            .sign(SignatureAlgorithm::Rs256, message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
