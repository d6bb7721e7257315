//! Why a token is refused, as the caller sees it.
//!
//! Invariants: a refusal always has a body with `error` and `error_description`, since KS' Java client reads one
//! unconditionally (auth-og-konfigurasjon §3.2); and a description holds printable ASCII without `"` and `\` only,
//! as RFC 6749 §5.2 demands. That is why the Norwegian here does without its three own letters.

use fiks_core::{ErrorKind, Problem};

use crate::registry::RegistryFailed;

/// What was wrong with the set-up of the issuer or of a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The issuer's name must be an `http` or `https` URL that ends with a slash.
    #[error("the issuer {0} is no http(s) URL with a trailing slash")]
    IssuerUrl(String),
    /// KS' clients keep tokens for their lifetime less ten seconds (auth-og-konfigurasjon §3.2).
    #[error("tokens must live for at least {0} seconds")]
    TokenLifetime(u64),
    /// No key could be made, or it is no RSA private key in PKCS#8 PEM.
    #[error("the signing key is not usable")]
    SigningKey,
    /// Neither an RSA public key of 2,048 to 8,192 bits nor a certificate for one.
    #[error("the client's key is not usable")]
    ClientKey,
    /// Somebody tried to register a private key. Its owner has to make a new one.
    #[error("a private key was sent in place of a public one")]
    PrivateKey,
    /// No readable X.509 certificate.
    #[error("the certificate is not readable")]
    Certificate,
}

/// Why a token request was refused.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// `grant_type` is another.
    #[error("unsupported grant type")]
    GrantType,
    /// The form lacks a field, has one twice, is too large, or is no form.
    #[error("unreadable form")]
    Form,
    /// The assertion is no JWT signed with RS256, RS384 or RS512.
    #[error("unreadable assertion")]
    Assertion,
    /// A claim is missing or has the wrong form.
    #[error("claim {0} is missing or malformed")]
    Claim(&'static str),
    /// A claim that Maskinporten does not know.
    #[error("unknown claim")]
    UnknownClaim(String),
    /// No client has the id in `iss`.
    #[error("unknown client")]
    UnknownClient(String),
    /// `aud` is not this issuer.
    #[error("wrong audience")]
    Audience {
        /// What was sent.
        sent: String,
        /// What it should have been.
        issuer: String,
    },
    /// The certificate in `x5c` is from nobody who is trusted here, or its time has passed.
    #[error("certificate not accepted")]
    Certificate,
    /// The registration of the key has run out.
    #[error("expired key")]
    ExpiredKey(String),
    /// The certificate was issued to another organisation than the client's.
    #[error("certificate of another organisation")]
    CertificateOwner {
        /// Whom the certificate was issued to, when it says so.
        certificate: Option<fiks_core::id::Orgnr>,
        /// Who owns the client.
        client: fiks_core::id::Orgnr,
    },
    /// `x5c` is no list of certificates.
    #[error("unreadable x5c")]
    CertificateChain,
    /// The signature is not the key's.
    #[error("wrong signature")]
    Signature,
    /// The client has no key with that `kid`.
    #[error("unknown key")]
    UnknownKey(String),
    /// Neither `x5c` nor `kid`, and not exactly one key to fall back on.
    #[error("no key named")]
    NoKey,
    /// `exp` has passed.
    #[error("expired grant")]
    Expired,
    /// `iat` is too far from our clock; by how many seconds it lies in the past.
    #[error("issue time off by {0} s")]
    IssuedAt(i64),
    /// `exp` lies too far behind `iat`, or before it; by how many seconds.
    #[error("lifetime of {0} s")]
    Lifetime(i64),
    /// A grant counts once.
    #[error("grant used before")]
    Replayed,
    /// The client is not registered with all the scopes.
    #[error("scope not registered")]
    Scope(String),
    /// The consumer has not delegated the scope.
    #[error("scope not delegated")]
    NotDelegated {
        /// `consumer_org`.
        consumer: String,
        /// The first scope that is missing.
        scope: String,
        /// The client's organisation.
        supplier: fiks_core::id::Orgnr,
    },
    /// `consumer_org` is the client's own organisation.
    #[error("delegation from oneself")]
    OwnConsumer,
    /// The address takes another method.
    #[error("wrong method")]
    Method,
    /// Switched off by a test, or too many grants at once.
    #[error("temporarily unavailable")]
    Unavailable,
    /// The client registry could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryFailed),
    /// No random bytes, or no signature: nothing can be issued.
    #[error("the token could not be made")]
    Internal,
}

