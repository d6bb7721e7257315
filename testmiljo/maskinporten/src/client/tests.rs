use std::time::Duration;

use fiks_crypto::keystore::{Lifetime, self_signed};
use fiks_crypto::x509::PrivateKey;
use serde_json::json;

use super::*;

const MODULUS_2048: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn orgnr() -> Orgnr {
    "971032146".parse().unwrap()
}

fn jwk() -> serde_json::Value {
    json!({"kty": "RSA", "kid": "en", "n": MODULUS_2048, "e": "AQAB", "use": "sig", "alg": "RS256"})
}

fn certificate() -> Certificate {
    let lifetime = Lifetime::days(Timestamp::real(), 30);
    self_signed(PrivateKey::generate().unwrap(), "test", lifetime)
        .unwrap()
        .certificate()
        .clone()
}

#[test]
fn a_public_jwk_is_registered_under_its_kid() {
    let key = RegisteredKey::from_jwk(&jwk()).unwrap();
    assert_eq!((key.kid(), key.expires), (Some("en"), None));
    assert!(key.verifying_key().is_some());
}

#[test]
fn a_private_key_is_refused_in_either_form() {
    let mut private = jwk();
    private["d"] = "AQAB".into();
    assert_eq!(RegisteredKey::from_jwk(&private), Err(SetupError::PrivateKey));
    let pem = PrivateKey::generate().unwrap().to_pem();
    assert_eq!(RegisteredKey::from_pem("en", &pem), Err(SetupError::PrivateKey));
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    for (field, value) in [
        ("kty", json!("EC")),
        ("kid", json!(null)),
        ("kid", json!("")),
        ("n", json!("AQAB")),
        ("n", json!("***")),
        ("e", json!("")),
    ] {
        let mut changed = jwk();
        changed[field] = value.clone();
        assert_eq!(
            RegisteredKey::from_jwk(&changed),
            Err(SetupError::ClientKey),
            "{field}: {value}"
        );
    }
    for text in [
        "",
        "nonsense",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        assert_eq!(
            RegisteredKey::from_pem("en", text),
            Err(SetupError::ClientKey),
            "{text}"
        );
    }
}

#[test]
fn a_certificate_gives_its_key_and_its_end() {
    let certificate = certificate();
    let key = RegisteredKey::from_pem("en", &certificate.pem()).unwrap();
    assert_eq!(key.expires, Some(certificate.valid_to()));
    assert!(!key.has_expired(certificate.valid_to()));
    assert!(key.has_expired(certificate.valid_to().plus(Duration::from_secs(1))));
}

#[test]
fn the_same_key_in_every_form_is_the_same_key() {
    let certificate = certificate();
    let spki = pem::encode(&pem::Pem::new("PUBLIC KEY", certificate.public_key_der()));
    let from_spki = RegisteredKey::from_pem("en", &spki).unwrap();
    let from_certificate = RegisteredKey::from_pem("en", &certificate.pem()).unwrap();
    assert_eq!(from_spki.jwk, from_certificate.jwk);
}

#[test]
fn a_key_replaces_the_one_with_its_name() {
    let other = RegisteredKey::from_pem("en", &certificate().pem()).unwrap();
    let client = Client::new("klient", orgnr(), ["ks:fiks"])
        .with_key(RegisteredKey::from_jwk(&jwk()).unwrap())
        .with_key(other.clone());
    assert_eq!(client.keys, [other]);
}

#[test]
fn a_client_survives_being_kept_as_json() {
    let mut client = Client::new("klient", orgnr(), ["ks:fiks", "ks:annet"])
        .with_key(RegisteredKey::from_pem("en", &certificate().pem()).unwrap())
        .with_certificate(certificate());
    client.on_behalf_of.insert("kommune".to_owned(), orgnr());
    let text = serde_json::to_string(&client).unwrap();
    let read: Client = serde_json::from_str(&text).unwrap();
    assert_eq!(
        serde_json::to_value(&read).unwrap(),
        serde_json::to_value(&client).unwrap()
    );
    assert_eq!((read.keys, read.certificates), (client.keys, client.certificates));
}

#[test]
fn the_shortest_description_of_a_client_is_enough() {
    let text = json!({"client_id": "klient", "orgnr": "971032146", "scopes": ["ks:fiks"]});
    let client: Client = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(serde_json::to_value(&client).unwrap(), text);
}
