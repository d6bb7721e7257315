//! Which public keys are accepted.

use aws_lc_rs::rsa::PublicEncryptingKey;
use const_oid::db::rfc5912::RSA_ENCRYPTION;

use super::{Certificate, pem_text};
use crate::{Error, Result};

/// Weakest RSA key that is accepted (fiks-io §5).
pub const MIN_RSA_BITS: usize = 2048;
/// Longest RSA key that the crypto library takes.
pub const MAX_RSA_BITS: usize = 8192;

/// Reads what somebody uploads as a konto's public key.
///
/// Accepted is exactly one certificate in PEM with an RSA key of [`MIN_RSA_BITS`] to [`MAX_RSA_BITS`] bits, from
/// whatever issuer, self-signed included, and whatever its lifetime: [`Certificate::validity_at`] tells that. Text
/// around the block is passed over and gone from [`Certificate::pem`]. Everything else is refused with an error of
/// its own: a private key, another PEM block, a chain, a key that is not RSA, a weak one (fiks-io §5).
pub fn parse_public_key_upload(text: &str) -> Result<Certificate> {
    let blocks = pem_text::blocks(text)?;
    if blocks.iter().any(pem_text::is_private_key) {
        return Err(Error::PrivateKeyUploaded);
    }
    let certificate = match blocks.as_slice() {
        [block] if pem_text::is_certificate(block) => Certificate::from_der(block.contents())?,
        [_] => return Err(Error::NotCertificate),
        _ => return Err(Error::SeveralPemBlocks),
    };
    certificate.encryption_key()?;
    Ok(certificate)
}

impl Certificate {
    /// The public key, to encrypt to. Fails when it is not RSA, too weak, or out of the library's reach.
    pub(crate) fn encryption_key(&self) -> Result<PublicEncryptingKey> {
        if self.public_key_algorithm() != RSA_ENCRYPTION {
            return Err(Error::NotRsa);
        }
        let bits = self.modulus_bits().ok_or(Error::PublicKeyUnusable)?;
        if bits < MIN_RSA_BITS {
            return Err(Error::WeakKey { bits });
        }
        PublicEncryptingKey::from_der(self.public_key_der()).map_err(|_| Error::PublicKeyUnusable)
    }

    /// Read by hand since the library refuses weak keys without telling how weak they are.
    fn modulus_bits(&self) -> Option<usize> {
        #[derive(der::Sequence)]
        struct RsaPublicKey<'a> {
            modulus: der::asn1::UintRef<'a>,
            exponent: der::asn1::UintRef<'a>,
        }
        let key: RsaPublicKey<'_> = der::Decode::from_der(self.public_key_bits()?).ok()?;
        let modulus = key.modulus.as_bytes();
        let leading = modulus.first()?.leading_zeros() as usize;
        Some(modulus.len() * 8 - leading)
    }
}
