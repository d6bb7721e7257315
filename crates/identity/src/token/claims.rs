//! The claims of an access token (auth-og-konfigurasjon §3.1), from JSON to our own types.

use fiks_core::Timestamp;
use fiks_core::id::Orgnr;
use serde::Deserialize;

use super::{TokenError, ValidatedToken};

/// How `consumer` and `supplier` name the register that their number is from.
const AUTHORITY: &str = "iso6523-actorid-upis";

/// Enhetsregisteret, in that register of registers.
const ENHETSREGISTERET: &str = "0192:";

#[derive(Deserialize)]
pub(super) struct Claims {
    exp: serde_json::Number,
    nbf: Option<serde_json::Number>,
    #[serde(default)]
    scope: String,
    consumer: Option<Organisation>,
    supplier: Option<Organisation>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct Organisation {
    authority: String,
    #[serde(rename = "ID")]
    id: String,
}

/// A token, and the claim that matters only now.
pub(super) struct Dated {
    pub(super) token: ValidatedToken,
    pub(super) not_before: Option<Timestamp>,
}

impl Claims {
    pub(super) fn into_token(self) -> Result<Dated, TokenError> {
        let consumer = self.consumer.ok_or(TokenError::Consumer)?;
        let token = ValidatedToken {
            orgnr: consumer.orgnr()?,
            supplier: self.supplier.map(|supplier| supplier.orgnr()).transpose()?,
            scopes: self.scope.split_ascii_whitespace().map(str::to_owned).collect(),
            expires: moment(&self.exp)?,
            client_id: self.client_id,
        };
        Ok(Dated {
            token,
            not_before: self.nbf.as_ref().map(moment).transpose()?,
        })
    }
}

impl Organisation {
    fn orgnr(&self) -> Result<Orgnr, TokenError> {
        if self.authority != AUTHORITY {
            return Err(TokenError::Consumer);
        }
        let number = self
            .id
            .strip_prefix(ENHETSREGISTERET)
            .ok_or(TokenError::Consumer)?;
        number.parse().map_err(|_| TokenError::Consumer)
    }
}

/// A NumericDate: seconds since 1970, possibly with a fraction (RFC 7519 §2), which is dropped.
fn moment(date: &serde_json::Number) -> Result<Timestamp, TokenError> {
    let seconds = date
        .as_i64()
        .or_else(|| whole_seconds(date.as_f64()?))
        .ok_or(TokenError::Malformed)?;
    Ok(Timestamp::from_millis(seconds.saturating_mul(1000)))
}

/// `None` beyond what a date can sensibly be, so that the conversion below is exact.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and the fraction is to be dropped"
)]
fn whole_seconds(seconds: f64) -> Option<i64> {
    const YEAR_10000: f64 = 253_402_300_800.0;
    (0.0..YEAR_10000).contains(&seconds).then_some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn orgnr_of(organisation: &serde_json::Value) -> Result<Orgnr, TokenError> {
        serde_json::from_value::<Organisation>(organisation.clone())
            .unwrap()
            .orgnr()
    }

    #[test]
    fn an_organisation_is_read_from_authority_and_id() {
        let good = json!({"authority": "iso6523-actorid-upis", "ID": "0192:971032146"});
        assert_eq!(orgnr_of(&good), Ok("971032146".parse().unwrap()));
    }

    #[test]
    fn an_organisation_of_another_register_or_form_is_refused() {
        for (authority, id) in [
            ("iso6523-actorid-upis", "971032146"),
            ("iso6523-actorid-upis", "9908:971032146"),
            ("iso6523-actorid-upis", "0192:971032147"),
            ("iso6523-actorid-upis", "0192: 971032146"),
            ("other", "0192:971032146"),
        ] {
            assert_eq!(
                orgnr_of(&json!({"authority": authority, "ID": id})),
                Err(TokenError::Consumer),
                "{id}"
            );
        }
    }

    #[test]
    fn dates_may_have_a_fraction() {
        let read = |text: &str| moment(&serde_json::from_str(text).unwrap());
        assert_eq!(read("1700000000"), Ok(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(
            read("1700000000.9"),
            Ok(Timestamp::from_millis(1_700_000_000_000))
        );
        assert_eq!(read("1.7e9"), Ok(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(read("1e300"), Err(TokenError::Malformed));
        assert_eq!(read("-1.5"), Err(TokenError::Malformed));
    }
}
