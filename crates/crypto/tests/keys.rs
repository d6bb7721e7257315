//! Certificates, private keys and key stores: what is accepted, and what Java and OpenSSL say of what we make.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::print_stderr, clippy::cast_possible_truncation)]

mod support;

use std::sync::LazyLock;

use fiks_core::id::Orgnr;
use fiks_core::{Problem, Timestamp};
use fiks_crypto::Error;
use fiks_crypto::keystore::{
    Authority, LOCAL_HOSTS, Lifetime, Usage, key_store, read_key_store, self_signed, trust_store,
};
use fiks_crypto::x509::{
    Certificate, Identity, PrivateKey, SignatureAlgorithm, Validity, parse_public_key_upload,
};
use support::{folder, identity, lifetime, must};

static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::create("Fiks test-CA", lifetime()).unwrap());

fn orgnr() -> Orgnr {
    Orgnr::synthetic(99_112_233)
}

fn virksomhet(usage: Usage) -> Identity {
    AUTHORITY
        .virksomhetssertifikat(orgnr(), "Ås kommune", usage, lifetime())
        .unwrap()
}

/// A certificate that OpenSSL makes with these options.
fn openssl_certificate(options: &[&str]) -> Option<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "req", "-x509", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "400",
    ];
    must(folder.path(), "openssl", &[&arguments[..], options].concat())?;
    let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    Some((read("cert.pem"), read("key.pem")))
}

/// The code that whoever uploads this is told.
fn refusal(text: &str) -> &'static str {
    upload_error(text).kind().code
}

fn upload_error(text: &str) -> Error {
    parse_public_key_upload(text).unwrap_err()
}

#[test]
fn a_self_signed_certificate_is_accepted_and_told() {
    let certificate = parse_public_key_upload(&identity(0).certificate().pem()).unwrap();
    assert_eq!(certificate.subject_dn(), "CN=Test 0");
    assert_eq!(certificate.issuer_dn(), "CN=Test 0");
    assert_eq!(certificate.valid_from(), lifetime().from);
    assert_eq!(certificate.valid_to(), lifetime().to);
    assert_eq!(
        certificate.public_key_der(),
        identity(0).certificate().public_key_der()
    );
    assert!(
        !certificate.serial().is_empty() && certificate.serial().bytes().all(|byte| byte.is_ascii_digit())
    );
    assert_eq!(certificate.orgnr(), None);
}

#[test]
fn line_breaks_and_text_around_are_normalised() {
    let pem = identity(0).certificate().pem();
    let lines: Vec<&str> = pem.lines().collect();
    let one_line = format!(
        "{}\n{}\n{}",
        lines[0],
        lines[1..lines.len() - 1].concat(),
        lines[lines.len() - 1]
    );
    for text in [
        pem.replace('\n', "\r\n"),
        one_line,
        format!("Bag Attributes\n    friendlyName: x\nsubject=CN = Test\n{pem}\n\n"),
        pem.trim_end().to_owned(),
    ] {
        assert_eq!(parse_public_key_upload(&text).unwrap().pem(), pem, "{text}");
    }
}

#[test]
fn what_is_no_single_certificate_is_refused_by_name() {
    let pem = identity(0).certificate().pem();
    assert_eq!(refusal(""), "sertifikat.ikke_pem");
    assert_eq!(refusal("hei på deg"), "sertifikat.ikke_pem");
    assert_eq!(refusal(&pem.replace("-----END", "-----")), "sertifikat.ikke_pem");
    let half = pem.replace(&format!("{}\n", pem.lines().nth(5).unwrap()), "");
    assert_eq!(refusal(&half), "sertifikat.uleselig");
    assert_eq!(
        refusal(&pem.replace("CERTIFICATE", "PUBLIC KEY")),
        "sertifikat.ikke_sertifikat"
    );
    assert_eq!(
        refusal(&pem.replace("CERTIFICATE", "CERTIFICATE REQUEST")),
        "sertifikat.ikke_sertifikat"
    );
    let chain = pem.clone() + &identity(1).certificate().pem();
    assert_eq!(refusal(&chain), "sertifikat.flere");
    assert!(matches!(
        upload_error(&"x".repeat(70_000)),
        Error::TooLarge { .. }
    ));
}

