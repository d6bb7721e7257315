//! The claims of a grant, from JSON to our own types. Unknown ones are refused, as by the real Maskinporten.

use fiks_core::Timestamp;
use serde_json::{Map, Number, Value};

use crate::errors::GrantError;

/// All that Maskinporten documents (auth-og-konfigurasjon §3.1).
const KNOWN: [&str; 10] = [
    "aud",
    "iss",
    "iat",
    "exp",
    "jti",
    "scope",
    "resource",
    "consumer_org",
    "pid",
    "iss_onbehalfof",
];

/// What a client asks for, in a JWT that it has signed.
#[derive(Clone, PartialEq)]
pub(crate) struct Grant {
    /// `aud`: one value.
    pub(crate) audience: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) jti: Option<String>,
    /// `scope`, at least one.
    pub(crate) scopes: Vec<String>,
    /// `resource`: for whom the token is to be, or nobody in particular.
    pub(crate) resources: Vec<String>,
    /// `consumer_org`: nine digits, not necessarily an existing number.
    pub(crate) consumer_org: Option<String>,
    /// `iss_onbehalfof`.
    pub(crate) on_behalf_of: Option<String>,
    /// `pid`: eleven digits.
    pub(crate) pid: Option<String>,
}

impl Grant {
    /// Reads verified claims.
    pub(super) fn read(claims: Map<String, Value>) -> Result<Self, GrantError> {
        if let Some(unknown) = claims.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(GrantError::UnknownClaim(unknown.clone()));
        }
        let claims = Claims(claims);
        Ok(Self {
            audience: claims.audience()?,
            issued_at: claims.moment("iat")?,
            expires: claims.moment("exp")?,
            jti: claims.text("jti")?,
            scopes: claims.scopes()?,
            resources: claims.texts("resource")?,
            consumer_org: claims.digits("consumer_org", 9)?,
            on_behalf_of: claims.text("iss_onbehalfof")?,
            pid: claims.digits("pid", 11)?,
        })
    }

    /// `scope` as it goes into the token.
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }
}

struct Claims(Map<String, Value>);

impl Claims {
    /// A claim that is JSON `null` counts as absent: KS' clients never send one, others do.
    fn get(&self, name: &'static str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, GrantError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(GrantError::Claim(name)),
        }
    }

    /// One text, or a list of texts.
    fn texts(&self, name: &'static str) -> Result<Vec<String>, GrantError> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list
                .iter()
                .map(|value| value.as_str().map(str::to_owned).ok_or(GrantError::Claim(name)))
                .collect(),
            Some(_) => Ok(self.text(name)?.into_iter().collect()),
        }
    }

    fn audience(&self) -> Result<String, GrantError> {
        let mut audiences = self.texts("aud")?.into_iter();
        match (audiences.next(), audiences.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(GrantError::Claim("aud")),
        }
    }

    fn scopes(&self) -> Result<Vec<String>, GrantError> {
        let text = self.text("scope")?.ok_or(GrantError::Claim("scope"))?;
        let scopes: Vec<_> = text.split_ascii_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() {
            Err(GrantError::Claim("scope"))
        } else {
            Ok(scopes)
        }
    }

    fn digits(&self, name: &'static str, length: usize) -> Result<Option<String>, GrantError> {
        let text = self.text(name)?;
        let wrong = |text: &String| text.len() != length || !text.bytes().all(|byte| byte.is_ascii_digit());
        if text.as_ref().is_some_and(wrong) {
            Err(GrantError::Claim(name))
        } else {
            Ok(text)
        }
    }

    fn moment(&self, name: &'static str) -> Result<Timestamp, GrantError> {
        match self.get(name) {
            Some(Value::Number(date)) => moment(date).ok_or(GrantError::Claim(name)),
            _ => Err(GrantError::Claim(name)),
        }
    }
}

/// Seconds since 1970; KS' .NET client sends them as floating point (auth-og-konfigurasjon §3.3).
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn moment(date: &Number) -> Option<Timestamp> {
    const YEAR_10000: f64 = 253_402_300_800.0;
    let seconds = date
        .as_f64()
        .filter(|seconds| (0.0..YEAR_10000).contains(seconds))?;
    Some(Timestamp::from_millis((seconds * 1000.0).round() as i64))
}

#[cfg(test)]
mod tests;
