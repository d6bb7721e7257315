//! Keys and certificates of the test environment, made once and kept in the data folder.
//!
//! Certificates live on the real clock: foreign programs check them.

use std::sync::Arc;

use anyhow::Context as _;
use fiks_blobs::{KeyFile, KeyRing};
use fiks_core::{ExposeSecret as _, Random, Timestamp};
use fiks_crypto::keystore::{Authority, LOCAL_HOSTS, Lifetime, trust_store};
use fiks_crypto::x509::{Identity, Validity};
use fiks_identity::PasswordHasher;
use fiks_maskinporten::SigningKey;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::folder::Folder;

/// Protects files that hold nothing secret, or that only their owner can read anyway: Java wants a password.
pub const STORE_PASSWORD: &str = "fiksdev";
pub const CA_PEM: &str = "tls/ca.pem";
pub const TRUST_STORE: &str = "tls/truststore.p12";

/// Days that what is made here is valid.
const CA_DAYS: u32 = 3650;
const SERVER_DAYS: u32 = 397;
/// A server certificate is renewed this long before it runs out.
const RENEW: std::time::Duration = std::time::Duration::from_hours(30 * 24);

/// Everything secret that the platform needs.
pub struct Keys {
    pub authority: Authority,
    pub tls: TlsAcceptor,
    pub passwords: PasswordHasher,
    pub signing_key: SigningKey,
    pub master_keys: KeyRing,
}

impl Keys {
    /// Reads them, or makes those that are missing.
    pub fn open(folder: &Folder, random: &Random) -> anyhow::Result<Self> {
        let authority = authority(folder)?;
        folder.write(CA_PEM, authority.certificate().pem().as_bytes())?;
        folder.read_or_make(TRUST_STORE, || {
            Ok(trust_store(
                [("fiks-dev-ca", authority.certificate())],
                STORE_PASSWORD,
            )?)
        })?;
        let server = server_identity(folder, &authority)?;
        let master_keys = KeyFile::at(folder.path("nokler/hovednokler.json"));
        Ok(Self {
            tls: acceptor(&server)?,
            authority,
            passwords: passwords(folder, random)?,
            signing_key: signing_key(folder)?,
            master_keys: master_keys.open_or_create(random, Timestamp::real())?,
        })
    }
}

/// An identity kept as two PEM files, or made.
pub fn identity(
    folder: &Folder,
    name: &str,
    make: impl FnOnce() -> anyhow::Result<Identity>,
) -> anyhow::Result<Identity> {
    let (key_file, chain_file) = (format!("{name}.key.pem"), format!("{name}.pem"));
    if !folder.path(&key_file).exists() || !folder.path(&chain_file).exists() {
        let made = make()?;
        folder.write(&key_file, made.key().to_pem().as_bytes())?;
        folder.write(&chain_file, made.chain_pem().as_bytes())?;
        return Ok(made);
    }
    let key = std::fs::read_to_string(folder.path(&key_file))?;
    let chain = std::fs::read_to_string(folder.path(&chain_file))?;
    Identity::from_pem(&key, &chain).with_context(|| format!("{name} er ødelagt; start på nytt med --fresh"))
}

fn authority(folder: &Folder) -> anyhow::Result<Authority> {
    let made = identity(folder, "nokler/ca", || {
        let lifetime = Lifetime::days(Timestamp::real(), CA_DAYS);
        Ok(Authority::create("fiks dev, lokal sertifikatutsteder", lifetime)?
            .identity()
            .clone())
    })?;
    Ok(Authority::from_identity(made))
}

fn server_identity(folder: &Folder, authority: &Authority) -> anyhow::Result<Identity> {
    let make =
        || Ok(authority.server_certificate(&LOCAL_HOSTS, Lifetime::days(Timestamp::real(), SERVER_DAYS))?);
    let kept = identity(folder, "tls/server", make)?;
    if kept.certificate().validity_at(Timestamp::real().plus(RENEW)) == Validity::Valid {
        return Ok(kept);
    }
    folder.remove("tls/server.pem")?;
    identity(folder, "tls/server", make)
}

/// No client authentication, HTTP/2 for those who ask, and this certificate for every name (fiks-io §15).
fn acceptor(server: &Identity) -> anyhow::Result<TlsAcceptor> {
    let chain = server
        .chain()
        .map(|certificate| certificate.der().to_vec().into())
        .collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.key().to_pkcs8().to_vec()));
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn passwords(folder: &Folder, random: &Random) -> anyhow::Result<PasswordHasher> {
    let key = folder.read_or_make("nokler/passord", || {
        let mut key = vec![0; 32];
        random.fill(&mut key)?;
        Ok(key)
    })?;
    let key = <[u8; 32]>::try_from(key)
        .ok()
        .context("nokler/passord er ødelagt; start på nytt med --fresh")?;
    Ok(PasswordHasher::new(&key))
}

fn signing_key(folder: &Folder) -> anyhow::Result<SigningKey> {
    let pem = folder.read_or_make("nokler/maskinporten.pem", || {
        Ok(SigningKey::generate()?
            .to_pem()
            .expose_secret()
            .as_bytes()
            .to_vec())
    })?;
    Ok(SigningKey::from_pem(std::str::from_utf8(&pem)?)?)
}
