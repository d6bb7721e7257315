//! The bytes on disk are those that the README describes, read here by a second, independent reader.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_blobs::{BlobId, KeyFile, KeyRing, SealedKey};
use fiks_core::Random;

use crate::support::*;

fn decrypt(key: &[u8], nonce: &[u8], aad: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut bytes = bytes.to_vec();
    key.open_in_place(nonce, Aad::from(aad), &mut bytes)
        .unwrap()
        .to_vec()
}

/// The key of a key file whose id is given.
fn master_key(text: &[u8], id: &[u8]) -> Vec<u8> {
    let file: serde_json::Value = serde_json::from_slice(text).unwrap();
    assert_eq!(file["version"], 1);
    let id = format!("{:016x}", u64::from_be_bytes(id.try_into().unwrap()));
    let key = file["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["id"] == id)
        .unwrap();
    STANDARD.decode(key["key"].as_str().unwrap()).unwrap()
}

/// Decrypts an object as the README tells to.
fn read(key_file: &[u8], sealed: &[u8], id: BlobId, area: &str, object: &[u8]) -> Vec<u8> {
    assert_eq!(&sealed[..2], [1, 16]);
    let (generation, size) = (
        &sealed[2..9],
        u64::from_be_bytes(sealed[9..17].try_into().unwrap()),
    );
    let place = [id.0.as_bytes().as_slice(), area.as_bytes()].concat();
    let binding = [b"fiks-blobs key", &sealed[..25], &place].concat();
    let master = master_key(key_file, &sealed[17..25]);
    let key = decrypt(&master, &sealed[25..37], &binding, &sealed[37..]);
    let binding = [b"fiks-blobs chunk".as_slice(), &place].concat();
    let chunks: Vec<_> = object.chunks(65_552).collect();
    let plain = chunks.iter().enumerate().flat_map(|(index, chunk)| {
        let is_last = u8::from(index + 1 == chunks.len());
        let nonce = [
            generation,
            &u32::try_from(index).unwrap().to_be_bytes(),
            &[is_last],
        ]
        .concat();
        decrypt(&key, &nonce, &binding, chunk)
    });
    let plain: Vec<_> = plain.collect();
    assert_eq!(plain.len() as u64, size);
    plain
}

#[tokio::test]
async fn objects_are_laid_out_as_the_readme_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    let keys = KeyFile::at(&path)
        .open_or_create(&Random::system(), now())
        .unwrap();
    let disk = OnDisk::new().await;
    let store = open(disk.root.path(), keys).await;
    for size in [0, 1, CHUNK, 2 * CHUNK + 7, SLAB + 1] {
        let (id, bytes) = (new_id(), content(size, 1));
        let key = put(&store, id, &bytes).await.unwrap().key;
        let object = std::fs::read(disk.file(id, &key)).unwrap();
        let text = std::fs::read(&path).unwrap();
        assert!(read(&text, &key.to_bytes(), id, "dokumentlager", &object) == bytes);
    }
}

const KEY_FILE: &str = include_str!("golden/hovednokler.json");
const GOLDEN: &str = include_str!("golden/object.json");

/// What version 1 has written stays readable. These bytes must never be made anew.
#[tokio::test]
async fn an_object_of_version_1_is_still_readable() {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let bytes = |name: &str| STANDARD.decode(golden[name].as_str().unwrap()).unwrap();
    let id = BlobId(golden["id"].as_str().unwrap().parse().unwrap());
    let key = SealedKey::from_bytes(&bytes("key")).unwrap();
    let keys = KeyRing::from_text(KEY_FILE.as_bytes()).unwrap();
    let disk = OnDisk::new().await;
    let file = disk.file(id, &key);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(golden["name"], format!("dokumentlager/{name}"));
    std::fs::write(&file, bytes("object")).unwrap();
    let store = open(disk.root.path(), keys).await;
    assert_eq!(get(&store, id, &key).await.unwrap(), "Blåbærsyltetøy".as_bytes());
}