/// A documented refusal: our kind, OAuth's word for it (RFC 6749 §5.2), and what the real Maskinporten starts its
/// description with.
struct Refusal {
    kind: ErrorKind,
    error: &'static str,
    lead: &'static str,
}

/// Declares the refusals and the list of their kinds together, so that none is forgotten.
macro_rules! refusals {
    ($($name:ident = $status:literal $error:literal $code:literal, $lead:literal, $text:literal, $remedy:literal;)+) => {
        $(static $name: Refusal = Refusal {
            kind: ErrorKind { code: $code, status: $status, text: $text, remedy: $remedy },
            error: $error,
            lead: $lead,
        };)+
        /// Every refusal, for the error reference.
        pub const ERRORS: &[&ErrorKind] = &[$(&$name.kind),+];
    };
}

refusals! {
    GRANT_TYPE = 400 "unsupported_grant_type" "maskinporten.grant_type", "",
        "Ukjent grant_type.",
        "Bruk urn:ietf:params:oauth:grant-type:jwt-bearer.";
    FORM = 400 "invalid_request" "maskinporten.skjema", "",
        "Kallet kan ikke leses.",
        "Send grant_type og assertion, ett av hvert, som application/x-www-form-urlencoded.";
    ASSERTION = 400 "invalid_request" "maskinporten.assertion", "MP-011: Invalid assertion.",
        "Assertion er ikke en lesbar, signert JWT.",
        "Kontroller at hele JWT-en er med, uten linjeskift, og at alg er RS256, RS384 eller RS512.";
    CLAIM = 400 "invalid_request" "maskinporten.claim", "MP-011: Invalid assertion.",
        "Et claim mangler eller har feil form.",
        "Rett claimet og lag en ny JWT.";
    UNKNOWN_CLAIM = 400 "invalid_request" "maskinporten.claim_ukjent", "MP-011: Invalid assertion.",
        "Maskinporten kjenner ikke claimet.",
        "Tillatt er aud, iss, iat, exp, jti, scope, resource, consumer_org, pid og iss_onbehalfof.";
    UNKNOWN_CLIENT = 400 "invalid_grant" "maskinporten.klient", "MP-100: Invalid assertion.",
        "Klienten finnes ikke hos denne utstederen.",
        "Sett iss til klientens id, og kontroller at klienten er registrert her.";
    AUDIENCE = 400 "invalid_grant" "maskinporten.audience", "MP-110: Invalid assertion.",
        "aud er ikke denne utstederen.",
        "Sett aud til issuer fra metadata, tegn for tegn, med en eneste verdi.";
    CERTIFICATE = 400 "invalid_grant" "maskinporten.sertifikat", "MP-120: Invalid assertion.",
        "Sertifikatet i x5c godtas ikke.",
        "Bruk et virksomhetssertifikat som fortsatt gjelder, og som er utstedt av en CA som er godkjent her.";
    EXPIRED_KEY = 400 "invalid_grant" "maskinporten.jwk_utgatt", "MP-121: Invalid assertion.",
        "Registreringen av klientens JWK gjelder ikke lenger.",
        "Registrer en ny JWK for klienten, eller den samme en gang til.";
    CERTIFICATE_OWNER = 400 "invalid_grant" "maskinporten.sertifikat_eier", "MP-122: Invalid assertion.",
        "Sertifikatet er utstedt til en annen organisasjon enn den som eier klienten.",
        "Bruk sertifikatet til organisasjonen som eier klienten.";
    CERTIFICATE_CHAIN = 400 "invalid_grant" "maskinporten.x5c", "MP-123: Invalid assertion.",
        "x5c i headeren kan ikke leses.",
        "Send x5c som en liste med sertifikater i DER, kodet som vanlig Base64, virksomhetens eget som nummer en.";
    SIGNATURE = 400 "invalid_grant" "maskinporten.signatur", "MP-124: Invalid assertion.",
        "Signaturen stemmer ikke.",
        "Signer med den private delen av sertifikatet i x5c, eller av den JWK-en som er registrert for klienten.";
    UNKNOWN_KEY = 400 "invalid_grant" "maskinporten.kid", "Invalid assertion.",
        "Klienten har ingen registrert JWK med denne kid-en.",
        "Registrer JWK-en for klienten, eller rett kid i headeren.";
    NO_KEY = 400 "invalid_grant" "maskinporten.kid_mangler", "Invalid assertion.",
        "Headeren har hverken x5c eller kid, og klienten har ikke bare en registrert JWK.",
        "Sett kid eller x5c i headeren.";
    EXPIRED = 400 "invalid_grant" "maskinporten.utgatt", "MP-130: Invalid assertion.",
        "JWT-en gjelder ikke lenger.",
        "Lag en ny JWT for hvert kall, og kontroller maskinens klokke.";
    ISSUED_AT = 400 "invalid_grant" "maskinporten.iat", "Invalid assertion.",
        "iat er mer enn 10 sekunder unna utstederens klokke.",
        "Kontroller maskinens klokke, og send JWT-en straks den er laget.";
    LIFETIME = 400 "invalid_grant" "maskinporten.levetid", "Invalid assertion.",
        "exp skal komme etter iat, men ikke mer enn 120 sekunder.",
        "Sett exp til iat pluss 120 sekunder eller mindre.";
    REPLAYED = 400 "invalid_grant" "maskinporten.brukt", "MP-012: Invalid assertion.",
        "JWT-en er brukt tidligere.",
        "Lag en ny JWT med ny jti for hvert kall.";
    SCOPE = 400 "invalid_scope" "maskinporten.scope", "MP-200: Invalid scope.",
        "Klienten er ikke registrert med scopet.",
        "Registrer scopet for klienten, eller rett scope i JWT-en.";
    NOT_DELEGATED = 403 "forbidden" "maskinporten.delegering", "MP-251:",
        "Scopet er ikke delegert til klientens organisasjon.",
        "Legg inn en delegering av scopet fra consumer_org til organisasjonen som eier klienten.";
    OWN_CONSUMER = 400 "invalid_request" "maskinporten.consumer_org", "Invalid assertion.",
        "consumer_org er organisasjonen som selv eier klienten.",
        "Fjern consumer_org: det brukes kun ved delegering.";
    METHOD = 405 "invalid_request" "maskinporten.metode", "",
        "Adressen tar ikke imot denne HTTP-metoden.",
        "Hent token med POST; jwk og metadata med GET.";
    UNAVAILABLE = 503 "temporarily_unavailable" "maskinporten.utilgjengelig", "",
        "Utstederen er midlertidig utilgjengelig.",
        "Vent litt og send en ny JWT.";
    INTERNAL = 500 "server_error" "maskinporten.intern", "",
        "Noe gikk galt hos utstederen.",
        "Vent litt og send en ny JWT. Vedvarer feilen, oppgi correlation id til driften.";
}

