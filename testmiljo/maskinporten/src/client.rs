//! What is registered about the clients of Maskinporten, in a form that can be kept as JSON.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::Timestamp;
use fiks_core::id::Orgnr;
use fiks_crypto::x509::Certificate;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use serde::{Deserialize, Serialize};

use crate::errors::SetupError;

/// A client: whom it belongs to, what it may ask for, and how it proves who it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    /// `iss` of its grants, `client_id` of its tokens. Any text; real ones are UUIDs.
    pub client_id: String,
    /// The organisation that owns it: `consumer` of its tokens, or `supplier` when delegated.
    pub orgnr: Orgnr,
    /// The scopes it is registered with.
    pub scopes: BTreeSet<String>,
    /// Keys for grants with a `kid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<RegisteredKey>,
    /// Certificates accepted in `x5c` whoever issued them. Those of the issuer's trusted authorities need not be
    /// here.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "pem_texts")]
    pub certificates: Vec<Certificate>,
    /// Values of `iss_onbehalfof`, the forerunner of delegation, with the organisation that each stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on_behalf_of: BTreeMap<String, Orgnr>,
}

impl Client {
    /// A client without keys, which can use a certificate of a trusted authority issued to its organisation.
    pub fn new<S: Into<String>>(
        client_id: impl Into<String>,
        orgnr: Orgnr,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            orgnr,
            scopes: scopes.into_iter().map(Into::into).collect(),
            keys: Vec::new(),
            certificates: Vec::new(),
            on_behalf_of: BTreeMap::new(),
        }
    }

    /// The same with a key more. A key with the same `kid` is replaced.
    #[must_use]
    pub fn with_key(mut self, key: RegisteredKey) -> Self {
        self.keys.retain(|registered| registered.kid() != key.kid());
        self.keys.push(key);
        self
    }

    /// The same with a certificate more.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.certificates.push(certificate);
        self
    }

    pub(crate) fn key(&self, kid: &str) -> Option<&RegisteredKey> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }
}

/// A public key registered on a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredKey {
    jwk: Jwk,
    /// When the registration ends; the real Maskinporten gives a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl RegisteredKey {
    /// From a public JWK with `kid`, as JSON. Fails with [`SetupError::PrivateKey`] when it holds the private part.
    pub fn from_jwk(jwk: &serde_json::Value) -> Result<Self, SetupError> {
        if jwk.get("d").is_some() {
            return Err(SetupError::PrivateKey);
        }
        let jwk: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| SetupError::ClientKey)?;
        Self::from_public(jwk)
    }

    /// From PEM: a public key (`PUBLIC KEY` or `RSA PUBLIC KEY`), or a certificate, whose end is the registration's
    /// end as well. Fails with [`SetupError::PrivateKey`] on a private key.
    pub fn from_pem(kid: impl Into<String>, text: &str) -> Result<Self, SetupError> {
        let block = pem::parse(text).map_err(|_| SetupError::ClientKey)?;
        match block.tag() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(kid.into(), block.contents()),
            "CERTIFICATE" => {
                let certificate =
                    Certificate::from_der(block.contents()).map_err(|_| SetupError::Certificate)?;
                Ok(Self {
                    expires: Some(certificate.valid_to()),
                    ..Self::from_der(kid.into(), certificate.public_key_der())?
                })
            }
            tag if tag.ends_with("PRIVATE KEY") => Err(SetupError::PrivateKey),
            _ => Err(SetupError::ClientKey),
        }
    }

    /// Its name, in the header of grants.
    pub fn kid(&self) -> Option<&str> {
        self.jwk.common.key_id.as_deref()
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end < now)
    }

    pub(crate) fn verifying_key(&self) -> Option<DecodingKey> {
        DecodingKey::from_jwk(&self.jwk).ok()
    }

    fn from_der(kid: String, der: &[u8]) -> Result<Self, SetupError> {
        let key = DecodingKey::from_rsa_der(der);
        let mut jwk = Jwk::from_decoding_key(&key, None).map_err(|_| SetupError::ClientKey)?;
        jwk.common.key_id = Some(kid);
        Self::from_public(jwk)
    }

    fn from_public(jwk: Jwk) -> Result<Self, SetupError> {
        let named = jwk.common.key_id.as_ref().is_some_and(|kid| !kid.is_empty());
        if named && is_rsa_of_usual_length(&jwk) {
            Ok(Self { jwk, expires: None })
        } else {
            Err(SetupError::ClientKey)
        }
    }
}

/// 2,048 to 8,192 bits, which is what signatures are checked with.
fn is_rsa_of_usual_length(jwk: &Jwk) -> bool {
    let AlgorithmParameters::RSA(parameters) = &jwk.algorithm else {
        return false;
    };
    let modulus = URL_SAFE_NO_PAD.decode(&parameters.n).unwrap_or_default();
    let exponent = URL_SAFE_NO_PAD.decode(&parameters.e).unwrap_or_default();
    (256..=1024).contains(&modulus.len()) && !exponent.is_empty()
}

/// A consumer lets a supplier use one scope on its behalf, as it would in Altinn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delegation {
    /// What may be asked for.
    pub scope: String,
    /// Who delegates: `consumer_org` of grants, `consumer` of tokens.
    pub consumer: Orgnr,
    /// To whom: the organisation that owns the client, `supplier` of tokens.
    pub supplier: Orgnr,
}

/// Certificates as a list of PEM texts.
mod pem_texts {
    use fiks_crypto::x509::Certificate;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[Certificate], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(Certificate::pem))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Certificate>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts
            .iter()
            .map(|text| Certificate::from_pem(text).map_err(D::Error::custom))
            .collect()
    }
}

#[cfg(test)]
mod tests;
