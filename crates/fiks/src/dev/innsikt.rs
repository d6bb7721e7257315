//! What the start page shows of the platform.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use fiks_core::SecretString;
use fiks_core::id::{FiksOrgId, KontoId};
use fiks_fiksio::handle::{Avslag, Ko, Spor};
use fiks_fiksio::model::melding::Tilstand as Slutt;
use fiks_identity::Caller;
use fiks_klient::DevMiljo;
use fiks_startside as side;
use fiks_startside::{
    Del, Filter, Flyt, Helse, Innsikt, Klokkestand, Kontonavn, Kontostand, Meldingsspor, StartsideError,
    Tilstand,
};

use super::dev_json::{self, DevJson};
use super::testapi::TestClock;
use crate::platform::Platform;

/// More than this many messages are read when a filter drops some of them.
const READ_AHEAD: u64 = 1_000;

/// The environment as the start page sees it.
pub struct DevInnsikt {
    platform: Platform,
    clock: TestClock,
    dev_json: DevJson,
}

impl DevInnsikt {
    /// Looks at that platform.
    pub fn new(platform: Platform, clock: TestClock, dev_json: DevJson) -> Self {
        Self {
            platform,
            clock,
            dev_json,
        }
    }

    async fn database(&self) -> Del {
        let read = fiks_database::settings::read(&self.platform.database, "helse").await;
        let adresse = Some(self.dev_json.data.join("database/fiks.db").display().to_string());
        match read {
            Ok(_) => part("Database", adresse, Helse::Oppe, "SQLite, skriver med flush"),
            Err(_) => part("Database", adresse, Helse::Nede, "Databasen svarer ikke"),
        }
    }

    fn names(koer: &[Ko]) -> HashMap<KontoId, String> {
        koer.iter()
            .map(|ko| (ko.konto.id, ko.konto.navn.clone()))
            .collect()
    }

    async fn kontostand(&self, ko: &Ko) -> Result<Kontostand, StartsideError> {
        let organisasjon = self
            .platform
            .konfigurasjon
            .organisasjon(&Caller::Platform, ko.konto.fiks_org_id);
        let organisasjon = organisasjon.await.map_err(unreadable)?;
        let mut advarsler = Vec::new();
        if !ko.konto.aktiv {
            advarsler.push("Kontoen er deaktivert: ingen kan sende til den.".to_owned());
        }
        Ok(Kontostand {
            konto: Kontonavn {
                id: ko.konto.id,
                navn: ko.konto.navn.clone(),
            },
            organisasjon: organisasjon.navn.into(),
            i_ko: ko.meldinger.saturating_sub(ko.ukvitterte),
            ukvitterte: ko.ukvitterte,
            konsumenter: u32::try_from(ko.konsumenter).unwrap_or(u32::MAX),
            prefetch: None,
            har_offentlig_nokkel: ko.konto.offentlig_nokkel.is_some(),
            advarsler,
        })
    }
}

