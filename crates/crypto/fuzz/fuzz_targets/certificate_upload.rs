//! A certificate that somebody uploads as public key, a chain, a private key: each from the same PEM text.
#![no_main]

use fiks_crypto::cms;
use fiks_crypto::x509::{Certificate, PrivateKey, parse_public_key_upload};
use fiks_crypto_fuzz::NOW;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let _ = PrivateKey::from_pem(&text);
    for certificate in Certificate::chain_from_pem(&text).unwrap_or_default() {
        show(&certificate);
    }
    if let Ok(certificate) = parse_public_key_upload(&text) {
        let again = parse_public_key_upload(&certificate.pem()).expect("what was accepted");
        assert_eq!(again.der(), certificate.der());
        // Refusing is allowed: the key may be too short for the padding's digest, never a panic.
        let _ = cms::encrypt(b"Hei", &certificate);
    }
});

/// Everything that is told of a certificate.
fn show(certificate: &Certificate) {
    let _ = (
        certificate.serial(),
        certificate.subject_dn(),
        certificate.issuer_dn(),
    );
    let _ = (
        certificate.common_name(),
        certificate.orgnr(),
        certificate.public_key_der(),
    );
    let _ = (certificate.valid_from(), certificate.valid_to());
    let _ = certificate.validity_at(NOW).text();
}