#[test]
fn a_private_key_is_recognised_wherever_it_stands() {
    let key = identity(0).key().to_pem();
    assert_eq!(refusal(&key), "sertifikat.privat_nokkel");
    let both = identity(0).certificate().pem() + &key;
    assert_eq!(refusal(&both), "sertifikat.privat_nokkel");
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert_eq!(refusal(&encrypted), "sertifikat.privat_nokkel");
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    let elliptic = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        "/CN=x",
    ];
    let Some((pem, key)) = openssl_certificate(&elliptic) else {
        return;
    };
    assert_eq!(refusal(&pem), "sertifikat.ikke_rsa");
    assert!(matches!(
        PrivateKey::from_pem(&key),
        Err(Error::PrivateKeyUnusable)
    ));
    let (weak, _) = openssl_certificate(&["-newkey", "rsa:1024", "-subj", "/CN=x"]).unwrap();
    assert_eq!(refusal(&weak), "sertifikat.svak_nokkel");
    assert!(matches!(upload_error(&weak), Error::WeakKey { bits: 1024 }));
    assert_eq!(
        refusal(include_str!("support/rsa8200.pem")),
        "sertifikat.ubrukelig_nokkel"
    );
    let (strong, _) = openssl_certificate(&["-newkey", "rsa:4096", "-subj", "/CN=x"]).unwrap();
    assert!(parse_public_key_upload(&strong).is_ok());
}

