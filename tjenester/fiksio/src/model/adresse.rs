//! Addresses: how a konto is found without knowing its id (fiks-io §4, §5).
//!
//! An address joins identifikatorer, protokoller and sikkerhetsnivåer; a look-up names one of each. Active addresses
//! never overlap, so a look-up finds at most one konto.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, KontoId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::errors::FiksioError;

fiks_core::uuid_id!(
    /// An address of a konto.
    AdresseId
);

/// Who is looked for: `ORG_NO.<digits>` or `NAVENHET_ID.<digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifikator {
    type_: IdentifikatorType,
    verdi: String,
}

/// What kind of number it is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdentifikatorType {
    /// Organisation number.
    OrgNo,
    /// A unit at NAV.
    NavenhetId,
}

impl Identifikator {
    /// A number of that kind: 1–32 digits.
    pub fn new(type_: IdentifikatorType, verdi: &str) -> Result<Self, FiksioError> {
        let digits = (1..=32).contains(&verdi.len()) && verdi.bytes().all(|byte| byte.is_ascii_digit());
        if digits {
            Ok(Self {
                type_,
                verdi: verdi.to_owned(),
            })
        } else {
            Err(FiksioError::UgyldigIdentifikator)
        }
    }
}

impl fmt::Display for Identifikator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let type_ = match self.type_ {
            IdentifikatorType::OrgNo => "ORG_NO",
            IdentifikatorType::NavenhetId => "NAVENHET_ID",
        };
        write!(formatter, "{type_}.{}", self.verdi)
    }
}

impl FromStr for Identifikator {
    type Err = FiksioError;

    fn from_str(text: &str) -> Result<Self, FiksioError> {
        let (type_, verdi) = text.split_once('.').ok_or(FiksioError::UgyldigIdentifikator)?;
        let type_ = match type_ {
            "ORG_NO" => IdentifikatorType::OrgNo,
            "NAVENHET_ID" => IdentifikatorType::NavenhetId,
            _ => return Err(FiksioError::UgyldigIdentifikator),
        };
        Self::new(type_, verdi)
    }
}

/// Most values of one kind that an address has, or that a request names. Real addresses have a handful.
pub const FLESTE_VERDIER: usize = 1_000;

/// What an address answers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dekning {
    /// Whom it stands for.
    pub identifikatorer: BTreeSet<Identifikator>,
    /// What is spoken there.
    pub protokoller: BTreeSet<String>,
    /// At which security levels, 1–4.
    pub nivaer: BTreeSet<i32>,
}

impl Dekning {
    /// Whether a look-up can find it: it has at least one of each.
    pub fn er_gyldig(&self) -> bool {
        !self.identifikatorer.is_empty() && !self.protokoller.is_empty() && !self.nivaer.is_empty()
    }

    /// Checks each value, and how many there are.
    pub fn check(&self) -> Result<(), FiksioError> {
        self.check_antall()?;
        self.protokoller
            .iter()
            .try_for_each(|protokoll| check_protokoll(protokoll))?;
        self.nivaer.iter().try_for_each(|niva| check_niva(*niva))
    }

    /// Checks that there are at most [`FLESTE_VERDIER`] of a kind.
    pub fn check_antall(&self) -> Result<(), FiksioError> {
        let most = self.identifikatorer.len().max(self.protokoller.len());
        if most.max(self.nivaer.len()) > FLESTE_VERDIER {
            return Err(FiksioError::ForMangeVerdier {
                grense: FLESTE_VERDIER,
            });
        }
        Ok(())
    }

    /// What both answer to; a look-up could find either when that [`Self::er_gyldig`].
    #[must_use]
    pub fn felles(&self, other: &Self) -> Self {
        Self {
            identifikatorer: self
                .identifikatorer
                .intersection(&other.identifikatorer)
                .cloned()
                .collect(),
            protokoller: self
                .protokoller
                .intersection(&other.protokoller)
                .cloned()
                .collect(),
            nivaer: self.nivaer.intersection(&other.nivaer).copied().collect(),
        }
    }
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adresse {
    /// Id.
    pub id: AdresseId,
    /// Whose it is.
    pub konto: KontoId,
    /// Shown to administrators.
    pub beskrivelse: String,
    /// Whether look-ups find it.
    pub aktiv: bool,
    /// What it answers to.
    pub dekning: Dekning,
    /// When it was made.
    pub opprettet: Timestamp,
    /// By whom.
    pub opprettet_av: String,
    /// When it was last changed.
    pub sist_endret: Timestamp,
    /// By whom.
    pub sist_endret_av: String,
}

/// An address to be made.
#[derive(Clone, Debug)]
pub struct NyAdresse {
    /// Shown to administrators.
    pub beskrivelse: String,
    /// What it answers to.
    pub dekning: Dekning,
    /// Whether look-ups find it at once.
    pub aktiv: bool,
}

/// An active address that stands in another's way, as its administrators are told (openapi `AdresseKonflikt`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdresseKonflikt {
    /// Who owns its konto.
    pub fiks_org_id: FiksOrgId,
    /// What the owner is called.
    pub fiks_org_visningsnavn: String,
    /// Its konto.
    pub konto_id: KontoId,
    /// What the konto is called.
    pub konto_navn: String,
    /// Its id.
    pub adresse_id: AdresseId,
    /// Its description.
    pub beskrivelse: String,
    /// The identifikatorer that both answer to.
    pub identifikatorer: Vec<String>,
    /// The protokoller that both answer to.
    pub meldingsprotokoller: BTreeSet<String>,
    /// The sikkerhetsnivåer that both answer to.
    pub sikkerhetsnivaer: BTreeSet<i32>,
}

