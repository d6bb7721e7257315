//! Opening an envelope.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, StreamingDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use der::Decode;
use der::asn1::OctetString;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::envelope::{Envelope, Part};
use super::keyring::Keyring;
use super::model::oid;
use super::unwrap;
use crate::transform::Transform;
use crate::{Error, Result};

const BLOCK: usize = 16;

/// Decrypts an envelope as it arrives: everything that fiks-io §11.2 lists as accepted. BER or DER, content in one
/// or many octet strings, AES-128/192/256-CBC, keys wrapped with PKCS#1 v1.5 or OAEP, recipients named either way.
///
/// `update` fails with [`Error::NotEnveloped`] or [`Error::MalformedBer`] for what is no envelope, with
/// [`Error::UnsupportedCipher`], [`Error::NoUsableRecipient`] or [`Error::WrongKey`] for one that can't be opened.
/// `finish` fails with [`Error::Truncated`] when the envelope isn't whole and with [`Error::ContentDamaged`] when
/// its last block doesn't decrypt. With PKCS#1 v1.5 a wrong key shows as damaged content only, and in one case of 256
/// not at all: the result is noise then, which the container inside reveals.
pub struct Decryptor {
    keys: Keyring,
    envelope: Envelope,
    recipients: Vec<Vec<u8>>,
    stage: Stage,
}

enum Stage {
    Header,
    Content(StreamingDecryptingKey),
    /// Finished, or failed: nothing more can be had.
    Spent,
}

impl Decryptor {
    /// A decryptor for one envelope.
    pub fn new(keys: Keyring) -> Self {
        Self {
            keys,
            envelope: Envelope::new(),
            recipients: Vec::new(),
            stage: Stage::Header,
        }
    }

    fn take(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        while let Some(part) = self.envelope.next(&mut input)? {
            match part {
                Part::Recipient(der) => self.recipient(der)?,
                Part::Cipher(der) => self.stage = Stage::Content(self.open(&der)?),
                Part::Content(ciphertext) => self.content(ciphertext, output)?,
            }
        }
        Ok(())
    }

    fn recipient(&mut self, der: Vec<u8>) -> Result<()> {
        if self.recipients.len() >= unwrap::MAX_RECIPIENTS {
            return Err(Error::TooLarge {
                what: "recipients",
                limit: unwrap::MAX_RECIPIENTS as u64,
            });
        }
        self.recipients.push(der);
        Ok(())
    }

    fn open(&mut self, cipher: &[u8]) -> Result<StreamingDecryptingKey> {
        let (algorithm, length, iv) = read_cipher(cipher)?;
        let recipients = std::mem::take(&mut self.recipients);
        let content_key = unwrap::content_key(&self.keys, &recipients, length)?;
        let failed = |_| Error::Crypto("content decryption");
        let key = UnboundCipherKey::new(algorithm, &content_key).map_err(failed)?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        StreamingDecryptingKey::cbc_pkcs7(key, context).map_err(failed)
    }

    fn content(&mut self, ciphertext: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let Stage::Content(cipher) = &mut self.stage else {
            return Err(Error::NotEnveloped);
        };
        let before = output.len();
        output.resize(before + ciphertext.len() + BLOCK, 0);
        let buffer = output.get_mut(before..).unwrap_or_default();
        let written = cipher
            .update(ciphertext, buffer)
            .map_err(|_| Error::ContentDamaged)?
            .written()
            .len();
        output.truncate(before + written);
        Ok(())
    }

    fn end(&mut self, output: &mut Vec<u8>) -> Result<()> {
        let stage = std::mem::replace(&mut self.stage, Stage::Spent);
        let cipher = match stage {
            Stage::Spent => return Err(Error::OutOfOrder("decryption has ended")),
            Stage::Content(cipher) if self.envelope.is_finished() => cipher,
            _ => return Err(Error::Truncated),
        };
        let mut buffer = [0; BLOCK];
        let last = cipher.finish(&mut buffer).map_err(|_| Error::ContentDamaged)?;
        output.extend_from_slice(last.written());
        Ok(())
    }
}

impl Transform for Decryptor {
    fn update(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        if matches!(self.stage, Stage::Spent) {
            return Err(Error::OutOfOrder("decryption has ended"));
        }
        let taken = self.take(input, output);
        if taken.is_err() {
            self.stage = Stage::Spent;
        }
        taken
    }

    fn finish(&mut self, output: &mut Vec<u8>) -> Result<()> {
        self.end(output)
    }
}

/// The cipher, the length of its key and the initialisation vector.
fn read_cipher(der: &[u8]) -> Result<(&'static Algorithm, usize, [u8; BLOCK])> {
    let identifier = AlgorithmIdentifierOwned::from_der(der).map_err(|_| Error::NotEnveloped)?;
    let (algorithm, length) = match identifier.oid {
        oid::AES_128_CBC => (&AES_128, 16),
        oid::AES_192_CBC => (&AES_192, 24),
        oid::AES_256_CBC => (&AES_256, 32),
        other => return Err(Error::UnsupportedCipher(other.to_string())),
    };
    let iv = identifier
        .parameters
        .and_then(|parameters| parameters.decode_as::<OctetString>().ok());
    let iv = iv
        .and_then(|iv| iv.as_bytes().try_into().ok())
        .ok_or(Error::NotEnveloped)?;
    Ok((algorithm, length, iv))
}
