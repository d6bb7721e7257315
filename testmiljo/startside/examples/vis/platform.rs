//! A platform that lives a little: every few seconds a message moves on.

use std::time::Duration;

use async_trait::async_trait;
use fiks_core::id::{FiksOrgId, MeldingId};
use fiks_core::{Clock, ClockHand, SecretString, Timestamp};
use fiks_startside::{
    Del, Filter, Flyt, Helse, Innsikt, Klokkestand, Kontostand, Meldingsspor, StartsideError, Tilstand,
};
use uuid::Uuid;

use crate::data::{ARKIV, BYGG, SKOLE, navn};

const HOUR: i64 = 3_600_000;

pub struct Platform {
    clock: Clock,
    hand: ClockHand,
    begun: Timestamp,
}

impl Platform {
    pub fn new() -> Self {
        let (clock, hand) = Clock::movable(0);
        Self {
            begun: clock.now(),
            clock,
            hand,
        }
    }

    /// Seconds since start on the real clock.
    fn age(&self) -> u64 {
        Timestamp::real().since(self.begun).as_secs()
    }

    fn meldinger(&self) -> Vec<Meldingsspor> {
        let mut meldinger = vec![self.moving()];
        meldinger.extend(standing(self.begun));
        for spor in &mut meldinger {
            if spor.tilstand == Tilstand::IKo && spor.utloper <= self.clock.now() {
                spor.tilstand = Tilstand::Utlopt;
                spor.sist_endret = spor.utloper;
            }
        }
        meldinger
    }

    /// A message that is queued, delivered and acknowledged, again and again.
    fn moving(&self) -> Meldingsspor {
        let round = self.age() / 12;
        let tilstand = match self.age() % 12 / 4 {
            0 => Tilstand::IKo,
            1 => Tilstand::LevertUkvittert,
            _ => Tilstand::Kvittert,
        };
        let sendt = self.begun.plus(Duration::from_secs(round * 12));
        let changed = self.begun.plus(Duration::from_secs(self.age() / 4 * 4));
        Meldingsspor {
            melding_id: Some(MeldingId(Uuid::from_u128(0xabcd_0000 + u128::from(round)))),
            sist_endret: changed,
            ..message(
                1,
                "no.ks.fiks.arkiv.v1.arkivering.arkivmelding.opprett",
                (SKOLE, ARKIV),
                tilstand,
                sendt,
            )
        }
    }
}

#[async_trait]
impl Innsikt for Platform {
    async fn helse(&self) -> Vec<Del> {
        let del = |navn: &str, adresse: Option<&str>, status, melding: &str| Del {
            navn: navn.to_owned(),
            adresse: adresse.map(str::to_owned),
            status,
            melding: melding.to_owned(),
        };
        vec![
            del("Fiks IO", None, Helse::Oppe, ""),
            del(
                "AMQP",
                Some("amqps://localhost:5671"),
                Helse::Oppe,
                "2 tilkoblinger",
            ),
            del("Maskinporten (simulert)", None, Helse::Oppe, ""),
            del("Database", Some("fiks.sqlite"), Helse::Oppe, "SQLite, WAL"),
            del(
                "Dokumentlager",
                None,
                Helse::Redusert,
                "Disken har under 1 GB ledig.",
            ),
        ]
    }

    async fn flyt(&self, filter: &Filter) -> Result<Flyt, StartsideError> {
        let meldinger = self
            .meldinger()
            .into_iter()
            .filter(|spor| filter.tilstand.is_none_or(|tilstand| tilstand == spor.tilstand))
            .filter(|spor| {
                filter
                    .konto
                    .is_none_or(|konto| [spor.avsender.id, spor.mottaker.id].contains(&konto))
            })
            .take(filter.antall)
            .collect();
        Ok(Flyt {
            meldinger,
            har_flere: false,
            kontoer: kontoer(),
        })
    }

    async fn flytt_klokke(&self, framover: Duration) -> Result<(), StartsideError> {
        self.hand.advance(framover);
        Ok(())
    }

