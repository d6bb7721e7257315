//! Why a message is where it is, in words: the answer to «hvorfor har ikke meldingen min kommet fram?».
//!
//! Invariant: a sentence says only what the trace and the queue's numbers show.

use fiks_web::text::count;
use fiks_web::ui::Colour;

use crate::innsikt::{Kontostand, Meldingsspor, Tilstand};

/// A message is given up after so many deliveries without acknowledgement (fiks-io §8.5).
const STORSTE_FORSOK: u32 = 3;

/// What a reader wants to know about a message's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forklaring {
    /// One or two sentences.
    pub(crate) setning: String,
    /// Who has to do something; none when nobody has.
    pub(crate) venter_pa: Option<String>,
}

impl Tilstand {
    /// The state in one or two words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IKo => "I kø",
            Self::LevertUkvittert => "Ikke kvittert",
            Self::Kvittert => "Kvittert",
            Self::Avvist => "Avvist",
            Self::Utlopt => "Utløpt",
            Self::LeveringFeilet => "Levering feilet",
            Self::SendingAvvist => "Sending avvist",
        }
    }

    pub(crate) fn colour(self) -> Colour {
        match self {
            Self::IKo => Colour::Warning,
            Self::LevertUkvittert => Colour::Info,
            Self::Kvittert => Colour::Success,
            Self::Avvist | Self::Utlopt | Self::LeveringFeilet | Self::SendingAvvist => Colour::Danger,
        }
    }
}

/// Explains a message from its trace and the receiver's queue, when that is known.
pub(crate) fn forklar(spor: &Meldingsspor, mottaker: Option<&Kontostand>) -> Forklaring {
    let navn = &spor.mottaker.navn;
    let (setning, venter) = match spor.tilstand {
        Tilstand::IKo => (i_ko(spor, mottaker), Some(navn)),
        Tilstand::LevertUkvittert => (ukvittert(spor), Some(navn)),
        Tilstand::Kvittert => (format!("«{navn}» har kvittert (ack). Meldingen er ferdig."), None),
        Tilstand::Avvist => (avvist(spor), None),
        Tilstand::Utlopt => (utlopt(spor), None),
        Tilstand::LeveringFeilet => (levering_feilet(spor), None),
        Tilstand::SendingAvvist => ("Avvist ved sending, og aldri lagt i kø.".to_owned(), None),
    };
    Forklaring {
        setning: format!("{setning} {}", spor.forklaring).trim_end().to_owned(),
        venter_pa: venter.map(|navn| format!("«{navn}»")),
    }
}

fn i_ko(spor: &Meldingsspor, mottaker: Option<&Kontostand>) -> String {
    let cause = match mottaker {
        None => "Ligger i køen og venter på en konsument.".to_owned(),
        Some(stand) => venter_i_ko(&spor.mottaker.navn, stand),
    };
    match spor.forsok {
        0 => cause,
        forsok => format!(
            "{cause} Den har kommet tilbake til køen etter leveringsforsøk {forsok} av {STORSTE_FORSOK}."
        ),
    }
}

fn venter_i_ko(navn: &str, stand: &Kontostand) -> String {
    if stand.konsumenter == 0 {
        return format!(
            "Ingen konsument er koblet til køen til «{navn}». Meldingen leveres når mottakeren kobler seg til."
        );
    }
    match stand.prefetch {
        Some(prefetch) if stand.ukvitterte >= prefetch => format!(
            "Konsumenten har {}, og prefetch ({prefetch}) er full. Den får flere når den kvitterer (ack).",
            count(stand.ukvitterte, "ukvittert melding", "ukvitterte meldinger"),
        ),
        _ if stand.i_ko > 1 => format!(
            "{} er koblet til. Køen har {}, som leveres i tur og orden.",
            count(u64::from(stand.konsumenter), "konsument", "konsumenter"),
            count(stand.i_ko, "melding", "meldinger"),
        ),
        _ => "En konsument er koblet til, og meldingen er på vei ut av køen.".to_owned(),
    }
}

