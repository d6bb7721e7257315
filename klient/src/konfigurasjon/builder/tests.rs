use fiks_core::ExposeSecret;

use super::*;
use crate::testing;

fn complete() -> KonfigurasjonBuilder {
    testing::builder()
}

fn faults(builder: KonfigurasjonBuilder) -> Vec<&'static str> {
    match builder.build().unwrap_err() {
        Feil::Konfigurasjon(faults) => faults.iter().map(|fault| fault.felt).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    let expected = [
        "api",
        "amqp",
        "maskinporten",
        "virksomhetssertifikat eller registrert_nokkel",
        "integrasjon",
        "konto",
    ];
    assert_eq!(faults(Konfigurasjon::builder()), expected);
}

#[test]
fn malformed_values_are_told_by_field_and_never_repeated() {
    let builder = complete()
        .api("ftp://example.org")
        .konto("12")
        .integrasjon("abc", "line\nbreak")
        .privat_nokkel("not a key")
        .ekstra_ca("not a certificate")
        .forhandsuthenting(0);
    let feil = builder.build().unwrap_err().to_string();
    for field in [
        "api:",
        "konto:",
        "integrasjon:",
        "privat_nokkel:",
        "ekstra_ca:",
        "forhandsuthenting:",
    ] {
        assert!(feil.contains(field), "{field} in {feil}");
    }
    assert!(!feil.contains("line") && !feil.contains("not a key"), "{feil}");
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let stranger = testing::identity("stranger");
    let key = testing::key_pem(&testing::identity("own"));
    let builder = complete().virksomhetssertifikat("klient", key, stranger.chain_pem());
    assert_eq!(faults(builder), ["sertifikat_pem"]);
}

#[test]
fn files_are_signed_with_the_virksomhetssertifikat_unless_told_otherwise() {
    let organisation = testing::identity("organisation");
    let other = testing::identity("other");
    let builder = complete().virksomhetssertifikat(
        "klient",
        testing::key_pem(&organisation),
        organisation.chain_pem(),
    );
    let signer = |builder: &KonfigurasjonBuilder| {
        builder
            .clone()
            .build()
            .unwrap()
            .signering
            .map(|identity| identity.certificate().clone())
    };
    assert_eq!(signer(&builder).as_ref(), Some(organisation.certificate()));
    let builder = builder.signering(testing::key_pem(&other), other.chain_pem());
    assert_eq!(signer(&builder).as_ref(), Some(other.certificate()));
    let builder = complete().registrert_nokkel("klient", testing::key_pem(&other), "kid-1");
    assert_eq!(signer(&builder), None);
}

#[test]
fn a_known_environment_gives_all_addresses() {
    let konfigurasjon = complete().miljo(Miljo::KS_TEST).build().unwrap();
    assert_eq!(konfigurasjon.api.as_str(), "https://api.fiks.test.ks.no/");
    let amqp = AmqpAdresse {
        host: "io.fiks.test.ks.no".to_owned(),
        port: 5671,
        tls: true,
    };
    assert_eq!(konfigurasjon.amqp, amqp);
    assert_eq!(
        konfigurasjon.maskinporten.audience,
        "https://test.maskinporten.no/"
    );
}

#[test]
fn debug_shows_no_secret() {
    let konfigurasjon = complete()
        .integrasjon(uuid::Uuid::nil(), "  hemmelig  ")
        .build()
        .unwrap();
    assert!(!format!("{konfigurasjon:?}").contains("hemmelig"));
    assert_eq!(konfigurasjon.integrasjon.passord.expose_secret(), "hemmelig");
}

#[test]
fn a_key_store_serves_as_virksomhetssertifikat() {
    let organisation = testing::identity("organisation");
    let p12 = fiks_crypto::keystore::key_store(&organisation, "auth", "passord").unwrap();
    let with = |alias, passord: &str| complete().virksomhetssertifikat_p12("klient", &p12, alias, passord);
    for alias in [None, Some("auth")] {
        let konfigurasjon = with(alias, "passord").build().unwrap();
        assert_eq!(
            konfigurasjon.signering.unwrap().certificate(),
            organisation.certificate()
        );
    }
    assert_eq!(faults(with(None, "feil")), ["virksomhetssertifikat_p12"]);
    assert_eq!(
        faults(with(Some("annen"), "passord")),
        ["virksomhetssertifikat_p12"]
    );
}
