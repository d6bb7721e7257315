//! CMS (RFC 5652) as KS' clients use it: EnvelopedData around a payload, and detached SignedData over a manifest.
//!
//! Invariants: an envelope is read and written in constant memory, whatever its size; a cut or extended envelope is
//! an error; and no answer tells whoever made an envelope how far the opening of a PKCS#1 v1.5 key came.
//!
//! CBC has no integrity protection: what [`Decryptor`] gives out is only as trustworthy as the signature inside,
//! and provisional until [`Transform::finish`] has succeeded.

mod decrypt;
mod encrypt;
mod envelope;
mod keyring;
mod model;
mod oaep;
mod signed;
#[cfg(test)]
mod tests;
mod unwrap;

use std::io::{Read, Write};

pub use decrypt::Decryptor;
pub use encrypt::Encryptor;
pub use keyring::Keyring;
pub use signed::{Signer, sign_detached, verify_detached};

use crate::Result;
use crate::transform::{Transform, TransformReader, TransformStream, TransformWriter};
use crate::x509::Certificate;

/// Reads the plaintext of the envelope in `source`; blocking or async, as `source` is.
pub fn decrypting_reader<R>(source: R, keys: &Keyring) -> TransformReader<R, Decryptor> {
    TransformReader::new(source, Decryptor::new(keys.clone()))
}

/// The plaintext of the envelope in a stream of bytes.
pub fn decrypting_stream<S>(source: S, keys: &Keyring) -> TransformStream<S, Decryptor> {
    TransformStream::new(source, Decryptor::new(keys.clone()))
}

/// Reads an envelope around the plaintext in `source`; blocking or async, as `source` is.
pub fn encrypting_reader<R>(source: R, recipient: &Certificate) -> Result<TransformReader<R, Encryptor>> {
    Ok(TransformReader::new(source, Encryptor::new(recipient)?))
}

/// An envelope around the plaintext in a stream of bytes.
pub fn encrypting_stream<S>(source: S, recipient: &Certificate) -> Result<TransformStream<S, Encryptor>> {
    Ok(TransformStream::new(source, Encryptor::new(recipient)?))
}

/// Writes to `sink` an envelope around what it is given. End it with [`TransformWriter::finish`].
pub fn encrypting_writer<W: Write>(
    sink: W,
    recipient: &Certificate,
) -> Result<TransformWriter<W, Encryptor>> {
    Ok(TransformWriter::new(sink, Encryptor::new(recipient)?))
}

/// Writes to `sink` the plaintext of the envelope that it is given. End it with [`TransformWriter::finish`].
pub fn decrypting_writer<W: Write>(sink: W, keys: &Keyring) -> TransformWriter<W, Decryptor> {
    TransformWriter::new(sink, Decryptor::new(keys.clone()))
}

/// Encrypts a plaintext that is small enough to hold in memory.
pub fn encrypt(plaintext: &[u8], recipient: &Certificate) -> Result<Vec<u8>> {
    let mut encryptor = Encryptor::new(recipient)?;
    let mut envelope = Vec::with_capacity(plaintext.len() + 1024);
    encryptor.update(plaintext, &mut envelope)?;
    encryptor.finish(&mut envelope)?;
    Ok(envelope)
}

/// Decrypts an envelope that is small enough to hold in memory.
pub fn decrypt(envelope: &[u8], keys: &Keyring) -> Result<Vec<u8>> {
    let mut plaintext = Vec::with_capacity(envelope.len());
    decrypting_reader(envelope, keys).read_to_end(&mut plaintext)?;
    Ok(plaintext)
}
