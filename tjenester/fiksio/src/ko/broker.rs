//! All queues of this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use fiks_amqp::ShortText;
use fiks_core::id::KontoId;
use fiks_core::{Clock, Random};
use fiks_database::Database;
use parking_lot::RwLock;
use tokio::sync::watch;

use super::ende::{Ender, Utfall};
use super::henting;
use super::konto_ko::{Konsument, KontoKo, Levering};
use super::merking::Merking;
use super::utlop::Utlop;
use crate::egenskaper::egenskaper;
use crate::errors::FiksioError;
use crate::model::ko::{Behov, Klar, Plass};
use crate::model::melding::{Melding, Tilstand};
use crate::store::melding as store;

/// Before the konto id in a queue's name (fiks-io §8.3).
const KO_NAVN: &str = "fiksio.konto.";

/// The queues. Cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    random: Random,
    koer: RwLock<HashMap<KontoId, Arc<KontoKo>>>,
    ender: Ender,
    merking: Merking,
    utlop: Utlop,
    stopping: AtomicBool,
}

impl Broker {
    /// Queues on that database. [`Self::run`] keeps them going.
    pub fn new(database: Database, clock: Clock, random: Random) -> Self {
        Self(Arc::new(Inner {
            database,
            clock,
            random,
            koer: RwLock::default(),
            ender: Ender::default(),
            merking: Merking::default(),
            utlop: Utlop::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    /// Stores outcomes, marks deliveries and ends what runs out, until `stop` becomes true and every outcome
    /// handed in by then is stored.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.store_ends(stop.clone()),
            self.mark_deliveries(stop.clone()),
            self.expire(stop)
        );
    }

    /// From now on a lost connection is our doing and not a failed delivery.
    pub fn begin_stopping(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// The name of a konto's queue, also the routing key of its deliveries.
    pub fn queue_name(konto: KontoId) -> String {
        format!("{KO_NAVN}{konto}")
    }

    /// The konto whose queue has that name.
    pub fn konto_of(queue: &str) -> Option<KontoId> {
        let konto: KontoId = queue.strip_prefix(KO_NAVN)?.parse().ok()?;
        (Self::queue_name(konto) == queue).then_some(konto)
    }

    /// Adds a consumer to a konto's queue.
    pub fn konsumer(&self, konto: KontoId) -> Konsument {
        let mut koer = self.0.koer.write();
        let ko = koer.entry(konto).or_insert_with(|| ny(konto));
        Konsument::new(self.clone(), ko.clone())
    }

    /// Consumers on a konto's queue now.
    pub fn antall_konsumenter(&self, konto: KontoId) -> usize {
        self.find(konto).map_or(0, |ko| ko.konsumenter())
    }

    /// Deliveries of a konto without an answer.
    pub fn antall_ukvitterte(&self, konto: KontoId) -> usize {
        self.find(konto).map_or(0, |ko| ko.state.lock().ko.antall_ute())
    }

    /// How many messages wait for a konto, those with a consumer included. What was just acknowledged no longer counts,
    /// also while that is being stored.
    pub async fn antall_meldinger(&self, konto: KontoId) -> Result<u64, FiksioError> {
        // Named and not only counted: some of them may be stored before the table is read.
        let ending = self
            .find(konto)
            .map_or_else(Vec::new, |ko| ko.state.lock().ko.avsluttes());
        Ok(store::count(self.0.database.reader(), konto, &ending).await?)
    }

    /// Whether a message is with a consumer now.
    pub fn er_ute(&self, konto: KontoId, plass: Plass) -> bool {
        self.find(konto)
            .is_some_and(|ko| ko.state.lock().ko.er_ute(plass))
    }

    /// A message has been stored. Called in the order of commits.
    pub fn ankom(&self, plass: Plass, melding: &Melding, data: Bytes) {
        self.0.utlop.ankom(melding.utloper());
        let Some(ko) = self.find(melding.spesifikasjon.mottaker) else {
            return;
        };
        match klar(melding, data, false, 0) {
            Ok(klar) => ko.ankom(plass, klar),
            // Checked when it was sent; the fetch meets it again and says so.
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                plass,
                "message not encodable"
            ),
        }
    }

    /// The konto is gone: its consumers are told, its messages are no longer anyone's.
    pub fn slett(&self, konto: KontoId) {
        if let Some(ko) = self.0.koer.write().remove(&konto) {
            ko.delete();
        }
    }

    /// Ends the first waiting message that is not with a consumer. `None` when there is none.
    pub async fn avslutt_forste(
        &self,
        konto: KontoId,
        slutt: Tilstand,
    ) -> Result<Option<store::LagretMelding>, FiksioError> {
        while let Some(first) = self.forste(konto).await? {
            if self.avslutt_denne(konto, first.plass, slutt).await? {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }

    /// Ends that waiting message. False when it is with a consumer or has ended already.
    pub async fn avslutt_denne(
        &self,
        konto: KontoId,
        plass: Plass,
        slutt: Tilstand,
    ) -> Result<bool, FiksioError> {
        Ok(self.krev(konto, plass) && self.end_claimed(vec![(konto, plass)], slutt).await? > 0)
    }

    /// The first waiting message that is not with a consumer.
    pub async fn forste(&self, konto: KontoId) -> Result<Option<store::LagretMelding>, FiksioError> {
        const PAGE: u64 = 100;
        let (ko, now) = (self.find(konto), self.0.clock.now());
        let mut after = 0;
        loop {
            let page = store::after(self.0.database.reader(), konto, after, PAGE).await?;
            let Some(last) = page.last().map(|last| last.plass) else {
                return Ok(None);
            };
            after = last;
            let busy = |plass| ko.as_ref().is_some_and(|ko| ko.state.lock().ko.opptatt(plass));
            let first = page
                .into_iter()
                .find(|row| row.melding.utloper() > now && !busy(row.plass));
            if first.is_some() {
                return Ok(first);
            }
        }
    }

    /// Claims a waiting message for its end. False when it is with a consumer or already claimed. A queue that is not
    /// in memory comes there with the claim, so that a consumer that joins before the end is stored does not get the
    /// message.
    pub(super) fn krev(&self, konto: KontoId, plass: Plass) -> bool {
        let mut koer = self.0.koer.write();
        let ko = koer.entry(konto).or_insert_with(|| ny(konto));
        ko.state.lock().ko.krev(plass)
    }

    pub(super) fn find(&self, konto: KontoId) -> Option<Arc<KontoKo>> {
        self.0.koer.read().get(&konto).cloned()
    }

    pub(super) fn forget_if_idle(&self, konto: KontoId) {
        let mut koer = self.0.koer.write();
        if koer.get(&konto).is_some_and(|ko| ko.is_idle()) {
            koer.remove(&konto);
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    pub(super) fn hent(&self, ko: Arc<KontoKo>, behov: Behov) {
        tokio::spawn(henting::hent(self.clone(), ko, behov));
    }

    pub(super) fn avslutt(&self, utfall: Vec<Utfall>) {
        self.0.ender.add(utfall);
    }

    pub(super) fn merk_senere(&self, now: Instant, ko: &KontoKo, plasser: &[Plass]) {
        self.0.merking.add(now, ko.konto, plasser);
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn random(&self) -> &Random {
        &self.0.random
    }

    pub(super) fn ender(&self) -> &Ender {
        &self.0.ender
    }

    pub(super) fn merking(&self) -> &Merking {
        &self.0.merking
    }

    pub(super) fn utlop(&self) -> &Utlop {
        &self.0.utlop
    }
}

fn ny(konto: KontoId) -> Arc<KontoKo> {
    Arc::new(KontoKo::new(konto, routing_key(konto)))
}

fn routing_key(konto: KontoId) -> ShortText {
    // 49 bytes: always a short string.
    ShortText::new(Broker::queue_name(konto)).unwrap_or_default()
}

/// What memory keeps of a message.
pub(super) fn klar(
    melding: &Melding,
    data: Bytes,
    levert: bool,
    forsok: i32,
) -> Result<Klar<Levering>, fiks_amqp::Error> {
    let egenskaper = egenskaper(melding)?;
    let bytes = data.len() + egenskaper.as_bytes().len();
    Ok(Klar {
        utloper: melding.utloper(),
        forsok,
        bytes,
        levering: Levering {
            egenskaper,
            data,
            levert,
        },
    })
}
