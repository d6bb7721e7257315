#![doc = include_str!("../README.md")]

mod database;
mod error;
pub mod idempotency;
pub mod jobs;
mod migrate;
pub mod settings;
#[cfg(feature = "testing")]
pub mod testing;
mod writer;

pub use database::{Database, Engine, Options};
pub use error::{DATABASE_FAILED, DatabaseError, ERRORS};
pub use futures::future::BoxFuture;
pub use migrate::{Migrations, ServiceMigrations, ground_migrations};
pub use sea_orm::DatabaseTransaction;
