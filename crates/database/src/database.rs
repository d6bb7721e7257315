//! Opening the database, reading, and changing it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection, DatabaseTransaction, TransactionTrait};

use crate::error::DatabaseError;
use crate::migrate::single;
use crate::writer::Writer;

/// Which engine a [`Database`] runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file on this machine.
    Sqlite,
    /// A server, shared by every replica.
    Postgres,
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that read at the same time (SQLite), or all connections (PostgreSQL).
    pub connections: u32,
    /// Waits this long after each flush: shows on a fast disk how the program behaves on a slow one. Test builds
    /// and benchmarks set it; zero otherwise.
    pub flush_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            flush_delay: Duration::ZERO,
        }
    }
}

/// A handle on the database. Cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    engine: Engine,
    address: String,
    reader: DatabaseConnection,
    writer: Option<Writer>,
    commits: Arc<AtomicU64>,
}

impl Database {
    /// Opens `sqlite:<path>` (created when absent) or `postgres://…`.
    pub async fn open(address: &str, options: &Options) -> Result<Self, DatabaseError> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            Self::open_sqlite(path.trim_start_matches("//"), options).await
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            Self::open_postgres(address, options).await
        } else {
            Err(DatabaseError::Address(
                "it starts neither with sqlite: nor with postgres:".to_owned(),
            ))
        }
    }

    async fn open_sqlite(path: &str, options: &Options) -> Result<Self, DatabaseError> {
        let commits = Arc::new(AtomicU64::new(0));
        let writing = sea_orm::Database::connect(sqlite_options(path, 1, false)).await?;
        let writer = Writer::start(writing, options.flush_delay, commits.clone());
        let reader = sea_orm::Database::connect(sqlite_options(path, options.connections, true)).await?;
        Ok(Self(Arc::new(Inner {
            engine: Engine::Sqlite,
            address: path.to_owned(),
            reader,
            writer: Some(writer),
            commits,
        })))
    }

    async fn open_postgres(address: &str, options: &Options) -> Result<Self, DatabaseError> {
        let mut connect = ConnectOptions::new(address);
        connect
            .max_connections(options.connections)
            .acquire_timeout(Duration::from_secs(10))
            .sqlx_logging(false);
        let reader = sea_orm::Database::connect(connect).await?;
        Ok(Self(Arc::new(Inner {
            engine: Engine::Postgres,
            address: address.to_owned(),
            reader,
            writer: None,
            commits: Arc::new(AtomicU64::new(0)),
        })))
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// For reading only. A change made here is refused on SQLite.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Transactions committed through [`Self::write`] since the database was opened. On SQLite each is one flush.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// Makes a change, whole or not at all, and returns when it is on disk.
    ///
    /// The change goes on when the caller stops waiting. An `Err` from `change` rolls it back.
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        self.write_then(change, |_| ()).await
    }

    /// As [`Self::write`], then calls `after` with the outcome once the change is on disk, before anyone waits for
    /// a later change, and also when the caller has gone. `after` must be quick and must not block.
    pub async fn write_then<T, E, F, A>(&self, change: F, after: A) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        match &self.0.writer {
            Some(writer) => writer.submit(change, after).await,
            None => self.write_pooled(change, after).await,
        }
    }

    async fn write_pooled<T, E, F, A>(&self, change: F, after: A) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let inner = self.0.clone();
        let task = tokio::spawn(async move {
            let transaction = inner.reader.begin().await.map_err(DatabaseError::from)?;
            let change = std::panic::AssertUnwindSafe(change(&transaction)).catch_unwind();
            let outcome = change.await.map_err(|_| DatabaseError::Panicked)??;
            transaction.commit().await.map_err(DatabaseError::from)?;
            inner.commits.fetch_add(1, Ordering::Relaxed);
            after(&outcome);
            Ok(outcome)
        });
        task.await.unwrap_or_else(|_| Err(DatabaseError::Stopped.into()))
    }

    /// A connection of its own that may change anything: for migrations.
    pub(crate) async fn single_connection(&self) -> Result<DatabaseConnection, DatabaseError> {
        let options = match self.0.engine {
            Engine::Sqlite => sqlite_options(&self.0.address, 1, false),
            Engine::Postgres => ConnectOptions::new(&self.0.address),
        };
        Ok(sea_orm::Database::connect(single(options)).await?)
    }

    /// Waits for changes under way and closes every connection.
    pub async fn close(&self) -> Result<(), DatabaseError> {
        if let Some(writer) = &self.0.writer {
            writer.stop().await;
        }
        self.0.reader.close_by_ref().await?;
        Ok(())
    }
}

/// WAL with a flush on every commit: an acknowledged change survives a power cut.
fn sqlite_options(path: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut connect = ConnectOptions::new(format!("sqlite:{path}?mode=rwc"));
    connect
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .statement_cache_capacity(256);
            if read_only {
                options.pragma("query_only", "ON")
            } else {
                options
            }
        });
    connect
}