    fn klokke(&self) -> Klokkestand {
        let foran = u64::try_from(self.clock.offset_millis()).unwrap_or(0);
        Klokkestand {
            na: self.clock.now(),
            foran: Duration::from_millis(foran),
        }
    }

    async fn token(&self, _: FiksOrgId) -> Result<SecretString, StartsideError> {
        Ok(SecretString::from("et.oppdiktet.token"))
    }
}

/// One message in each of the states that last, sent at different times before `begun`.
fn standing(begun: Timestamp) -> Vec<Meldingsspor> {
    let ago = |minutes: i64| begun.plus_millis(-60_000 * minutes);
    vec![
        Meldingsspor {
            storrelse: 5_800_000,
            har_dokumentlager: true,
            ..message(
                2,
                "no.ks.fiks.arkiv.v1.innsyn.sok",
                (ARKIV, BYGG),
                Tilstand::IKo,
                ago(3),
            )
        },
        Meldingsspor {
            forsok: 2,
            resendt: true,
            ..message(3, "ping", (BYGG, SKOLE), Tilstand::LevertUkvittert, ago(9))
        },
        message(4, "ping", (ARKIV, SKOLE), Tilstand::IKo, ago(12)),
        Meldingsspor {
            svar_pa: Some(MeldingId(Uuid::from_u128(0x0002))),
            ..message(5, "pong", (SKOLE, BYGG), Tilstand::Kvittert, ago(14))
        },
        message(
            6,
            "no.ks.fiks.gi.plan.v2.hent",
            (SKOLE, ARKIV),
            Tilstand::Avvist,
            ago(55),
        ),
        Meldingsspor {
            forsok: 3,
            ..message(7, "ping", (ARKIV, SKOLE), Tilstand::LeveringFeilet, ago(130))
        },
        Meldingsspor {
            storrelse: 0,
            ..message(8, "ping", (SKOLE, BYGG), Tilstand::Utlopt, ago(60 * 26))
        },
        Meldingsspor {
            melding_id: None,
            forklaring: "Mottakeren tar bare imot meldinger fra kontoer på listen over aksepterte avsendere."
                .to_owned(),
            ..message(9, "ping", (ARKIV, BYGG), Tilstand::SendingAvvist, ago(60 * 75))
        },
    ]
}

fn message(
    number: u128,
    kind: &str,
    between: (Uuid, Uuid),
    tilstand: Tilstand,
    sendt: Timestamp,
) -> Meldingsspor {
    Meldingsspor {
        melding_id: Some(MeldingId(Uuid::from_u128(
            0x7e57_0000_0000_4000_8000_0000_0000_0000 + number,
        ))),
        melding_type: kind.to_owned(),
        avsender: navn(between.0),
        mottaker: navn(between.1),
        storrelse: 4_213,
        har_dokumentlager: false,
        tilstand,
        sendt,
        sist_endret: sendt.plus_millis(2_000),
        utloper: sendt.plus_millis(48 * HOUR),
        forsok: u32::from(tilstand != Tilstand::IKo && tilstand != Tilstand::SendingAvvist),
        resendt: false,
        svar_pa: None,
        forklaring: String::new(),
    }
}

fn kontoer() -> Vec<Kontostand> {
    let stand = |id, organisasjon: &str| Kontostand {
        konto: navn(id),
        organisasjon: organisasjon.to_owned(),
        i_ko: 0,
        ukvitterte: 0,
        konsumenter: 1,
        prefetch: Some(10),
        har_offentlig_nokkel: true,
        advarsler: Vec::new(),
    };
    vec![
        stand(ARKIV, "Testvik kommune"),
        Kontostand {
            i_ko: 1,
            konsumenter: 0,
            har_offentlig_nokkel: false,
            ..stand(BYGG, "Testvik kommune")
        },
        Kontostand {
            i_ko: 1,
            ukvitterte: 10,
            ..stand(SKOLE, "Prøveby kommune")
        },
    ]
}