/// A description of 1–200 characters: letters, digits, spaces and `_ . , / -` (openapi `AdresseBeskrivelseSpesifikasjon`).
pub fn check_beskrivelse(text: &str) -> Result<(), FiksioError> {
    let allowed = |tegn: char| tegn.is_ascii_alphanumeric() || "æøåÆØÅ_.,/- ".contains(tegn);
    let fits = (1..=200).contains(&text.chars().count());
    if fits && text.chars().all(allowed) {
        Ok(())
    } else {
        Err(FiksioError::UgyldigBeskrivelse)
    }
}

/// A protocol's name: letters, digits and dots (openapi `MeldingsprotokollSpesifikasjon`).
pub fn check_protokoll(text: &str) -> Result<(), FiksioError> {
    let allowed = |tegn: char| tegn.is_ascii_alphanumeric() || "æøåÆØÅ.".contains(tegn);
    let fits = (1..=200).contains(&text.chars().count());
    if fits && text.chars().all(allowed) {
        Ok(())
    } else {
        Err(FiksioError::UgyldigProtokoll)
    }
}

/// A security level, 1–4.
pub fn check_niva(niva: i32) -> Result<(), FiksioError> {
    if (1..=4).contains(&niva) {
        Ok(())
    } else {
        Err(FiksioError::UgyldigNiva)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dekning(numbers: &[&str], protokoller: &[&str], nivaer: &[i32]) -> Dekning {
        Dekning {
            identifikatorer: numbers
                .iter()
                .map(|number| format!("ORG_NO.{number}").parse().unwrap())
                .collect(),
            protokoller: protokoller
                .iter()
                .map(|protokoll| (*protokoll).to_owned())
                .collect(),
            nivaer: nivaer.iter().copied().collect(),
        }
    }

    #[test]
    fn an_identifikator_reads_back_what_it_writes() {
        for text in ["ORG_NO.987654321", "NAVENHET_ID.0301"] {
            assert_eq!(text.parse::<Identifikator>().unwrap().to_string(), text);
        }
        for text in ["", "ORG_NO", "ORG_NO.", "ORG_NO.12a", "FNR.1", "ORG_NO.1.2"] {
            assert!(text.parse::<Identifikator>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_valid_with_at_least_one_of_each() {
        assert!(dekning(&["1"], &["a"], &[3]).er_gyldig());
        for missing in [
            dekning(&[], &["a"], &[3]),
            dekning(&["1"], &[], &[3]),
            dekning(&["1"], &["a"], &[]),
        ] {
            assert!(!missing.er_gyldig(), "{missing:?}");
        }
    }

    #[test]
    fn values_have_the_contracts_form() {
        for protokoll in ["no.ks.fiks.arkiv", "Ærlig.Å1"] {
            assert!(check_protokoll(protokoll).is_ok(), "{protokoll}");
        }
        for protokoll in ["", "no-ks", "no ks", "no/ks", &"x".repeat(201)] {
            assert!(check_protokoll(protokoll).is_err(), "{protokoll}");
        }
        for niva in [1, 4] {
            assert!(check_niva(niva).is_ok(), "{niva}");
        }
        for niva in [0, 5, -1] {
            assert!(check_niva(niva).is_err(), "{niva}");
        }
        for beskrivelse in ["Hoved_post 1, a/b-c.", "Æøå"] {
            assert!(check_beskrivelse(beskrivelse).is_ok(), "{beskrivelse}");
        }
        for beskrivelse in ["", "a:b", "<b>", &"x".repeat(201)] {
            assert!(check_beskrivelse(beskrivelse).is_err(), "{beskrivelse}");
        }
    }

    #[test]
    fn values_are_checked_wherever_they_stand_and_bounded() {
        assert!(dekning(&["1"], &["a"], &[1, 4]).check().is_ok());
        assert!(dekning(&["1"], &["a", "b c"], &[1]).check().is_err());
        assert!(dekning(&["1"], &["a"], &[1, 5]).check().is_err());
        let numbers: Vec<String> = (0..=FLESTE_VERDIER).map(|number| number.to_string()).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert!(dekning(&numbers[1..], &[], &[]).check().is_ok());
        for too_many in [dekning(&numbers, &[], &[]), dekning(&[], &numbers, &[])] {
            assert!(matches!(
                too_many.check(),
                Err(FiksioError::ForMangeVerdier { grense: 1_000 })
            ));
        }
    }

    #[test]
    fn addresses_overlap_only_when_one_look_up_finds_both() {
        let one = dekning(&["1", "2"], &["a"], &[3]);
        assert!(one.felles(&dekning(&["2"], &["a", "b"], &[3, 4])).er_gyldig());
        assert!(!one.felles(&dekning(&["2"], &["b"], &[3])).er_gyldig());
        assert!(!one.felles(&dekning(&["2"], &["a"], &[4])).er_gyldig());
        assert!(!one.felles(&dekning(&["3"], &["a"], &[3])).er_gyldig());
    }
}
