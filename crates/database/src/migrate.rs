//! Bringing the tables up to date, forwards only.

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};

use crate::database::{Database, Engine};
use crate::error::DatabaseError;
use crate::{idempotency, jobs, settings};

/// The migrations of one crate, oldest first. Their names are unique across the program.
pub type ServiceMigrations = fn() -> Vec<Box<dyn MigrationTrait>>;

/// Every migration of the program in the order in which they run: this crate's, then each service's.
pub struct Migrations(Vec<ServiceMigrations>);

/// The tables of this crate: jobs, idempotency keys, settings.
pub fn ground_migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(jobs::CreateJobs),
        Box::new(idempotency::CreateIdempotency),
        Box::new(settings::CreateSettings),
    ]
}

/// Any number; the same in every replica, so that one migrates and the others wait for it.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_lock(7463001)";

impl Migrations {
    /// The tables of this crate and those of `services`.
    pub fn new(services: impl IntoIterator<Item = ServiceMigrations>) -> Self {
        Self(
            std::iter::once(ground_migrations as ServiceMigrations)
                .chain(services)
                .collect(),
        )
    }

    /// Runs what has not run yet. Safe to call at every start and from several replicas at once.
    pub async fn run(&self, database: &Database) -> Result<(), DatabaseError> {
        let connection = database.single_connection().await?;
        let outcome = self.run_on(&connection, database.engine()).await;
        connection.close().await?;
        outcome
    }

    async fn run_on(&self, connection: &DatabaseConnection, engine: Engine) -> Result<(), DatabaseError> {
        if engine == Engine::Postgres {
            connection.execute_unprepared(ADVISORY_LOCK).await?;
        }
        Ok(self.up(connection, None).await?)
    }
}

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.0.iter().flat_map(|service| service()).collect()
    }
}

pub(crate) fn single(mut options: ConnectOptions) -> ConnectOptions {
    options.max_connections(1).sqlx_logging(false);
    options
}