fn part(navn: &str, adresse: Option<String>, status: Helse, melding: &str) -> Del {
    Del {
        navn: navn.to_owned(),
        adresse,
        status,
        melding: melding.to_owned(),
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> StartsideError {
    StartsideError::Innsikt(Box::new(error))
}

#[async_trait]
impl Innsikt for DevInnsikt {
    async fn helse(&self) -> Vec<Del> {
        let dev = &self.dev_json;
        let amqp = |port| Some(format!("{}:{port}", dev.amqp.host));
        vec![
            part("API", Some(dev.api.http.clone()), Helse::Oppe, "HTTP"),
            part("API med TLS", Some(dev.api.https.clone()), Helse::Oppe, "HTTPS"),
            part("AMQP", amqp(dev.amqp.port), Helse::Oppe, "AMQP 0-9-1"),
            part("AMQP med TLS", amqp(dev.amqp.tls_port), Helse::Oppe, "AMQPS"),
            part(
                "Maskinporten",
                Some(dev.maskinporten.issuer.clone()),
                Helse::Oppe,
                "Simulert",
            ),
            self.database().await,
        ]
    }

    async fn flyt(&self, filter: &Filter) -> Result<Flyt, StartsideError> {
        let fiksio = &self.platform.fiksio;
        let koer = fiksio.koer().await.map_err(unreadable)?;
        let names = Self::names(&koer);
        let stored = fiksio
            .siste_meldinger(filter.konto, READ_AHEAD)
            .await
            .map_err(unreadable)?;
        let stored = stored.iter().map(|spor| from_spor(spor, &names));
        let refused = fiksio.siste_avslag();
        let refused = refused.iter().map(|avslag| from_avslag(avslag, &names));
        let mut meldinger: Vec<_> = stored
            .chain(refused)
            .filter(|spor| passes(spor, filter))
            .collect();
        meldinger.sort_by_key(|spor| std::cmp::Reverse(spor.sendt));
        let har_flere = meldinger.len() > filter.antall;
        meldinger.truncate(filter.antall);
        let mut kontoer = Vec::with_capacity(koer.len());
        for ko in &koer {
            kontoer.push(self.kontostand(ko).await?);
        }
        Ok(Flyt {
            meldinger,
            har_flere,
            kontoer,
        })
    }

    async fn flytt_klokke(&self, framover: Duration) -> Result<(), StartsideError> {
        self.clock
            .advance(framover)
            .await
            .map_err(|error| StartsideError::Innsikt(fiks_core::Problem::text(error.problem()).into()))?;
        Ok(())
    }

    fn klokke(&self) -> Klokkestand {
        let clock = self.clock.hand.clock();
        let ahead = u64::try_from(clock.offset_millis()).unwrap_or(0);
        Klokkestand {
            na: clock.now(),
            foran: Duration::from_millis(ahead),
        }
    }

    async fn token(&self, organisasjon: FiksOrgId) -> Result<SecretString, StartsideError> {
        let file = self.dev_json.data.join("dev.json");
        let miljo = DevMiljo::les(&file).map_err(unreadable)?;
        crate::commands::token::fetch(&miljo, &organisasjon.to_string())
            .await
            .map_err(|error| StartsideError::Innsikt(error.into()))
    }
}

fn passes(spor: &Meldingsspor, filter: &Filter) -> bool {
    let konto = filter
        .konto
        .is_none_or(|konto| spor.avsender.id == konto || spor.mottaker.id == konto);
    konto && filter.tilstand.is_none_or(|tilstand| spor.tilstand == tilstand)
}

fn named(id: KontoId, names: &HashMap<KontoId, String>) -> Kontonavn {
    let navn = names
        .get(&id)
        .cloned()
        .unwrap_or_else(|| "ukjent eller slettet konto".to_owned());
    Kontonavn { id, navn }
}

fn from_spor(spor: &Spor, names: &HashMap<KontoId, String>) -> Meldingsspor {
    let lagret = &spor.lagret;
    let melding = &lagret.melding;
    let forsok = u32::try_from(lagret.forsok).unwrap_or(0);
    Meldingsspor {
        melding_id: Some(melding.id),
        melding_type: melding.spesifikasjon.melding_type.clone(),
        avsender: named(melding.spesifikasjon.avsender, names),
        mottaker: named(melding.spesifikasjon.mottaker, names),
        storrelse: melding.innhold.storrelse(),
        har_dokumentlager: melding.innhold.dokument().is_some(),
        tilstand: tilstand(lagret.tilstand, spor.hos_konsument),
        sendt: melding.sendt,
        sist_endret: lagret.avsluttet.unwrap_or(melding.sendt),
        utloper: melding.utloper(),
        forsok: if spor.hos_konsument { forsok + 1 } else { forsok },
        resendt: forsok > 0,
        svar_pa: melding.spesifikasjon.svar_paa,
        forklaring: String::new(),
    }
}

fn tilstand(slutt: Slutt, hos_konsument: bool) -> Tilstand {
    match slutt {
        Slutt::IKo if hos_konsument => Tilstand::LevertUkvittert,
        Slutt::IKo => Tilstand::IKo,
        Slutt::Kvittert => Tilstand::Kvittert,
        Slutt::Avvist => Tilstand::Avvist,
        Slutt::Utlopt => Tilstand::Utlopt,
        Slutt::Feilet => Tilstand::LeveringFeilet,
    }
}

fn from_avslag(avslag: &Avslag, names: &HashMap<KontoId, String>) -> Meldingsspor {
    Meldingsspor {
        melding_id: None,
        melding_type: avslag.melding_type.clone(),
        avsender: named(avslag.avsender, names),
        mottaker: named(avslag.mottaker, names),
        storrelse: 0,
        har_dokumentlager: false,
        tilstand: Tilstand::SendingAvvist,
        sendt: avslag.tid,
        sist_endret: avslag.tid,
        utloper: avslag.tid,
        forsok: 0,
        resendt: false,
        svar_pa: None,
        forklaring: avslag.tekst.clone(),
    }
}

/// What the pages show of the environment.
pub fn oppsett(dev: &DevJson) -> side::Oppsett {
    let port_of = |url: &str| {
        url.rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or(0)
    };
    let adresse = |skjema: &str, vert: &str, port| side::Adresse {
        skjema: skjema.into(),
        vert: vert.into(),
        port,
    };
    side::Oppsett {
        versjon: crate::VERSION.to_owned(),
        adresser: side::Adresser {
            api_http: adresse("http", "127.0.0.1", port_of(&dev.api.http)),
            api_https: adresse("https", "localhost", port_of(&dev.api.https)),
            amqp: adresse("amqp", &dev.amqp.host, dev.amqp.port),
            amqps: adresse("amqps", &dev.amqp.host, dev.amqp.tls_port),
            maskinporten: side::Maskinporten {
                utsteder: dev.maskinporten.issuer.clone(),
                token: dev.maskinporten.token_endpoint.clone(),
            },
        },
        datamappe: dev.data.display().to_string(),
        dev_json: dev.data.join("dev.json").display().to_string(),
        tillit: side::Tillit {
            pem: dev.tls.ca_pem.display().to_string(),
            pkcs12: dev.tls.truststore.display().to_string(),
            passord: dev.tls.truststore_passord.clone(),
        },
        organisasjoner: dev.organisasjoner.iter().map(organisasjon).collect(),
    }
}

fn organisasjon(dev: &dev_json::Organisasjon) -> side::Organisasjon {
    side::Organisasjon {
        navn: dev.navn.clone(),
        orgnr: dev.orgnr,
        fiks_org_id: dev.fiks_org_id,
        integrasjon: side::Integrasjon {
            id: dev.integrasjon.id,
            passord: dev.integrasjon.passord.clone(),
        },
        klient_id: dev.maskinporten.client_id.clone(),
        nokkellager: side::Nokkellager {
            sti: dev.maskinporten.keystore.display().to_string(),
            passord: dev.maskinporten.keystore_passord.clone(),
            alias: dev.maskinporten.alias.clone(),
        },
        kontoer: dev.kontoer.iter().map(konto).collect(),
    }
}

fn konto(dev: &dev_json::Konto) -> side::Konto {
    side::Konto {
        id: dev.konto_id,
        navn: dev.navn.clone(),
        nokkellager: side::Nokkellager {
            sti: dev.keystore.display().to_string(),
            passord: dev.keystore_passord.clone(),
            alias: dev.alias.clone(),
        },
        privat_nokkel: dev.privat_nokkel_pem.display().to_string(),
    }
}
