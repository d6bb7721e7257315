//! Key and certificate together. Invariant: they are a pair.

use super::{Certificate, PrivateKey};
use crate::{Error, Result};

/// Longest chain that is carried along. Norwegian virksomhetssertifikater have three certificates.
const MAX_CHAIN: usize = 8;

/// A private key with its certificate and the certificates above it.
#[derive(Clone, Debug)]
pub struct Identity {
    key: PrivateKey,
    certificate: Certificate,
    issuers: Vec<Certificate>,
}

impl Identity {
    /// Puts the parts together. `issuers` go upwards from the one that issued `certificate`; none is fine.
    ///
    /// Fails with [`Error::KeyMismatch`] when the key isn't the certificate's, and with [`Error::TooLarge`] for more
    /// than 7 issuers.
    pub fn new(key: PrivateKey, certificate: Certificate, issuers: Vec<Certificate>) -> Result<Self> {
        if issuers.len() >= MAX_CHAIN {
            return Err(Error::TooLarge {
                what: "certificate chain",
                limit: MAX_CHAIN as u64,
            });
        }
        if !key.belongs_to(&certificate) {
            return Err(Error::KeyMismatch);
        }
        Ok(Self {
            key,
            certificate,
            issuers,
        })
    }

    /// Reads key and chain from PEM texts, which may be one and the same. The first certificate is the key's.
    pub fn from_pem(key: &str, chain: &str) -> Result<Self> {
        let mut chain = Certificate::chain_from_pem(chain)?.into_iter();
        let certificate = chain.next().ok_or(Error::NotCertificate)?;
        Self::new(PrivateKey::from_pem(key)?, certificate, chain.collect())
    }

    /// The private key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The key's own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates above, nearest first.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// The key's certificate, then those above.
    pub fn chain(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(&self.issuers)
    }

    /// The chain as PEM, the key's certificate first: what a TLS server or `x5c` wants.
    pub fn chain_pem(&self) -> String {
        self.chain().map(Certificate::pem).collect()
    }
}
