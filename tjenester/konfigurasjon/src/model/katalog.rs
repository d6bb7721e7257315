//! The services of the platform, the types of ressurser and the privileges: the same in every installation,
//! therefore in code. A new service adds its rows here.

use serde::Serialize;
use utoipa::ToSchema;

use super::organisasjon::Organisasjonstype;
use crate::errors::{KonfigurasjonError, PRIVILEGIUM_UKJENT, TJENESTE_UKJENT};

/// Implies every privilege on the ressurs and on all below it.
pub const ADMIN: &str = "ADMIN";
/// Administer a service or a konto.
pub const FIKS_KONFIGURER: &str = "FIKS.KONFIGURER";
/// Send from a konto.
pub const FIKSIO_SENDE: &str = "FIKSIO.SENDE";
/// Receive on a konto.
pub const FIKSIO_MOTTA: &str = "FIKSIO.MOTTA";

/// Type of the one ressurs above all others.
pub const TYPE_ROOT: &str = "ROOT";
/// Type of an organisation's ressurs, which has the organisation's id.
pub const TYPE_ORGANISASJON: &str = "FIKS_ORGANISASJON";

/// Who can hold a privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Aktortype {
    /// A person.
    Person,
    /// An integration.
    Integrasjon,
}

/// Something that a grant lets its aktor do.
#[derive(Debug)]
pub struct Privilegium {
    /// Unique, in capitals.
    pub navn: &'static str,
    /// For people, in Norwegian.
    pub visningsnavn: &'static str,
    /// What it gives, in Norwegian.
    pub hjelpetekst: &'static str,
    /// Who can hold it.
    pub aktorer: &'static [Aktortype],
    /// The types of ressurser on which it has an effect; `None` is every type. A grant may stand on any of them or
    /// above.
    ressurstyper: Option<&'static [&'static str]>,
}

/// A service that organisations can take into use.
#[derive(Debug)]
pub struct Tjeneste {
    /// Unique, in capitals.
    pub kode: &'static str,
    /// For people.
    pub navn: &'static str,
    /// What it does, in Norwegian.
    pub beskrivelse: &'static str,
    /// Type of the ressurs that the service has under each organisation that uses it.
    pub ressurstype: &'static str,
    /// The types of organisations that can use it.
    pub tilgjengelig_for: &'static [Organisasjonstype],
}

/// All types of ressurser that the platform itself makes, those above first.
pub const RESSURSTYPER: &[&str] = &[
    TYPE_ROOT,
    TYPE_ORGANISASJON,
    "TJENESTE_FIKSIO",
    "TJENESTE_FIKSIO_KONTO",
    "TJENESTE_DOKUMENTLAGER",
    "TJENESTE_DOKUMENTLAGER_KONTO",
];

/// All services.
pub const TJENESTER: &[Tjeneste] = &[
    Tjeneste {
        kode: "FIKSIO",
        navn: "Fiks IO",
        beskrivelse: "Meldingsutveksling mellom fagsystemer, kryptert fra ende til ende.",
        ressurstype: "TJENESTE_FIKSIO",
        tilgjengelig_for: Organisasjonstype::KJENTE,
    },
    Tjeneste {
        kode: "DOKUMENTLAGER",
        navn: "Fiks Dokumentlager",
        beskrivelse: "Lager for store filer som andre får lenke til.",
        ressurstype: "TJENESTE_DOKUMENTLAGER",
        tilgjengelig_for: Organisasjonstype::KJENTE,
    },
];

const ALLE: &[Aktortype] = &[Aktortype::Person, Aktortype::Integrasjon];

