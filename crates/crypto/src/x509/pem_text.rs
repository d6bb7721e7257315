//! PEM text cut into its blocks, with a bound on its size.

use pem::Pem;

use crate::{Error, Result};

/// Longest PEM text that is looked at. A chain of five certificates with RSA-4096 takes some 12 KiB.
pub(crate) const MAX_PEM_BYTES: usize = 64 * 1024;

/// All blocks of the text. Text between them is passed over, as RFC 7468 §2 allows.
pub(crate) fn blocks(text: &str) -> Result<Vec<Pem>> {
    if text.len() > MAX_PEM_BYTES {
        return Err(Error::TooLarge {
            what: "PEM text",
            limit: MAX_PEM_BYTES as u64,
        });
    }
    match pem::parse_many(text) {
        Ok(blocks) if blocks.is_empty() => Err(Error::NotPem),
        Ok(blocks) => Ok(blocks),
        Err(_) => Err(Error::NotPem),
    }
}

/// One PEM block with lines of 64 characters, each ended by a line feed.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}

/// Whether the label is one for a certificate.
pub(crate) fn is_certificate(block: &Pem) -> bool {
    matches!(block.tag(), "CERTIFICATE" | "X509 CERTIFICATE")
}

/// Whether the block holds a secret, in whatever form.
pub(crate) fn is_private_key(block: &Pem) -> bool {
    block.tag().ends_with("PRIVATE KEY")
}
