//! The key that the issuer signs with.

use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::SecretString;
use fiks_crypto::x509::{PrivateKey, SignatureAlgorithm};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Serialize;

use crate::errors::{GrantError, SetupError};

/// An RSA key of the issuer. Make one at first start, keep its PEM, and read it at every later start: tokens signed
/// with another key are refused by whoever remembers the old one.
#[derive(Clone)]
pub struct SigningKey {
    private: PrivateKey,
    public: Jwk,
    /// The first part of every token, which only tells algorithm and `kid`.
    header: String,
}

impl SigningKey {
    /// A new key of 2,048 bits. Takes some tenths of a second.
    pub fn generate() -> Result<Self, SetupError> {
        Self::from_private(PrivateKey::generate().map_err(|_| SetupError::SigningKey)?)
    }

    /// Reads what [`Self::to_pem`] wrote: PKCS#8 without password.
    pub fn from_pem(text: &str) -> Result<Self, SetupError> {
        Self::from_private(PrivateKey::from_pem(text).map_err(|_| SetupError::SigningKey)?)
    }

    /// The key as PKCS#8 in PEM, to be kept secret.
    pub fn to_pem(&self) -> SecretString {
        SecretString::from(self.private.to_pem().as_str())
    }

    /// The public key, for `/jwk` and for whoever checks tokens in the same process.
    pub fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.public.clone()],
        }
    }

    fn from_private(private: PrivateKey) -> Result<Self, SetupError> {
        let public = public_jwk(&private).ok_or(SetupError::SigningKey)?;
        let header = serde_json::json!({ "kid": public.common.key_id, "alg": "RS256" });
        let header = part(&header).map_err(|_| SetupError::SigningKey)?;
        Ok(Self {
            private,
            public,
            header,
        })
    }

    /// A JWT with these claims, signed with RS256. Uses the parsed key: reading it anew for every token would cost
    /// more than signing.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, GrantError> {
        let mut token = format!(
            "{}.{}",
            self.header,
            part(claims).map_err(|_| GrantError::Internal)?
        );
        let signature = self
            .private
            .sign(SignatureAlgorithm::Rs256, token.as_bytes())
            .map_err(|_| GrantError::Internal)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.public.common.key_id)
            .finish_non_exhaustive()
    }
}

/// The public half, named by its thumbprint (RFC 7638), so that the same key always has the same `kid`.
fn public_jwk(private: &PrivateKey) -> Option<Jwk> {
    let pair = RsaKeyPair::from_pkcs8(&private.to_pkcs8()).ok()?;
    let key = DecodingKey::from_rsa_der(pair.public_key().as_ref());
    let mut jwk = Jwk::from_decoding_key(&key, Some(Algorithm::RS256)).ok()?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256).ok()?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Some(jwk)
}

fn part(json: &impl Serialize) -> serde_json::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(json)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fiks_core::ExposeSecret;

    #[test]
    fn a_key_read_back_is_the_same_key() {
        let key = SigningKey::generate().unwrap();
        let pem = key.to_pem();
        assert!(pem.expose_secret().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let read = SigningKey::from_pem(pem.expose_secret()).unwrap();
        assert_eq!(key.jwks(), read.jwks());
        assert_eq!(key.sign(&"claims").unwrap(), read.sign(&"claims").unwrap());
    }

    #[test]
    fn the_public_key_can_be_used_by_others() {
        let jwk = serde_json::to_value(&SigningKey::generate().unwrap().jwks().keys[0]).unwrap();
        assert_eq!(
            (&jwk["kty"], &jwk["use"], &jwk["alg"], &jwk["e"]),
            (&"RSA".into(), &"sig".into(), &"RS256".into(), &"AQAB".into())
        );
        assert_eq!(jwk["kid"].as_str().unwrap().len(), 43);
        assert_eq!(jwk["n"].as_str().unwrap().len(), 342);
        assert!(jwk.get("d").is_none());
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        for text in [
            "",
            "nonsense",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert_eq!(
                SigningKey::from_pem(text).err(),
                Some(SetupError::SigningKey),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_output_holds_no_key() {
        let shown = format!("{:?}", SigningKey::generate().unwrap());
        assert!(shown.len() < 100, "{shown}");
    }
}
