//! The first answer to a request that carries an `Idempotency-Key`, kept for whoever repeats it.
//!
//! A request claims its key before it runs. Its answer is stored when it is done, or, where the answer is known
//! inside the change itself, in the same transaction ([`Claim::answer_in`]), so that no crash can part them.
//! Owner: this crate. Retention: [`RETENTION`], enforced by [`purge`].

use std::time::Duration;

use fiks_core::{Clock, ErrorKind, Problem, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    TryInsertResult,
};
use sea_orm_migration::prelude::*;

use crate::database::Database;
use crate::error::DatabaseError;

/// How long an answer is kept.
pub const RETENTION: Duration = Duration::from_hours(24);
/// A request that has not answered after this long has died with its process.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);
/// Stands in the table for an answer that is not kept. No real answer is empty.
const WITHHELD: &[u8] = &[];

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub nokkel: Vec<u8>,
        pub opprettet: i64,
        pub svar: Option<Vec<u8>>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a request with a key should do.
#[derive(Debug)]
pub enum Attempt {
    /// It is the first: do the work, then store the answer.
    First(Claim),
    /// It repeats an answered request: give this answer.
    Repeat(Vec<u8>),
}

/// The right to answer for a key.
#[derive(Clone, Debug)]
pub struct Claim {
    key: Vec<u8>,
}

/// Why a request with a key may not run.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The first request with the key is still at work.
    #[error("the first request with this key is still running")]
    InUse,
    /// The first request died before its answer was stored.
    #[error("the answer to the first request with this key was lost")]
    AnswerLost,
    /// The first request was answered, with something that must not be kept.
    #[error("the answer to the first request with this key was secret")]
    Withheld,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// 409 while the first request with the key runs.
pub const KEY_IN_USE: ErrorKind = ErrorKind {
    code: "idempotens.underveis",
    status: 409,
    text: "En forespørsel med samme Idempotency-Key er fortsatt under behandling.",
    remedy: "Vent til den er ferdig og gjenta forespørselen; da kommer det første svaret.",
};

/// 409 when the first request was cut off.
pub const ANSWER_LOST: ErrorKind = ErrorKind {
    code: "idempotens.svar_tapt",
    status: 409,
    text: "Den første forespørselen med denne Idempotency-Key ble avbrutt, og svaret på den er ikke lagret.",
    remedy: "Kontroller om endringen ble gjort, og send den eventuelt på nytt med en ny nøkkel.",
};

/// 409 when the first request was answered with a secret.
pub const ANSWER_WITHHELD: ErrorKind = ErrorKind {
    code: "idempotens.hemmelig_svar",
    status: 409,
    text: "Den første forespørselen med denne Idempotency-Key er utført. Svaret inneholdt en hemmelighet og ble derfor ikke lagret.",
    remedy: "Bruk svaret du fikk. Er det tapt, send forespørselen på nytt med en ny nøkkel.",
};

impl Problem for IdempotencyError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::InUse => &KEY_IN_USE,
            Self::AnswerLost => &ANSWER_LOST,
            Self::Withheld => &ANSWER_WITHHELD,
            Self::Database(error) => error.kind(),
        }
    }
}

/// Claims `key` (a digest of caller, operation and the caller's key), or finds what became of it.
pub async fn claim(database: &Database, clock: &Clock, key: Vec<u8>) -> Result<Attempt, IdempotencyError> {
    let now = clock.now();
    let stored = {
        let key = key.clone();
        database
            .write(move |transaction| Box::pin(claim_in(transaction, key, now)))
            .await?
    };
    match stored {
        None => Ok(Attempt::First(Claim { key })),
        Some(row) => match row.svar {
            Some(answer) if answer == WITHHELD => Err(IdempotencyError::Withheld),
            Some(answer) => Ok(Attempt::Repeat(answer)),
            None if now.since(Timestamp::from_millis(row.opprettet)) > ABANDONED_AFTER => {
                Err(IdempotencyError::AnswerLost)
            }
            None => Err(IdempotencyError::InUse),
        },
    }
}

/// The earlier row, or none when the key is now ours.
async fn claim_in(
    transaction: &DatabaseTransaction,
    key: Vec<u8>,
    now: Timestamp,
) -> Result<Option<row::Model>, DatabaseError> {
    let row = row::ActiveModel {
        nokkel: Set(key.clone()),
        opprettet: Set(now.as_millis()),
        svar: Set(None),
    };
    let ours = row::Entity::insert(row)
        .on_conflict(OnConflict::column(row::Column::Nokkel).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(transaction)
        .await?;
    match ours {
        TryInsertResult::Inserted(1..) => Ok(None),
        _ => Ok(row::Entity::find_by_id(key).one(transaction).await?),
    }
}

impl Claim {
    /// Stores the answer in the transaction of the change that it answers for.
    pub async fn answer_in(
        &self,
        transaction: &impl ConnectionTrait,
        answer: Vec<u8>,
    ) -> Result<(), DatabaseError> {
        row::Entity::update_many()
            .set(row::ActiveModel {
                svar: Set(Some(answer)),
                ..Default::default()
            })
            .filter(row::Column::Nokkel.eq(self.key.clone()))
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Stores the answer.
    pub async fn answer(self, database: &Database, answer: Vec<u8>) -> Result<(), DatabaseError> {
        database
            .write(|transaction| Box::pin(async move { self.answer_in(transaction, answer).await }))
            .await
    }

    /// Notes that the request was answered, but not with what.
    pub async fn withhold(self, database: &Database) -> Result<(), DatabaseError> {
        self.answer(database, WITHHELD.to_vec()).await
    }

    /// Gives the key up: the request changed nothing and may be tried again.
    pub async fn release(self, database: &Database) -> Result<(), DatabaseError> {
        database
            .write(|transaction| {
                Box::pin(async move {
                    row::Entity::delete_by_id(self.key).exec(transaction).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Removes answers older than [`RETENTION`]. Returns how many.
pub async fn purge(database: &Database, clock: &Clock) -> Result<u64, DatabaseError> {
    let oldest = clock.now().minus(RETENTION);
    database
        .write(move |transaction| {
            Box::pin(async move {
                let old = row::Column::Opprettet.lt(oldest.as_millis());
                Ok(row::Entity::delete_many()
                    .filter(old)
                    .exec(transaction)
                    .await?
                    .rows_affected)
            })
        })
        .await
}

pub(crate) struct CreateIdempotency;

impl MigrationName for CreateIdempotency {
    fn name(&self) -> &'static str {
        "ground_0002_idempotens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateIdempotency {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("idempotens")
            .col(ColumnDef::new("nokkel").blob().not_null().primary_key())
            .col(ColumnDef::new("opprettet").big_integer().not_null())
            .col(ColumnDef::new("svar").blob())
            .to_owned();
        manager.create_table(table).await?;
        let by_age = Index::create()
            .name("idempotens_opprettet")
            .table("idempotens")
            .col("opprettet")
            .to_owned();
        manager.create_index(by_age).await
    }
}
