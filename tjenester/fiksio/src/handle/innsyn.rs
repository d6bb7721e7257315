//! The message flow, for operators and the start page: who sends what to whom, and what became of it. Never payloads.

use fiks_core::id::KontoId;

use super::{Avslag, Fiksio};
use crate::errors::FiksioError;
use crate::model::konto::Konto;
use crate::store::melding::LagretMelding;
use crate::store::{konto as konto_store, melding as store};

/// What is known of a message.
#[derive(Clone, Debug)]
pub struct Spor {
    /// The message.
    pub lagret: LagretMelding,
    /// Whether it is with a consumer now.
    pub hos_konsument: bool,
}

/// A konto's queue at this moment.
#[derive(Clone, Debug)]
pub struct Ko {
    /// The konto.
    pub konto: Konto,
    /// Messages that wait, those with a consumer included.
    pub meldinger: u64,
    /// Messages with a consumer.
    pub ukvitterte: u64,
    /// Consumers.
    pub konsumenter: u64,
}

impl Fiksio {
    /// The latest messages of all kontoer or of one, newest first, at most `limit`. For the platform itself.
    pub async fn siste_meldinger(
        &self,
        konto: Option<KontoId>,
        limit: u64,
    ) -> Result<Vec<Spor>, FiksioError> {
        let rows = store::latest(self.grunn().database.reader(), konto, limit).await?;
        let trace = |lagret: LagretMelding| {
            let hos_konsument = self
                .broker()
                .er_ute(lagret.melding.spesifikasjon.mottaker, lagret.plass);
            Spor {
                lagret,
                hos_konsument,
            }
        };
        Ok(rows.into_iter().map(trace).collect())
    }

    /// The latest refused sends, newest first. For the platform itself.
    pub fn siste_avslag(&self) -> Vec<Avslag> {
        self.0.avslag.latest()
    }

    /// The queues of all kontoer. For the platform itself.
    pub async fn koer(&self) -> Result<Vec<Ko>, FiksioError> {
        let kontoer = konto_store::search(self.grunn().database.reader(), None, None).await?;
        let mut koer = Vec::with_capacity(kontoer.len());
        for konto in kontoer {
            let broker = self.broker();
            koer.push(Ko {
                meldinger: broker.antall_meldinger(konto.id).await?,
                ukvitterte: u64::try_from(broker.antall_ukvitterte(konto.id)).unwrap_or(u64::MAX),
                konsumenter: u64::try_from(broker.antall_konsumenter(konto.id)).unwrap_or(u64::MAX),
                konto,
            });
        }
        Ok(koer)
    }
}
