//! The table of jobs: leasing, finishing, giving up.

use fiks_core::Timestamp;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sea_orm_migration::prelude::*;
use uuid::Uuid;

use crate::database::{Database, Engine};
use crate::error::DatabaseError;

pub(crate) mod jobb {
    use sea_orm::entity::prelude::*;

    /// `leid_til` is when the present lease ends, `oppgitt` when the job was given up; both in epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jobb")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slag: String,
        pub innhold: String,
        pub opprettet: i64,
        pub tidligst: i64,
        pub forsok: i32,
        pub leid_til: i64,
        pub oppgitt: Option<i64>,
        pub feil: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Leases up to `limit` due jobs of the given kinds until `until`.
pub(super) async fn lease(
    database: &Database,
    kinds: Vec<String>,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<jobb::Model>, DatabaseError> {
    let engine = database.engine();
    database
        .write(move |transaction| {
            Box::pin(async move {
                let due = due(engine, kinds, now, limit).all(transaction).await?;
                let ids: Vec<Uuid> = due.iter().map(|job| job.id).collect();
                take(transaction, ids, until).await?;
                Ok(due)
            })
        })
        .await
}

fn due(engine: Engine, kinds: Vec<String>, now: Timestamp, limit: u64) -> sea_orm::Select<jobb::Entity> {
    let due = jobb::Entity::find()
        .filter(jobb::Column::Slag.is_in(kinds))
        .filter(jobb::Column::Oppgitt.is_null())
        .filter(jobb::Column::Tidligst.lte(now.as_millis()))
        .filter(jobb::Column::LeidTil.lte(now.as_millis()))
        .order_by_asc(jobb::Column::Tidligst)
        .order_by_asc(jobb::Column::Id)
        .limit(limit);
    match engine {
        Engine::Postgres => due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked),
        Engine::Sqlite => due,
    }
}

async fn take(
    transaction: &DatabaseTransaction,
    ids: Vec<Uuid>,
    until: Timestamp,
) -> Result<(), DatabaseError> {
    jobb::Entity::update_many()
        .col_expr(jobb::Column::LeidTil, Expr::value(until.as_millis()))
        .col_expr(jobb::Column::Forsok, Expr::col(jobb::Column::Forsok).add(1))
        .filter(jobb::Column::Id.is_in(ids))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The next moment at which a job may become due.
pub(super) async fn next_due(database: &Database) -> Result<Option<Timestamp>, DatabaseError> {
    let row: Option<(Option<i64>,)> = jobb::Entity::find()
        .select_only()
        .expr(Expr::cust(
            "MIN(CASE WHEN tidligst > leid_til THEN tidligst ELSE leid_til END)",
        ))
        .filter(jobb::Column::Oppgitt.is_null())
        .into_tuple()
        .one(database.reader())
        .await?;
    Ok(row.and_then(|(millis,)| millis).map(Timestamp::from_millis))
}

/// Removes a finished job.
pub(super) async fn finish(database: &Database, id: Uuid) -> Result<(), DatabaseError> {
    database
        .write(move |transaction| {
            Box::pin(async move {
                jobb::Entity::delete_by_id(id).exec(transaction).await?;
                Ok(())
            })
        })
        .await
}

/// Notes a failed attempt: try again at `retry_at`, or never when it is `None`.
pub(super) async fn fail(
    database: &Database,
    id: Uuid,
    error: String,
    retry_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mut change = jobb::ActiveModel {
        feil: Set(Some(error)),
        leid_til: Set(0),
        ..Default::default()
    };
    match retry_at {
        Some(moment) => change.tidligst = Set(moment.as_millis()),
        None => change.oppgitt = Set(Some(now.as_millis())),
    }
    database
        .write(move |transaction| {
            Box::pin(async move {
                let this = jobb::Column::Id.eq(id);
                jobb::Entity::update_many()
                    .set(change)
                    .filter(this)
                    .exec(transaction)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// Removes jobs that were given up before `oldest`. Returns how many.
pub(super) async fn purge(database: &Database, oldest: Timestamp) -> Result<u64, DatabaseError> {
    database
        .write(move |transaction| {
            Box::pin(async move {
                let old = jobb::Column::Oppgitt.lt(oldest.as_millis());
                Ok(jobb::Entity::delete_many()
                    .filter(old)
                    .exec(transaction)
                    .await?
                    .rows_affected)
            })
        })
        .await
}

pub(crate) struct CreateJobs;

impl MigrationName for CreateJobs {
    fn name(&self) -> &'static str {
        "ground_0001_jobb"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateJobs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("jobb")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("slag").string().not_null())
            .col(ColumnDef::new("innhold").text().not_null())
            .col(ColumnDef::new("opprettet").big_integer().not_null())
            .col(ColumnDef::new("tidligst").big_integer().not_null())
            .col(ColumnDef::new("forsok").integer().not_null())
            .col(ColumnDef::new("leid_til").big_integer().not_null())
            .col(ColumnDef::new("oppgitt").big_integer())
            .col(ColumnDef::new("feil").text())
            .to_owned();
        manager.create_table(table).await?;
        let due = Index::create()
            .name("jobb_tidligst")
            .table("jobb")
            .col("oppgitt")
            .col("tidligst")
            .to_owned();
        manager.create_index(due).await?;
        Ok(())
    }
}
