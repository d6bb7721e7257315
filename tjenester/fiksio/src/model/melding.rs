//! A message: what a sender may write, what it becomes, and how it ends.
//!
//! Rules: fiks-io §3 (metadata), §8.4 (headers), §8.5–8.7 (ends and feedback).

use std::collections::BTreeMap;

use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, KontoId, MeldingId};

use crate::errors::FiksioError;

/// Lifetime of a message whose sender names none: 7 days, in milliseconds (fiks-io §3).
pub const STANDARD_TTL: i64 = 7 * 24 * 3_600_000;
/// Shortest lifetime that a sender may name, in milliseconds (fiks-io §3).
pub const KORTESTE_TTL: i64 = 1_000;
/// Payloads over this many bytes go to dokumentlager (fiks-io §9).
pub const STORSTE_I_KO: usize = 5_000_000;
/// Most bytes in one payload: 5 GB (fiks-io §9).
pub const STORSTE_INNHOLD: u64 = 5 * 1024 * 1024 * 1024;
/// Deliveries that may fail before the message is given up (fiks-io §8.5).
pub const FLESTE_FORSOK: i32 = 3;
/// The document of a large payload outlives its message by this long: 24 hours, in milliseconds (fiks-io §9).
pub const DOKUMENT_ETTER_MELDING: i64 = 24 * 3_600_000;

/// Feedback: the lifetime ran out before anyone acknowledged. No version suffix (fiks-io §8.7).
pub const TIDSAVBRUDD: &str = "no.ks.fiks.kvittering.tidsavbrudd";
/// Feedback: three deliveries failed.
pub const SERVERFEIL: &str = "no.ks.fiks.kvittering.serverfeil.v1";

/// Before the key of each header that a sender adds.
pub const EGENDEFINERT: &str = "egendefinert-header.";
/// Header that follows a dialogue, in the spelling of today's clients and in the older one (fiks-io §8.4, §15).
pub const KORRELASJON: [&str; 2] = ["klientKorrelasjonsId", "klientKorrelasjonId"];

/// A header name over AMQP is a short string of at most 255 bytes, prefix included.
const LENGSTE_NOKKEL: usize = 255 - EGENDEFINERT.len();
/// All headers together stay well inside one AMQP frame of 128 KiB.
const STORSTE_HEADERE: usize = 64 * 1024;
const LENGSTE_TYPE: usize = 255;

/// A message as its sender specifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spesifikasjon {
    /// Konto that sends.
    pub avsender: KontoId,
    /// Konto whose queue receives.
    pub mottaker: KontoId,
    /// Type, free text outside Fiks Protokoll.
    pub melding_type: String,
    /// The message that this one answers.
    pub svar_paa: Option<MeldingId>,
    /// Lifetime in milliseconds, once checked.
    pub ttl: i64,
    /// The sender's own headers.
    pub headere: BTreeMap<String, String>,
}

impl Spesifikasjon {
    /// Checks what a sender wrote; `ttl` falls back to [`STANDARD_TTL`].
    pub fn new(
        avsender: KontoId,
        mottaker: KontoId,
        melding_type: String,
        svar_paa: Option<MeldingId>,
        ttl: Option<i64>,
        headere: BTreeMap<String, String>,
    ) -> Result<Self, FiksioError> {
        check_type(&melding_type)?;
        check_headere(&headere)?;
        let ttl = ttl.unwrap_or(STANDARD_TTL);
        if ttl < KORTESTE_TTL {
            return Err(FiksioError::TtlForKort { ttl });
        }
        Ok(Self {
            avsender,
            mottaker,
            melding_type,
            svar_paa,
            ttl,
            headere,
        })
    }
}

/// A type of 1–255 bytes without control characters or surrounding spaces.
pub fn check_type(melding_type: &str) -> Result<(), FiksioError> {
    let fits = (1..=LENGSTE_TYPE).contains(&melding_type.len());
    if fits && !melding_type.chars().any(char::is_control) && melding_type.trim() == melding_type {
        return Ok(());
    }
    Err(FiksioError::UgyldigMeldingstype)
}

fn check_headere(headere: &BTreeMap<String, String>) -> Result<(), FiksioError> {
    let too_long = headere
        .keys()
        .find(|key| key.is_empty() || key.len() > LENGSTE_NOKKEL);
    if let Some(key) = too_long {
        return Err(FiksioError::HeaderForLang {
            lengde: key.len(),
            grense: LENGSTE_NOKKEL,
        });
    }
    let size: usize = headere
        .iter()
        .map(|(key, value)| key.len() + value.len() + EGENDEFINERT.len())
        .sum();
    if size > STORSTE_HEADERE {
        return Err(FiksioError::HeadereForStore {
            storrelse: size,
            grense: STORSTE_HEADERE,
        });
    }
    Ok(())
}

