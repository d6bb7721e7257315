//! A PKCS#12 file that somebody uploads, with the right password.
#![no_main]

use fiks_crypto::keystore::read_key_store;
use fiks_crypto_fuzz::PASSWORD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(identity) = read_key_store(file, None, PASSWORD) {
        assert!(identity.key().belongs_to(identity.certificate()));
    }
});
