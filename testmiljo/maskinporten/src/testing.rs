//! Keys and grants as a client makes them, for tests of this crate and of those that need a token.

use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fiks_core::Timestamp;
use fiks_crypto::x509::{Certificate, PrivateKey, SignatureAlgorithm};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{RegisteredKey, SetupError};

/// A JWT in the making. Starts as KS' clients make them, and can be bent from there.
#[derive(Clone, Debug)]
pub struct GrantDraft {
    header: Value,
    claims: Value,
}

impl GrantDraft {
    /// A grant of `client_id` for `scope`, made now and good for two minutes.
    pub fn new(issuer: &str, client_id: &str, scope: &str) -> Self {
        let now = Timestamp::real().as_seconds();
        let claims = json!({
            "aud": issuer, "iss": client_id, "scope": scope,
            "jti": Uuid::new_v4(), "iat": now, "exp": now + 120,
        });
        Self {
            header: json!({ "alg": "RS256" }),
            claims,
        }
    }

    /// Names a registered key.
    #[must_use]
    pub fn kid(self, kid: &str) -> Self {
        self.header("kid", kid)
    }

    /// Carries certificates along, the client's own first.
    #[must_use]
    pub fn x5c<'a>(self, chain: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let texts: Vec<_> = chain
            .into_iter()
            .map(|certificate| STANDARD.encode(certificate.der()))
            .collect();
        self.header("x5c", texts)
    }

    /// Sets a header field; `null` takes it out.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// Sets a claim; `null` takes it out.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// The assertion, signed with the algorithm that the header names, or RS256 for a name that is no RSA signature.
    pub fn sign(&self, key: &PrivateKey) -> Result<String, fiks_crypto::Error> {
        let algorithm = match self.header.get("alg").and_then(Value::as_str) {
            Some("RS384") => SignatureAlgorithm::Rs384,
            Some("RS512") => SignatureAlgorithm::Rs512,
            _ => SignatureAlgorithm::Rs256,
        };
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = key.sign(algorithm, signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The form that carries the assertion, as KS' Java client writes it: with its colons as they are.
    pub fn form(&self, key: &PrivateKey) -> Result<String, fiks_crypto::Error> {
        Ok(form(&self.sign(key)?))
    }
}

/// The form that carries an assertion.
pub fn form(assertion: &str) -> String {
    format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}")
}

/// The public half of `key`, to be registered on a client.
pub fn registered_key(kid: &str, key: &PrivateKey) -> Result<RegisteredKey, SetupError> {
    let pair = RsaKeyPair::from_pkcs8(&key.to_pkcs8()).map_err(|_| SetupError::ClientKey)?;
    let block = pem::Pem::new("RSA PUBLIC KEY", pair.public_key().as_ref());
    RegisteredKey::from_pem(kid, &pem::encode(&block))
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        match value {
            Value::Null => drop(object.remove(name)),
            value => drop(object.insert(name.to_owned(), value)),
        }
    }
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}
