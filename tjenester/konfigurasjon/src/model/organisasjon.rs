//! Organisations (auth-og-konfigurasjon §6).

use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, Orgnr};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::values::{Epost, Fodselsnummer, Kommunenr, Navn};

/// What kind of organisation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Organisasjonstype {
    /// Nobody has said.
    Ukjent,
    /// A municipality.
    Kommune,
    /// A county.
    Fylkeskommune,
    /// Owned by municipalities.
    KommunalVirksomhet,
    /// Of the state.
    StatligVirksomhet,
    /// A supplier.
    Leverandor,
}

impl Organisasjonstype {
    /// All types but `UKJENT`.
    pub const KJENTE: &'static [Self] = &[
        Self::Kommune,
        Self::Fylkeskommune,
        Self::KommunalVirksomhet,
        Self::StatligVirksomhet,
        Self::Leverandor,
    ];

    /// As on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ukjent => "UKJENT",
            Self::Kommune => "KOMMUNE",
            Self::Fylkeskommune => "FYLKESKOMMUNE",
            Self::KommunalVirksomhet => "KOMMUNAL_VIRKSOMHET",
            Self::StatligVirksomhet => "STATLIG_VIRKSOMHET",
            Self::Leverandor => "LEVERANDOR",
        }
    }

    /// The type that is written so.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        Self::KJENTE
            .iter()
            .chain([&Self::Ukjent])
            .copied()
            .find(|one| one.as_str() == text)
    }
}

/// An organisation that uses the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisasjon {
    /// Its id everywhere, also that of its ressurs.
    pub id: FiksOrgId,
    /// Its name, also that of its ressurs.
    pub navn: Navn,
    /// What kind it is.
    pub organisasjonstype: Organisasjonstype,
    /// Whether it belongs to the operator of the platform.
    pub intern: bool,
    /// For municipalities.
    pub kommunenr: Option<Kommunenr>,
    /// Its number in the national register.
    pub orgnr: Option<Orgnr>,
    /// Where the operator reaches it. Not for outsiders.
    pub epost: Vec<Epost>,
    /// Where citizens reach it.
    pub innbyggerkontakt_epost: Option<Epost>,
    /// Who is legally responsible. Not for outsiders.
    pub avtaleadmin: Option<Fodselsnummer>,
    /// Whether others may find it.
    pub synlig: bool,
    /// Whether it has completed its first set-up.
    pub konfigurert: bool,
    /// When it was made.
    pub opprettet: Timestamp,
}

/// An organisation to be made.
#[derive(Clone, Debug)]
pub struct NyOrganisasjon {
    /// Its id; `None` for a random one. Set-ups that must be repeatable choose it.
    pub id: Option<FiksOrgId>,
    /// Its name.
    pub navn: Navn,
    /// What kind it is.
    pub organisasjonstype: Organisasjonstype,
    /// Whether it belongs to the operator of the platform.
    pub intern: bool,
    /// For municipalities.
    pub kommunenr: Option<Kommunenr>,
    /// Its number in the national register.
    pub orgnr: Option<Orgnr>,
}

/// What an organisation's administrators can change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct OrganisasjonEndring {
    /// New name.
    pub navn: Option<Navn>,
    /// New addresses, in place of all earlier.
    pub epost: Option<Vec<Epost>>,
    /// New address for citizens.
    pub innbyggerkontakt_epost: Option<Epost>,
    /// New number.
    pub orgnr: Option<Orgnr>,
    /// Who is legally responsible from now on.
    pub avtaleadmin: Option<Fodselsnummer>,
    /// Whether the first set-up is complete.
    pub konfigurert: Option<bool>,
}

/// What the operator can change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct OrganisasjonRootEndring {
    /// New name.
    pub navn: Option<Navn>,
    /// New municipality number.
    pub kommunenr: Option<Kommunenr>,
    /// New number.
    pub orgnr: Option<Orgnr>,
    /// Whether others may find it.
    pub synlig: Option<bool>,
    /// Whether it belongs to the operator of the platform.
    pub intern: Option<bool>,
}

impl NyOrganisasjon {
    /// The organisation as it is at first: visible, not set up.
    pub(crate) fn made(self, id: FiksOrgId, now: Timestamp) -> Organisasjon {
        Organisasjon {
            id,
            navn: self.navn,
            organisasjonstype: self.organisasjonstype,
            intern: self.intern,
            kommunenr: self.kommunenr,
            orgnr: self.orgnr,
            epost: Vec::new(),
            innbyggerkontakt_epost: None,
            avtaleadmin: None,
            synlig: true,
            konfigurert: false,
            opprettet: now,
        }
    }
}

impl OrganisasjonEndring {
    pub(crate) fn apply(self, organisasjon: &mut Organisasjon) {
        replace(&mut organisasjon.navn, self.navn);
        replace(&mut organisasjon.epost, self.epost);
        replace_some(
            &mut organisasjon.innbyggerkontakt_epost,
            self.innbyggerkontakt_epost,
        );
        replace_some(&mut organisasjon.orgnr, self.orgnr);
        replace_some(&mut organisasjon.avtaleadmin, self.avtaleadmin);
        replace(&mut organisasjon.konfigurert, self.konfigurert);
    }
}

impl OrganisasjonRootEndring {
    pub(crate) fn apply(self, organisasjon: &mut Organisasjon) {
        replace(&mut organisasjon.navn, self.navn);
        replace_some(&mut organisasjon.kommunenr, self.kommunenr);
        replace_some(&mut organisasjon.orgnr, self.orgnr);
        replace(&mut organisasjon.synlig, self.synlig);
        replace(&mut organisasjon.intern, self.intern);
    }
}

impl Organisasjon {
    /// The same without what concerns only its own administrators.
    #[must_use]
    pub fn for_outsiders(self) -> Self {
        Self {
            epost: Vec::new(),
            avtaleadmin: None,
            ..self
        }
    }
}

/// Puts a new value in place, when there is one.
pub(super) fn replace<T>(place: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *place = new;
    }
}

/// Puts a new value in an optional place, when there is one.
pub(super) fn replace_some<T>(place: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *place = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_back_what_it_writes() {
        for one in Organisasjonstype::KJENTE
            .iter()
            .chain([&Organisasjonstype::Ukjent])
        {
            assert_eq!(Organisasjonstype::stored(one.as_str()), Some(*one));
            assert_eq!(
                serde_json::to_string(one).unwrap(),
                format!("\"{}\"", one.as_str())
            );
        }
    }

    #[test]
    fn a_change_leaves_alone_what_it_does_not_mention() {
        let new = NyOrganisasjon {
            id: None,
            navn: Navn::parse("Bø kommune", "navn").unwrap(),
            organisasjonstype: Organisasjonstype::Kommune,
            intern: false,
            kommunenr: Some(Kommunenr::parse("3815", "kommunenr").unwrap()),
            orgnr: None,
        };
        let before = new.made(FiksOrgId(uuid::Uuid::nil()), Timestamp::default());
        let mut after = before.clone();
        OrganisasjonEndring::default().apply(&mut after);
        OrganisasjonRootEndring::default().apply(&mut after);
        assert_eq!(after, before);
        OrganisasjonEndring {
            konfigurert: Some(true),
            ..Default::default()
        }
        .apply(&mut after);
        assert_eq!(
            after,
            Organisasjon {
                konfigurert: true,
                ..before
            }
        );
    }
}