#[test]
fn names_are_written_after_rfc_4514() {
    let identity = self_signed(identity(0).key().clone(), r#"#x, "y"; z + æ "#, lifetime()).unwrap();
    assert_eq!(
        identity.certificate().subject_dn(),
        r#"CN=\#x\, \"y\"\; z \+ æ\ "#
    );
    let subject = virksomhet(Usage::Signing).certificate().subject_dn();
    let number = orgnr();
    assert!(
        subject.starts_with(&format!("CN=Ås kommune,SERIALNUMBER={number},")),
        "{subject}"
    );
    assert!(subject.ends_with(",O=Ås kommune,C=NO"), "{subject}");
}

#[test]
fn the_lifetime_has_its_ends() {
    let certificate = identity(0).certificate();
    let Lifetime { from, to } = lifetime();
    assert_eq!(
        certificate.validity_at(from.plus_millis(-1)),
        Validity::NotYetValid
    );
    assert_eq!(certificate.validity_at(from), Validity::Valid);
    assert_eq!(certificate.validity_at(to), Validity::Valid);
    assert_eq!(certificate.validity_at(to.plus_millis(1)), Validity::Expired);
    assert_ne!(Validity::Valid.text(), Validity::Expired.text());
}

#[test]
fn lifetimes_start_a_day_early() {
    let days = Lifetime::days(Timestamp::from_millis(10 * 86_400_000), 3);
    assert_eq!(days.from.as_millis(), 9 * 86_400_000);
    assert_eq!(days.to.as_millis(), 13 * 86_400_000);
}

#[test]
fn the_orgnr_is_found_in_both_places() {
    assert_eq!(virksomhet(Usage::Signing).certificate().orgnr(), Some(orgnr()));
    let identifier = format!("/CN=x/organizationIdentifier=NTRNO-{}", orgnr());
    let number = format!("/CN=x/serialNumber={}", orgnr());
    for subject in [&identifier, &number] {
        let Some((pem, _)) = openssl_certificate(&["-newkey", "rsa:2048", "-subj", subject]) else {
            return;
        };
        assert_eq!(
            Certificate::from_pem(&pem).unwrap().orgnr(),
            Some(orgnr()),
            "{subject}"
        );
    }
    for subject in [
        "/CN=x/serialNumber=123",
        "/CN=x/organizationIdentifier=NTRSE-991122330",
        "/CN=x",
    ] {
        let (pem, _) = openssl_certificate(&["-newkey", "rsa:2048", "-subj", subject]).unwrap();
        assert_eq!(Certificate::from_pem(&pem).unwrap().orgnr(), None, "{subject}");
    }
}

#[test]
fn private_keys_are_read_in_all_plain_forms() {
    let folder = folder(identity(0));
    let pkcs8 = identity(0).key().to_pem();
    let key = PrivateKey::from_pem(&pkcs8).unwrap();
    assert!(key.belongs_to(identity(0).certificate()));
    let pkcs1 = ["rsa", "-traditional", "-in", "key.pem", "-out", "pkcs1.pem"];
    if must(folder.path(), "openssl", &pkcs1).is_none() {
        return;
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("pkcs1.pem").contains("BEGIN RSA PRIVATE KEY"));
    assert!(
        PrivateKey::from_pem(&read("pkcs1.pem"))
            .unwrap()
            .belongs_to(identity(0).certificate())
    );
    let with_chain = read("cert.pem") + &read("key.pem");
    assert!(PrivateKey::from_pem(&with_chain).is_ok());
    for protect in [
        &[
            "pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:x", "-out", "out.pem",
        ][..],
        &[
            "rsa",
            "-traditional",
            "-aes128",
            "-in",
            "key.pem",
            "-passout",
            "pass:x",
            "-out",
            "out.pem",
        ],
    ] {
        must(folder.path(), "openssl", protect);
        assert!(matches!(
            PrivateKey::from_pem(&read("out.pem")),
            Err(Error::PrivateKeyEncrypted)
        ));
    }
}

#[test]
fn what_is_no_private_key_is_refused() {
    let pem = identity(0).certificate().pem();
    assert!(matches!(
        PrivateKey::from_pem(&pem),
        Err(Error::PrivateKeyUnusable)
    ));
    assert!(matches!(PrivateKey::from_pem("x"), Err(Error::NotPem)));
    let two = identity(0).key().to_pem().to_string() + &identity(1).key().to_pem();
    assert!(matches!(
        PrivateKey::from_pem(&two),
        Err(Error::PrivateKeyUnusable)
    ));
}

#[test]
fn secrets_stay_out_of_debug_texts() {
    assert_eq!(format!("{:?}", identity(0).key()), "PrivateKey");
    assert!(!format!("{:?}", identity(0)).contains("Test 0"));
}

#[test]
fn key_and_certificate_must_be_a_pair() {
    let (one, two) = (identity(0), identity(1));
    assert!(!one.key().belongs_to(two.certificate()));
    let mixed = Identity::new(one.key().clone(), two.certificate().clone(), Vec::new());
    assert!(matches!(mixed, Err(Error::KeyMismatch)));
    let read = Identity::from_pem(&one.key().to_pem(), &one.chain_pem()).unwrap();
    assert_eq!(read.certificate(), one.certificate());
}

#[test]
fn signatures_are_checked_with_the_certificate() {
    let (key, certificate) = (identity(0).key(), identity(0).certificate());
    for algorithm in [
        SignatureAlgorithm::Rs256,
        SignatureAlgorithm::Rs384,
        SignatureAlgorithm::Rs512,
    ] {
        let signature = key.sign(algorithm, b"melding").unwrap();
        certificate.verify(algorithm, b"melding", &signature).unwrap();
        let wrong = certificate.verify(algorithm, b"annen", &signature);
        assert!(matches!(wrong, Err(Error::SignatureInvalid)));
        let other = identity(1)
            .certificate()
            .verify(algorithm, b"melding", &signature);
        assert!(matches!(other, Err(Error::SignatureInvalid)));
    }
    let signature = key.sign(SignatureAlgorithm::Rs256, b"melding").unwrap();
    assert!(
        certificate
            .verify(SignatureAlgorithm::Rs512, b"melding", &signature)
            .is_err()
    );
}

#[test]
fn openssl_trusts_what_the_authority_issues() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", AUTHORITY.certificate().pem());
    write(
        "server.pem",
        AUTHORITY
            .server_certificate(&LOCAL_HOSTS, lifetime())
            .unwrap()
            .chain_pem(),
    );
    write("org.pem", virksomhet(Usage::Encryption).certificate().pem());
    for check in [
        &[
            "-verify_hostname",
            "localhost",
            "-purpose",
            "sslserver",
            "server.pem",
        ][..],
        &["-verify_ip", "127.0.0.1", "server.pem"],
        &["-verify_ip", "::1", "server.pem"],
        &["org.pem"],
    ] {
        let arguments = [&["verify", "-x509_strict", "-CAfile", "ca.pem"][..], check].concat();
        must(folder.path(), "openssl", &arguments);
    }
}

#[test]
fn an_authority_goes_on_after_it_was_stored() {
    let stored = (AUTHORITY.identity().key().to_pem(), AUTHORITY.certificate().pem());
    let loaded = Authority::from_identity(Identity::from_pem(&stored.0, &stored.1).unwrap());
    let issued = loaded.server_certificate(&LOCAL_HOSTS, lifetime()).unwrap();
    assert_eq!(issued.issuers(), [AUTHORITY.certificate().clone()]);
    assert_eq!(
        issued.certificate().issuer_dn(),
        AUTHORITY.certificate().subject_dn()
    );
}