/// Where the payload lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Innhold {
    /// There is none.
    Intet,
    /// In the queue, that many bytes.
    IKo(u64),
    /// In dokumentlager, that many bytes.
    Dokument(DokumentId, u64),
}

impl Innhold {
    /// Bytes.
    pub fn storrelse(&self) -> u64 {
        match self {
            Self::Intet => 0,
            Self::IKo(storrelse) | Self::Dokument(_, storrelse) => *storrelse,
        }
    }

    /// The document, when it is one.
    pub fn dokument(&self) -> Option<DokumentId> {
        match self {
            Self::Dokument(dokument, _) => Some(*dokument),
            Self::Intet | Self::IKo(_) => None,
        }
    }
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Melding {
    /// New for each send.
    pub id: MeldingId,
    /// What the sender asked for.
    pub spesifikasjon: Spesifikasjon,
    /// Type of the message that this feedback is about; only on feedback.
    pub svar_til_type: Option<String>,
    /// Its payload.
    pub innhold: Innhold,
    /// When it was accepted.
    pub sendt: Timestamp,
}

impl Melding {
    /// When its lifetime ends.
    pub fn utloper(&self) -> Timestamp {
        self.sendt.plus_millis(self.spesifikasjon.ttl)
    }

    /// Whether the platform made it: nobody gets feedback about feedback (fiks-io §8.7).
    pub fn er_tilbakemelding(&self) -> bool {
        [TIDSAVBRUDD, SERVERFEIL].contains(&self.spesifikasjon.melding_type.as_str())
    }

    /// The feedback to its sender about this message having ended so, or `None` when nobody is to be told.
    pub fn tilbakemelding(&self, slutt: Tilstand, id: MeldingId, now: Timestamp) -> Option<Self> {
        let melding_type = match slutt {
            Tilstand::Utlopt => TIDSAVBRUDD,
            Tilstand::Feilet => SERVERFEIL,
            Tilstand::IKo | Tilstand::Kvittert | Tilstand::Avvist => return None,
        };
        if self.er_tilbakemelding() {
            return None;
        }
        let original = &self.spesifikasjon;
        let kept = original
            .headere
            .iter()
            .filter(|(key, _)| KORRELASJON.contains(&key.as_str()));
        Some(Self {
            id,
            spesifikasjon: Spesifikasjon {
                avsender: original.mottaker,
                mottaker: original.avsender,
                melding_type: melding_type.to_owned(),
                svar_paa: Some(self.id),
                ttl: STANDARD_TTL,
                headere: kept.map(|(key, value)| (key.clone(), value.clone())).collect(),
            },
            svar_til_type: Some(original.melding_type.clone()),
            innhold: Innhold::Intet,
            sendt: now,
        })
    }
}

/// What has become of a message. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tilstand {
    /// Waits in the queue, or is with a consumer that has not answered.
    IKo = 0,
    /// Acknowledged by its receiver.
    Kvittert = 1,
    /// Nacked without requeue: removed, and nobody is told (fiks-io §8.5).
    Avvist = 2,
    /// Its lifetime ran out; the sender was told.
    Utlopt = 3,
    /// Three deliveries failed; the sender was told.
    Feilet = 4,
}

impl Tilstand {
    /// The number in the database.
    pub const fn tall(self) -> i16 {
        self as i16
    }

