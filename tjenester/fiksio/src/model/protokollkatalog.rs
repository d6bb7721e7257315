//! The read-only lists of message protocols (fiks-io §7, fiks-arkiv §6). The live catalogue is Fiks Protokoll's.

/// A protocol that is spoken over Fiks IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meldingsprotokoll {
    /// Name, before the version.
    pub navn: &'static str,
    /// What it is for.
    pub beskrivelse: &'static str,
    /// Where its specification is.
    pub url: &'static str,
}

/// All of them, by name.
pub const MELDINGSPROTOKOLLER: &[Meldingsprotokoll] = &[
    Meldingsprotokoll {
        navn: "no.ks.fiks.arkiv",
        beskrivelse: "Fiks Arkiv: fagsystem og arkiv utveksler saker og dokumenter",
        url: "https://github.com/ks-no/fiks-arkiv-specification",
    },
    Meldingsprotokoll {
        navn: "no.ks.fiks.matrikkelfoering",
        beskrivelse: "Fiks Matrikkelføring: føring i matrikkelen fra sak- og byggesakssystemer",
        url: "https://github.com/ks-no/fiks-matrikkelfoering-specification",
    },
    Meldingsprotokoll {
        navn: "no.ks.fiks.plan",
        beskrivelse: "Fiks Plan: oppslag og oppdatering i planregistre",
        url: "https://github.com/ks-no/fiks-plan-specification",
    },
    Meldingsprotokoll {
        navn: "no.ks.fiks.politisk.behandling",
        beskrivelse: "Fiks Politisk behandling: saker til og fra politiske utvalg",
        url: "https://github.com/ks-no/fiks-politisk-behandling-specification",
    },
    Meldingsprotokoll {
        navn: "no.ks.fiks.saksfaser",
        beskrivelse: "Fiks Saksfaser: hvor langt en sak er kommet",
        url: "https://github.com/ks-no/fiks-saksfaser-specification",
    },
];

/// The protocol of that name.
pub fn finn(navn: &str) -> Option<&'static Meldingsprotokoll> {
    MELDINGSPROTOKOLLER
        .iter()
        .find(|protokoll| protokoll.navn == navn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_listed_once_by_name_and_found_by_it() {
        assert!(MELDINGSPROTOKOLLER.is_sorted_by(|one, next| one.navn < next.navn));
        for protokoll in MELDINGSPROTOKOLLER {
            assert_eq!(finn(protokoll.navn), Some(protokoll));
            assert!(protokoll.url.starts_with("https://"), "{}", protokoll.url);
        }
        assert_eq!(finn("no.ks.fiks"), None);
    }
}
