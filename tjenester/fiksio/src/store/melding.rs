//! Messages: stored when sent, read in queue order, changed when they end.

use std::collections::BTreeMap;

use bytes::Bytes;
use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, KontoId, MeldingId};
use fiks_database::{DatabaseError, DatabaseTransaction};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::model::melding::{Innhold, Melding, Spesifikasjon, Tilstand};

/// A message's place among all messages: rises with time.
pub type Plass = i64;

mod row {
    use sea_orm::entity::prelude::*;

    /// `levert`: it has been with a consumer. `forsok`: deliveries that failed. Times in epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_melding")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub plass: i64,
        pub melding_id: Uuid,
        pub mottaker: Uuid,
        pub avsender: Uuid,
        pub melding_type: String,
        pub svar_paa: Option<Uuid>,
        pub svar_til_type: Option<String>,
        pub ttl: i64,
        pub headere: String,
        pub storrelse: i64,
        pub dokument: Option<Uuid>,
        pub sendt: i64,
        pub utloper: i64,
        pub tilstand: i16,
        pub levert: bool,
        pub forsok: i32,
        pub avsluttet: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod innhold {
    use sea_orm::entity::prelude::*;

    /// The payload of a message that waits in the queue itself.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_innhold")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub plass: i64,
        pub data: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A stored message with what the queue keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LagretMelding {
    /// Its place.
    pub plass: Plass,
    /// The message.
    pub melding: Melding,
    /// What has become of it.
    pub tilstand: Tilstand,
    /// Whether it has been with a consumer.
    pub levert: bool,
    /// Deliveries that failed.
    pub forsok: i32,
    /// When it ended.
    pub avsluttet: Option<Timestamp>,
}

/// Stores a message and its payload, which must be empty unless [`Innhold::IKo`].
pub async fn insert(
    transaction: &DatabaseTransaction,
    melding: &Melding,
    data: &Bytes,
) -> Result<Plass, DatabaseError> {
    let row = to_row(melding)?;
    let inserted = row::Entity::insert(row).exec(transaction).await?;
    let plass = inserted.last_insert_id;
    if !data.is_empty() {
        let row = innhold::ActiveModel {
            plass: Set(plass),
            data: Set(data.to_vec()),
        };
        innhold::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(plass)
}

fn to_row(melding: &Melding) -> Result<row::ActiveModel, DatabaseError> {
    let spesifikasjon = &melding.spesifikasjon;
    let headere = serde_json::to_string(&spesifikasjon.headere)
        .map_err(|error| bad(melding.id.to_string(), "headere", &error))?;
    Ok(row::ActiveModel {
        plass: NotSet,
        melding_id: Set(melding.id.0),
        mottaker: Set(spesifikasjon.mottaker.0),
        avsender: Set(spesifikasjon.avsender.0),
        melding_type: Set(spesifikasjon.melding_type.clone()),
        svar_paa: Set(spesifikasjon.svar_paa.map(|id| id.0)),
        svar_til_type: Set(melding.svar_til_type.clone()),
        ttl: Set(spesifikasjon.ttl),
        headere: Set(headere),
        storrelse: Set(i64::try_from(melding.innhold.storrelse()).unwrap_or(i64::MAX)),
        dokument: Set(melding.innhold.dokument().map(|id| id.0)),
        sendt: Set(melding.sendt.as_millis()),
        utloper: Set(melding.utloper().as_millis()),
        tilstand: Set(Tilstand::IKo.tall()),
        levert: Set(false),
        forsok: Set(0),
        avsluttet: Set(None),
    })
}

fn bad(key: String, column: &'static str, reason: &dyn std::fmt::Display) -> DatabaseError {
    DatabaseError::BadRow {
        table: "fiksio_melding",
        column,
        key,
        reason: reason.to_string(),
    }
}

fn from_row(row: row::Model) -> Result<LagretMelding, DatabaseError> {
    let key = || row.plass.to_string();
    let headere: BTreeMap<String, String> =
        serde_json::from_str(&row.headere).map_err(|error| bad(key(), "headere", &error))?;
    let tilstand =
        Tilstand::fra_tall(row.tilstand).ok_or_else(|| bad(key(), "tilstand", &"no such state"))?;
    let storrelse = u64::try_from(row.storrelse).map_err(|error| bad(key(), "storrelse", &error))?;
    let innhold = match (row.dokument, storrelse) {
        (Some(dokument), _) => Innhold::Dokument(DokumentId(dokument), storrelse),
        (None, 0) => Innhold::Intet,
        (None, _) => Innhold::IKo(storrelse),
    };
    Ok(LagretMelding {
        plass: row.plass,
        melding: Melding {
            id: MeldingId(row.melding_id),
            spesifikasjon: Spesifikasjon {
                avsender: KontoId(row.avsender),
                mottaker: KontoId(row.mottaker),
                melding_type: row.melding_type,
                svar_paa: row.svar_paa.map(MeldingId),
                ttl: row.ttl,
                headere,
            },
            svar_til_type: row.svar_til_type,
            innhold,
            sendt: Timestamp::from_millis(row.sendt),
        },
        tilstand,
        levert: row.levert,
        forsok: row.forsok,
        avsluttet: row.avsluttet.map(Timestamp::from_millis),
    })
}

fn from_rows(rows: Vec<row::Model>) -> Result<Vec<LagretMelding>, DatabaseError> {
    rows.into_iter().map(from_row).collect()
}

fn waiting() -> sea_orm::Select<row::Entity> {
    row::Entity::find().filter(row::Column::Tilstand.eq(Tilstand::IKo.tall()))
}

/// The konto's waiting messages after `plass`, in order, at most `limit`.
pub async fn after(
    reader: &impl ConnectionTrait,
    konto: KontoId,
    plass: Plass,
    limit: u64,
) -> Result<Vec<LagretMelding>, DatabaseError> {
    let rows = waiting()
        .filter(row::Column::Mottaker.eq(konto.0))
        .filter(row::Column::Plass.gt(plass))
        .order_by_asc(row::Column::Plass)
        .limit(limit);
    from_rows(rows.all(reader).await?)
}

/// Those of the messages that still wait, in order.
pub async fn at(
    reader: &impl ConnectionTrait,
    plasser: &[Plass],
) -> Result<Vec<LagretMelding>, DatabaseError> {
    let rows = waiting()
        .filter(row::Column::Plass.is_in(plasser.iter().copied()))
        .order_by_asc(row::Column::Plass);
    from_rows(rows.all(reader).await?)
}

/// Payload of a message in the queue; empty when it has none there.
pub async fn data(reader: &impl ConnectionTrait, plass: Plass) -> Result<Bytes, DatabaseError> {
    let row = innhold::Entity::find_by_id(plass).one(reader).await?;
    Ok(row.map(|row| Bytes::from(row.data)).unwrap_or_default())
}

/// Payloads of several messages.
pub async fn data_at(
    reader: &impl ConnectionTrait,
    plasser: &[Plass],
) -> Result<BTreeMap<Plass, Bytes>, DatabaseError> {
    let rows = innhold::Entity::find().filter(innhold::Column::Plass.is_in(plasser.iter().copied()));
    Ok(rows
        .all(reader)
        .await?
        .into_iter()
        .map(|row| (row.plass, Bytes::from(row.data)))
        .collect())
}

/// How many messages wait for a konto, those with a consumer included, those of `without` not.
pub async fn count(
    reader: &impl ConnectionTrait,
    konto: KontoId,
    without: &[Plass],
) -> Result<u64, DatabaseError> {
    Ok(waiting()
        .filter(row::Column::Mottaker.eq(konto.0))
        .filter(row::Column::Plass.is_not_in(without.iter().copied()))
        .count(reader)
        .await?)
}

/// Ends messages that still wait, and drops their payloads. Returns those that it ended.
pub async fn end(
    transaction: &DatabaseTransaction,
    plasser: &[Plass],
    slutt: Tilstand,
    now: Timestamp,
) -> Result<Vec<LagretMelding>, DatabaseError> {
    let ended = at(transaction, plasser).await?;
    end_unread(transaction, plasser, slutt, now).await?;
    Ok(ended)
}

/// As [`end`] without reading them first. Returns how many it ended.
pub async fn end_unread(
    transaction: &DatabaseTransaction,
    plasser: &[Plass],
    slutt: Tilstand,
    now: Timestamp,
) -> Result<u64, DatabaseError> {
    let ended = row::Entity::update_many()
        .col_expr(row::Column::Tilstand, Expr::value(slutt.tall()))
        .col_expr(row::Column::Avsluttet, Expr::value(now.as_millis()))
        .filter(row::Column::Tilstand.eq(Tilstand::IKo.tall()))
        .filter(row::Column::Plass.is_in(plasser.iter().copied()))
        .exec(transaction)
        .await?;
    innhold::Entity::delete_many()
        .filter(innhold::Column::Plass.is_in(plasser.iter().copied()))
        .exec(transaction)
        .await?;
    Ok(ended.rows_affected)
}

/// Notes that messages have been with a consumer; `failed` when that delivery failed.
pub async fn mark_delivered(
    transaction: &DatabaseTransaction,
    plasser: &[Plass],
    failed: bool,
) -> Result<(), DatabaseError> {
    row::Entity::update_many()
        .col_expr(row::Column::Levert, Expr::value(true))
        .col_expr(
            row::Column::Forsok,
            Expr::col(row::Column::Forsok).add(i32::from(failed)),
        )
        .filter(row::Column::Tilstand.eq(Tilstand::IKo.tall()))
        .filter(row::Column::Plass.is_in(plasser.iter().copied()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// When the first waiting message after that moment runs out.
pub async fn next_expiry(
    reader: &impl ConnectionTrait,
    after: (Timestamp, Plass),
) -> Result<Option<Timestamp>, DatabaseError> {
    let first: Option<i64> = expiring(after)
        .select_only()
        .column(row::Column::Utloper)
        .into_tuple()
        .one(reader)
        .await?;
    Ok(first.map(Timestamp::from_millis))
}

/// Waiting messages that have run out by `now`, from that point on, in the order in which they ran out:
/// when, place and konto.
pub async fn expired(
    reader: &impl ConnectionTrait,
    after: (Timestamp, Plass),
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(Timestamp, Plass, KontoId)>, DatabaseError> {
    let rows: Vec<(i64, Plass, uuid::Uuid)> = expiring(after)
        .filter(row::Column::Utloper.lte(now.as_millis()))
        .select_only()
        .columns([row::Column::Utloper, row::Column::Plass, row::Column::Mottaker])
        .limit(limit)
        .into_tuple()
        .all(reader)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(utloper, plass, konto)| (Timestamp::from_millis(utloper), plass, KontoId(konto)))
        .collect())
}

fn expiring((moment, plass): (Timestamp, Plass)) -> sea_orm::Select<row::Entity> {
    let later = row::Column::Utloper.gt(moment.as_millis());
    let same = row::Column::Utloper
        .eq(moment.as_millis())
        .and(row::Column::Plass.gt(plass));
    waiting()
        .filter(row::Column::Utloper.gte(moment.as_millis()))
        .filter(later.or(same))
        .order_by_asc(row::Column::Utloper)
        .order_by_asc(row::Column::Plass)
}

/// The latest messages to or from a konto, or of all, newest first: for the message flow.
pub async fn latest(
    reader: &impl ConnectionTrait,
    konto: Option<KontoId>,
    limit: u64,
) -> Result<Vec<LagretMelding>, DatabaseError> {
    let mut rows = row::Entity::find().order_by_desc(row::Column::Plass).limit(limit);
    if let Some(konto) = konto {
        rows = rows.filter(
            row::Column::Mottaker
                .eq(konto.0)
                .or(row::Column::Avsender.eq(konto.0)),
        );
    }
    from_rows(rows.all(reader).await?)
}

/// Removes all messages of a konto.
pub async fn delete_all(transaction: &DatabaseTransaction, konto: KontoId) -> Result<(), DatabaseError> {
    let of_konto = row::Entity::find()
        .select_only()
        .column(row::Column::Plass)
        .filter(row::Column::Mottaker.eq(konto.0));
    innhold::Entity::delete_many()
        .filter(innhold::Column::Plass.in_subquery(sea_orm::QueryTrait::into_query(of_konto)))
        .exec(transaction)
        .await?;
    row::Entity::delete_many()
        .filter(row::Column::Mottaker.eq(konto.0))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Removes what is known of messages that ended before `oldest`, at most `limit`. Returns how many.
pub async fn purge(
    transaction: &DatabaseTransaction,
    oldest: Timestamp,
    limit: u64,
) -> Result<u64, DatabaseError> {
    let old: Vec<Plass> = row::Entity::find()
        .select_only()
        .column(row::Column::Plass)
        .filter(row::Column::Avsluttet.lt(oldest.as_millis()))
        .limit(limit)
        .into_tuple()
        .all(transaction)
        .await?;
    let gone = row::Entity::delete_many()
        .filter(row::Column::Plass.is_in(old))
        .exec(transaction)
        .await?;
    Ok(gone.rows_affected)
}