#[test]
fn a_renewed_certificate_has_a_new_serial_number() {
    let renew = || self_signed(identity(0).key().clone(), "Test", lifetime()).unwrap();
    assert_ne!(renew().certificate().serial(), renew().certificate().serial());
}

#[test]
fn our_key_stores_are_read_again() {
    let identity = virksomhet(Usage::Authentication);
    let file = key_store(&identity, "Alias", "hemmelig").unwrap();
    for alias in [Some("alias"), Some("Alias"), None] {
        let read = read_key_store(&file, alias, "hemmelig").unwrap();
        assert_eq!(read.certificate(), identity.certificate());
        assert_eq!(read.issuers(), identity.issuers());
    }
    assert!(matches!(
        read_key_store(&file, Some("other"), "hemmelig"),
        Err(Error::UnknownAlias)
    ));
    assert!(matches!(
        read_key_store(&file, None, "feil"),
        Err(Error::KeyStore(_))
    ));
    assert!(matches!(read_key_store(b"x", None, "x"), Err(Error::KeyStore(_))));
}

#[test]
fn java_and_openssl_read_our_key_stores() {
    let folder = tempfile::tempdir().unwrap();
    let identity = virksomhet(Usage::Signing);
    std::fs::write(
        folder.path().join("store.p12"),
        key_store(&identity, "fiks", "hemmelig").unwrap(),
    )
    .unwrap();
    let list = [
        "-list",
        "-v",
        "-storetype",
        "PKCS12",
        "-keystore",
        "store.p12",
        "-storepass",
        "hemmelig",
    ];
    if let Some(text) = must(folder.path(), "keytool", &list) {
        assert!(
            text.contains("PrivateKeyEntry") && text.contains("Alias name: fiks"),
            "{text}"
        );
        assert!(text.contains("Certificate chain length: 2"), "{text}");
    }
    let open = ["pkcs12", "-in", "store.p12", "-passin", "pass:hemmelig", "-nodes"];
    if let Some(text) = must(folder.path(), "openssl", &open) {
        let key = PrivateKey::from_pem(&text).unwrap();
        assert!(key.belongs_to(identity.certificate()));
    }
}

#[test]
fn java_trusts_our_trust_stores() {
    let folder = tempfile::tempdir().unwrap();
    let file = trust_store([("fiks-ca", AUTHORITY.certificate())], "hemmelig").unwrap();
    std::fs::write(folder.path().join("trust.p12"), file).unwrap();
    let list = [
        "-list",
        "-storetype",
        "PKCS12",
        "-keystore",
        "trust.p12",
        "-storepass",
        "hemmelig",
    ];
    if let Some(text) = must(folder.path(), "keytool", &list) {
        assert!(
            text.contains("1 entry") && text.contains("trustedCertEntry"),
            "{text}"
        );
    }
}

#[test]
fn key_stores_of_openssl_and_java_are_read() {
    let folder = folder(identity(0));
    let export = [
        "pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-name", "fiks", "-out", "a.p12",
    ];
    if must(
        folder.path(),
        "openssl",
        &[&export[..], &["-passout", "pass:hemmelig"]].concat(),
    )
    .is_some()
    {
        let file = std::fs::read(folder.path().join("a.p12")).unwrap();
        let read = read_key_store(&file, Some("fiks"), "hemmelig").unwrap();
        assert_eq!(read.certificate(), identity(0).certificate());
    }
    let make = [
        "-genkeypair",
        "-keyalg",
        "RSA",
        "-keysize",
        "2048",
        "-dname",
        "CN=x",
        "-alias",
        "fiks",
    ];
    let store = [
        "-storetype",
        "PKCS12",
        "-keystore",
        "b.p12",
        "-storepass",
        "hemmelig",
    ];
    if must(folder.path(), "keytool", &[&make[..], &store].concat()).is_some() {
        let file = std::fs::read(folder.path().join("b.p12")).unwrap();
        assert_eq!(
            read_key_store(&file, Some("fiks"), "hemmelig")
                .unwrap()
                .certificate()
                .subject_dn(),
            "CN=x"
        );
    }
}
