//! Opening an envelope: whole and in pieces, with the same outcome.
#![no_main]

use std::io::Read as _;
use std::sync::LazyLock;

use fiks_crypto::cms::{self, Keyring};
use fiks_crypto_fuzz::{InPieces, identity, piece};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Keyring> = LazyLock::new(|| {
    let owner = identity();
    Keyring::with_certificates([(owner.key().clone(), owner.certificate().clone())]).expect("one key")
});

fuzz_target!(|envelope: &[u8]| {
    let whole = cms::decrypt(envelope, &KEYS);
    let source = InPieces {
        bytes: envelope,
        piece: piece(envelope),
    };
    let mut plaintext = Vec::new();
    let read = cms::decrypting_reader(source, &KEYS).read_to_end(&mut plaintext);
    assert_eq!(whole.is_ok(), read.is_ok(), "{whole:?} whole, {read:?} in pieces");
    if let Ok(whole) = whole {
        assert!(whole == plaintext, "the pieces gave another plaintext");
        assert!(plaintext.len() < envelope.len(), "more came out than went in");
    }
});
