//! A small world to test in: two municipalities, each with an integration that may do everything at its own.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use bytes::Bytes;
use fiks_amqp::{Batch, Delivery, DeliveryId, Outcome, Subscription};
use fiks_core::id::{FiksOrgId, KontoId, Orgnr, RessursId};
use fiks_core::{Clock, ClockHand, Problem, Timestamp};
use fiks_crypto::keystore::{Lifetime, self_signed};
use fiks_crypto::x509::{Identity, PrivateKey};
use fiks_database::testing::TestDatabase;
use fiks_database::{DatabaseError, ServiceMigrations};
use fiks_dokumentlager::Dokumentlager;
use fiks_fiksio::handle::{NyKonto, Payload};
use fiks_fiksio::ko::Konsument;
use fiks_fiksio::model::adresse::{Dekning, NyAdresse};
use fiks_fiksio::model::melding::{Melding, Spesifikasjon};
use fiks_fiksio::{Fiksio, FiksioError, Grunn, LagretMelding};
use fiks_identity::{Caller, Integrasjon};
use fiks_konfigurasjon::Konfigurasjon;
use fiks_konfigurasjon::model::integrasjon::NyIntegrasjon;
use fiks_konfigurasjon::model::katalog::{ADMIN, Privilegium};
use fiks_konfigurasjon::model::organisasjon::{NyOrganisasjon, Organisasjonstype};
use fiks_konfigurasjon::model::tilgang::Tilgang;
use fiks_konfigurasjon::model::values::{IntegrasjonNavn, Navn};
use futures::stream::{self, StreamExt};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ground::grunn;

pub const PLATFORM: &Caller = &Caller::Platform;
pub const MINUTE: std::time::Duration = std::time::Duration::from_mins(1);

/// The tables of Fiks IO and of what it stands on.
pub fn services() -> [ServiceMigrations; 3] {
    [
        fiks_konfigurasjon::migrations,
        fiks_dokumentlager::migrations,
        fiks_fiksio::migrations,
    ]
}

/// One of two certificates, the same for all tests.
pub fn identity(number: usize) -> &'static Identity {
    static IDENTITIES: LazyLock<Vec<Identity>> = LazyLock::new(|| {
        let lifetime = || Lifetime::days(Timestamp::real(), 30);
        let make = |name| self_signed(PrivateKey::generate().unwrap(), name, lifetime()).unwrap();
        vec![make("En"), make("To")]
    });
    &IDENTITIES[number]
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: std::fmt::Debug>(outcome: Result<T, FiksioError>) -> &'static str {
    outcome.unwrap_err().kind().code
}

/// A municipality with someone who administers it.
pub struct Kommune {
    pub id: FiksOrgId,
    /// Holds `ADMIN` on it.
    pub caller: Caller,
}

pub struct World {
    pub test: TestDatabase,
    pub fiksio: Fiksio,
    pub konfigurasjon: Konfigurasjon,
    pub dokumentlager: Dokumentlager,
    pub hand: ClockHand,
    pub bo: Kommune,
    pub hol: Kommune,
    /// Belongs to Bø, without privileges.
    pub nobody: Caller,
    grunn: Grunn,
    running: Running,
    /// Where the documents lie.
    pub folder: TempDir,
}

/// The queues at work.
struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(fiksio: &Fiksio) -> Self {
        let (stop, stopped) = watch::channel(false);
        let fiksio = fiksio.clone();
        let task = tokio::spawn(async move { fiksio.run(stopped).await });
        Self { stop, task }
    }
}

impl World {
    pub async fn new(test: TestDatabase) -> Self {
        let (clock, hand) = Clock::movable(0);
        let folder = tempfile::tempdir().unwrap();
        let grunn = grunn(&test, &clock, &folder).await;
        let (konfigurasjon, dokumentlager) = (grunn.konfigurasjon.clone(), grunn.dokumentlager.clone());
        let fiksio = Fiksio::new(grunn.clone());
        let bo = kommune(&konfigurasjon, "Bø kommune").await;
        let hol = kommune(&konfigurasjon, "Hol kommune").await;
        Self {
            nobody: integrasjon(&konfigurasjon, bo.id).await,
            running: Running::start(&fiksio),
            bo,
            hol,
            test,
            fiksio,
            konfigurasjon,
            dokumentlager,
            hand,
            grunn,
            folder,
        }
    }

