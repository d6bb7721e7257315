//! Envelopes that no tool at hand makes: .NET's two recipients, wrong recipients, hostile structures.

use std::sync::LazyLock;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey};
use der::asn1::{Any, OctetString};
use fiks_core::Timestamp;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::model::{CertificateIdentifier, KeyTransRecipientInfo, oid};
use super::{Keyring, decrypt, encrypt::head, keyring, oaep, signed, verify_detached};
use crate::keystore::{Lifetime, self_signed};
use crate::x509::{Identity, PrivateKey};
use crate::{Error, Result};

const CONTENT_KEY: [u8; 32] = [0x42; 32];
const IV: [u8; 16] = [7; 16];

static OURS: LazyLock<Identity> = LazyLock::new(identity);
static THEIRS: LazyLock<Identity> = LazyLock::new(identity);

fn identity() -> Identity {
    let lifetime = Lifetime::days(Timestamp::from_millis(1_700_000_000_000), 1);
    self_signed(PrivateKey::generate().unwrap(), "Test", lifetime).unwrap()
}

#[derive(Clone, Copy)]
enum Padding {
    Pkcs1,
    Oaep,
}

/// A recipient named as `named` whose key is wrapped for `wrapped_for`.
fn recipient(
    named: &Identity,
    wrapped_for: &Identity,
    padding: Padding,
    key: &[u8],
) -> KeyTransRecipientInfo {
    let public = wrapped_for.certificate().encryption_key().unwrap();
    let mut wrapped = vec![0; 256];
    let algorithm = match padding {
        Padding::Oaep => {
            let public = OaepPublicEncryptingKey::new(public).unwrap();
            public
                .encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None)
                .unwrap();
            oaep::sha256().unwrap()
        }
        Padding::Pkcs1 => {
            Pkcs1PublicEncryptingKey::new(public)
                .unwrap()
                .encrypt(key, &mut wrapped)
                .unwrap();
            AlgorithmIdentifierOwned {
                oid: oid::RSA_ENCRYPTION,
                parameters: Some(Any::null()),
            }
        }
    };
    KeyTransRecipientInfo {
        version: 0,
        rid: CertificateIdentifier::IssuerAndSerialNumber(
            keyring::issuer_and_serial(named.certificate()).unwrap(),
        ),
        key_encryption_algorithm: algorithm,
        encrypted_key: OctetString::new(wrapped).unwrap(),
    }
}

fn envelope(recipients: &[KeyTransRecipientInfo]) -> Vec<u8> {
    let key = UnboundCipherKey::new(&AES_256, &CONTENT_KEY).unwrap();
    let mut cipher =
        StreamingEncryptingKey::less_safe_cbc_pkcs7(key, EncryptionContext::Iv128((&IV).into())).unwrap();
    let (mut first, mut last) = ([0; 32], [0; 16]);
    let first = cipher.update(b"innhold", &mut first).unwrap().written().to_vec();
    let last = cipher.finish(&mut last).unwrap().1.written().to_vec();
    let mut envelope = head(recipients, &IV).unwrap();
    for piece in [first, last] {
        envelope.extend([4, u8::try_from(piece.len()).unwrap()]);
        envelope.extend(piece);
    }
    envelope.extend([0; 10]);
    envelope
}

fn open(recipients: &[KeyTransRecipientInfo], keys: &Keyring) -> Result<Vec<u8>> {
    decrypt(&envelope(recipients), keys)
}

fn ours() -> Keyring {
    Keyring::from(OURS.key().clone())
}

#[test]
fn the_two_recipients_of_dotnet_are_read() {
    let recipients =
        [Padding::Pkcs1, Padding::Oaep].map(|padding| recipient(&OURS, &OURS, padding, &CONTENT_KEY));
    assert_eq!(open(&recipients, &ours()).unwrap(), b"innhold");
    assert_eq!(
        open(&recipients[..1], &ours()).unwrap(),
        b"innhold",
        "each alone is enough"
    );
    assert_eq!(open(&recipients[1..], &ours()).unwrap(), b"innhold");
}

#[test]
fn the_first_recipient_counts_whatever_it_names() {
    for padding in [Padding::Pkcs1, Padding::Oaep] {
        let misnamed = recipient(&THEIRS, &OURS, padding, &CONTENT_KEY);
        assert_eq!(open(&[misnamed], &ours()).unwrap(), b"innhold");
    }
}

#[test]
fn a_later_recipient_counts_when_it_names_our_certificate() {
    let first = recipient(&THEIRS, &THEIRS, Padding::Oaep, &CONTENT_KEY);
    let second = recipient(&OURS, &OURS, Padding::Oaep, &CONTENT_KEY);
    let pair = (OURS.key().clone(), OURS.certificate().clone());
    let named = Keyring::with_certificates([pair]).unwrap();
    assert_eq!(
        open(&[first.clone(), second.clone()], &named).unwrap(),
        b"innhold"
    );
    assert!(matches!(open(&[first, second], &ours()), Err(Error::WrongKey)));
}

