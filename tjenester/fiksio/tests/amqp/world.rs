//! Two kontoer of two organisations, and the queues at work.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use fiks_amqp::{Batch, Cancelled, Delivery, Outcome, Subscription};
use fiks_core::id::{FiksOrgId, KontoId, MeldingId};
use fiks_core::{Clock, ClockHand};
use fiks_database::testing::TestDatabase;
use fiks_fiksio::ko::Konsument;
use fiks_fiksio::model::melding::{Melding, Spesifikasjon, Tilstand};
use fiks_fiksio::{Fiksio, FiksioError, Grunn, LagretMelding};
use fiks_identity::Caller;
use fiks_identity::testing::ORGNR;
use fiks_konfigurasjon::Konfigurasjon;
use fiks_konfigurasjon::model::organisasjon::{NyOrganisasjon, Organisasjonstype};
use fiks_konfigurasjon::model::values::{Kommunenr, Navn};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ground::grunn;

pub const PLATFORM: &Caller = &Caller::Platform;
pub struct World {
    pub konfigurasjon: Konfigurasjon,
    pub fiksio: Fiksio,
    pub hand: ClockHand,
    pub org: FiksOrgId,
    /// Sends.
    pub a: KontoId,
    /// Receives.
    pub b: KontoId,
    grunn: Grunn,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    _ground: (TestDatabase, TempDir),
}

fn navn(text: &str) -> Navn {
    Navn::parse(text, "navn").unwrap()
}

async fn organisasjon(konfigurasjon: &Konfigurasjon, name: &str, kommunenr: &str) -> FiksOrgId {
    let ny = NyOrganisasjon {
        id: None,
        navn: navn(name),
        organisasjonstype: Organisasjonstype::Kommune,
        intern: false,
        kommunenr: Some(Kommunenr::parse(kommunenr, "kommunenr").unwrap()),
        orgnr: Some(ORGNR.parse().unwrap()),
    };
    konfigurasjon.opprett_organisasjon(PLATFORM, ny).await.unwrap().id
}

async fn konto(fiksio: &Fiksio, org: FiksOrgId) -> KontoId {
    let ny = fiks_fiksio::handle::NyKonto {
        fiks_org_id: org,
        navn: "En konto".to_owned(),
        forelderressurs: None,
        offentlig_nokkel: None,
        aktiv: true,
        adresser: Vec::new(),
    };
    fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id
}

fn start(grunn: &Grunn) -> (Fiksio, watch::Sender<bool>, JoinHandle<()>) {
    let (fiksio, (stop, stopped)) = (Fiksio::new(grunn.clone()), watch::channel(false));
    let running = fiksio.clone();
    let task = tokio::spawn(async move { running.run(stopped).await });
    (fiksio, stop, task)
}

impl World {
    pub async fn new(test: TestDatabase) -> Self {
        let (clock, hand) = Clock::movable(0);
        let folder = tempfile::tempdir().unwrap();
        let grunn = grunn(&test, &clock, &folder).await;
        let (fiksio, stop, running) = start(&grunn);
        let org = organisasjon(&grunn.konfigurasjon, "Bø kommune", "3815").await;
        let other = organisasjon(&grunn.konfigurasjon, "Hol kommune", "3330").await;
        Self {
            a: konto(&fiksio, other).await,
            b: konto(&fiksio, org).await,
            konfigurasjon: grunn.konfigurasjon.clone(),
            fiksio,
            hand,
            org,
            grunn,
            stop,
            running,
            _ground: (test, folder),
        }
    }

    /// Another konto of the receiving organisation.
    pub async fn konto(&self) -> KontoId {
        konto(&self.fiksio, self.org).await
    }

    /// Ends the process in an orderly way, and starts it again on the same tables.
    pub async fn restart(&mut self) {
        self.fiksio.broker().begin_stopping();
        self.stop.send_replace(true);
        (&mut self.running).await.unwrap();
        self.start();
    }

    /// The process is gone with all that it knew, and another one runs on the same tables.
    pub fn crash(&mut self) {
        self.running.abort();
        self.start();
    }

    fn start(&mut self) {
        (self.fiksio, self.stop, self.running) = start(&self.grunn);
    }

    pub fn spesifikasjon(&self, ttl: Option<i64>, headere: &[(&str, &str)]) -> Spesifikasjon {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let headere = headere.iter().map(owned).collect();
        Spesifikasjon::new(self.a, self.b, "ping".to_owned(), None, ttl, headere).unwrap()
    }

    pub async fn send(&self) -> MeldingId {
        self.send_with(None, &[]).await.id
    }

