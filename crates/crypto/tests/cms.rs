//! Envelopes: round trips, OpenSSL's envelopes and ours, and everything that must not be taken for one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::print_stderr, clippy::cast_possible_truncation)]

mod support;

use std::io::{Cursor, Read, Write};

use bytes::Bytes;
use fiks_crypto::cms::{self, Decryptor, Encryptor, Keyring};
use fiks_crypto::transform::Transform;
use fiks_crypto::{Error, Result};
use futures::StreamExt;
use proptest::prelude::*;
use support::{content, folder, identity, must, run};

fn keys(number: usize) -> Keyring {
    Keyring::from(identity(number).key().clone())
}

fn transform(mut transform: impl Transform, input: &[u8], piece: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    for piece in input.chunks(piece.max(1)) {
        transform.update(piece, &mut output)?;
    }
    transform.finish(&mut output)?;
    Ok(output)
}

fn encrypt(plaintext: &[u8]) -> Vec<u8> {
    cms::encrypt(plaintext, identity(0).certificate()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_goes_in_comes_out_however_it_is_cut(
        length in prop_oneof![0usize..100, 16_300usize..16_500, 0usize..100_000],
        in_pieces in prop_oneof![1usize..40, 1usize..70_000],
        out_pieces in prop_oneof![1usize..40, 1usize..70_000],
    ) {
        let plaintext = content(length);
        let envelope = transform(Encryptor::new(identity(0).certificate()).unwrap(), &plaintext, in_pieces).unwrap();
        prop_assert_eq!(transform(Decryptor::new(keys(0)), &envelope, out_pieces).unwrap(), plaintext);
    }

    #[test]
    fn any_bytes_end_in_a_typed_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(cms::decrypt(&bytes, &keys(0)).is_err());
    }

    #[test]
    fn damaged_envelopes_never_panic(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut envelope = encrypt(&content(1000));
        let place = place.index(envelope.len());
        envelope[place] ^= 1 << bit;
        let _ = cms::decrypt(&envelope, &keys(0));
    }
}

#[test]
fn a_cut_envelope_is_never_valid() {
    for envelope in [encrypt(&content(100)), encrypt(b"")] {
        for end in 0..envelope.len() {
            let outcome = cms::decrypt(&envelope[..end], &keys(0));
            assert!(
                matches!(outcome, Err(Error::Truncated)),
                "cut at {end}: {outcome:?}"
            );
        }
    }
}

#[test]
fn data_after_the_envelope_is_refused() {
    let mut envelope = encrypt(b"innhold");
    envelope.push(0);
    assert!(matches!(
        cms::decrypt(&envelope, &keys(0)),
        Err(Error::TrailingData)
    ));
}

#[test]
fn after_an_error_nothing_more_comes() {
    let mut decryptor = Decryptor::new(keys(1));
    let mut output = Vec::new();
    let envelope = encrypt(b"innhold");
    assert!(matches!(
        decryptor.update(&envelope, &mut output),
        Err(Error::WrongKey)
    ));
    assert!(matches!(
        decryptor.update(&envelope, &mut output),
        Err(Error::OutOfOrder(_))
    ));
    assert!(decryptor.finish(&mut output).is_err());
    assert!(output.is_empty());
}

#[test]
fn keys_are_tried_in_turn() {
    let ring =
        Keyring::new([identity(1), identity(2), identity(0)].map(|identity| identity.key().clone())).unwrap();
    assert_eq!(cms::decrypt(&encrypt(b"innhold"), &ring).unwrap(), b"innhold");
}

#[test]
fn a_ring_has_a_bounded_number_of_keys() {
    let many = std::iter::repeat_with(|| identity(0).key().clone());
    assert!(matches!(
        Keyring::new(many),
        Err(Error::TooLarge { limit: 16, .. })
    ));
}

#[test]
fn readers_and_writers_agree() {
    let plaintext = content(200_000);
    let mut envelope = Vec::new();
    cms::encrypting_reader(plaintext.as_slice(), identity(0).certificate())
        .unwrap()
        .read_to_end(&mut envelope)
        .unwrap();
    let mut writer = cms::decrypting_writer(Vec::new(), &keys(0));
    writer.write_all(&envelope).unwrap();
    assert_eq!(writer.finish().unwrap(), plaintext);

    let mut writer = cms::encrypting_writer(Vec::new(), identity(0).certificate()).unwrap();
    writer.write_all(&plaintext).unwrap();
    assert_eq!(
        cms::decrypt(&writer.finish().unwrap(), &keys(0)).unwrap(),
        plaintext
    );
}