    /// Returns once every outcome handed in so far is stored; the queues then go on.
    pub async fn settle(&mut self) {
        self.stop().await;
        self.running = Running::start(&self.fiksio);
    }

    async fn stop(&mut self) {
        self.running.stop.send_replace(true);
        (&mut self.running.task).await.unwrap();
    }

    /// Ends the service in an orderly way and starts it anew on the same tables. Drop the consumers first.
    pub async fn restart(&mut self) {
        self.stop_for(std::time::Duration::ZERO).await;
    }

    /// Ends the service, lets time pass, and starts it anew.
    pub async fn stop_for(&mut self, span: std::time::Duration) {
        self.stop().await;
        self.hand.advance(span);
        self.fiksio = Fiksio::new(self.grunn.clone());
        self.running = Running::start(&self.fiksio);
    }

    /// A new integration of that organisation, with a privilege somewhere.
    pub async fn caller_with(
        &self,
        eier: FiksOrgId,
        privilegium: &str,
        ressurs: impl Into<RessursId>,
    ) -> Caller {
        let caller = integrasjon(&self.konfigurasjon, eier).await;
        grant(&self.konfigurasjon, &caller, privilegium, ressurs.into()).await;
        caller
    }

    /// An active konto.
    pub async fn konto(&self, of: &Kommune) -> KontoId {
        self.fiksio
            .opprett_konto(&of.caller, ny_konto(of.id, "Arkiv"))
            .await
            .unwrap()
            .id
    }

    /// Sends a message without payload.
    pub async fn send(&self, of: &Kommune, avsender: KontoId, mottaker: KontoId) -> Melding {
        self.send_with(of, melding(avsender, mottaker), None).await
    }

    pub async fn send_with(
        &self,
        of: &Kommune,
        spesifikasjon: Spesifikasjon,
        payload: Option<Payload>,
    ) -> Melding {
        self.fiksio
            .send(&of.caller, spesifikasjon, payload, None)
            .await
            .unwrap()
    }

    /// How many messages wait for a konto.
    pub async fn antall(&self, konto: KontoId) -> u64 {
        self.fiksio.antall(PLATFORM, konto).await.unwrap()
    }

    /// Everything known of a message.
    pub async fn lagret(&self, melding: &Melding) -> LagretMelding {
        let all = self.fiksio.siste_meldinger(None, 1_000).await.unwrap();
        let found = all.into_iter().find(|spor| spor.lagret.melding.id == melding.id);
        found.unwrap().lagret
    }

    /// What waits for a konto, in order.
    pub async fn ventende(&self, konto: KontoId) -> Vec<LagretMelding> {
        let all = self.fiksio.siste_meldinger(Some(konto), 1_000).await.unwrap();
        let waiting = all
            .into_iter()
            .map(|spor| spor.lagret)
            .filter(|lagret| lagret.melding.spesifikasjon.mottaker == konto && lagret.avsluttet.is_none());
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|lagret| lagret.plass);
        waiting
    }

    pub fn konsument(&self, konto: KontoId) -> Consumer {
        Consumer(self.fiksio.broker().konsumer(konto))
    }

    /// Changes what no operation of this version changes.
    pub async fn sql(&self, statement: &'static str) {
        let changed: Result<(), DatabaseError> = self
            .test
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.execute_unprepared(statement).await?;
                    Ok(())
                })
            })
            .await;
        changed.unwrap();
    }
}

async fn kommune(konfigurasjon: &Konfigurasjon, name: &str) -> Kommune {
    let ny = NyOrganisasjon {
        id: None,
        navn: navn(name),
        organisasjonstype: Organisasjonstype::Kommune,
        intern: false,
        kommunenr: None,
        orgnr: Some(orgnr()),
    };
    let id = konfigurasjon.opprett_organisasjon(PLATFORM, ny).await.unwrap().id;
    let caller = integrasjon(konfigurasjon, id).await;
    grant(konfigurasjon, &caller, ADMIN, id.into()).await;
    Kommune { id, caller }
}

async fn integrasjon(konfigurasjon: &Konfigurasjon, eier: FiksOrgId) -> Caller {
    let ny = NyIntegrasjon {
        id: None,
        autorisert_orgnr: orgnr(),
        eier,
        navn: IntegrasjonNavn::parse("Sak", "navn").unwrap(),
        beskrivelse: None,
    };
    let made = konfigurasjon.opprett_integrasjon(PLATFORM, ny).await.unwrap();
    Caller::Integrasjon(Integrasjon {
        id: made.id,
        fiks_org_id: eier,
        autorisert_orgnr: made.autorisert_orgnr,
    })
}