    /// From the number in the database.
    pub fn fra_tall(tall: i16) -> Option<Self> {
        [
            Self::IKo,
            Self::Kvittert,
            Self::Avvist,
            Self::Utlopt,
            Self::Feilet,
        ]
        .into_iter()
        .find(|tilstand| tilstand.tall() == tall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn konto(number: u128) -> KontoId {
        KontoId(Uuid::from_u128(number))
    }

    fn spesifikasjon(ttl: Option<i64>, headere: &[(&str, &str)]) -> Result<Spesifikasjon, FiksioError> {
        let headere = headere
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Spesifikasjon::new(konto(1), konto(2), "ping".to_owned(), None, ttl, headere)
    }

    fn melding(headere: &[(&str, &str)]) -> Melding {
        Melding {
            id: MeldingId(Uuid::from_u128(10)),
            spesifikasjon: spesifikasjon(None, headere).unwrap(),
            svar_til_type: None,
            innhold: Innhold::Intet,
            sendt: Timestamp::from_millis(1_000),
        }
    }

    fn feedback(melding: &Melding, slutt: Tilstand) -> Option<Melding> {
        melding.tilbakemelding(
            slutt,
            MeldingId(Uuid::from_u128(11)),
            Timestamp::from_millis(2_000),
        )
    }

    #[test]
    fn without_ttl_a_message_lives_seven_days() {
        assert_eq!(spesifikasjon(None, &[]).unwrap().ttl, 604_800_000);
    }

    #[test]
    fn ttl_below_a_second_is_refused() {
        assert!(spesifikasjon(Some(1_000), &[]).is_ok());
        for ttl in [999, 0, -1, i64::MIN] {
            assert!(matches!(
                spesifikasjon(Some(ttl), &[]),
                Err(FiksioError::TtlForKort { .. })
            ));
        }
    }

    #[test]
    fn a_ttl_without_end_does_not_overflow() {
        let spesifikasjon = spesifikasjon(Some(i64::MAX), &[]).unwrap();
        let endless = Melding {
            spesifikasjon,
            ..melding(&[])
        };
        assert_eq!(endless.utloper(), Timestamp::from_millis(i64::MAX));
    }

    #[test]
    fn header_names_fit_a_short_string_with_their_prefix() {
        let longest = "k".repeat(235);
        assert!(spesifikasjon(None, &[(&longest, "v")]).is_ok());
        let longer = "k".repeat(236);
        assert!(matches!(
            spesifikasjon(None, &[(&longer, "v")]),
            Err(FiksioError::HeaderForLang { .. })
        ));
        assert!(matches!(
            spesifikasjon(None, &[("", "v")]),
            Err(FiksioError::HeaderForLang { .. })
        ));
    }

    #[test]
    fn headers_together_are_bounded() {
        let value = "v".repeat(STORSTE_HEADERE);
        assert!(matches!(
            spesifikasjon(None, &[("k", &value)]),
            Err(FiksioError::HeadereForStore { .. })
        ));
    }

    #[test]
    fn sizes_and_times_are_the_contracts() {
        assert_eq!((STORSTE_I_KO, STORSTE_INNHOLD), (5_000_000, 5 * (1 << 30)));
        assert_eq!((STANDARD_TTL, KORTESTE_TTL), (604_800_000, 1_000));
        assert_eq!((DOKUMENT_ETTER_MELDING, FLESTE_FORSOK), (86_400_000, 3));
    }

    #[test]
    fn types_are_free_text_outside_fiks_protokoll() {
        for melding_type in [
            "ping",
            "no.ks.fiks.arkiv.v1.ping",
            "Hei på deg!",
            TIDSAVBRUDD,
            SERVERFEIL,
        ] {
            assert!(check_type(melding_type).is_ok(), "{melding_type}");
        }
        assert!(check_type(&"x".repeat(255)).is_ok());
        assert!(check_type(&"x".repeat(256)).is_err());
    }

    #[test]
    fn an_empty_or_broken_type_is_refused() {
        for melding_type in ["", " ping", "pi\nng"] {
            let outcome = Spesifikasjon::new(
                konto(1),
                konto(2),
                melding_type.to_owned(),
                None,
                None,
                BTreeMap::new(),
            );
            assert!(
                matches!(outcome, Err(FiksioError::UgyldigMeldingstype)),
                "{melding_type:?}"
            );
        }
    }

    #[test]
    fn feedback_answers_the_original_and_copies_either_spelling_of_the_correlation() {
        for spelling in KORRELASJON {
            let original = melding(&[(spelling, "abc"), ("klientMeldingId", "x"), ("other", "y")]);
            let feedback = feedback(&original, Tilstand::Utlopt).unwrap();
            assert_eq!(feedback.spesifikasjon.melding_type, TIDSAVBRUDD);
            assert_eq!(feedback.spesifikasjon.svar_paa, Some(original.id));
            assert_eq!(feedback.svar_til_type.as_deref(), Some("ping"));
            assert_eq!(feedback.spesifikasjon.avsender, konto(2));
            assert_eq!(feedback.spesifikasjon.mottaker, konto(1));
            let headere: Vec<_> = feedback.spesifikasjon.headere.into_iter().collect();
            assert_eq!(headere, [(spelling.to_owned(), "abc".to_owned())]);
        }
    }

    #[test]
    fn there_is_no_feedback_about_feedback() {
        let about_expiry = feedback(&melding(&[]), Tilstand::Utlopt).unwrap();
        assert_eq!(feedback(&about_expiry, Tilstand::Utlopt), None);
        assert_eq!(feedback(&about_expiry, Tilstand::Feilet), None);
    }

    #[test]
    fn a_rejected_message_is_removed_silently() {
        assert_eq!(feedback(&melding(&[]), Tilstand::Avvist), None);
        assert_eq!(feedback(&melding(&[]), Tilstand::Kvittert), None);
        assert_eq!(
            feedback(&melding(&[]), Tilstand::Feilet)
                .unwrap()
                .spesifikasjon
                .melding_type,
            SERVERFEIL
        );
    }

    #[test]
    fn stored_numbers_read_back() {
        for tall in 0..=4 {
            assert_eq!(Tilstand::fra_tall(tall).unwrap().tall(), tall);
        }
        assert_eq!(Tilstand::fra_tall(5), None);
    }
}
