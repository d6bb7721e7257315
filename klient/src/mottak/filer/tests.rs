use std::io::Write;

use fiks_core::{Random, Timestamp};
use fiks_crypto::asice::{MIME_TYPE, Manifest, Reference, Writer};
use fiks_crypto::cms;
use fiks_crypto::x509::Identity;
use futures::TryStreamExt;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::mottak::hode::Meldingshode;
use crate::mottak::hode::tests::delivery;
use crate::testing::{self, KONTO};
use crate::{Klient, KonfigurasjonBuilder};

const PLENTY: u64 = 1 << 20;

fn receiver() -> Identity {
    testing::identity("receiver")
}

/// A message with this body, received by a client with the receiver's key.
fn message(body: &[u8], change: impl FnOnce(KonfigurasjonBuilder) -> KonfigurasjonBuilder) -> MottattMelding {
    let builder = change(testing::builder());
    let core = Klient::ny(builder.build().unwrap()).unwrap().core();
    let delivery = delivery(&[], body);
    MottattMelding::new(
        Meldingshode::read(KONTO, &delivery).unwrap(),
        delivery,
        None,
        core,
    )
}

/// The key that the sender used, after one that it didn't.
fn with_keys(builder: KonfigurasjonBuilder) -> KonfigurasjonBuilder {
    builder
        .privat_nokkel(testing::key_pem(&testing::identity("old")))
        .privat_nokkel(testing::key_pem(&receiver()))
}

fn signed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(
        Vec::new(),
        &testing::identity("sender"),
        Timestamp::real(),
        &Random::system(),
    )
    .unwrap();
    for (name, content) in files {
        writer.add(name, "text/plain", *content).unwrap();
    }
    writer.finish().unwrap()
}

/// As .NET clients without a certificate make it; also the way to names that our own writer refuses.
fn unsigned(files: &[(&str, &[u8])]) -> Vec<u8> {
    let sha256 = |content: &[u8]| {
        let mut probe = fiks_crypto::asice::Reader::new(std::io::Cursor::new(signed(&[("a", content)])));
        while probe.next_event().unwrap().is_some() {}
        probe.finish().unwrap().files[0].sha256
    };
    let references = files.iter().map(|(name, content)| Reference {
        uri: (*name).to_owned(),
        sha256: sha256(content),
        ..Reference::default()
    });
    let manifest = Manifest {
        signature: None,
        references: references.collect(),
    };
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    };
    add("mimetype", MIME_TYPE.as_bytes());
    for (name, content) in files {
        add(name, content);
    }
    add("META-INF/asicmanifest.xml", manifest.to_xml().as_bytes());
    zip.finish().unwrap().into_inner()
}

