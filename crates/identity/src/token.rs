//! Checking Maskinporten access tokens (auth-og-konfigurasjon §2, §3.1).
//!
//! Invariant: nothing a token says is used before its signature has been checked, save which issuer and key to
//! check it with. Tokens never reach a log or an error.

mod cache;
mod claims;
mod keys;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use fiks_core::id::Orgnr;
use fiks_core::{Clock, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Header, Validation, dangerous, decode_header};
use serde::Deserialize;

pub(crate) use cache::TokenCache;
use claims::{Claims, Dated};
pub use keys::NoUsableKeys;
use keys::{KeySource, Keys};
pub use remote::{JwksSource, JwksTiming, JwksUnavailable};

/// Longer tokens are refused unread. A Maskinporten token has some 1,000 bytes, with delegation or authorization
/// details up to 3,000.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The scope that KS grants for all of the platform (auth-og-konfigurasjon §1).
pub const SCOPE: &str = "ks:fiks";

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// Why a token does not hold. For the log; a caller sees the kinds in [`crate::errors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There was none.
    #[error("no token was sent")]
    Missing,
    /// It has more than [`MAX_TOKEN_BYTES`] bytes.
    #[error("the token is too large")]
    TooLarge,
    /// It is no signed JWT, or a claim has the wrong type.
    #[error("the token is no readable JWT")]
    Malformed,
    /// It is not signed with RS256, RS384 or RS512.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// No trusted issuer has the name in `iss`.
    #[error("the token's issuer is not trusted here")]
    UnknownIssuer,
    /// The issuer has no key with the token's `kid`.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` has not come yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// None of the accepted scopes is in `scope`.
    #[error("the token lacks the scope")]
    Scope,
    /// `consumer` or `supplier` is no Norwegian organisation number.
    #[error("the token names no organisation")]
    Consumer,
    /// The issuer's keys have never been fetched, and could not be now.
    #[error("the issuer's keys could not be fetched")]
    KeysUnavailable,
}

/// What a token that holds says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedToken {
    /// `consumer`: the organisation that the token is for. With delegation that is the one that delegated.
    pub orgnr: Orgnr,
    /// `supplier`: who acts for the consumer, when the token is delegated.
    pub supplier: Option<Orgnr>,
    /// All scopes of the token.
    pub scopes: Vec<String>,
    /// `exp`.
    pub expires: Timestamp,
    /// `client_id`: the Maskinporten client that fetched it.
    pub client_id: Option<String>,
}

/// What is asked of a token besides a good signature.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// One of these must be in the token. [`SCOPE`] by default; an installation with clients from before the scope
    /// was renamed can add `ks`.
    pub scopes: Vec<String>,
    /// How far the issuer's clock and ours may be apart. Ten seconds by default.
    pub leeway: Duration,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            scopes: vec![SCOPE.to_owned()],
            leeway: Duration::from_secs(10),
        }
    }
}

/// An issuer whose tokens are accepted. Which ones these are is what keeps test and production apart.
pub struct TrustedIssuer {
    issuer: String,
    keys: KeySource,
}

impl TrustedIssuer {
    /// An issuer in the same process: its public keys are at hand. `issuer` is the exact text of `iss`, with its
    /// trailing slash. Fails when the set has no usable key.
    pub fn with_keys(issuer: impl Into<String>, keys: &JwkSet) -> Result<Self, NoUsableKeys> {
        Ok(Self {
            issuer: issuer.into(),
            keys: KeySource::Fixed(Arc::new(Keys::from_set(keys)?)),
        })
    }

    /// An issuer whose keys are published at `jwks_url`, and fetched with `source` when first needed.
    pub fn with_jwks(
        issuer: impl Into<String>,
        jwks_url: impl Into<String>,
        source: Arc<dyn JwksSource>,
        timing: JwksTiming,
    ) -> Self {
        let keys = remote::RemoteKeys::new(jwks_url.into(), source, timing);
        Self {
            issuer: issuer.into(),
            keys: KeySource::Remote(keys),
        }
    }
}

/// Checks access tokens.
pub struct TokenValidator {
    issuers: Vec<TrustedIssuer>,
    rules: TokenRules,
    validation: Validation,
    clock: Clock,
}

impl TokenValidator {
    /// Accepts tokens of these issuers. Reads the operating system's clock, since tokens are shared with foreign
    /// programs.
    pub fn new(issuers: Vec<TrustedIssuer>, rules: TokenRules) -> Self {
        Self {
            issuers,
            rules,
            validation: signature_only(),
            clock: Clock::system(),
        }
    }

    /// The same with a clock of the test's own. Never give it the platform's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks signature, issuer, lifetime, scope and organisation. `aud` is not looked at, because KS' clients never
    /// ask for one (auth-og-konfigurasjon §3.1).
    pub async fn validate(&self, token: &str) -> Result<ValidatedToken, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let kid = self.readable_kid(token)?;
        let keys = self.issuer_of(token)?.keys.holding(&kid).await?;
        let key = keys.get(&kid).ok_or(TokenError::UnknownKey)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|error| reason(&error))?
            .claims;
        self.accept(claims)
    }

    fn readable_kid(&self, token: &str) -> Result<String, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        if has_critical_extensions(&header) {
            return Err(TokenError::Malformed);
        }
        header.kid.ok_or(TokenError::UnknownKey)
    }

    fn issuer_of(&self, token: &str) -> Result<&TrustedIssuer, TokenError> {
        let unverified: IssuerClaim =
            dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Malformed)?;
        self.issuers
            .iter()
            .find(|trusted| trusted.issuer == unverified.iss)
            .ok_or(TokenError::UnknownIssuer)
    }

    fn accept(&self, claims: Claims) -> Result<ValidatedToken, TokenError> {
        let Dated { token, not_before } = claims.into_token()?;
        if !self.is_current(token.expires) {
            return Err(TokenError::Expired);
        }
        if not_before.is_some_and(|moment| moment > self.clock.now().plus(self.rules.leeway)) {
            return Err(TokenError::NotYetValid);
        }
        if !self.rules.scopes.iter().any(|scope| token.scopes.contains(scope)) {
            return Err(TokenError::Scope);
        }
        Ok(token)
    }

    /// Whether something that ends at `expires` still counts.
    fn is_current(&self, expires: Timestamp) -> bool {
        self.clock.now() < expires.plus(self.rules.leeway)
    }
}

#[derive(Deserialize)]
struct IssuerClaim {
    iss: String,
}

/// Lifetime and audience are ours to judge: the library's clock cannot be set, and no audience is required.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = ALGORITHMS.to_vec();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// Extensions that the sender calls critical and we do not know must be refused (RFC 7515 §4.1.11).
fn has_critical_extensions(header: &Header) -> bool {
    header.crit.is_some()
}

fn reason(error: &jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
        jsonwebtoken::errors::ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

#[cfg(test)]
mod tests;
