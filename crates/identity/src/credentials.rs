//! What a caller brings along to prove who it is.

use std::fmt;

/// What a request brings, as sent and not yet checked: `IntegrasjonId`, `IntegrasjonPassord` and the access token
/// (auth-og-konfigurasjon §1). Anything may be missing or nonsense.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// The header `IntegrasjonId`, or the user name over AMQP.
    pub integrasjon_id: Option<&'a str>,
    /// The header `IntegrasjonPassord`, or the first part of the password over AMQP.
    pub passord: Option<&'a str>,
    /// The token without the word `Bearer`.
    pub token: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    /// From the user name and password of an AMQP login (fiks-io §8.1).
    pub fn from_amqp(username: &'a str, combined: &'a str) -> Self {
        let (passord, token) = split_amqp_password(combined);
        Self {
            integrasjon_id: Some(username),
            passord: Some(passord),
            token,
        }
    }

    /// From the values of the three HTTP headers; `authorization` as sent, with its scheme.
    pub fn from_headers(
        authorization: Option<&'a str>,
        integrasjon_id: Option<&'a str>,
        passord: Option<&'a str>,
    ) -> Self {
        Self {
            integrasjon_id,
            passord,
            token: authorization.and_then(bearer_token),
        }
    }
}

/// Shows what is there, never what it is: even the id may be a password in the wrong place.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("integrasjon_id", &self.integrasjon_id.is_some())
            .field("passord", &self.passord.is_some())
            .field("token", &self.token.is_some())
            .finish()
    }
}

/// Splits an AMQP password `<IntegrasjonPassord> <access token>` at its last space, because a token has none
/// (fiks-io §8.1). Without a space there is no token.
pub fn split_amqp_password(combined: &str) -> (&str, Option<&str>) {
    match combined.trim_end().rsplit_once(' ') {
        Some((passord, token)) => (passord, Some(token)),
        None => (combined, None),
    }
}

/// The token in the value of an `Authorization` header. The scheme's case does not matter (RFC 9110 §11.1).
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amqp_password_is_split_at_its_last_space() {
        assert_eq!(split_amqp_password("pass ord a.b.c"), ("pass ord", Some("a.b.c")));
        assert_eq!(split_amqp_password("passord  a.b.c"), ("passord ", Some("a.b.c")));
        assert_eq!(
            split_amqp_password("passord a.b.c \n"),
            ("passord", Some("a.b.c"))
        );
    }

    #[test]
    fn an_amqp_password_without_a_space_has_no_token() {
        assert_eq!(split_amqp_password("passord"), ("passord", None));
        assert_eq!(split_amqp_password("passord "), ("passord ", None));
        assert_eq!(split_amqp_password(""), ("", None));
    }

    #[test]
    fn the_bearer_scheme_is_read_in_any_case() {
        assert_eq!(bearer_token("Bearer a.b.c"), Some("a.b.c"));
        assert_eq!(bearer_token("bearer  a.b.c "), Some("a.b.c"));
        assert_eq!(bearer_token("Basic YTpi"), None);
        assert_eq!(bearer_token("Bearer"), None);
        assert_eq!(bearer_token("a.b.c"), None);
    }

    #[test]
    fn headers_become_credentials() {
        let credentials = Credentials::from_headers(Some("Bearer a.b.c"), Some("id"), None);
        assert_eq!(credentials.token, Some("a.b.c"));
        assert_eq!(
            (credentials.integrasjon_id, credentials.passord),
            (Some("id"), None)
        );
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let shown = format!("{:?}", Credentials::from_amqp("hemmelig1", "hemmelig2 hemmelig3"));
        assert!(!shown.contains("hemmelig"), "{shown}");
    }

    proptest! {
        #[test]
        fn password_and_token_come_back_whatever_the_password_is(passord in ".*", token in "[!-~]{1,40}") {
            let sent = format!("{passord} {token}");
            prop_assert_eq!(split_amqp_password(&sent), (passord.as_str(), Some(token.as_str())));
        }

        #[test]
        fn no_header_value_makes_the_reader_fail(value in ".*") {
            let _ = bearer_token(&value);
        }
    }
}
