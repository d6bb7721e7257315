//! A refusal by the platform: its status and the `ErrorMessage` body (auth-og-konfigurasjon §2.2).

use fiks_core::ErrorKind;
use serde::Deserialize;
use uuid::Uuid;

use super::{Handling, kinds};

/// Longest text of a refusal that is kept, in characters. The rest helps nobody.
const LONGEST_TEXT: usize = 1000;

/// Why the platform refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avvisning {
    /// What was asked of it.
    pub handling: Handling,
    /// The HTTP status.
    pub status: u16,
    /// The platform's text, Norwegian, with the remedy when the platform gives one.
    pub melding: Option<String>,
    /// The platform's code for this kind of failure; only our platform gives one for everything.
    pub feilkode: Option<String>,
    /// The reference to give to support (`errorId`).
    pub feil_id: Option<Uuid>,
}

/// The fields of `ErrorMessage` that say something to a caller. Gateways answer with other bodies, so all are optional.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorMessage {
    message: Option<String>,
    error_code: Option<String>,
    error_id: Option<String>,
}

impl Avvisning {
    /// Reads the body of an answer ≥ 300. A body of another form leaves the status alone to tell.
    pub(crate) fn read(handling: Handling, status: u16, body: &[u8]) -> Self {
        let message: ErrorMessage = serde_json::from_slice(body).unwrap_or_default();
        Self {
            handling,
            status,
            melding: message.message.map(cut).filter(|text| !text.is_empty()),
            feilkode: message.error_code,
            feil_id: message.error_id.and_then(|id| id.parse().ok()),
        }
    }

    /// Whether nothing was stored and a repeat is welcome (fiks-io §15).
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    pub(super) fn kind(&self) -> &'static ErrorKind {
        match self.status {
            401 => &kinds::IKKE_AUTENTISERT,
            403 => &kinds::INGEN_TILGANG,
            404 | 410 => &kinds::FINNES_IKKE,
            413 => &kinds::FOR_STORT,
            429 | 503 => &kinds::OPPTATT,
            400..=499 => &kinds::UGYLDIG,
            500..=599 => &kinds::PLATTFORMFEIL,
            _ => &kinds::UVENTET_SVAR,
        }
    }

    /// The platform's own text where it explains itself, else ours.
    pub(super) fn text(&self) -> String {
        let answer = format!("Svaret på {} var {}", self.handling.text(), self.status);
        let reference = self.feil_id.map(|id| format!(" errorId er {id}."));
        let reference = reference.unwrap_or_default();
        match (&self.melding, &self.feilkode) {
            (Some(melding), Some(feilkode)) => {
                format!("{} {answer} ({feilkode}).{reference}", with_stop(melding))
            }
            (Some(melding), None) => {
                format!("{} {answer}: {}{reference}", self.kind().text, with_stop(melding))
            }
            (None, _) => format!("{} {answer}.{reference}", self.kind().text),
        }
    }

    /// Whether the text tells what to do, as our platform's do.
    pub(super) fn has_remedy(&self) -> bool {
        self.melding.is_some() && self.feilkode.is_some()
    }
}

fn with_stop(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?', ':']) {
        ""
    } else {
        "."
    };
    format!("{text}{stop}")
}

/// The text without line breaks and control characters, at most [`LONGEST_TEXT`] characters.
pub(crate) fn cut(text: impl AsRef<str>) -> String {
    let plain = text
        .as_ref()
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Avvisning {
        Avvisning::read(Handling::Sending, status, body.as_bytes())
    }

    #[test]
    fn the_platforms_text_code_and_reference_reach_the_caller() {
        let avvisning = read(
            400,
            r#"{"timestamp": 1, "status": 400, "error": "Bad Request", "errorId": "0d2f3a4e-0000-4000-8000-000000000001",
                "path": "/x", "originalPath": null, "message": "Levetiden (ttl) er for kort", "errorCode": "melding.ttl_for_kort",
                "errorJson": {"antall": 1}}"#,
        );
        assert_eq!(avvisning.melding.as_deref(), Some("Levetiden (ttl) er for kort"));
        assert_eq!(avvisning.feilkode.as_deref(), Some("melding.ttl_for_kort"));
        let text = avvisning.text();
        assert_eq!(
            text,
            "Levetiden (ttl) er for kort. Svaret på sending av melding var 400 (melding.ttl_for_kort). \
             errorId er 0d2f3a4e-0000-4000-8000-000000000001."
        );
        assert!(avvisning.has_remedy());
    }

    #[test]
    fn a_platform_without_codes_is_explained_by_us() {
        let avvisning = read(403, r#"{"message": "Ingen tilgang til FIKS.KONFIGURER"}"#);
        let text = avvisning.text();
        assert!(text.starts_with(avvisning.kind().text), "{text}");
        assert!(
            text.ends_with("var 403: Ingen tilgang til FIKS.KONFIGURER."),
            "{text}"
        );
        assert!(!avvisning.has_remedy());
    }

    #[test]
    fn a_body_of_another_form_leaves_the_status() {
        for body in [
            "",
            "<html>Bad Gateway</html>",
            "[]",
            r#"{"message": null}"#,
            r#"{"errorId": "no uuid"}"#,
        ] {
            let avvisning = read(502, body);
            assert_eq!((avvisning.melding, avvisning.feil_id), (None, None), "{body}");
        }
    }

    #[test]
    fn each_status_has_its_kind() {
        let code = |status| read(status, "").kind().code;
        assert_eq!(code(401), "plattform.ikke_autentisert");
        assert_eq!(code(403), "plattform.ingen_tilgang");
        assert_eq!(code(404), "plattform.finnes_ikke");
        assert_eq!(code(418), "plattform.ugyldig");
        assert_eq!(code(503), "plattform.opptatt");
        assert_eq!(code(500), "plattform.feil");
        assert_eq!(code(302), "plattform.uventet_svar");
    }

    #[test]
    fn a_long_text_is_cut_and_stays_on_one_line() {
        let long = format!("{{\"message\": \"a\\n{}\"}}", "æ".repeat(5000));
        let melding = read(400, &long).melding.unwrap();
        assert_eq!(melding.chars().count(), LONGEST_TEXT);
        assert!(melding.starts_with("a æ"));
    }
}
