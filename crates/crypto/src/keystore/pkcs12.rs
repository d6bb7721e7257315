//! PKCS#12 files for and from Java and .NET.

use p12_keystore::{
    Certificate as StoredCertificate, KeyStore, KeyStoreEntry, Pkcs12ImportPolicy, PrivateKey as StoredKey,
    PrivateKeyChain,
};
use zeroize::Zeroizing;

use crate::x509::{Certificate, Identity, PrivateKey};
use crate::{Error, Result};

/// Biggest file that is read.
const MAX_BYTES: usize = 1024 * 1024;

/// A key store with key and chain under `alias`, both protected by `password`: KS' libraries open the store with the
/// key's password, so the two must be equal (auth-og-konfigurasjon §3.5). AES-256, SHA-256, 10,000 rounds.
///
/// Java takes aliases without regard to case.
pub fn key_store(identity: &Identity, alias: &str, password: &str) -> Result<Vec<u8>> {
    let pkcs8 = identity.key().to_pkcs8();
    let key = StoredKey::from_der(&pkcs8).map_err(Error::KeyStore)?;
    let chain: Vec<_> = identity.chain().map(stored).collect::<Result<_>>()?;
    let mut store = KeyStore::new();
    // The id only ties the key to its certificate inside the file.
    let entry = PrivateKeyChain::new(alias, key, chain);
    store.add_entry(alias, KeyStoreEntry::PrivateKeyChain(entry));
    store.writer(password).write().map_err(Error::KeyStore)
}

/// A trust store. Each certificate carries Oracle's attribute for trusted key usage
/// (2.16.840.1.113894.746875.1.1), without which Java passes over it (fiks-io §15).
pub fn trust_store<'a>(
    certificates: impl IntoIterator<Item = (&'a str, &'a Certificate)>,
    password: &str,
) -> Result<Vec<u8>> {
    let mut store = KeyStore::new();
    for (alias, certificate) in certificates {
        store.add_entry(alias, KeyStoreEntry::Certificate(stored(certificate)?));
    }
    store.writer(password).write().map_err(Error::KeyStore)
}

/// The identity under `alias` in a PKCS#12 file, or the only one when no alias is given.
///
/// Fails with [`Error::KeyStore`], which mostly means a wrong password, and with [`Error::UnknownAlias`], also when
/// there are several keys and no alias.
pub fn read_key_store(file: &[u8], alias: Option<&str>, password: &str) -> Result<Identity> {
    if file.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            what: "key store",
            limit: MAX_BYTES as u64,
        });
    }
    let store = KeyStore::from_pkcs12(file, password, Pkcs12ImportPolicy::Strict).map_err(Error::KeyStore)?;
    let mut chains = store.entries().filter_map(|(name, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain)
            if alias.is_none_or(|alias| alias.eq_ignore_ascii_case(name)) =>
        {
            Some(chain)
        }
        _ => None,
    });
    match (chains.next(), chains.next()) {
        (Some(chain), None) => identity(chain),
        _ => Err(Error::UnknownAlias),
    }
}

fn identity(chain: &PrivateKeyChain) -> Result<Identity> {
    let key = PrivateKey::from_pkcs8(&Zeroizing::new(chain.key().as_der().to_vec()))?;
    let mut certificates = chain
        .certs()
        .iter()
        .map(|certificate| Certificate::from_der(certificate.as_der()));
    let certificate = certificates.next().ok_or(Error::UnknownAlias)??;
    Identity::new(key, certificate, certificates.collect::<Result<_>>()?)
}

fn stored(certificate: &Certificate) -> Result<StoredCertificate> {
    StoredCertificate::from_der(certificate.der()).map_err(Error::KeyStore)
}
