//! The public keys of an issuer, by `kid`.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};

use super::TokenError;
use super::remote::RemoteKeys;

/// More keys than this in one set are not read; real issuers publish two or three.
const MAX_KEYS: usize = 64;

/// A key set holds no RSA signing key with a `kid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key set has no RSA signing key with a kid")]
pub struct NoUsableKeys;

/// The RSA signing keys of an issuer. Keys of other kinds are left out, so that an issuer may publish them.
pub(super) struct Keys(HashMap<String, DecodingKey>);

impl Keys {
    pub(super) fn from_set(set: &JwkSet) -> Result<Self, NoUsableKeys> {
        let keys: HashMap<_, _> = set.keys.iter().filter_map(signing_key).take(MAX_KEYS).collect();
        if keys.is_empty() {
            Err(NoUsableKeys)
        } else {
            Ok(Self(keys))
        }
    }

    /// Reads `{"keys": […]}`, passing over single keys that cannot be read.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, NoUsableKeys> {
        #[derive(serde::Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| NoUsableKeys)?;
        let keys = document
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect();
        Self::from_set(&JwkSet { keys })
    }

    pub(super) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.get(kid)
    }
}

fn signing_key(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(_) = jwk.algorithm else {
        return None;
    };
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
    {
        return None;
    }
    Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?))
}

/// Where an issuer's keys come from.
pub(super) enum KeySource {
    Fixed(Arc<Keys>),
    Remote(RemoteKeys),
}

impl KeySource {
    /// The keys as they are now, looked up anew if they lack `kid`. They may lack it even so.
    pub(super) async fn holding(&self, kid: &str) -> Result<Arc<Keys>, TokenError> {
        match self {
            Self::Fixed(keys) => Ok(keys.clone()),
            Self::Remote(remote) => remote.holding(kid).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MODULUS: &str = "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDpre";

    fn read(keys: &serde_json::Value) -> Option<Vec<String>> {
        let keys = Keys::from_json(json!({ "keys": keys }).to_string().as_bytes()).ok()?;
        let mut kids: Vec<_> = keys.0.into_keys().collect();
        kids.sort();
        Some(kids)
    }

    #[test]
    fn keys_that_cannot_sign_tokens_are_passed_over() {
        let kids = read(&json!([
            {"kty": "RSA", "kid": "a", "n": MODULUS, "e": "AQAB", "use": "sig", "alg": "RS256"},
            {"kty": "RSA", "kid": "b", "n": MODULUS, "e": "AQAB"},
            {"kty": "RSA", "kid": "enc", "n": MODULUS, "e": "AQAB", "use": "enc"},
            {"kty": "RSA", "n": MODULUS, "e": "AQAB"},
            {"kty": "EC", "kid": "ec", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "RSA", "kid": "broken", "n": "*", "e": "AQAB"},
            {"kty": 7},
            "no key",
        ]));
        assert_eq!(kids, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_set_without_a_usable_key_is_an_error() {
        assert_eq!(read(&json!([])), None);
        assert!(Keys::from_json(b"<html>").is_err());
        assert!(Keys::from_json(b"{}").is_err());
    }
}
