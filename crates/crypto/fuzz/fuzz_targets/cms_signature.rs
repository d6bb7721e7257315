//! Verifying a detached signature.
#![no_main]

use fiks_crypto::cms;
use fiks_crypto_fuzz::identity;
use libfuzzer_sys::fuzz_target;

/// Octets before the key itself: what kind it is, with a parameter that nobody reads.
const HEAD: usize = 24;

fuzz_target!(|signature: &[u8]| {
    if let Ok(signer) = cms::verify_detached(b"innhold", signature) {
        // Only the key of the corpus can sign; the rest of the certificate is not covered by the signature.
        let own = identity().certificate().public_key_der();
        assert!(signer.certificate.public_key_der().ends_with(&own[HEAD..]));
    }
});
