//! The tokens that are issued (auth-og-konfigurasjon §3.1, §3.4).
//!
//! Person tokens (§3.4 point 9) belong here as a second set of claims, signed by the same key.

use fiks_core::id::Orgnr;
use serde::Serialize;
use utoipa::ToSchema;

use crate::grant::ClientProof;

/// The answer to a token request.
#[derive(Clone, Serialize, ToSchema)]
pub struct TokenResponse {
    /// A JWT signed with RS256.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = String, example = "Bearer")]
    pub token_type: &'static str,
    /// Lifetime in whole seconds: KS' clients read an integer.
    pub expires_in: u64,
    /// The scopes of the token, with spaces between.
    pub scope: String,
}

/// Tells all but the token.
impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The claims of a machine's token, as the real Maskinporten writes them.
#[derive(Serialize)]
pub(crate) struct AccessTokenClaims<'a> {
    pub(crate) scope: &'a str,
    pub(crate) iss: &'a str,
    pub(crate) client_amr: ClientProof,
    pub(crate) token_type: &'static str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) client_id: &'a str,
    pub(crate) jti: String,
    pub(crate) consumer: Organisation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<Organisation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delegation_source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<Audience<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<&'a str>,
}

/// An organisation of Enhetsregisteret, as Peppol names them.
#[derive(Serialize)]
pub(crate) struct Organisation {
    authority: &'static str,
    #[serde(rename = "ID")]
    id: String,
}

impl From<Orgnr> for Organisation {
    fn from(orgnr: Orgnr) -> Self {
        Self {
            authority: "iso6523-actorid-upis",
            id: format!("0192:{orgnr}"),
        }
    }
}

/// `aud`: a text where there is one value, since KS' tests compare it so (auth-og-konfigurasjon §3.4).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

impl<'a> Audience<'a> {
    pub(crate) fn of(resources: &'a [String]) -> Option<Self> {
        match resources {
            [] => None,
            [one] => Some(Self::One(one)),
            several => Some(Self::Several(several)),
        }
    }
}
