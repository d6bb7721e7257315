//! Connections to the AMQP back end, as the endpoint opens them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use fiks_amqp::{
    AuthenticateError, Backend, ConsumeError, ConsumeOptions, Login, SecretString, Session, Subscription,
};
use fiks_core::id::{FiksOrgId, IntegrasjonId, RessursId};
use fiks_core::{Clock, ClockHand, ExposeSecret};
use fiks_fiksio::amqp::AmqpBackend;
use fiks_fiksio::ko::Broker;
use fiks_identity::testing::{ORGNR, good_token, hasher, validator};
use fiks_identity::{AccessChanges, Authenticator, IntegrasjonSource, StoreFailed, StoredIntegrasjon};
use fiks_konfigurasjon::Konfigurasjon;
use fiks_konfigurasjon::model::integrasjon::NyIntegrasjon;
use fiks_konfigurasjon::model::katalog::Privilegium;
use fiks_konfigurasjon::model::tilgang::Tilgang;
use fiks_konfigurasjon::model::values::IntegrasjonNavn;

use crate::world::{PLATFORM, World};

/// The back end, with a clock of its own for tokens.
pub struct Tilkobling {
    backend: AmqpBackend,
    pub source: Arc<Source>,
    pub token_time: ClockHand,
}

/// An integration and its password.
#[derive(Clone)]
pub struct Bruker {
    pub id: IntegrasjonId,
    pub passord: String,
}

/// Integrations that cannot be read for a while.
pub struct Source {
    konfigurasjon: Konfigurasjon,
    failures: AtomicU32,
}

impl Source {
    /// The next so many look-ups fail.
    pub fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl IntegrasjonSource for Source {
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        let fail = |left: u32| left.checked_sub(1);
        match self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail)
        {
            Ok(_) => Err(StoreFailed("out of order".into())),
            Err(_) => self.konfigurasjon.find(id).await,
        }
    }

    fn changes(&self) -> AccessChanges {
        self.konfigurasjon.changes()
    }
}

impl Tilkobling {
    pub fn new(world: &World) -> Self {
        let (clock, token_time) = Clock::movable(0);
        let source = Arc::new(Source {
            konfigurasjon: world.konfigurasjon.clone(),
            failures: AtomicU32::new(0),
        });
        let authenticator = Authenticator::new(validator(clock), source.clone(), hasher());
        Self {
            backend: AmqpBackend::new(world.fiksio.clone(), authenticator),
            source,
            token_time,
        }
    }

    /// Logs in as the clients do: password, one space, token.
    pub async fn logg_inn(
        &self,
        bruker: &Bruker,
        token: &str,
    ) -> Result<Arc<dyn Session>, AuthenticateError> {
        self.logg_inn_med(&bruker.id.to_string(), &format!("{} {token}", bruker.passord))
            .await
    }

    pub async fn logg_inn_med(
        &self,
        username: &str,
        secret: &str,
    ) -> Result<Arc<dyn Session>, AuthenticateError> {
        let login = Login {
            username: username.to_owned(),
            secret: SecretString::from(secret),
            peer: "127.0.0.1:1".parse().unwrap(),
        };
        self.backend.authenticate(login).await
    }

    pub async fn session(&self, bruker: &Bruker) -> Arc<dyn Session> {
        self.logg_inn(bruker, &good_token()).await.unwrap()
    }
}

pub async fn consume(
    session: &Arc<dyn Session>,
    konto: fiks_core::id::KontoId,
) -> Result<Box<dyn Subscription>, ConsumeError> {
    let queue = Broker::queue_name(konto);
    session.consume(&queue, ConsumeOptions::default()).await
}

/// A new integration of an organisation, without privileges.
pub async fn bruker(world: &World, eier: FiksOrgId) -> Bruker {
    let ny = NyIntegrasjon {
        id: None,
        autorisert_orgnr: ORGNR.parse().unwrap(),
        eier,
        navn: IntegrasjonNavn::parse("Sak", "navn").unwrap(),
        beskrivelse: None,
    };
    let made = world
        .konfigurasjon
        .opprett_integrasjon(PLATFORM, ny)
        .await
        .unwrap();
    Bruker {
        id: made.id,
        passord: nytt_passord(world, made.id).await,
    }
}

/// A new integration with `FIKSIO.MOTTA` on a ressurs.
pub async fn mottaker(world: &World, ressurs: impl Into<RessursId>) -> Bruker {
    let bruker = bruker(world, world.org).await;
    gi(world, &bruker, ressurs).await;
    bruker
}

pub async fn nytt_passord(world: &World, id: IntegrasjonId) -> String {
    let passord = world.konfigurasjon.lag_passord(PLATFORM, id).await.unwrap();
    passord.expose_secret().to_owned()
}

fn tilgang(bruker: &Bruker, ressurs: impl Into<RessursId>) -> Tilgang {
    Tilgang {
        aktor: bruker.id.into(),
        privilegium: Privilegium::named("FIKSIO.MOTTA", "privilegium").unwrap(),
        ressurs: ressurs.into(),
    }
}

pub async fn gi(world: &World, bruker: &Bruker, ressurs: impl Into<RessursId>) {
    let tilgang = tilgang(bruker, ressurs);
    world.konfigurasjon.tildel(PLATFORM, tilgang).await.unwrap();
}

pub async fn ta(world: &World, bruker: &Bruker, ressurs: impl Into<RessursId>) {
    let tilgang = tilgang(bruker, ressurs);
    world.konfigurasjon.fjern(PLATFORM, tilgang).await.unwrap();
}