async fn grant(konfigurasjon: &Konfigurasjon, caller: &Caller, privilegium: &str, ressurs: RessursId) {
    let tilgang = Tilgang {
        aktor: caller.aktor().unwrap(),
        privilegium: Privilegium::named(privilegium, "privilegium").unwrap(),
        ressurs,
    };
    konfigurasjon.tildel(PLATFORM, tilgang).await.unwrap();
}

pub fn navn(text: &str) -> Navn {
    Navn::parse(text, "navn").unwrap()
}

fn orgnr() -> Orgnr {
    "971032146".parse().unwrap()
}

/// An active konto without key and addresses.
pub fn ny_konto(fiks_org_id: FiksOrgId, navn: &str) -> NyKonto {
    NyKonto {
        fiks_org_id,
        navn: navn.to_owned(),
        forelderressurs: None,
        offentlig_nokkel: None,
        aktiv: true,
        adresser: Vec::new(),
    }
}

/// An active address.
pub fn ny_adresse(numbers: &[&str], protokoller: &[&str], nivaer: &[i32]) -> NyAdresse {
    NyAdresse {
        beskrivelse: "Hoved".to_owned(),
        dekning: dekning(numbers, protokoller, nivaer),
        aktiv: true,
    }
}

pub fn dekning(numbers: &[&str], protokoller: &[&str], nivaer: &[i32]) -> Dekning {
    Dekning {
        identifikatorer: numbers
            .iter()
            .map(|number| format!("ORG_NO.{number}").parse().unwrap())
            .collect(),
        protokoller: protokoller.iter().map(|name| (*name).to_owned()).collect(),
        nivaer: nivaer.iter().copied().collect(),
    }
}

/// The least that a message needs.
pub fn melding(avsender: KontoId, mottaker: KontoId) -> Spesifikasjon {
    Spesifikasjon::new(avsender, mottaker, "ping".to_owned(), None, None, BTreeMap::new()).unwrap()
}

/// A message that lives for a minute.
pub fn kort(avsender: KontoId, mottaker: KontoId) -> Spesifikasjon {
    Spesifikasjon {
        ttl: 60_000,
        ..melding(avsender, mottaker)
    }
}

/// A payload that arrives in pieces of at most 64 KiB.
pub fn payload(bytes: &[u8]) -> Payload {
    let pieces: Vec<_> = bytes
        .chunks(64 * 1024)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces).boxed()
}

/// Everything that a stream gives.
pub async fn whole(mut payload: Payload) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = payload.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    bytes
}

/// Content that is different at every place.
pub fn content(length: usize) -> Vec<u8> {
    let byte = |place: usize| u8::try_from((place * 7 + place / 251) % 256).unwrap();
    (0..length).map(byte).collect()
}

/// A consumer as the AMQP endpoint would have it.
pub struct Consumer(Konsument);

impl Consumer {
    /// The next delivery, once there is one.
    pub async fn next(&mut self) -> Delivery {
        poll_fn(|context| {
            let mut batch = Batch::new(1, usize::MAX);
            match self.0.poll_deliveries(context, &mut batch) {
                Poll::Ready(outcome) => {
                    outcome.expect("the queue is gone");
                    batch
                        .deliveries()
                        .first()
                        .cloned()
                        .map_or(Poll::Pending, Poll::Ready)
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Returns once the queue is gone.
    pub async fn cancelled(&mut self) {
        poll_fn(|context| {
            let mut batch = Batch::new(1, usize::MAX);
            match self.0.poll_deliveries(context, &mut batch) {
                Poll::Ready(Err(_)) => Poll::Ready(()),
                Poll::Ready(Ok(())) => panic!("a delivery from a queue that is gone"),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
    }

    pub fn settle(&mut self, outcome: Outcome, delivery: &Delivery) {
        self.0.settle(outcome, &[delivery.id]);
    }
}

/// The place that a delivery has in its queue.
pub fn plass(delivery: &Delivery) -> i64 {
    let DeliveryId(plass) = delivery.id;
    i64::try_from(plass).unwrap()
}

/// The messages in order of their places.
pub fn ids(lagrede: &[LagretMelding]) -> Vec<Arc<str>> {
    lagrede
        .iter()
        .map(|lagret| lagret.melding.id.to_string().into())
        .collect()
}
