//! The `metadata` part (fiks-io §3).

use std::collections::BTreeMap;
use std::time::Duration;

use fiks_core::id::{KontoId, MeldingId};
use serde::Serialize;

use crate::{Feil, Melding};

/// Shortest lifetime that the platform takes.
const SHORTEST_TTL: Duration = Duration::from_secs(1);
/// Longest `Idempotency-Key` that our platform takes.
const LONGEST_KEY: usize = 255;

/// Absent values are written as `null`, as KS' Java client does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    avsender_konto_id: KontoId,
    mottaker_konto_id: KontoId,
    melding_type: &'a str,
    svar_pa_melding: Option<MeldingId>,
    ttl: Option<u64>,
    headere: &'a BTreeMap<String, String>,
}

impl<'a> Metadata<'a> {
    /// Checks what the platform would refuse only after the upload.
    pub(super) fn new(avsender: KontoId, melding: &'a Melding) -> Result<Self, Feil> {
        if melding.meldingstype.trim().is_empty() {
            return Err(Feil::UgyldigMelding("Meldingstypen er tom."));
        }
        if melding.ttl.is_some_and(|ttl| ttl < SHORTEST_TTL) {
            return Err(Feil::UgyldigMelding("Levetiden (ttl) er under ett sekund."));
        }
        if melding.headere.keys().any(String::is_empty) {
            return Err(Feil::UgyldigMelding("En header mangler navn."));
        }
        if melding
            .idempotensnokkel
            .as_deref()
            .is_some_and(|key| !is_key(key))
        {
            return Err(Feil::UgyldigMelding(
                "Idempotensnøkkelen må ha 1–255 synlige ASCII-tegn.",
            ));
        }
        Ok(Self {
            avsender_konto_id: avsender,
            mottaker_konto_id: melding.mottaker,
            melding_type: &melding.meldingstype,
            svar_pa_melding: melding.svar_pa,
            ttl: melding.ttl.map(millis),
            headere: &melding.headere,
        })
    }
}

/// What a header carries anywhere.
fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Never more than the platform's signed 64 bits.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis())
        .unwrap_or(u64::MAX)
        .min(i64::MAX.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::testing::KONTO;

    fn written(melding: &Melding) -> Value {
        serde_json::to_value(Metadata::new(KONTO, melding).unwrap()).unwrap()
    }

    #[test]
    fn absent_values_are_null() {
        let expected = json!({
            "avsenderKontoId": KONTO, "mottakerKontoId": KONTO, "meldingType": "ping",
            "svarPaMelding": null, "ttl": null, "headere": {},
        });
        assert_eq!(written(&Melding::ny(KONTO, "ping")), expected);
    }

    #[test]
    fn times_are_milliseconds_and_headers_texts() {
        let svar_pa = MeldingId(Uuid::from_u128(1));
        let melding = Melding::ny(KONTO, "pong")
            .ttl(Duration::from_mins(2))
            .svar_pa_melding(svar_pa)
            .header("sak", "1/æ");
        let written = written(&melding);
        assert_eq!(written["ttl"], json!(120_000));
        assert_eq!(
            written["svarPaMelding"],
            json!("00000000-0000-0000-0000-000000000001")
        );
        assert_eq!(written["headere"], json!({"sak": "1/æ"}));
    }

    #[test]
    fn a_lifetime_beyond_all_bounds_is_cut_to_what_the_wire_holds() {
        assert_eq!(
            written(&Melding::ny(KONTO, "ping").ttl(Duration::MAX))["ttl"],
            json!(i64::MAX)
        );
    }

    #[test]
    fn what_the_platform_would_refuse_is_refused_before_the_upload() {
        for melding in [
            Melding::ny(KONTO, " "),
            Melding::ny(KONTO, "ping").ttl(Duration::from_millis(999)),
            Melding::ny(KONTO, "ping").header("", "x"),
            Melding::ny(KONTO, "ping").idempotensnokkel(""),
            Melding::ny(KONTO, "ping").idempotensnokkel("to linjer\n"),
            Melding::ny(KONTO, "ping").idempotensnokkel("a".repeat(256)),
        ] {
            assert!(
                matches!(Metadata::new(KONTO, &melding), Err(Feil::UgyldigMelding(_))),
                "{melding:?}"
            );
        }
    }
}