impl GrantError {
    fn refusal(&self) -> &'static Refusal {
        match self {
            Self::GrantType => &GRANT_TYPE,
            Self::Form => &FORM,
            Self::Assertion => &ASSERTION,
            Self::Claim(_) => &CLAIM,
            Self::UnknownClaim(_) => &UNKNOWN_CLAIM,
            Self::UnknownClient(_) => &UNKNOWN_CLIENT,
            Self::Audience { .. } => &AUDIENCE,
            Self::Certificate => &CERTIFICATE,
            Self::ExpiredKey(_) => &EXPIRED_KEY,
            Self::CertificateOwner { .. } => &CERTIFICATE_OWNER,
            Self::CertificateChain => &CERTIFICATE_CHAIN,
            Self::Signature => &SIGNATURE,
            Self::UnknownKey(_) => &UNKNOWN_KEY,
            Self::NoKey => &NO_KEY,
            Self::Expired => &EXPIRED,
            Self::IssuedAt(_) => &ISSUED_AT,
            Self::Lifetime(_) => &LIFETIME,
            Self::Replayed => &REPLAYED,
            Self::Scope(_) => &SCOPE,
            Self::NotDelegated { .. } => &NOT_DELEGATED,
            Self::OwnConsumer => &OWN_CONSUMER,
            Self::Method => &METHOD,
            Self::Unavailable => &UNAVAILABLE,
            Self::Registry(_) | Self::Internal => &INTERNAL,
        }
    }

    /// OAuth's word for the failure: `invalid_grant`, `invalid_request`, …
    pub fn oauth_error(&self) -> &'static str {
        self.refusal().error
    }

    /// The `error_description`: Maskinporten's code where it has one, what is wrong, and what to do. Printable
    /// ASCII, whatever was sent.
    pub fn description(&self) -> String {
        format!("{} {}", self.text(), self.kind().remedy)
    }

    /// What the kind alone does not tell.
    fn detail(&self) -> String {
        match self {
            Self::Claim(name) => format!("Claim: {name}."),
            Self::UnknownClaim(name) => format!("Claim: {}.", printable(name)),
            Self::UnknownClient(id) => format!("iss: {}.", printable(id)),
            Self::Audience { sent, issuer } => format!("aud: {}, issuer: {issuer}.", printable(sent)),
            Self::ExpiredKey(kid) | Self::UnknownKey(kid) => format!("kid: {}.", printable(kid)),
            Self::CertificateOwner { certificate, client } => format!(
                "Sertifikat: {}, klient: {client}.",
                certificate.map_or_else(|| "ingen organisasjon".to_owned(), |orgnr| orgnr.to_string())
            ),
            Self::IssuedAt(seconds) => format!("Avvik: {seconds} sekunder."),
            Self::Lifetime(seconds) => format!("exp minus iat: {seconds} sekunder."),
            Self::Scope(scope) => format!("scope: {}.", printable(scope)),
            Self::NotDelegated {
                consumer,
                scope,
                supplier,
            } => format!(
                "Consumer {consumer} has not delegated access to the scope {} to supplier {supplier}.",
                printable(scope)
            ),
            _ => String::new(),
        }
    }
}

