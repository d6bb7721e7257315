//! How many changes to access there have been, so that replicas learn of each other's.

use fiks_database::DatabaseError;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::sql::Sql;

const READ: &str = "SELECT versjon FROM konfigurasjon_versjon";
const ADVANCE: &str = "UPDATE konfigurasjon_versjon SET versjon = versjon + 1 RETURNING versjon";

/// The count as committed.
pub(crate) async fn read(connection: &impl ConnectionTrait) -> Result<i64, DatabaseError> {
    run(READ, connection).await
}

/// Counts the change that this transaction makes. On PostgreSQL other transactions that change access wait from
/// here until this one ends, so that numbers become visible in their order.
pub(crate) async fn advance(transaction: &DatabaseTransaction) -> Result<i64, DatabaseError> {
    run(ADVANCE, transaction).await
}

async fn run(statement: &str, connection: &impl ConnectionTrait) -> Result<i64, DatabaseError> {
    let row = Sql::new(statement).one(connection).await?.ok_or_else(missing)?;
    Ok(row.try_get("", "versjon")?)
}

fn missing() -> DatabaseError {
    DatabaseError::BadRow {
        table: "konfigurasjon_versjon",
        column: "versjon",
        key: "1".to_owned(),
        reason: "the row is missing".to_owned(),
    }
}
