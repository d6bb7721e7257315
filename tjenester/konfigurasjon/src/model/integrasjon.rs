//! Integrations: the machine users (auth-og-konfigurasjon §6, §6.1).

use std::collections::BTreeSet;

use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, IntegrasjonId, Orgnr, RessursId};

use super::katalog::Privilegium;
use super::organisasjon::{replace, replace_some};
use super::values::{Beskrivelse, IntegrasjonNavn, Kode, Navn, Tag};

/// An integration, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrasjon {
    /// Its id, sent as `IntegrasjonId` with every call.
    pub id: IntegrasjonId,
    /// Whose Maskinporten tokens it is used with, often a supplier's.
    pub autorisert_orgnr: Orgnr,
    /// Its name.
    pub navn: IntegrasjonNavn,
    /// What it is for.
    pub beskrivelse: Option<Beskrivelse>,
    /// The organisation that owns it.
    pub eier: FiksOrgId,
    /// The owner's name.
    pub eier_navn: Navn,
    /// When it was made.
    pub opprettet: Timestamp,
    /// Whether every organisation sees it and can give it privileges.
    pub global: bool,
    /// Unique code; only global integrations have one.
    pub kode: Option<Kode>,
    /// Privileges that a global integration needs; each organisation still has to grant them.
    pub forespurte_privilegier: BTreeSet<String>,
    /// The services that it is meant for.
    pub tags: BTreeSet<Tag>,
    /// The ressurser that it is used with, as far as the reader may see. Gives no access.
    pub tilknyttede_ressurser: BTreeSet<RessursId>,
}

/// An integration to be made. It has no password and no privileges at first.
#[derive(Clone, Debug)]
pub struct NyIntegrasjon {
    /// Its id; `None` for a random one. Set-ups that must be repeatable choose it.
    pub id: Option<IntegrasjonId>,
    /// Whose Maskinporten tokens it is used with.
    pub autorisert_orgnr: Orgnr,
    /// The organisation that will own it.
    pub eier: FiksOrgId,
    /// Its name.
    pub navn: IntegrasjonNavn,
    /// What it is for.
    pub beskrivelse: Option<Beskrivelse>,
}

/// What an integration's owner can change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct IntegrasjonEndring {
    /// Whose Maskinporten tokens it is used with from now on.
    pub autorisert_orgnr: Option<Orgnr>,
    /// New name.
    pub navn: Option<IntegrasjonNavn>,
    /// New description.
    pub beskrivelse: Option<Beskrivelse>,
}

/// What the operator can change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct IntegrasjonRootEndring {
    /// Whether every organisation sees it.
    pub global: Option<bool>,
    /// Code; passed over for integrations that are not global.
    pub kode: Option<Kode>,
    /// Privileges that it needs; passed over for integrations that are not global.
    pub forespurte_privilegier: Option<Vec<&'static Privilegium>>,
    /// The services that it is meant for, in place of all earlier.
    pub tags: Option<Vec<Tag>>,
}

/// Which of the integrations that an organisation sees. Without ids and codes all, else those that have one of
/// them; with a tag only those that carry it.
#[derive(Clone, Debug, Default)]
pub struct IntegrasjonUtvalg {
    /// With one of these ids.
    pub ids: Vec<IntegrasjonId>,
    /// With one of these codes.
    pub koder: Vec<Kode>,
    /// That carry this tag.
    pub tag: Option<Tag>,
}

impl NyIntegrasjon {
    /// The integration as it is at first: local, tied to nothing.
    pub(crate) fn made(self, id: IntegrasjonId, eier_navn: Navn, now: Timestamp) -> Integrasjon {
        Integrasjon {
            id,
            autorisert_orgnr: self.autorisert_orgnr,
            navn: self.navn,
            beskrivelse: self.beskrivelse,
            eier: self.eier,
            eier_navn,
            opprettet: now,
            global: false,
            kode: None,
            forespurte_privilegier: BTreeSet::new(),
            tags: BTreeSet::new(),
            tilknyttede_ressurser: BTreeSet::new(),
        }
    }
}

impl IntegrasjonEndring {
    pub(crate) fn apply(self, integrasjon: &mut Integrasjon) {
        replace(&mut integrasjon.autorisert_orgnr, self.autorisert_orgnr);
        replace(&mut integrasjon.navn, self.navn);
        replace_some(&mut integrasjon.beskrivelse, self.beskrivelse);
    }
}

impl IntegrasjonRootEndring {
    /// An integration that is not, or no longer, global has neither code nor wanted privileges.
    pub(crate) fn apply(self, integrasjon: &mut Integrasjon) {
        replace(&mut integrasjon.global, self.global);
        replace(&mut integrasjon.tags, self.tags.map(BTreeSet::from_iter));
        if integrasjon.global {
            replace_some(&mut integrasjon.kode, self.kode);
            let names = |privilegier: Vec<&'static Privilegium>| {
                privilegier
                    .into_iter()
                    .map(|privilegium| privilegium.navn.to_owned())
                    .collect()
            };
            replace(
                &mut integrasjon.forespurte_privilegier,
                self.forespurte_privilegier.map(names),
            );
        } else {
            integrasjon.kode = None;
            integrasjon.forespurte_privilegier.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::katalog::FIKSIO_SENDE;
    use uuid::Uuid;

    fn integrasjon() -> Integrasjon {
        let ny = NyIntegrasjon {
            id: None,
            autorisert_orgnr: Orgnr::synthetic(1),
            eier: FiksOrgId(Uuid::nil()),
            navn: IntegrasjonNavn::parse("Sak", "navn").unwrap(),
            beskrivelse: None,
        };
        let owner = Navn::parse("Bø", "navn").unwrap();
        ny.made(IntegrasjonId(Uuid::nil()), owner, Timestamp::default())
    }

    fn global(on: bool) -> IntegrasjonRootEndring {
        IntegrasjonRootEndring {
            global: Some(on),
            kode: Some(Kode::parse("SAK", "kode").unwrap()),
            forespurte_privilegier: Some(vec![Privilegium::named(FIKSIO_SENDE, "").unwrap()]),
            tags: None,
        }
    }

    #[test]
    fn only_a_global_integration_has_a_code_and_wanted_privileges() {
        let mut one = integrasjon();
        global(false).apply(&mut one);
        assert_eq!(one, integrasjon());
        global(true).apply(&mut one);
        assert_eq!(one.kode.as_ref().map(Kode::as_str), Some("SAK"));
        assert!(one.forespurte_privilegier.contains(FIKSIO_SENDE));
        IntegrasjonRootEndring {
            global: Some(false),
            ..Default::default()
        }
        .apply(&mut one);
        assert_eq!(one, integrasjon());
    }
}