/// All privileges.
pub const PRIVILEGIER: &[Privilegium] = &[
    Privilegium {
        navn: ADMIN,
        visningsnavn: "Administrator",
        hjelpetekst: "Gir alle privilegier på ressursen og alt under den, og rett til å gi dem til andre.",
        aktorer: ALLE,
        ressurstyper: None,
    },
    Privilegium {
        navn: FIKS_KONFIGURER,
        visningsnavn: "Konfigurere",
        hjelpetekst: "Kan opprette, endre og slette kontoer, nøkler og innstillinger i tjenesten.",
        aktorer: ALLE,
        ressurstyper: Some(&[
            "TJENESTE_FIKSIO",
            "TJENESTE_FIKSIO_KONTO",
            "TJENESTE_DOKUMENTLAGER",
            "TJENESTE_DOKUMENTLAGER_KONTO",
        ]),
    },
    Privilegium {
        navn: FIKSIO_SENDE,
        visningsnavn: "Sende meldinger",
        hjelpetekst: "Kan sende meldinger fra kontoen.",
        aktorer: &[Aktortype::Integrasjon],
        ressurstyper: Some(&["TJENESTE_FIKSIO_KONTO"]),
    },
    Privilegium {
        navn: FIKSIO_MOTTA,
        visningsnavn: "Motta meldinger",
        hjelpetekst: "Kan lese og kvittere for meldinger til kontoen.",
        aktorer: &[Aktortype::Integrasjon],
        ressurstyper: Some(&["TJENESTE_FIKSIO_KONTO"]),
    },
];

impl Privilegium {
    /// The privilege with that name, or `privilegium.ukjent` about the field of that name on the wire.
    pub fn named(navn: &str, field: &'static str) -> Result<&'static Self, KonfigurasjonError> {
        Self::find(navn).ok_or(KonfigurasjonError::invalid(&PRIVILEGIUM_UKJENT, field))
    }

    pub(crate) fn find(navn: &str) -> Option<&'static Self> {
        PRIVILEGIER.iter().find(|privilegium| privilegium.navn == navn)
    }

    /// The privileges that have an effect on ressurser of that type. For an unknown type that is `ADMIN` alone.
    pub fn on(ressurstype: &str) -> impl Iterator<Item = &'static Self> {
        PRIVILEGIER.iter().filter(move |privilegium| {
            privilegium
                .ressurstyper
                .is_none_or(|typer| typer.contains(&ressurstype))
        })
    }
}

impl Tjeneste {
    /// The service with that code.
    pub fn with_kode(kode: &str) -> Result<&'static Self, KonfigurasjonError> {
        let found = TJENESTER.iter().find(|tjeneste| tjeneste.kode == kode);
        found.ok_or(KonfigurasjonError::Refused(&TJENESTE_UKJENT))
    }
}

/// Whether ressurser of that type are made together with something else, and never by themselves: the root, an
/// organisation's, a service's.
pub fn is_managed(ressurstype: &str) -> bool {
    [TYPE_ROOT, TYPE_ORGANISASJON].contains(&ressurstype)
        || TJENESTER
            .iter()
            .any(|tjeneste| tjeneste.ressurstype == ressurstype)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::values::{IntegrasjonNavn, Kode};

    #[test]
    fn every_name_in_the_catalogue_has_the_form_that_the_wire_asks_for() {
        let plain = |text: &str| IntegrasjonNavn::parse(text, "").is_ok();
        let code = |text: &str| Kode::parse(text, "").is_ok();
        assert!(
            PRIVILEGIER
                .iter()
                .all(|one| code(one.navn) && plain(one.visningsnavn))
        );
        assert!(TJENESTER.iter().all(|one| code(one.kode) && plain(one.navn)));
        assert!(RESSURSTYPER.iter().all(|one| code(one)));
    }

    #[test]
    fn every_type_that_the_catalogue_mentions_is_one_of_its_types() {
        let mentioned = PRIVILEGIER
            .iter()
            .flat_map(|one| one.ressurstyper.unwrap_or_default())
            .copied();
        let mut mentioned = mentioned.chain(TJENESTER.iter().map(|one| one.ressurstype));
        assert!(mentioned.all(|ressurstype| RESSURSTYPER.contains(&ressurstype)));
    }

    #[test]
    fn names_and_codes_are_unique() {
        let mut names: Vec<_> = PRIVILEGIER
            .iter()
            .map(|one| one.navn)
            .chain(TJENESTER.iter().map(|one| one.kode))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_konto_has_its_own_privileges_and_admin() {
        let names: Vec<_> = Privilegium::on("TJENESTE_FIKSIO_KONTO")
            .map(|one| one.navn)
            .collect();
        assert_eq!(names, [ADMIN, FIKS_KONFIGURER, FIKSIO_SENDE, FIKSIO_MOTTA]);
        let names: Vec<_> = Privilegium::on("NOE_ANNET").map(|one| one.navn).collect();
        assert_eq!(names, [ADMIN]);
    }
}