fn encrypted(container: &[u8]) -> Vec<u8> {
    cms::encrypt(container, receiver().certificate()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_are_decrypted_with_any_of_the_keys_and_their_signer_told() {
    let body = encrypted(&signed(&[("brev.txt", b"hei"), ("tom.txt", b"")]));
    let melding = message(&body, with_keys);
    for _ in 0..2 {
        let MottatteFiler { filer, signert_av } = melding.filer(PLENTY).await.unwrap();
        let contents: Vec<_> = filer
            .iter()
            .map(|fil| (fil.navn.as_str(), fil.innhold.as_ref()))
            .collect();
        assert_eq!(contents, [("brev.txt", b"hei".as_slice()), ("tom.txt", b"")]);
        assert_eq!(filer[0].mime_type.as_deref(), Some("text/plain"));
        assert_eq!(
            &signert_av[0].certificate,
            testing::identity("sender").certificate()
        );
    }
}

#[tokio::test]
async fn without_the_right_key_nothing_is_read() {
    let body = encrypted(&signed(&[("brev.txt", b"hei")]));
    let wrong =
        |builder: KonfigurasjonBuilder| builder.privat_nokkel(testing::key_pem(&testing::identity("old")));
    let feil = message(&body, wrong).filer(PLENTY).await.unwrap_err();
    assert!(matches!(feil, Feil::Dekryptering(_)), "{feil}");
    let feil = message(&body, |builder| builder).filer(PLENTY).await.unwrap_err();
    assert!(matches!(feil, Feil::ManglerPrivatNokkel), "{feil}");
}

#[tokio::test]
async fn plain_content_is_told_from_encrypted() {
    let melding = message(b"bare tekst", with_keys);
    assert!(matches!(melding.filer(PLENTY).await, Err(Feil::Dekryptering(_))));
    let raw: Vec<Bytes> = melding.raa_strom().await.unwrap().try_collect().await.unwrap();
    assert_eq!(raw.concat(), b"bare tekst");
    assert!(matches!(
        message(b"", with_keys).raa_strom().await,
        Err(Feil::UtenInnhold)
    ));
}

#[tokio::test]
async fn encrypted_content_that_is_no_container_can_be_read_as_a_stream() {
    let melding = message(&encrypted(b"bare tekst"), with_keys);
    let plain: Vec<Bytes> = melding.dekrypter().await.unwrap().try_collect().await.unwrap();
    assert_eq!(plain.concat(), b"bare tekst");
    assert!(matches!(melding.filer(PLENTY).await, Err(Feil::UgyldigPakke(_))));
}

#[tokio::test]
async fn a_cut_envelope_is_an_error() {
    let mut body = encrypted(b"bare tekst");
    body.truncate(body.len() - 1);
    let plain = message(&body, with_keys)
        .dekrypter()
        .await
        .unwrap()
        .try_collect::<Vec<Bytes>>()
        .await;
    assert!(matches!(
        plain,
        Err(Feil::UgyldigPakke(_) | Feil::Dekryptering(_))
    ));
}

#[tokio::test]
async fn more_than_the_limit_is_refused() {
    let melding = message(&encrypted(&signed(&[("brev.txt", &[b'a'; 1000])])), with_keys);
    assert!(melding.filer(1000).await.is_ok());
    assert!(matches!(
        melding.filer(999).await,
        Err(Feil::ForStort { grense: 999 })
    ));
}

#[tokio::test]
async fn an_unsigned_container_is_read_only_when_that_is_wanted() {
    let body = encrypted(&unsigned(&[("brev.txt", b"hei")]));
    assert!(matches!(
        message(&body, with_keys).filer(PLENTY).await,
        Err(Feil::UgyldigPakke(_))
    ));
    let lenient = message(&body, |builder| with_keys(builder).godta_usignert());
    let MottatteFiler { filer, signert_av } = lenient.filer(PLENTY).await.unwrap();
    assert_eq!(filer[0].innhold, "hei");
    assert!(signert_av.is_empty());
}

#[tokio::test]
async fn files_are_written_under_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![7; 3_000_000];
    let melding = message(
        &encrypted(&signed(&[("brev.txt", b"hei"), ("stor.bin", &large)])),
        with_keys,
    );
    let skrevne = melding.skriv_til(folder.path()).await.unwrap();
    assert_eq!(
        skrevne.stier,
        [folder.path().join("brev.txt"), folder.path().join("stor.bin")]
    );
    assert_eq!(std::fs::read(&skrevne.stier[1]).unwrap(), large);
    assert_eq!(names(folder.path()), ["brev.txt", "stor.bin"]);
}

#[tokio::test]
async fn folders_in_names_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let body = encrypted(&unsigned(&[("mappe/brev.txt", b"hei")]));
    let melding = message(&body, |builder| with_keys(builder).godta_usignert());
    melding.skriv_til(folder.path()).await.unwrap();
    assert_eq!(
        std::fs::read(folder.path().join("mappe/brev.txt")).unwrap(),
        b"hei"
    );
}

#[tokio::test]
async fn no_file_is_replaced_and_then_none_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.txt"), "gammel").unwrap();
    let melding = message(
        &encrypted(&signed(&[("a.txt", b"ny"), ("b.txt", b"ny")])),
        with_keys,
    );
    assert!(matches!(
        melding.skriv_til(folder.path()).await,
        Err(Feil::Skriving(_))
    ));
    assert_eq!(names(folder.path()), ["b.txt"]);
    assert_eq!(std::fs::read(folder.path().join("b.txt")).unwrap(), b"gammel");
}

#[tokio::test]
async fn a_container_that_does_not_verify_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let melding = message(&encrypted(&unsigned(&[("brev.txt", b"hei")])), with_keys);
    assert!(matches!(
        melding.skriv_til(folder.path()).await,
        Err(Feil::UgyldigPakke(_))
    ));
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_an_error() {
    let melding = message(&encrypted(&signed(&[("brev.txt", b"hei")])), with_keys);
    assert!(matches!(
        melding.skriv_til("/nowhere/at/all").await,
        Err(Feil::Skriving(_))
    ));
}

#[tokio::test]
async fn a_download_that_breaks_off_is_told_as_such() {
    let content: Vec<u8> = (0..100_000u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let body = encrypted(&signed(&[("brev.txt", &content)]));
    let half = Bytes::copy_from_slice(&body[..body.len() / 2]);
    let answer = move || {
        let pieces = [Ok(half.clone()), Err(std::io::Error::other("borte"))];
        async move { axum::body::Body::from_stream(futures::stream::iter(pieces)) }
    };
    let router = axum::Router::new().route("/dokumentlager/nedlasting/{id}", axum::routing::get(answer));
    let address = testing::serve(router.merge(testing::token_endpoint())).await;
    let core = Klient::ny(testing::configured(&address, with_keys))
        .unwrap()
        .core();
    let delivery = delivery(
        &[("dokumentlager-id", "0d2f3a4e-0000-4000-8000-000000000009")],
        b"",
    );
    let melding = MottattMelding::new(
        Meldingshode::read(KONTO, &delivery).unwrap(),
        delivery,
        None,
        core,
    );
    let feil = melding.filer(PLENTY).await.unwrap_err();
    assert!(
        matches!(
            feil,
            Feil::Brutt {
                handling: crate::Handling::Nedlasting,
                ..
            }
        ),
        "{feil}"
    );
}
