//! The failures that a caller may see, with code, text and remedy.
//!
//! Invariant: the three failures of an integration (unknown, wrong password, wrong organisation) are one and the
//! same [`AuthenticationError::Integrasjon`] in type, code and text (auth-og-konfigurasjon §2.1). Which one it was
//! stands in the log only.

use fiks_core::id::IntegrasjonId;
use fiks_core::{ErrorKind, Problem};

use crate::access::{FORBIDDEN, STORE_FAILED, StoreFailed};
use crate::token::TokenError;

/// Why a caller could not be let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The access token is missing or does not hold. 401, or 503 when the issuer's keys are out of reach.
    #[error("the access token was not accepted")]
    Token(#[from] TokenError),
    /// The integration is unknown, its password wrong, or it is not for the token's organisation. 401.
    #[error("the integration was not accepted")]
    Integrasjon {
        /// The id that was sent, if it was one.
        id: Option<IntegrasjonId>,
    },
    /// Nobody knows. 500.
    #[error(transparent)]
    Store(#[from] StoreFailed),
}

/// The text of every token failure, word for word as the real platform sends it (auth-og-konfigurasjon §2.1).
const TOKEN_TEXT: &str = "Klarte ikke å validere access_token";

/// 401: no token.
pub const TOKEN_MISSING: ErrorKind = ErrorKind {
    code: "autentisering.token_mangler",
    status: 401,
    text: TOKEN_TEXT,
    remedy: "Send headeren Authorization med Bearer, ett mellomrom og et token fra Maskinporten. Over AMQP er \
             passordet IntegrasjonPassord, ett mellomrom og tokenet.",
};

/// 401: not a token that can be checked, or its signature is wrong.
pub const TOKEN_INVALID: ErrorKind = ErrorKind {
    code: "autentisering.token",
    status: 401,
    text: TOKEN_TEXT,
    remedy: "Hent et nytt token fra Maskinporten i samme miljø og send det uendret. Tokenet må være en JWT som er \
             signert av Maskinporten og har organisasjonsnummeret i consumer.",
};

/// 401: the token's time has passed or not come.
pub const TOKEN_EXPIRED: ErrorKind = ErrorKind {
    code: "autentisering.token_utlopt",
    status: 401,
    text: TOKEN_TEXT,
    remedy: "Tokenet er utløpt. Hent et nytt, og kontroller at maskinens klokke går riktig.",
};

/// 401: a token from an issuer that is not trusted here.
pub const TOKEN_ISSUER: ErrorKind = ErrorKind {
    code: "autentisering.token_utsteder",
    status: 401,
    text: TOKEN_TEXT,
    remedy: "Tokenet kommer fra en utsteder som ikke gjelder her. Bruk Maskinporten for det miljøet du kaller: token \
             fra test virker ikke i produksjon, og omvendt.",
};

/// 401: a token for something else.
pub const TOKEN_SCOPE: ErrorKind = ErrorKind {
    code: "autentisering.token_scope",
    status: 401,
    text: TOKEN_TEXT,
    remedy: "Be Maskinporten om et token med scope ks:fiks. Klienten må ha fått tildelt scopet.",
};

/// 503: the issuer's keys could not be fetched, so no token of its can be checked.
pub const TOKEN_KEYS_UNAVAILABLE: ErrorKind = ErrorKind {
    code: "autentisering.nokler_utilgjengelig",
    status: 503,
    text: "Tokenet kan ikke kontrolleres nå, fordi utstederens nøkler ikke lar seg hente.",
    remedy: "Prøv igjen om litt. Vedvarer feilen, kontroller at plattformen når Maskinporten.",
};

/// 401: unknown integration, wrong password or wrong organisation.
pub const INTEGRATION_REFUSED: ErrorKind = ErrorKind {
    code: "autentisering.integrasjon",
    status: 401,
    text: "Autentisering feilet for integrasjon.",
    remedy: "Kontroller at IntegrasjonId finnes i dette miljøet, at IntegrasjonPassord er det som sist ble laget for \
             integrasjonen, og at organisasjonsnummeret i tokenets consumer er integrasjonens autorisertOrgnr.",
};

/// Every failure of this crate, for the error reference.
pub const ERRORS: &[&ErrorKind] = &[
    &TOKEN_MISSING,
    &TOKEN_INVALID,
    &TOKEN_EXPIRED,
    &TOKEN_ISSUER,
    &TOKEN_SCOPE,
    &TOKEN_KEYS_UNAVAILABLE,
    &INTEGRATION_REFUSED,
    &FORBIDDEN,
    &STORE_FAILED,
];

impl Problem for AuthenticationError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Token(error) => token_kind(*error),
            Self::Integrasjon { .. } => &INTEGRATION_REFUSED,
            Self::Store(_) => &STORE_FAILED,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Integrasjon { id: Some(id) } => {
                format!("Autentisering feilet for integrasjon med id {id}.")
            }
            _ => self.kind().text.to_owned(),
        }
    }
}

fn token_kind(error: TokenError) -> &'static ErrorKind {
    match error {
        TokenError::Missing => &TOKEN_MISSING,
        TokenError::Expired | TokenError::NotYetValid => &TOKEN_EXPIRED,
        TokenError::UnknownIssuer => &TOKEN_ISSUER,
        TokenError::Scope => &TOKEN_SCOPE,
        TokenError::KeysUnavailable => &TOKEN_KEYS_UNAVAILABLE,
        TokenError::TooLarge
        | TokenError::Malformed
        | TokenError::Algorithm
        | TokenError::UnknownKey
        | TokenError::Signature
        | TokenError::Consumer => &TOKEN_INVALID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_token_has_the_real_platforms_text() {
        for error in [
            TokenError::Missing,
            TokenError::Expired,
            TokenError::Scope,
            TokenError::Signature,
        ] {
            let error = AuthenticationError::from(error);
            assert_eq!(
                (error.kind().status, error.text().as_str()),
                (401, "Klarte ikke å validere access_token")
            );
        }
    }

    #[test]
    fn the_integration_is_named_only_when_its_id_is_one() {
        let id = "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab";
        let named = AuthenticationError::Integrasjon {
            id: Some(id.parse().unwrap()),
        };
        assert_eq!(
            named.text(),
            format!("Autentisering feilet for integrasjon med id {id}.")
        );
        let unnamed = AuthenticationError::Integrasjon { id: None };
        assert_eq!(unnamed.text(), "Autentisering feilet for integrasjon.");
        assert_eq!(named.kind(), unnamed.kind());
    }

    #[test]
    fn every_code_is_declared_once() {
        let mut codes: Vec<_> = ERRORS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ERRORS.len());
    }
}