#[test]
fn an_unfinished_writer_leaves_a_truncated_envelope() {
    let mut output = Vec::new();
    let mut writer = cms::encrypting_writer(&mut output, identity(0).certificate()).unwrap();
    writer.write_all(&content(100_000)).unwrap();
    drop(writer);
    assert!(matches!(cms::decrypt(&output, &keys(0)), Err(Error::Truncated)));
}

#[tokio::test]
async fn async_readers_and_streams_agree() {
    let plaintext = content(200_000);
    let mut envelope = Vec::new();
    let mut reader = cms::encrypting_reader(Cursor::new(&plaintext), identity(0).certificate()).unwrap();
    tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut envelope)
        .await
        .unwrap();

    let pieces: Vec<Result<Bytes>> = envelope
        .chunks(9_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let mut stream = cms::decrypting_stream(futures::stream::iter(pieces), &keys(0));
    let mut decrypted = Vec::new();
    while let Some(piece) = stream.next().await {
        decrypted.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(decrypted, plaintext);
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error() {
    let envelope = encrypt(&content(50_000));
    let half = Bytes::copy_from_slice(&envelope[..envelope.len() / 2]);
    let stream = cms::decrypting_stream(futures::stream::iter([Result::Ok(half)]), &keys(0));
    let outcomes: Vec<_> = stream.collect().await;
    let last = outcomes.into_iter().last().unwrap().unwrap_err();
    assert!(matches!(Error::from(last), Error::Truncated));
}

#[test]
fn big_payloads_take_little_memory() {
    const PIECES: usize = 1_200;
    let piece = content(64 * 1024);
    let mut encryptor = Encryptor::new(identity(0).certificate()).unwrap();
    let mut decryptor = Decryptor::new(keys(0));
    let (mut sealed, mut opened, mut total) = (Vec::new(), Vec::new(), 0);
    for _ in 0..PIECES {
        encryptor.update(&piece, &mut sealed).unwrap();
        decryptor.update(&sealed, &mut opened).unwrap();
        total += opened.len();
        assert!(sealed.capacity() < 256 * 1024 && opened.capacity() < 256 * 1024);
        sealed.clear();
        opened.clear();
    }
    encryptor.finish(&mut sealed).unwrap();
    decryptor.update(&sealed, &mut opened).unwrap();
    decryptor.finish(&mut opened).unwrap();
    assert_eq!(total + opened.len(), PIECES * piece.len());
}

#[test]
fn openssl_reads_our_envelopes() {
    let folder = folder(identity(0));
    let plaintext = content(50_000);
    std::fs::write(folder.path().join("in.cms"), encrypt(&plaintext)).unwrap();
    let arguments = [
        "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "in.cms", "-inkey", "key.pem", "-recip",
    ];
    let arguments = [&arguments[..], &["cert.pem", "-out", "out"]].concat();
    if must(folder.path(), "openssl", &arguments).is_some() {
        assert_eq!(std::fs::read(folder.path().join("out")).unwrap(), plaintext);
    }
}

/// What OpenSSL makes of `plaintext` with more options; `None` when it is not installed.
fn openssl(plaintext: &[u8], options: &[&str]) -> Option<Vec<u8>> {
    let folder = folder(identity(0));
    std::fs::write(folder.path().join("other.pem"), identity(1).certificate().pem()).unwrap();
    std::fs::write(folder.path().join("in"), plaintext).unwrap();
    let arguments = [
        "cms", "-encrypt", "-binary", "-outform", "DER", "-in", "in", "-out", "out.cms",
    ];
    let names_cipher = options
        .iter()
        .any(|option| option.starts_with("-aes") || option.starts_with("-des"));
    let cipher = if names_cipher { &[][..] } else { &["-aes256"] };
    must(
        folder.path(),
        "openssl",
        &[&arguments[..], cipher, options].concat(),
    )?;
    Some(std::fs::read(folder.path().join("out.cms")).unwrap())
}

const OAEP: [&str; 4] = ["-recip", "cert.pem", "-keyopt", "rsa_padding_mode:oaep"];

#[test]
fn all_accepted_forms_of_openssl_are_read() {
    let forms: [&[&str]; 9] = [
        &["-aes256", "-recip", "cert.pem"],
        &["-aes256", "-stream", "-recip", "cert.pem"],
        &["-aes128", "-recip", "cert.pem"],
        &["-aes192", "-recip", "cert.pem"],
        &["-aes256", "-keyid", "-recip", "cert.pem"],
        &OAEP,
        &[&OAEP[..], &["-keyopt", "rsa_oaep_md:sha256", "-stream"]].concat(),
        &[
            &OAEP[..],
            &["-keyopt", "rsa_oaep_md:sha384", "-keyopt", "rsa_mgf1_md:sha384"],
        ]
        .concat(),
        &[
            &OAEP[..],
            &["-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha512"],
        ]
        .concat(),
    ];
    for form in forms {
        for length in [0, 1, 15, 16, 17, 40_000] {
            let Some(envelope) = openssl(&content(length), form) else {
                return;
            };
            assert_eq!(
                cms::decrypt(&envelope, &keys(0)).unwrap(),
                content(length),
                "{form:?} {length}"
            );
        }
    }
}

#[test]
fn cut_envelopes_of_openssl_are_never_valid() {
    for form in [
        &["-recip", "cert.pem"][..],
        &["-stream", "-recip", "cert.pem"],
        &OAEP,
    ] {
        let Some(envelope) = openssl(&content(200), form) else {
            return;
        };
        for end in 0..envelope.len() {
            let outcome = cms::decrypt(&envelope[..end], &keys(0));
            assert!(
                matches!(outcome, Err(Error::Truncated)),
                "{form:?} cut at {end}: {outcome:?}"
            );
        }
    }
}

#[test]
fn the_right_one_of_several_recipients_is_found_by_certificate() {
    let Some(envelope) = openssl(b"innhold", &["-recip", "other.pem", "-recip", "cert.pem"]) else {
        return;
    };
    let pair = (identity(0).key().clone(), identity(0).certificate().clone());
    let ring = Keyring::with_certificates([pair]).unwrap();
    assert_eq!(cms::decrypt(&envelope, &ring).unwrap(), b"innhold");
    assert!(cms::decrypt(&envelope, &keys(2)).is_err());
}

/// Without certificates only the first recipient is tried. OpenSSL sorts them by their encoding, so one of the two
/// orders shows it.
#[test]
fn without_certificates_only_the_first_recipient_counts() {
    let Some(envelope) = openssl(b"innhold", &["-recip", "other.pem", "-recip", "cert.pem"]) else {
        return;
    };
    let opened =
        [0, 1].map(|number| cms::decrypt(&envelope, &keys(number)).is_ok_and(|text| text == b"innhold"));
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
}

#[test]
fn a_wrong_key_is_told_at_once_with_oaep() {
    assert!(matches!(
        cms::decrypt(&encrypt(b"innhold"), &keys(1)),
        Err(Error::WrongKey)
    ));
    let none = Keyring::new([]).unwrap();
    assert!(matches!(
        cms::decrypt(&encrypt(b"innhold"), &none),
        Err(Error::WrongKey)
    ));
}

/// With PKCS#1 v1.5 the failure must look like damaged content, always the same for the same envelope.
#[test]
fn a_wrong_key_is_not_told_with_pkcs1() {
    let mut damaged = 0;
    for _ in 0..8 {
        let Some(envelope) = openssl(b"innhold", &["-recip", "cert.pem"]) else {
            return;
        };
        let first = cms::decrypt(&envelope, &keys(1));
        let second = cms::decrypt(&envelope, &keys(1));
        match (first, second) {
            (Err(Error::ContentDamaged), Err(Error::ContentDamaged)) => damaged += 1,
            // One in 256 pads by chance; it is noise, and the same noise.
            (Ok(first), Ok(second)) => assert!(first == second && first != b"innhold"),
            other => panic!("{other:?}"),
        }
    }
    assert!(damaged > 0);
}

#[test]
fn other_kinds_of_cms_are_refused_as_what_they_are() {
    if let Some(envelope) = openssl(b"innhold", &["-des3", "-recip", "cert.pem"]) {
        assert!(matches!(
            cms::decrypt(&envelope, &keys(0)),
            Err(Error::UnsupportedCipher(_))
        ));
    }
    if let Some(envelope) = openssl(b"innhold", &["-aes-256-gcm", "-recip", "cert.pem"]) {
        assert!(matches!(
            cms::decrypt(&envelope, &keys(0)),
            Err(Error::NotEnveloped)
        ));
    }
    let signature = cms::sign_detached(b"innhold", identity(0), support::NOW).unwrap();
    assert!(matches!(
        cms::decrypt(&signature, &keys(0)),
        Err(Error::NotEnveloped)
    ));
    assert!(matches!(cms::decrypt(b"", &keys(0)), Err(Error::Truncated)));
    assert!(cms::decrypt(b"%PDF-1.7 og litt til", &keys(0)).is_err());
}

#[test]
fn openssl_verifies_our_signatures_also_as_cades() {
    let folder = folder(identity(0));
    std::fs::write(folder.path().join("content"), b"innhold").unwrap();
    let signature = cms::sign_detached(b"innhold", identity(0), support::NOW).unwrap();
    std::fs::write(folder.path().join("sig"), signature).unwrap();
    let arguments = [
        "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "sig", "-content", "content",
    ];
    let trust = [
        "-CAfile",
        "cert.pem",
        "-purpose",
        "any",
        "-partial_chain",
        "-out",
        "out",
    ];
    if must(folder.path(), "openssl", &[&arguments[..], &trust].concat()).is_some() {
        std::fs::write(folder.path().join("content"), b"innhald").unwrap();
        let output = run(folder.path(), "openssl", &[&arguments[..], &trust].concat()).unwrap();
        assert!(!output.status.success());
    }
}

#[test]
fn signatures_of_openssl_are_verified() {
    let folder = folder(identity(0));
    std::fs::write(folder.path().join("content"), b"innhold").unwrap();
    let forms: [&[&str]; 6] = [
        &["-md", "sha256"],
        &["-md", "sha1"],
        &["-md", "sha512", "-cades"],
        &["-md", "sha256", "-noattr"],
        &["-md", "sha384", "-keyid"],
        &["-md", "sha256", "-stream"],
    ];
    for form in forms {
        let arguments = [
            "cms", "-sign", "-binary", "-outform", "DER", "-in", "content", "-out", "sig", "-signer",
        ];
        let arguments = [&arguments[..], &["cert.pem", "-inkey", "key.pem"], form].concat();
        if must(folder.path(), "openssl", &arguments).is_none() {
            return;
        }
        let signature = std::fs::read(folder.path().join("sig")).unwrap();
        let signer = cms::verify_detached(b"innhold", &signature).unwrap();
        assert_eq!(&signer.certificate, identity(0).certificate());
        assert_eq!(signer.signed_at.is_none(), form.contains(&"-noattr"));
        assert!(
            matches!(
                cms::verify_detached(b"innhald", &signature),
                Err(Error::SignatureInvalid)
            ),
            "{form:?}"
        );
    }
}

#[test]
fn our_signatures_state_signer_and_time() {
    let signature = cms::sign_detached(b"innhold", identity(0), support::NOW).unwrap();
    let signer = cms::verify_detached(b"innhold", &signature).unwrap();
    assert_eq!(&signer.certificate, identity(0).certificate());
    assert_eq!(signer.signed_at, Some(support::NOW));
}

/// Found by fuzzing: a key for PSS has the same form, and must not verify by PKCS#1 v1.5.
#[test]
fn a_certificate_for_another_kind_of_key_verifies_nothing() {
    const RSA_ENCRYPTION: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 13, 1, 1, 1];
    let mut signature = cms::sign_detached(b"innhold", identity(0), support::NOW).unwrap();
    let mut places = signature.windows(RSA_ENCRYPTION.len());
    let in_certificate = places.position(|window| window == RSA_ENCRYPTION).unwrap();
    signature[in_certificate + RSA_ENCRYPTION.len() - 1] = 10;
    assert!(matches!(
        cms::verify_detached(b"innhold", &signature),
        Err(Error::SignatureInvalid)
    ));
}

#[test]
fn cut_or_changed_signatures_are_refused() {
    let signature = cms::sign_detached(b"innhold", identity(0), support::NOW).unwrap();
    for end in 0..signature.len() {
        assert!(cms::verify_detached(b"innhold", &signature[..end]).is_err());
    }
    // The signature proper is the last part.
    let mut changed = signature.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(
        cms::verify_detached(b"innhold", &changed),
        Err(Error::SignatureInvalid)
    ));
}