fn ukvittert(spor: &Meldingsspor) -> String {
    let navn = &spor.mottaker.navn;
    let first = format!("«{navn}» har fått meldingen, men har ikke kvittert (ack).");
    if spor.forsok > 1 {
        format!(
            "{first} Dette er leveringsforsøk {} av {STORSTE_FORSOK}.",
            spor.forsok
        )
    } else {
        first
    }
}

fn avvist(spor: &Meldingsspor) -> String {
    format!(
        "«{}» avviste meldingen (nack uten requeue). Den er fjernet, og avsenderen får ingen beskjed om det.",
        spor.mottaker.navn
    )
}

/// Feedback never causes feedback (fiks-io §8.7).
fn utlopt(spor: &Meldingsspor) -> String {
    let first = "Levetiden (ttl) gikk ut før noen kvitterte.";
    if er_tilbakemelding(spor) {
        first.to_owned()
    } else {
        format!("{first} Avsenderen har fått no.ks.fiks.kvittering.tidsavbrudd.")
    }
}

fn levering_feilet(spor: &Meldingsspor) -> String {
    let first = format!("Levert {STORSTE_FORSOK} ganger uten å bli kvittert, og derfor fjernet fra køen.");
    if er_tilbakemelding(spor) {
        first
    } else {
        format!("{first} Avsenderen har fått no.ks.fiks.kvittering.serverfeil.v1.")
    }
}

fn er_tilbakemelding(spor: &Meldingsspor) -> bool {
    matches!(
        spor.melding_type.as_str(),
        "no.ks.fiks.kvittering.tidsavbrudd" | "no.ks.fiks.kvittering.serverfeil.v1"
    )
}

/// What someone should know about a konto, worst first.
pub(crate) fn advarsler(stand: &Kontostand) -> Vec<String> {
    let mut advarsler = Vec::new();
    if stand.konsumenter == 0 && stand.i_ko > 0 {
        let meldinger = count(stand.i_ko, "melding venter", "meldinger venter");
        advarsler.push(format!("{meldinger}, og ingen konsument er koblet til."));
    }
    if stand.konsumenter > 0
        && stand.i_ko > 0
        && stand
            .prefetch
            .is_some_and(|prefetch| stand.ukvitterte >= prefetch)
    {
        advarsler.push("Prefetch er full: konsumenten må kvittere før den får flere meldinger.".to_owned());
    }
    if !stand.har_offentlig_nokkel {
        advarsler.push("Kontoen har ingen offentlig nøkkel, så ingen kan kryptere til den.".to_owned());
    }
    advarsler.extend(stand.advarsler.iter().cloned());
    advarsler
}

#[cfg(test)]
mod tests {
    use fiks_core::Timestamp;
    use fiks_core::id::KontoId;
    use uuid::Uuid;

    use super::*;
    use crate::innsikt::Kontonavn;

    fn konto(navn: &str) -> Kontonavn {
        Kontonavn {
            id: KontoId(Uuid::nil()),
            navn: navn.to_owned(),
        }
    }

    fn spor(tilstand: Tilstand) -> Meldingsspor {
        Meldingsspor {
            melding_id: None,
            melding_type: "ping".to_owned(),
            avsender: konto("Skole"),
            mottaker: konto("Arkiv"),
            storrelse: 0,
            har_dokumentlager: false,
            tilstand,
            sendt: Timestamp::default(),
            sist_endret: Timestamp::default(),
            utloper: Timestamp::default(),
            forsok: 0,
            resendt: false,
            svar_pa: None,
            forklaring: String::new(),
        }
    }

    fn stand() -> Kontostand {
        Kontostand {
            konto: konto("Arkiv"),
            organisasjon: "Testvik".to_owned(),
            i_ko: 1,
            ukvitterte: 0,
            konsumenter: 1,
            prefetch: Some(10),
            har_offentlig_nokkel: true,
            advarsler: Vec::new(),
        }
    }

    fn i_ko_med(stand: &Kontostand) -> String {
        forklar(&spor(Tilstand::IKo), Some(stand)).setning
    }