    pub async fn send_many(&self, count: usize) -> Vec<MeldingId> {
        let mut sent = Vec::new();
        for _ in 0..count {
            sent.push(self.send().await);
        }
        sent
    }

    /// Sends a message that lives for `ttl` milliseconds.
    pub async fn send_with(&self, ttl: Option<i64>, headere: &[(&str, &str)]) -> Melding {
        let spesifikasjon = self.spesifikasjon(ttl, headere);
        let sent = self.fiksio.send(PLATFORM, spesifikasjon, None, None).await;
        sent.unwrap()
    }

    pub async fn send_from_to(&self, avsender: KontoId, mottaker: KontoId) -> Result<Melding, FiksioError> {
        let spesifikasjon = Spesifikasjon {
            avsender,
            mottaker,
            ..self.spesifikasjon(None, &[])
        };
        self.fiksio.send(PLATFORM, spesifikasjon, None, None).await
    }

    pub async fn send_bytes(&self, data: Vec<u8>) -> Melding {
        let payload = futures::stream::once(async move { Ok(data.into()) });
        let payload: fiks_fiksio::handle::Payload = Box::pin(payload);
        let spesifikasjon = self.spesifikasjon(None, &[]);
        let sent = self
            .fiksio
            .send(PLATFORM, spesifikasjon, Some(payload), None)
            .await;
        sent.unwrap()
    }

    pub fn lytt(&self, konto: KontoId) -> Mottak<Konsument> {
        Mottak(Box::new(self.fiksio.broker().konsumer(konto)))
    }

    /// What is known of a message.
    pub async fn known(&self, id: MeldingId) -> Option<LagretMelding> {
        let all = self.fiksio.siste_meldinger(None, 10_000).await.unwrap();
        all.into_iter()
            .map(|spor| spor.lagret)
            .find(|lagret| lagret.melding.id == id)
    }

    /// Waits until that is what has become of a message.
    pub async fn until(&self, id: MeldingId, reached: impl Fn(&LagretMelding) -> bool) {
        let start = Instant::now();
        while !self.known(id).await.as_ref().is_some_and(&reached) {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "it does not come about"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn until_ended(&self, id: MeldingId, slutt: Tilstand) {
        self.until(id, |lagret| lagret.tilstand == slutt).await;
    }

    /// Everything that a konto was ever sent, oldest first.
    pub async fn received_by(&self, konto: KontoId) -> Vec<Melding> {
        let all = self.fiksio.siste_meldinger(Some(konto), 10_000).await.unwrap();
        let of_konto = all.into_iter().rev().map(|spor| spor.lagret.melding);
        of_konto
            .filter(|melding| melding.spesifikasjon.mottaker == konto)
            .collect()
    }
}

/// A consumer that takes one message at a time.
pub struct Mottak<S: ?Sized>(pub Box<S>);

impl<S: Subscription + ?Sized> Mottak<S> {
    /// One look for a delivery; the waker is told when it is worth looking again.
    pub fn look(&mut self, context: &mut std::task::Context<'_>) -> Poll<Result<Delivery, Cancelled>> {
        let mut batch = Batch::new(1, usize::MAX);
        let polled = self.0.poll_deliveries(context, &mut batch);
        polled.map_ok(|()| batch.deliveries()[0].clone())
    }

    /// Waits to be woken. The time is looked at first: a look at the end of it would hide that nobody woke.
    async fn answer(&mut self) -> Result<Delivery, Cancelled> {
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_secs(30)) => panic!("nothing arrived"),
            answer = poll_fn(|context| self.look(context)) => answer,
        }
    }

    pub async fn next(&mut self) -> Delivery {
        self.answer().await.expect("cancelled")
    }

    pub async fn cancelled(&mut self) {
        assert!(self.answer().await.is_err(), "not cancelled");
    }

    pub fn settle(&mut self, outcome: Outcome, delivery: &Delivery) {
        self.0.settle(outcome, &[delivery.id]);
    }
}

/// The message that a delivery is.
pub fn id_of(delivery: &Delivery) -> MeldingId {
    header(delivery, "melding-id").unwrap().parse().unwrap()
}

/// A header of a delivery, as a foreign library reads it.
pub fn header(delivery: &Delivery, name: &str) -> Option<String> {
    let bytes = delivery.properties.as_bytes();
    let (_, properties) = amq_protocol::protocol::basic::parse_properties(&bytes[..]).unwrap();
    let headers = properties.headers().clone().unwrap();
    let value = headers.inner().get(name)?.clone();
    Some(value.as_long_string().expect("not a long string").to_string())
}
