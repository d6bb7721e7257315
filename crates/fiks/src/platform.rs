//! The services, put together.

use std::sync::Arc;

use fiks_blobs::BlobStore;
use fiks_core::{Clock, ErrorKind, Random};
use fiks_database::jobs::Runner;
use fiks_database::{Database, Migrations};
use fiks_dokumentlager::Dokumentlager;
use fiks_fiksio::Fiksio;
use fiks_identity::{Authenticator, PasswordHasher, TokenValidator};
use fiks_konfigurasjon::Konfigurasjon;
use tokio::sync::watch;
use tokio::task::JoinSet;
use utoipa_axum::router::OpenApiRouter;

/// What the services stand on.
pub struct Ground {
    pub database: Database,
    pub clock: Clock,
    pub random: Random,
    pub blobs: BlobStore,
    pub passwords: PasswordHasher,
    pub tokens: TokenValidator,
}

/// Every service of the platform. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    pub database: Database,
    pub clock: Clock,
    pub konfigurasjon: Konfigurasjon,
    pub dokumentlager: Dokumentlager,
    pub fiksio: Fiksio,
    pub authenticator: Authenticator,
}

/// The tables of every service.
pub fn migrations() -> Migrations {
    Migrations::new([
        fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations,
        fiks_dokumentlager::migrations,
        fiks_fiksio::migrations,
    ])
}

/// Every kind of failure that a caller can see, for the error reference.
pub fn error_kinds() -> Vec<&'static ErrorKind> {
    let all = [
        fiks_http::ERRORS,
        fiks_identity::errors::ERRORS,
        fiks_blobs::ERRORS,
        fiks_database::ERRORS,
        fiks_crypto::ERROR_KINDS,
        fiks_konfigurasjon::ERRORS,
        fiks_dokumentlager::ERRORS,
        fiks_fiksio::ERRORS,
    ];
    all.concat()
}

impl Platform {
    /// Puts the services together on migrated tables.
    pub fn new(ground: Ground) -> Self {
        let Ground {
            database,
            clock,
            random,
            blobs,
            passwords,
            tokens,
        } = ground;
        let konfigurasjon =
            Konfigurasjon::new(database.clone(), clock.clone(), random.clone(), passwords.clone());
        let access = konfigurasjon.access();
        let authenticator = Authenticator::new(tokens, Arc::new(konfigurasjon.clone()), passwords);
        let dokumentlager = Dokumentlager::new(fiks_dokumentlager::Grunn {
            database: database.clone(),
            clock: clock.clone(),
            random: random.clone(),
            access: access.clone(),
            blobs,
        });
        let fiksio = Fiksio::new(fiks_fiksio::Grunn {
            database: database.clone(),
            clock: clock.clone(),
            random,
            access,
            konfigurasjon: konfigurasjon.clone(),
            dokumentlager: dokumentlager.clone(),
        });
        Self {
            database,
            clock,
            konfigurasjon,
            dokumentlager,
            fiksio,
            authenticator,
        }
    }

    /// The published operations of every service.
    pub fn api(&self) -> OpenApiRouter {
        OpenApiRouter::new()
            .merge(fiks_konfigurasjon::router(self.konfigurasjon.clone()))
            .merge(fiks_dokumentlager::router(self.dokumentlager.clone()))
            .merge(fiks_fiksio::router(self.fiksio.clone()))
    }

    /// What the layers around the routes need.
    pub fn http_ground(&self) -> fiks_http::Ground {
        fiks_http::Ground {
            authenticator: self.authenticator.clone(),
            database: self.database.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Starts everything that goes on in the background until `stop` becomes true.
    pub fn spawn_background(&self, tasks: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        let (fiksio, stopped) = (self.fiksio.clone(), stop.clone());
        tasks.spawn(async move { fiksio.run(stopped).await });
        tasks.spawn(fiks_fiksio::jobs::glem_gamle(self.fiksio.clone(), stop.clone()));
        let (konfigurasjon, stopped) = (self.konfigurasjon.clone(), stop.clone());
        tasks.spawn(async move { konfigurasjon.follow_replicas(stopped).await });
        let (dokumentlager, stopped) = (self.dokumentlager.clone(), stop.clone());
        tasks.spawn(async move { dokumentlager.run(stopped).await });
        let runner = fiks_dokumentlager::jobs(&self.dokumentlager).into_iter().fold(
            Runner::new(self.database.clone(), self.clock.clone()),
            |runner, (kind, handler)| runner.with(kind, handler),
        );
        tasks.spawn(runner.run(stop.clone()));
        tasks.spawn(crate::upkeep::run(
            self.database.clone(),
            self.clock.clone(),
            stop.clone(),
        ));
    }
}
