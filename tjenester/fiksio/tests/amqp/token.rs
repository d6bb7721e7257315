//! Access tokens of an issuer that the tests trust.

use std::sync::LazyLock;

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::{Clock, Timestamp};
use fiks_identity::{JwkSet, TokenRules, TokenValidator, TrustedIssuer};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

const ISSUER: &str = "https://localhost/";

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

/// Believes [`token`] until it expires on that clock.
pub fn validator(clock: Clock) -> TokenValidator {
    let public = DecodingKey::from_rsa_der(KEY.public_key().as_ref());
    let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::RS256)).unwrap();
    jwk.common.key_id = Some("key".to_owned());
    let issuer = TrustedIssuer::with_keys(ISSUER, &JwkSet { keys: vec![jwk] }).unwrap();
    TokenValidator::new(vec![issuer], TokenRules::default()).with_clock(clock)
}

/// A token of that organisation for two minutes.
pub fn token(orgnr: &str) -> String {
    let now = Timestamp::real().as_seconds();
    let consumer = json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgnr}")});
    let claims =
        json!({"iss": ISSUER, "scope": "ks:fiks", "iat": now, "exp": now + 120, "consumer": consumer});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        part(&json!({"alg": "RS256", "kid": "key"})),
        part(&claims)
    );
    let mut signature = vec![0; KEY.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    KEY.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
