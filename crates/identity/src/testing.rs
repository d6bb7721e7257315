//! Issuers, tokens and integrations for tests, here and in the crates that build on this one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::missing_panics_doc)] // a test that fails here says where

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::id::{IntegrasjonId, Orgnr};
use fiks_core::{Clock, Timestamp};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    AccessChanges, Credentials, Integrasjon, IntegrasjonSource, PasswordHasher, StoreFailed,
    StoredIntegrasjon, TokenRules, TokenValidator, TrustedIssuer,
};

/// The trusted issuer.
pub const ISSUER: &str = "https://localhost/maskinporten/";
/// The organisation that [`good_token`] stands for.
pub const ORGNR: &str = "971032146";
/// The password of every [`integrasjon`].
pub const PASSORD: &str = "et-passord";

/// What an issuer signs with.
#[derive(Debug)]
pub struct TestKey {
    pair: RsaKeyPair,
    kid: &'static str,
}

/// The key of the trusted issuer.
pub static KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::new("en"));
/// A key that nobody has heard of.
pub static STRANGER: LazyLock<TestKey> = LazyLock::new(|| TestKey::new("to"));

impl TestKey {
    fn new(kid: &'static str) -> Self {
        Self {
            pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            kid,
        }
    }

    /// The public half, as the issuer publishes it.
    pub fn jwks(&self) -> JwkSet {
        let public = DecodingKey::from_rsa_der(self.pair.public_key().as_ref());
        let mut jwk = Jwk::from_decoding_key(&public, Some(jsonwebtoken::Algorithm::RS256)).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        JwkSet { keys: vec![jwk] }
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "RS256", "kid": self.kid}), claims)
    }

    /// A token with this header and these claims.
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// JSON as one part of a token.
pub fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// The claims of a token that holds for two minutes, with some replaced; `null` leaves one out.
pub fn claims(changes: &Value) -> Value {
    let now = Timestamp::real().as_seconds();
    let mut claims = json!({
        "iss": ISSUER, "scope": "ks:fiks", "client_id": "en-klient", "iat": now, "exp": now + 120,
        "jti": Uuid::nil(), "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{ORGNR}")},
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

/// A token of that organisation that holds for two minutes.
pub fn token_of(orgnr: &str) -> String {
    let consumer = json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgnr}")});
    KEY.token(&claims(&json!({"consumer": consumer})))
}

/// A token of [`ORGNR`] that holds for two minutes.
pub fn good_token() -> String {
    token_of(ORGNR)
}

/// How far clocks may be apart in these tests: so far that a slow machine does not matter.
pub const LEEWAY: Duration = Duration::from_hours(1);

/// Trusts [`KEY`].
pub fn validator(clock: Clock) -> TokenValidator {
    let trusted = TrustedIssuer::with_keys(ISSUER, &KEY.jwks()).unwrap();
    let rules = TokenRules {
        leeway: LEEWAY,
        ..TokenRules::default()
    };
    TokenValidator::new(vec![trusted], rules).with_clock(clock)
}

/// Hashes passwords quickly.
pub fn hasher() -> PasswordHasher {
    PasswordHasher::new(&[1; 32])
}

/// An integration with [`PASSORD`].
pub fn integrasjon(orgnr: &str) -> StoredIntegrasjon {
    let integrasjon = Integrasjon {
        id: IntegrasjonId(Uuid::new_v4()),
        fiks_org_id: Uuid::new_v4().into(),
        autorisert_orgnr: orgnr.parse::<Orgnr>().unwrap(),
    };
    StoredIntegrasjon {
        integrasjon,
        passord_hash: Some(hasher().hash(PASSORD)),
    }
}

/// Credentials of which nothing is missing.
pub fn credentials<'a>(id: &'a str, passord: &'a str, token: &'a str) -> Credentials<'a> {
    Credentials {
        integrasjon_id: Some(id),
        passord: Some(passord),
        token: Some(token),
    }
}

/// Integrations in memory, which can be changed and made to fail.
#[derive(Debug)]
pub struct Store {
    rows: RwLock<HashMap<IntegrasjonId, StoredIntegrasjon>>,
    fails: RwLock<bool>,
    changes: watch::Sender<u64>,
}

impl Store {
    /// A store of these.
    pub fn with(rows: impl IntoIterator<Item = StoredIntegrasjon>) -> Self {
        let rows = rows.into_iter().map(|row| (row.integrasjon.id, row)).collect();
        Self {
            rows: RwLock::new(rows),
            fails: RwLock::new(false),
            changes: watch::Sender::new(0),
        }
    }

    /// Adds or replaces one.
    pub fn put(&self, row: StoredIntegrasjon) {
        self.rows.write().insert(row.integrasjon.id, row);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Removes one.
    pub fn delete(&self, id: IntegrasjonId) {
        self.rows.write().remove(&id);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Answers with failures from here on.
    pub fn fail(&self) {
        *self.fails.write() = true;
    }
}

#[async_trait]
impl IntegrasjonSource for Store {
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        if *self.fails.read() {
            return Err(StoreFailed("out of order".into()));
        }
        Ok(self.rows.read().get(&id).cloned())
    }

    fn changes(&self) -> AccessChanges {
        self.changes.subscribe()
    }
}
