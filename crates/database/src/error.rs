//! The failures of this crate.

use std::sync::Arc;

use fiks_core::{ErrorKind, Problem};
use sea_orm::DbErr;

/// A read or a change did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The engine refused or was not there.
    #[error("the database failed")]
    Engine(#[source] Arc<DbErr>),
    /// A stored row does not mean what it should.
    #[error("bad row in {table}.{column} at {key}: {reason}")]
    BadRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The change panicked; it was rolled back.
    #[error("the change panicked and was rolled back")]
    Panicked,
    /// The writer has stopped: the program is shutting down.
    #[error("the writer has stopped")]
    Stopped,
    /// The address names no engine that we know, or its file cannot be used.
    #[error("the database address cannot be used: {0}")]
    Address(String),
}

impl DatabaseError {
    /// Whether a unique index refused the change.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Engine(error)
            if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))))
    }
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        Self::Engine(Arc::new(error))
    }
}

/// 500 when the database failed. Nothing was changed.
pub const DATABASE_FAILED: ErrorKind = ErrorKind {
    code: "database.feil",
    status: 500,
    text: "Forespørselen kunne ikke fullføres, og ingenting ble lagret.",
    remedy: "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.",
};

/// Every kind of failure of this crate that a caller can see.
pub const ERRORS: &[&ErrorKind] = &[
    &DATABASE_FAILED,
    &crate::idempotency::KEY_IN_USE,
    &crate::idempotency::ANSWER_LOST,
    &crate::idempotency::ANSWER_WITHHELD,
];

impl Problem for DatabaseError {
    fn kind(&self) -> &'static ErrorKind {
        &DATABASE_FAILED
    }
}
