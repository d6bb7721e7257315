//! Whose assertion is it, and did they sign it?

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous};
use serde::{Deserialize, Serialize};

use super::claims::Grant;
use crate::client::{Client, RegisteredKey};
use crate::errors::GrantError;
use crate::trust::TrustedAuthorities;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// An assertion that has been taken apart but not verified.
pub(crate) struct Assertion<'a> {
    text: &'a str,
    header: Header,
    client_id: String,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    x5c: Option<serde_json::Value>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct IssuerClaim {
    iss: String,
}

/// How a client proved who it is: `client_amr` of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientProof {
    /// With a certificate in the grant.
    Virksomhetssertifikat,
    /// With a key registered beforehand.
    PrivateKeyJwt,
}

impl<'a> Assertion<'a> {
    /// Takes the assertion apart.
    pub(crate) fn read(text: &'a str) -> Result<Self, GrantError> {
        let header = header(text).ok_or(GrantError::Assertion)?;
        if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
            return Err(GrantError::Assertion);
        }
        let claims: IssuerClaim =
            dangerous::insecure_decode_claims(text).map_err(|_| GrantError::Claim("iss"))?;
        Ok(Self {
            text,
            header,
            client_id: claims.iss,
        })
    }

    /// `iss`: who the sender claims to be.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What identifies the grant where it has no `jti`: all that was signed.
    pub(crate) fn signed_part(&self) -> &'a str {
        self.text.rsplit_once('.').map_or(self.text, |(signed, _)| signed)
    }

    /// The grant, if the client signed it.
    pub(crate) fn verify(
        &self,
        client: &Client,
        authorities: &TrustedAuthorities,
        now: Timestamp,
    ) -> Result<(Grant, ClientProof), GrantError> {
        let (key, proof) = self.key(client, authorities, now)?;
        let verified =
            jsonwebtoken::decode(self.text, &key, &signature_only()).map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => GrantError::Signature,
                _ => GrantError::Assertion,
            })?;
        Ok((Grant::read(verified.claims)?, proof))
    }

    /// KS' .NET client may send `kid` and `x5c` together, or neither (auth-og-konfigurasjon §3.3): a registered key
    /// comes first, then the certificate, then the only key there is.
    fn key(
        &self,
        client: &Client,
        authorities: &TrustedAuthorities,
        now: Timestamp,
    ) -> Result<(DecodingKey, ClientProof), GrantError> {
        let registered = match (&self.header.kid, client.keys.as_slice()) {
            (Some(kid), _) => client.key(kid),
            (None, [only]) if self.header.x5c.is_none() => Some(only),
            (None, _) => None,
        };
        match (registered, &self.header.x5c, &self.header.kid) {
            (Some(key), _, _) => Ok((usable(key, now)?, ClientProof::PrivateKeyJwt)),
            (None, Some(x5c), _) => {
                let certificate = authorities.accept(x5c, client, now)?;
                let key = DecodingKey::from_rsa_der(certificate.public_key_der());
                Ok((key, ClientProof::Virksomhetssertifikat))
            }
            (None, None, Some(kid)) => Err(GrantError::UnknownKey(kid.clone())),
            (None, None, None) => Err(GrantError::NoKey),
        }
    }
}

fn header(text: &str) -> Option<Header> {
    let (header, _) = text.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

fn usable(key: &RegisteredKey, now: Timestamp) -> Result<DecodingKey, GrantError> {
    if key.has_expired(now) {
        return Err(GrantError::ExpiredKey(key.kid().unwrap_or_default().to_owned()));
    }
    key.verifying_key().ok_or(GrantError::Signature)
}

/// Claims are judged elsewhere, with errors of their own and a clock that can be set.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = ALGORITHMS.to_vec();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}
