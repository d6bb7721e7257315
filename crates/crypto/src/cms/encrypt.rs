//! Making an envelope.

use aws_lc_rs::cipher::{
    AES_256, AES_256_KEY_LEN, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::rand::fill;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use der::Encode;
use der::asn1::{Any, OctetString};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::model::{CertificateIdentifier, KeyTransRecipientInfo, oid};
use super::{keyring, oaep};
use crate::ber::{push_length, tag};
use crate::transform::Transform;
use crate::x509::Certificate;
use crate::{Error, Result};

/// Octets of content in one OCTET STRING. KS' Java library cuts at 1000; readers take any length (tried with its
/// reader and OpenSSL), and longer pieces mean less to parse and 4 octets of overhead in 16,384.
const PIECE: usize = 16 * 1024;
const BLOCK: usize = 16;
const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// Encrypts to one certificate, in the form that both KS' libraries read (fiks-io §11.2): one recipient named by
/// issuer and serial number, RSA-OAEP with SHA-256, AES-256-CBC, indefinite lengths around the content.
pub struct Encryptor {
    /// What goes before the content; taken by the first output.
    head: Vec<u8>,
    /// `None` once finished.
    cipher: Option<StreamingEncryptingKey>,
    pending: Zeroizing<Vec<u8>>,
    /// Ciphertext of one piece.
    buffer: Vec<u8>,
}

impl Encryptor {
    /// Chooses a content key and wraps it for the certificate's RSA key. The certificate's lifetime doesn't matter.
    ///
    /// Fails with [`Error::NotRsa`], [`Error::WeakKey`] or [`Error::PublicKeyUnusable`] when nothing can be
    /// encrypted to that key.
    pub fn new(recipient: &Certificate) -> Result<Self> {
        let mut content_key = Zeroizing::new([0; AES_256_KEY_LEN]);
        fill(content_key.as_mut_slice()).map_err(|_| Error::Crypto("random numbers"))?;
        let failed = |_| Error::Crypto("content encryption");
        let key = UnboundCipherKey::new(&AES_256, content_key.as_slice()).map_err(failed)?;
        let mut iv = [0; BLOCK];
        fill(&mut iv).map_err(|_| Error::Crypto("random numbers"))?;
        let context = EncryptionContext::Iv128((&iv).into());
        let cipher = StreamingEncryptingKey::less_safe_cbc_pkcs7(key, context).map_err(failed)?;
        let recipient = recipient_info(recipient, content_key.as_slice())?;
        let head = head(&[recipient], &iv).map_err(|_| Error::Crypto("CMS encoding"))?;
        let pending = Zeroizing::new(Vec::with_capacity(PIECE));
        Ok(Self {
            head,
            cipher: Some(cipher),
            pending,
            buffer: Vec::new(),
        })
    }

    /// Encrypts plaintext of up to [`PIECE`] octets into one OCTET STRING.
    fn emit(&mut self, plaintext: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let cipher = self
            .cipher
            .as_mut()
            .ok_or(Error::OutOfOrder("encryption has ended"))?;
        self.buffer.resize(plaintext.len() + BLOCK, 0);
        let written = cipher
            .update(plaintext, &mut self.buffer)
            .map_err(|_| Error::Crypto("content encryption"))?;
        push_octets(output, written.written());
        Ok(())
    }

    fn emit_pending(&mut self, output: &mut Vec<u8>) -> Result<()> {
        let mut piece = std::mem::take(&mut self.pending);
        if !piece.is_empty() {
            self.emit(&piece, output)?;
        }
        piece.clear();
        self.pending = piece;
        Ok(())
    }

    /// Whole pieces straight from the input, the rest kept for later.
    fn emit_pieces(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        while let Some((piece, rest)) = input.split_at_checked(PIECE) {
            self.emit(piece, output)?;
            input = rest;
        }
        self.pending.extend_from_slice(input);
        Ok(())
    }
}

impl Transform for Encryptor {
    fn update(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        output.append(&mut self.head);
        let wanted = match self.pending.len() {
            0 => 0,
            waiting => PIECE - waiting,
        };
        let Some((fill, rest)) = input.split_at_checked(wanted) else {
            self.pending.extend_from_slice(input);
            return Ok(());
        };
        self.pending.extend_from_slice(fill);
        self.emit_pending(output)?;
        self.emit_pieces(rest, output)
    }

    fn finish(&mut self, output: &mut Vec<u8>) -> Result<()> {
        output.append(&mut self.head);
        self.emit_pending(output)?;
        let cipher = self
            .cipher
            .take()
            .ok_or(Error::OutOfOrder("encryption has ended"))?;
        let mut buffer = [0; BLOCK];
        let (_, last) = cipher
            .finish(&mut buffer)
            .map_err(|_| Error::Crypto("content encryption"))?;
        push_octets(output, last.written());
        // Content, EncryptedContentInfo, EnvelopedData, [0], ContentInfo.
        output.extend(END_OF_CONTENTS.repeat(5));
        Ok(())
    }
}

fn push_octets(output: &mut Vec<u8>, octets: &[u8]) {
    if octets.is_empty() {
        return;
    }
    output.push(tag::OCTET_STRING);
    push_length(output, octets.len());
    output.extend_from_slice(octets);
}

fn recipient_info(recipient: &Certificate, content_key: &[u8]) -> Result<KeyTransRecipientInfo> {
    let key =
        OaepPublicEncryptingKey::new(recipient.encryption_key()?).map_err(|_| Error::PublicKeyUnusable)?;
    let mut wrapped = vec![0; key.ciphertext_size()];
    key.encrypt(&OAEP_SHA256_MGF1SHA256, content_key, &mut wrapped, None)
        .map_err(|_| Error::PublicKeyUnusable)?;
    let encoding = |_| Error::Crypto("CMS encoding");
    Ok(KeyTransRecipientInfo {
        version: 0,
        rid: CertificateIdentifier::IssuerAndSerialNumber(keyring::issuer_and_serial(recipient)?),
        key_encryption_algorithm: oaep::sha256().map_err(encoding)?,
        encrypted_key: OctetString::new(wrapped).map_err(encoding)?,
    })
}

/// All that goes before the first octet string of the content.
pub(super) fn head(recipients: &[KeyTransRecipientInfo], iv: &[u8]) -> der::Result<Vec<u8>> {
    let cipher = AlgorithmIdentifierOwned {
        oid: oid::AES_256_CBC,
        parameters: Some(Any::new(der::Tag::OctetString, iv)?),
    };
    let recipients: Vec<Vec<u8>> = recipients
        .iter()
        .map(Encode::to_der)
        .collect::<der::Result<_>>()?;
    let recipients = recipients.concat();
    let mut set = vec![tag::SET];
    push_length(&mut set, recipients.len());
    let parts: [&[u8]; 11] = [
        &[tag::SEQUENCE, 0x80],
        &oid::ENVELOPED_DATA.to_der()?,
        &[tag::CONTEXT_0, 0x80],
        &[tag::SEQUENCE, 0x80],
        &0u8.to_der()?,
        &set,
        &recipients,
        &[tag::SEQUENCE, 0x80],
        &oid::DATA.to_der()?,
        &cipher.to_der()?,
        &[tag::CONTEXT_0, 0x80],
    ];
    Ok(parts.concat())
}