#[test]
fn the_old_key_is_found_behind_the_new_one_with_both_paddings() {
    let ring = Keyring::new([THEIRS.key().clone(), OURS.key().clone()]).unwrap();
    for padding in [Padding::Pkcs1, Padding::Oaep] {
        let recipients = [recipient(&OURS, &OURS, padding, &CONTENT_KEY)];
        assert_eq!(open(&recipients, &ring).unwrap(), b"innhold");
    }
}

/// What Bleichenbacher's attack asks for: whether the padding was right. A key of the wrong length, a wrong padding
/// and a wrong key must look alike.
#[test]
fn all_failures_of_pkcs1_look_alike() {
    let short = recipient(&OURS, &OURS, Padding::Pkcs1, &CONTENT_KEY[..16]);
    let foreign = recipient(&OURS, &THEIRS, Padding::Pkcs1, &CONTENT_KEY);
    let mut broken = recipient(&OURS, &OURS, Padding::Pkcs1, &CONTENT_KEY);
    broken.encrypted_key = OctetString::new(vec![1; 256]).unwrap();
    for recipient in [short, foreign, broken] {
        match open(&[recipient], &ours()) {
            Err(Error::ContentDamaged) => {}
            // One of 256 made-up keys gives a valid end by chance.
            Ok(noise) => assert_ne!(noise, b"innhold"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn envelopes_without_usable_recipient_are_told() {
    let mut unknown = recipient(&OURS, &OURS, Padding::Oaep, &CONTENT_KEY);
    unknown.key_encryption_algorithm.oid = oid::AES_256_CBC;
    assert!(matches!(open(&[unknown], &ours()), Err(Error::NoUsableRecipient)));
    assert!(matches!(open(&[], &ours()), Err(Error::NoUsableRecipient)));
}

#[test]
fn the_number_of_recipients_is_bounded() {
    let many = vec![recipient(&OURS, &OURS, Padding::Oaep, &CONTENT_KEY); 65];
    assert!(matches!(open(&many, &ours()), Err(Error::TooLarge { .. })));
}

#[test]
fn an_endless_header_is_refused() {
    let mut input = vec![
        0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03,
    ];
    input.extend([0xA0, 0x80, 0x30, 0x80, 2, 1, 0, 0xA0, 0x80]);
    input.extend([4, 0].repeat(100_000));
    assert!(matches!(decrypt(&input, &ours()), Err(Error::TooLarge { .. })));
}

#[test]
fn content_nested_too_deep_is_refused() {
    let recipients = [recipient(&OURS, &OURS, Padding::Oaep, &CONTENT_KEY)];
    let mut input = head(&recipients, &IV).unwrap();
    input.extend([0x24, 0x80].repeat(10_000));
    assert!(matches!(
        decrypt(&input, &ours()),
        Err(Error::MalformedBer { .. })
    ));
}

#[test]
fn attributes_after_the_content_are_passed_over() {
    let recipients = [recipient(&OURS, &OURS, Padding::Oaep, &CONTENT_KEY)];
    let mut envelope = envelope(&recipients);
    // Behind EncryptedContentInfo, before the ends of EnvelopedData, [0] and ContentInfo.
    let place = envelope.len() - 6;
    envelope.splice(place..place, [0xA1, 4, 0x30, 2, 6, 0]);
    assert_eq!(decrypt(&envelope, &ours()).unwrap(), b"innhold");
}

#[test]
fn any_one_of_several_signers_is_enough() {
    let content = b"innhold";
    let now = Timestamp::from_millis(1_700_000_000_000);
    let mut wrong = signed::signer_info(content, &THEIRS, now).unwrap();
    wrong.signature = OctetString::new(vec![1; 256]).unwrap();
    let right = signed::signer_info(content, &OURS, now).unwrap();
    let both = signed::signed_data(&OURS, vec![wrong.clone(), right]).unwrap();
    let signer = verify_detached(content, &both).unwrap();
    assert_eq!(&signer.certificate, OURS.certificate());
    let only_wrong = signed::signed_data(&THEIRS, vec![wrong]).unwrap();
    assert!(matches!(
        verify_detached(content, &only_wrong),
        Err(Error::SignatureInvalid)
    ));
}

#[test]
fn attributes_must_speak_of_the_content() {
    let now = Timestamp::from_millis(1_700_000_000_000);
    let of_other = signed::signer_info(b"annet", &OURS, now).unwrap();
    let signature = signed::signed_data(&OURS, vec![of_other]).unwrap();
    assert!(verify_detached(b"annet", &signature).is_ok());
    assert!(matches!(
        verify_detached(b"innhold", &signature),
        Err(Error::SignatureInvalid)
    ));
}
