//! What Fiks IO does, for its own API, for AMQP and for other services. Every method takes the caller and checks what
//! it may do.

mod adresse;
mod avslag;
mod innsyn;
mod katalog;
mod konto;
mod manuell;
mod register;
mod send;

use std::sync::Arc;

use fiks_core::id::KontoId;
use fiks_core::{Clock, Random};
use fiks_database::Database;
use fiks_dokumentlager::Dokumentlager;
use fiks_identity::{Access, Caller};
use fiks_konfigurasjon::Konfigurasjon;
use tokio::sync::{Semaphore, watch};

pub use avslag::Avslag;
pub use innsyn::{Ko, Spor};
pub use katalog::{AdresseTreff, KatalogKonto, KontoStatus, Oppslag};
pub use konto::{KontoEndring, NyKonto};
pub use send::{InTransaction, Payload};

use crate::errors::FiksioError;
use crate::ko::Broker;
use crate::model::konto::Konto;
use avslag::Avslagslogg;
use register::Register;

/// Privileges on a konto (auth-og-konfigurasjon §6).
pub mod privilegium {
    /// Send from the konto.
    pub const SENDE: &str = "FIKSIO.SENDE";
    /// Receive what the konto gets.
    pub const MOTTA: &str = "FIKSIO.MOTTA";
    /// Administer the konto.
    pub const KONFIGURERE: &str = "FIKS.KONFIGURER";
}

/// Type of a konto's ressurs in the authorisation tree.
pub const RESSURSTYPE_KONTO: &str = "TJENESTE_FIKSIO_KONTO";

/// What Fiks IO stands on.
#[derive(Clone)]
pub struct Grunn {
    /// Its tables.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Ids.
    pub random: Random,
    /// Who may what.
    pub access: Access,
    /// Organisations and the authorisation tree.
    pub konfigurasjon: Konfigurasjon,
    /// Large payloads.
    pub dokumentlager: Dokumentlager,
}

/// Fiks IO. Cheap to clone.
#[derive(Clone)]
pub struct Fiksio(Arc<Inner>);

struct Inner {
    grunn: Grunn,
    broker: Broker,
    register: Register,
    avslag: Avslagslogg,
    /// Key stores that may be opened at the same time.
    nokkellagre: Arc<Semaphore>,
}

impl Fiksio {
    /// Fiks IO on that ground. [`Self::run`] keeps its queues going.
    pub fn new(grunn: Grunn) -> Self {
        let broker = Broker::new(grunn.database.clone(), grunn.clock.clone(), grunn.random.clone());
        let register = Register::new(grunn.database.clone());
        Self(Arc::new(Inner {
            grunn,
            broker,
            register,
            avslag: Avslagslogg::default(),
            nokkellagre: Arc::new(Semaphore::new(katalog::NOKKELLAGRE)),
        }))
    }

    /// Keeps the queues going until `stop` becomes true and everything handed in is stored.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        self.0.broker.run(stop).await;
    }

    /// The queues.
    pub fn broker(&self) -> &Broker {
        &self.0.broker
    }

    pub(crate) fn grunn(&self) -> &Grunn {
        &self.0.grunn
    }

    fn register(&self) -> &Register {
        &self.0.register
    }

    /// The konto with that id.
    pub(crate) async fn konto(&self, id: KontoId) -> Result<Arc<Konto>, FiksioError> {
        self.register()
            .find(id)
            .await?
            .ok_or(FiksioError::UkjentKonto { konto: id })
    }

    /// The konto, for a caller that holds the privilege on it.
    async fn konto_for(
        &self,
        caller: &Caller,
        id: KontoId,
        privilegium: &'static str,
    ) -> Result<Arc<Konto>, FiksioError> {
        let konto = self.konto(id).await?;
        self.grunn()
            .access
            .require(caller, privilegium, id.into())
            .await?;
        Ok(konto)
    }
}
