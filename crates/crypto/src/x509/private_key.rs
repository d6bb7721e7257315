//! Private keys: read, made, used. Invariant: nothing but [`PrivateKey::to_pkcs8`] and [`PrivateKey::to_pem`] lets
//! the secret out.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{self, KeyPair as _, RsaKeyPair};
use der::asn1::{Any, OctetString};
use der::{Encode, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::pem_text;
use super::{Certificate, SignatureAlgorithm};
use crate::{Error, Result};

/// An RSA private key. Cheap to clone; the key itself is wiped when the last clone goes.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    pkcs8: Zeroizing<Vec<u8>>,
    oaep: OaepPrivateDecryptingKey,
    pkcs1: Pkcs1PrivateDecryptingKey,
    signing: RsaKeyPair,
}

/// PKCS#8 around an RSA key (RFC 5958 §2 without attributes).
#[derive(Sequence)]
struct PrivateKeyInfo {
    version: u8,
    algorithm: AlgorithmIdentifierOwned,
    private_key: OctetString,
}

impl PrivateKey {
    /// Makes a new RSA key of 2048 bits.
    pub fn generate() -> Result<Self> {
        let key =
            PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_| Error::Crypto("key generation"))?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Error::Crypto("key encoding"))?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// Reads an unencrypted PKCS#8 key in DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let decrypting = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Error::PrivateKeyUnusable)?;
        let unusable = |_| Error::PrivateKeyUnusable;
        Ok(Self(Arc::new(Inner {
            pkcs8: Zeroizing::new(der.to_vec()),
            oaep: OaepPrivateDecryptingKey::new(decrypting.clone()).map_err(unusable)?,
            pkcs1: Pkcs1PrivateDecryptingKey::new(decrypting).map_err(unusable)?,
            signing: RsaKeyPair::from_pkcs8(der).map_err(|_| Error::PrivateKeyUnusable)?,
        })))
    }

    /// Reads the one private key in a PEM text: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), both without
    /// password. Certificates in the same text are passed over.
    pub fn from_pem(text: &str) -> Result<Self> {
        let blocks = pem_text::blocks(text)?;
        let mut keys = blocks.iter().filter(|block| pem_text::is_private_key(block));
        let (Some(block), None) = (keys.next(), keys.next()) else {
            return Err(Error::PrivateKeyUnusable);
        };
        match block.tag() {
            _ if block.headers().get("DEK-Info").is_some() => Err(Error::PrivateKeyEncrypted),
            "PRIVATE KEY" => Self::from_pkcs8(block.contents()),
            "RSA PRIVATE KEY" => Self::from_pkcs8(&wrap_pkcs1(block.contents())?),
            "ENCRYPTED PRIVATE KEY" => Err(Error::PrivateKeyEncrypted),
            _ => Err(Error::PrivateKeyUnusable),
        }
    }

    /// The key as PKCS#8 in DER; wiped after use.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.0.pkcs8.clone()
    }

    /// The key as PKCS#8 in PEM; wiped after use.
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem_text::encode("PRIVATE KEY", &self.0.pkcs8))
    }

    /// Whether the key opens what is encrypted to the certificate. Tried with random bytes, as KS' Java client does
    /// before it uploads a certificate (fiks-io §5).
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        let mut secret = [0; 32];
        fill(&mut secret).is_ok() && self.opens(certificate, &secret).unwrap_or(false)
    }

    /// Signs `message`: RSASSA-PKCS1-v1_5.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>> {
        let encoding: &'static dyn signature::RsaEncoding = match algorithm {
            SignatureAlgorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
            SignatureAlgorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
            SignatureAlgorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        };
        let mut signature = vec![0; self.0.signing.public_modulus_len()];
        let signed = self
            .0
            .signing
            .sign(encoding, &SystemRandom::new(), message, &mut signature);
        signed.map_err(|_| Error::Crypto("signing"))?;
        Ok(signature)
    }

    /// The RSAPublicKey (PKCS#1) in DER, which is what SubjectPublicKeyInfo wraps.
    pub(crate) fn public_key_bits(&self) -> &[u8] {
        self.0.signing.public_key().as_ref()
    }

    /// The secret that was encrypted with OAEP, or `None` when this is not the key.
    pub(crate) fn decrypt_oaep(
        &self,
        algorithm: &'static OaepAlgorithm,
        label: Option<&[u8]>,
        ciphertext: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; self.0.oaep.min_output_size()]);
        let secret = self
            .0
            .oaep
            .decrypt(algorithm, ciphertext, &mut buffer, label)
            .ok()?;
        Some(Zeroizing::new(secret.to_vec()))
    }

    /// The secret that was encrypted with PKCS#1 v1.5 padding. What comes of a failure must not be visible to whoever
    /// made the ciphertext: see `cms::unwrap`.
    pub(crate) fn decrypt_pkcs1(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; self.0.pkcs1.min_output_size()]);
        let secret = self.0.pkcs1.decrypt(ciphertext, &mut buffer).ok()?;
        Some(Zeroizing::new(secret.to_vec()))
    }

    fn opens(&self, certificate: &Certificate, secret: &[u8]) -> Result<bool> {
        let key = OaepPublicEncryptingKey::new(certificate.encryption_key()?)
            .map_err(|_| Error::PublicKeyUnusable)?;
        let mut ciphertext = vec![0; key.ciphertext_size()];
        let sealed = key.encrypt(&OAEP_SHA256_MGF1SHA256, secret, &mut ciphertext, None);
        let sealed = sealed.map_err(|_| Error::PublicKeyUnusable)?;
        let opened = self.decrypt_oaep(&OAEP_SHA256_MGF1SHA256, None, sealed);
        Ok(opened.is_some_and(|opened| opened.as_slice() == secret))
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PrivateKey")
    }
}

fn wrap_pkcs1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let info = PrivateKeyInfo {
        version: 0,
        algorithm: AlgorithmIdentifierOwned {
            oid: const_oid::db::rfc5912::RSA_ENCRYPTION,
            parameters: Some(Any::null()),
        },
        private_key: OctetString::new(der).map_err(|_| Error::PrivateKeyUnusable)?,
    };
    info.to_der()
        .map(Zeroizing::new)
        .map_err(|_| Error::PrivateKeyUnusable)
}
