//! A fresh, empty database per test, on both engines.

use sea_orm::{ConnectionTrait, Database as Connector};
use tempfile::TempDir;
use uuid::Uuid;

use crate::database::{Database, Options};
use crate::error::DatabaseError;
use crate::migrate::{Migrations, ServiceMigrations};

/// Where the tests find a PostgreSQL server (`postgres://user:password@host:port/database`) on which they may
/// create databases.
pub const POSTGRES_ENV: &str = "FIKS_TEST_POSTGRES";

/// A database that goes away with the test.
pub struct TestDatabase {
    /// The database, migrated.
    pub database: Database,
    /// Its address, to open it a second time.
    pub address: String,
    _folder: Option<TempDir>,
}

/// An empty SQLite database with the tables of `services`.
pub async fn sqlite(services: Vec<ServiceMigrations>) -> Result<TestDatabase, DatabaseError> {
    let folder = tempfile::tempdir().map_err(|error| DatabaseError::Address(error.to_string()))?;
    let address = format!("sqlite:{}", folder.path().join("test.db").display());
    open(address, services, Some(folder)).await
}

/// An empty PostgreSQL database with the tables of `services`, or `None` (said plainly) where no server is named.
pub async fn postgres(services: Vec<ServiceMigrations>) -> Result<Option<TestDatabase>, DatabaseError> {
    let Ok(server) = std::env::var(POSTGRES_ENV) else {
        return Ok(None);
    };
    let name = format!("test_{}", Uuid::new_v4().simple());
    let admin = Connector::connect(&server).await?;
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await?;
    admin.close().await?;
    let root = server.rsplit_once('/').map_or(server.as_str(), |(root, _)| root);
    open(format!("{root}/{name}"), services, None).await.map(Some)
}

async fn open(
    address: String,
    services: Vec<ServiceMigrations>,
    folder: Option<TempDir>,
) -> Result<TestDatabase, DatabaseError> {
    let database = Database::open(&address, &Options::default()).await?;
    Migrations::new(services).run(&database).await?;
    Ok(TestDatabase {
        database,
        address,
        _folder: folder,
    })
}

/// Declares a test per engine for each behaviour in the list: `async fn name(test: TestDatabase)`.
///
/// ```ignore
/// both_engines!([my_service::migrations]; keeps_what_it_stores, refuses_doubles);
/// ```
#[macro_export]
macro_rules! both_engines {
    ($migrations:expr; $($behaviour:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour($crate::testing::sqlite(Vec::from($migrations)).await.unwrap()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $behaviour() {
                match $crate::testing::postgres(Vec::from($migrations)).await.unwrap() {
                    Some(test) => super::$behaviour(test).await,
                    None => eprintln!("not run on PostgreSQL: {} is not set", $crate::testing::POSTGRES_ENV),
                }
            })+
        }
    };
}