    #[test]
    fn a_queue_without_a_consumer_is_the_receivers_matter() {
        let forklaring = forklar(
            &spor(Tilstand::IKo),
            Some(&Kontostand {
                konsumenter: 0,
                ..stand()
            }),
        );
        assert!(
            forklaring.setning.starts_with("Ingen konsument"),
            "{}",
            forklaring.setning
        );
        assert_eq!(forklaring.venter_pa.as_deref(), Some("«Arkiv»"));
    }

    #[test]
    fn a_full_prefetch_is_told_with_its_numbers() {
        let setning = i_ko_med(&Kontostand {
            ukvitterte: 10,
            ..stand()
        });
        assert!(
            setning.contains("10 ukvitterte meldinger, og prefetch (10) er full"),
            "{setning}"
        );
    }

    #[test]
    fn without_a_limit_the_prefetch_is_never_full() {
        let setning = i_ko_med(&Kontostand {
            ukvitterte: 1_000,
            prefetch: None,
            ..stand()
        });
        assert!(setning.contains("på vei ut"), "{setning}");
    }

    #[test]
    fn a_message_behind_others_is_told_so() {
        assert!(i_ko_med(&Kontostand { i_ko: 7, ..stand() }).contains("Køen har 7 meldinger"));
    }

    #[test]
    fn a_message_that_came_back_tells_how_often() {
        let spor = Meldingsspor {
            forsok: 2,
            ..spor(Tilstand::IKo)
        };
        assert!(
            forklar(&spor, Some(&stand()))
                .setning
                .ends_with("leveringsforsøk 2 av 3.")
        );
    }

    #[test]
    fn a_message_to_an_unknown_queue_is_explained_all_the_same() {
        assert!(
            forklar(&spor(Tilstand::IKo), None)
                .setning
                .contains("venter på en konsument")
        );
    }

    #[test]
    fn only_a_message_under_way_waits_for_someone() {
        for tilstand in Tilstand::ALL {
            let venter = forklar(&spor(tilstand), Some(&stand())).venter_pa.is_some();
            assert_eq!(
                venter,
                matches!(tilstand, Tilstand::IKo | Tilstand::LevertUkvittert),
                "{tilstand:?}"
            );
        }
    }

    #[test]
    fn the_sender_of_feedback_gets_no_feedback() {
        let told = |kind: &str, tilstand| {
            let spor = Meldingsspor {
                melding_type: kind.to_owned(),
                ..spor(tilstand)
            };
            forklar(&spor, None).setning.contains("Avsenderen har fått")
        };
        for tilstand in [Tilstand::Utlopt, Tilstand::LeveringFeilet] {
            assert!(told("ping", tilstand));
            assert!(!told("no.ks.fiks.kvittering.tidsavbrudd", tilstand));
            assert!(!told("no.ks.fiks.kvittering.serverfeil.v1", tilstand));
        }
    }

    #[test]
    fn the_platforms_own_reason_is_added() {
        let spor = Meldingsspor {
            forklaring: "Kontoen er deaktivert.".to_owned(),
            ..spor(Tilstand::SendingAvvist)
        };
        assert!(
            forklar(&spor, None)
                .setning
                .ends_with("aldri lagt i kø. Kontoen er deaktivert.")
        );
    }

    #[test]
    fn a_konto_warns_of_what_stops_its_messages() {
        assert!(advarsler(&stand()).is_empty());
        assert!(
            advarsler(&Kontostand {
                i_ko: 0,
                konsumenter: 0,
                ..stand()
            })
            .is_empty()
        );
        let stopped = Kontostand {
            konsumenter: 0,
            har_offentlig_nokkel: false,
            advarsler: vec!["Kontoen er deaktivert.".to_owned()],
            ..stand()
        };
        assert_eq!(
            advarsler(&stopped),
            [
                "1 melding venter, og ingen konsument er koblet til.",
                "Kontoen har ingen offentlig nøkkel, så ingen kan kryptere til den.",
                "Kontoen er deaktivert.",
            ]
        );
        assert_eq!(
            advarsler(&Kontostand {
                ukvitterte: 10,
                ..stand()
            })
            .len(),
            1
        );
    }
}