impl Problem for GrantError {
    fn kind(&self) -> &'static ErrorKind {
        &self.refusal().kind
    }

    fn text(&self) -> String {
        let refusal = self.refusal();
        let parts = [refusal.lead, &self.detail(), refusal.kind.text];
        let filled: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        filled.join(" ")
    }
}

/// What was sent, fit to be sent back: at most 100 characters, those that RFC 6749 §5.2 forbids as `?`.
fn printable(sent: &str) -> String {
    sent.chars()
        .take(100)
        .map(|sign| if is_allowed(sign) { sign } else { '?' })
        .collect()
}

fn is_allowed(sign: char) -> bool {
    matches!(sign, ' '..='~') && !matches!(sign, '"' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_texts_hold_only_what_an_error_description_may() {
        for kind in ERRORS {
            let shown = format!("{} {}", kind.text, kind.remedy);
            assert!(shown.chars().all(is_allowed), "{shown}");
        }
    }

    #[test]
    fn every_code_is_declared_once() {
        let mut codes: Vec<_> = ERRORS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ERRORS.len());
    }

    #[test]
    fn a_missing_delegation_is_told_in_the_words_that_clients_know() {
        let supplier = "971032146".parse().unwrap();
        let error = GrantError::NotDelegated {
            consumer: "888888888".to_owned(),
            scope: "ks:fiks".to_owned(),
            supplier,
        };
        let words = "Consumer 888888888 has not delegated access to the scope ks:fiks to supplier 971032146.";
        assert!(
            error.description().starts_with(&format!("MP-251: {words}")),
            "{}",
            error.description()
        );
    }

    proptest! {
        #[test]
        fn what_was_sent_never_breaks_the_description(sent in ".{0,300}") {
            let description = GrantError::UnknownClient(sent).description();
            prop_assert!(description.chars().all(is_allowed));
            prop_assert!(description.len() < 400);
        }
    }
}
