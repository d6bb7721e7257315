//! What the targets share: one key that never changes, and reading in pieces.

use std::io::{self, Read};
use std::sync::LazyLock;

use fiks_core::Timestamp;
use fiks_crypto::x509::{Certificate, Identity, PrivateKey};

/// 2026-06-01T00:00:00Z, when the corpora were signed.
pub const NOW: Timestamp = Timestamp::from_millis(1_780_272_000_000);

/// What the key stores of the corpus are locked with.
pub const PASSWORD: &str = "passord";

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let key = PrivateKey::from_pem(include_str!("../key/key.pem")).expect("the committed key");
    let certificate =
        Certificate::from_pem(include_str!("../key/certificate.pem")).expect("the committed certificate");
    Identity::new(key, certificate, Vec::new()).expect("key and certificate belong together")
});

/// The owner of the envelopes and the signer of the containers in the corpora.
///
/// # Panics
/// Where the committed files are no key and certificate.
#[must_use]
pub fn identity() -> &'static Identity {
    &IDENTITY
}

/// Hands out at most `piece` bytes for each read.
pub struct InPieces<'a> {
    /// What is left.
    pub bytes: &'a [u8],
    /// Bytes for each read, 1 or more.
    pub piece: usize,
}

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.min(buffer.len());
        self.bytes.read(&mut buffer[..count])
    }
}

/// A length of pieces that depends on the input, so that the fuzzer moves it by itself: 1 to 256 bytes.
#[must_use]
pub fn piece(input: &[u8]) -> usize {
    1 + usize::from(input.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet)))
}
