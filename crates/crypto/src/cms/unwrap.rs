//! Finds the content key in the recipients of an envelope.
//!
//! Two rules shape it. KS' libraries write recipients that need not name the right certificate and read the first
//! one whatever it names (fiks-io §11.2), so names only order the tries. And whoever can make a receiver open many
//! envelopes must learn nothing from PKCS#1 v1.5 padding (Bleichenbacher's attack): where that padding is wrong, or
//! the key in it has the wrong length, the content is decrypted with a made-up key that depends on nothing but the
//! envelope and a secret, every key of the ring is always tried, and the failure shows as damaged content like any
//! other. OAEP doesn't have the problem; its failures are told at once.

use aws_lc_rs::hmac;
use der::Decode;
use der::asn1::Any;
use zeroize::Zeroizing;

use super::keyring::{Entry, Keyring};
use super::model::{KeyTransRecipientInfo, oid};
use super::oaep;
use crate::ber::tag;
use crate::{Error, Result};

/// Most recipients of an envelope that are looked at. KS' libraries write one or two.
pub(super) const MAX_RECIPIENTS: usize = 64;
/// Most recipients that keys are tried on: the first one and those meant for a key of the ring.
const MAX_TRIED: usize = 4;

/// The content key of `length` octets, found with `keys` in `recipients` (RecipientInfos in DER).
pub(super) fn content_key(
    keys: &Keyring,
    recipients: &[Vec<u8>],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let candidates = candidates(keys, recipients);
    if candidates.is_empty() {
        return Err(Error::NoUsableRecipient);
    }
    let opened = candidates
        .iter()
        .find_map(|candidate| open_oaep(keys, candidate, length));
    if let Some(content_key) = opened {
        return Ok(content_key);
    }
    open_pkcs1(keys, &candidates, length).ok_or(Error::WrongKey)
}

fn candidates(keys: &Keyring, recipients: &[Vec<u8>]) -> Vec<KeyTransRecipientInfo> {
    // Key agreement and the other kinds carry context tags.
    let transported = recipients
        .iter()
        .filter(|der| der.first() == Some(&tag::SEQUENCE));
    let mut parsed = transported
        .filter_map(|der| KeyTransRecipientInfo::from_der(der).ok())
        .filter(is_supported);
    let first = parsed.next();
    let is_meant_for_us = |other: &KeyTransRecipientInfo| {
        keys.knows(&other.rid) || first.as_ref().is_some_and(|first| first.rid == other.rid)
    };
    let others: Vec<_> = parsed.filter(is_meant_for_us).take(MAX_TRIED - 1).collect();
    first.into_iter().chain(others).collect()
}

fn is_supported(recipient: &KeyTransRecipientInfo) -> bool {
    is_pkcs1(recipient) || open_parameters(recipient).is_some()
}

fn is_pkcs1(recipient: &KeyTransRecipientInfo) -> bool {
    recipient.key_encryption_algorithm.oid == oid::RSA_ENCRYPTION
}

fn open_parameters(recipient: &KeyTransRecipientInfo) -> Option<oaep::Oaep> {
    let algorithm = &recipient.key_encryption_algorithm;
    let parameters: Option<&Any> = algorithm.parameters.as_ref();
    (algorithm.oid == oid::RSAES_OAEP)
        .then(|| oaep::read(parameters))
        .flatten()
}

/// Keys whose certificate the recipient names, then the others.
fn by_likelihood<'a>(keys: &'a Keyring, recipient: &KeyTransRecipientInfo) -> Vec<&'a Entry> {
    let (named, others): (Vec<_>, Vec<_>) = keys.entries().iter().partition(|entry| entry.is(&recipient.rid));
    named.into_iter().chain(others).collect()
}

fn open_oaep(keys: &Keyring, recipient: &KeyTransRecipientInfo, length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let oaep = open_parameters(recipient)?;
    let label = oaep.label.as_ref().map(der::asn1::OctetString::as_bytes);
    let wrapped = recipient.encrypted_key.as_bytes();
    let tries = by_likelihood(keys, recipient).into_iter();
    let mut opened = tries.filter_map(|entry| entry.key.decrypt_oaep(oaep.algorithm, label, wrapped));
    opened.find(|content_key| content_key.len() == length)
}

/// What PKCS#1 v1.5 gave for one recipient and key.
struct Guess {
    content_key: Zeroizing<Vec<u8>>,
    is_real: bool,
}

/// The first real content key, else the first made-up one. All are tried before one is chosen. `None` only when no
/// recipient uses this padding, or the ring is empty.
fn open_pkcs1(
    keys: &Keyring,
    recipients: &[KeyTransRecipientInfo],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let recipients = recipients.iter().filter(|recipient| is_pkcs1(recipient));
    let guesses = recipients.flat_map(|recipient| {
        let wrapped = recipient.encrypted_key.as_bytes();
        by_likelihood(keys, recipient)
            .into_iter()
            .map(move |entry| guess(entry, wrapped, length))
    });
    let mut guesses: Vec<Guess> = guesses.collect();
    let chosen = guesses.iter().position(|guess| guess.is_real).unwrap_or(0);
    (chosen < guesses.len()).then(|| guesses.swap_remove(chosen).content_key)
}

fn guess(entry: &Entry, wrapped: &[u8], length: usize) -> Guess {
    let opened = entry
        .key
        .decrypt_pkcs1(wrapped)
        .filter(|content_key| content_key.len() == length);
    let made_up = made_up_key(entry, wrapped, length);
    Guess {
        is_real: opened.is_some(),
        content_key: opened.unwrap_or(made_up),
    }
}

/// The same for the same envelope every time: a key that changed between tries would give the failure away.
fn made_up_key(entry: &Entry, wrapped: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &entry.key.to_pkcs8());
    let tag = hmac::sign(&secret, wrapped);
    // AES keys are at most as long as the tag.
    Zeroizing::new(tag.as_ref().iter().copied().take(length).collect())
}
