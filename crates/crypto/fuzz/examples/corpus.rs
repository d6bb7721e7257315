//! Writes the first inputs of each target with our own writers: `cargo run --example corpus`.

use std::fs;
use std::path::{Path, PathBuf};

use fiks_core::Random;
use fiks_crypto::asice::{Manifest, Reference, Writer};
use fiks_crypto::{cms, keystore};
use fiks_crypto_fuzz::{NOW, PASSWORD, identity};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    envelopes(&corpus)?;
    containers(&corpus)?;
    certificates(&corpus)?;
    key_stores(&corpus)
}

fn write(corpus: &Path, target: &str, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
    let folder: PathBuf = corpus.join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), content)?)
}

fn envelopes(corpus: &Path) -> Result<()> {
    let receiver = identity().certificate();
    write(corpus, "cms_open", "empty", cms::encrypt(b"", receiver)?)?;
    write(corpus, "cms_open", "short", cms::encrypt(b"Hei", receiver)?)?;
    write(corpus, "cms_open", "long", cms::encrypt(&[7; 3000], receiver)?)?;
    let signature = cms::sign_detached(b"innhold", identity(), NOW)?;
    write(corpus, "cms_signature", "signature", signature)
}

fn containers(corpus: &Path) -> Result<()> {
    write(corpus, "asice_read", "one", container(&[("brev.txt", b"Hei")])?)?;
    let two: [(&str, &[u8]); 2] = [("brev.txt", b"Hei"), ("bilde.png", &[7; 2000])];
    write(corpus, "asice_read", "two", container(&two)?)?;
    let reference = |uri: &str, is_root| Reference {
        uri: uri.to_owned(),
        mime_type: Some("text/plain".to_owned()),
        sha256: [7; 32],
        is_root,
    };
    let manifest = Manifest {
        signature: Some("META-INF/signature.p7s".to_owned()),
        references: vec![reference("brev.txt", true), reference("æ & b.txt", false)],
    };
    write(corpus, "asice_manifest", "signed", manifest.to_xml())?;
    let unsigned = Manifest {
        signature: None,
        ..manifest
    };
    write(corpus, "asice_manifest", "unsigned", unsigned.to_xml())
}

fn container(files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), identity(), NOW, &Random::system())?;
    for (name, content) in files {
        writer.add(name, "application/octet-stream", *content)?;
    }
    Ok(writer.finish()?)
}

fn certificates(corpus: &Path) -> Result<()> {
    let certificate = identity().certificate().pem();
    let key = identity().key().to_pem();
    write(corpus, "certificate_upload", "certificate", &certificate)?;
    write(corpus, "certificate_upload", "key", key.as_bytes())?;
    let chain = format!("Bag Attributes\n{certificate}\n{certificate}");
    write(corpus, "certificate_upload", "chain", chain)
}

/// Few rounds, or the fuzzer would do little but derive keys.
fn key_stores(corpus: &Path) -> Result<()> {
    let identity = identity();
    let ours = keystore::key_store(identity, "fiks", PASSWORD)?;
    write(corpus, "key_store", "ours", ours)?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(
        "fiks",
        PrivateKey::from_der(&identity.key().to_pkcs8())?,
        [Certificate::from_der(identity.certificate().der())?],
    );
    store.add_entry("fiks", KeyStoreEntry::PrivateKeyChain(chain));
    let few = store.writer(PASSWORD).encryption_iterations(1).mac_iterations(1);
    write(corpus, "key_store", "few_rounds", few.write()?)
}
