//! Addresses and what they answer to.

use std::collections::HashMap;

use fiks_core::Timestamp;
use fiks_core::id::KontoId;
use fiks_database::{DatabaseError, DatabaseTransaction};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::model::adresse::{Adresse, AdresseId, Dekning, Identifikator};

mod row {
    use sea_orm::entity::prelude::*;

    /// Times in epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_adresse")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub konto: Uuid,
        pub beskrivelse: String,
        pub aktiv: bool,
        pub opprettet: i64,
        pub opprettet_av: String,
        pub sist_endret: i64,
        pub sist_endret_av: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod verdi {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_adresse_verdi")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub adresse: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub slag: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        pub verdi: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const IDENTIFIKATOR: i16 = 1;
const PROTOKOLL: i16 = 2;
const NIVA: i16 = 3;

/// Stores an address in place of what is there.
pub async fn save(
    transaction: &DatabaseTransaction,
    adresse: &Adresse,
    is_new: bool,
) -> Result<(), DatabaseError> {
    let row = to_row(adresse).into_active_model();
    if is_new {
        row::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
    } else {
        row.reset_all().update(transaction).await?;
        verdi::Entity::delete_many()
            .filter(verdi::Column::Adresse.eq(adresse.id.0))
            .exec(transaction)
            .await?;
    }
    let values = values_of(adresse);
    if !values.is_empty() {
        verdi::Entity::insert_many(values)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn to_row(adresse: &Adresse) -> row::Model {
    row::Model {
        id: adresse.id.0,
        konto: adresse.konto.0,
        beskrivelse: adresse.beskrivelse.clone(),
        aktiv: adresse.aktiv,
        opprettet: adresse.opprettet.as_millis(),
        opprettet_av: adresse.opprettet_av.clone(),
        sist_endret: adresse.sist_endret.as_millis(),
        sist_endret_av: adresse.sist_endret_av.clone(),
    }
}

fn values_of(adresse: &Adresse) -> Vec<verdi::ActiveModel> {
    let dekning = &adresse.dekning;
    let identifikatorer = dekning
        .identifikatorer
        .iter()
        .map(|each| (IDENTIFIKATOR, each.to_string()));
    let protokoller = dekning.protokoller.iter().map(|each| (PROTOKOLL, each.clone()));
    let nivaer = dekning.nivaer.iter().map(|each| (NIVA, each.to_string()));
    let row = |(slag, verdi)| verdi::ActiveModel {
        adresse: Set(adresse.id.0),
        slag: Set(slag),
        verdi: Set(verdi),
    };
    identifikatorer
        .chain(protokoller)
        .chain(nivaer)
        .map(row)
        .collect()
}

/// Addresses of a konto, oldest first.
pub async fn of_konto(reader: &impl ConnectionTrait, konto: KontoId) -> Result<Vec<Adresse>, DatabaseError> {
    let rows = row::Entity::find()
        .filter(row::Column::Konto.eq(konto.0))
        .order_by_asc(row::Column::Opprettet)
        .order_by_asc(row::Column::Id);
    with_values(reader, rows.all(reader).await?).await
}

/// An address of that konto.
pub async fn find(
    reader: &impl ConnectionTrait,
    konto: KontoId,
    id: AdresseId,
) -> Result<Option<Adresse>, DatabaseError> {
    let row = row::Entity::find_by_id(id.0)
        .filter(row::Column::Konto.eq(konto.0))
        .all(reader)
        .await?;
    Ok(with_values(reader, row).await?.pop())
}

/// Active addresses that answer to one of the identifikatorer.
pub async fn active_with(
    reader: &impl ConnectionTrait,
    identifikatorer: impl Iterator<Item = &Identifikator>,
) -> Result<Vec<Adresse>, DatabaseError> {
    let wanted: Vec<String> = identifikatorer.map(ToString::to_string).collect();
    let matching = verdi::Entity::find()
        .select_only()
        .column(verdi::Column::Adresse)
        .filter(
            verdi::Column::Slag
                .eq(IDENTIFIKATOR)
                .and(verdi::Column::Verdi.is_in(wanted)),
        )
        .into_query();
    let rows = row::Entity::find()
        .filter(row::Column::Aktiv.eq(true))
        .filter(row::Column::Id.in_subquery(matching))
        .order_by_asc(row::Column::Id);
    with_values(reader, rows.all(reader).await?).await
}

/// Removes an address of that konto. False when there is none.
pub async fn delete(
    transaction: &DatabaseTransaction,
    konto: KontoId,
    id: AdresseId,
) -> Result<bool, DatabaseError> {
    let gone = row::Entity::delete_by_id(id.0)
        .filter(row::Column::Konto.eq(konto.0))
        .exec(transaction)
        .await?;
    if gone.rows_affected == 0 {
        return Ok(false);
    }
    verdi::Entity::delete_many()
        .filter(verdi::Column::Adresse.eq(id.0))
        .exec(transaction)
        .await?;
    Ok(true)
}

/// Removes all addresses of a konto.
pub async fn delete_all(transaction: &DatabaseTransaction, konto: KontoId) -> Result<(), DatabaseError> {
    for adresse in of_konto(transaction, konto).await? {
        delete(transaction, konto, adresse.id).await?;
    }
    Ok(())
}

async fn with_values(
    reader: &impl ConnectionTrait,
    rows: Vec<row::Model>,
) -> Result<Vec<Adresse>, DatabaseError> {
    let ids = rows.iter().map(|row| row.id);
    let values = verdi::Entity::find()
        .filter(verdi::Column::Adresse.is_in(ids))
        .all(reader)
        .await?;
    let mut coverage: HashMap<Uuid, Dekning> = HashMap::new();
    for row in values {
        let dekning = coverage.entry(row.adresse).or_default();
        match row.slag {
            IDENTIFIKATOR => {
                dekning
                    .identifikatorer
                    .insert(row.verdi.parse().map_err(|error| bad(&row, &error))?);
            }
            PROTOKOLL => {
                dekning.protokoller.insert(row.verdi);
            }
            _ => {
                dekning
                    .nivaer
                    .insert(row.verdi.parse().map_err(|error| bad(&row, &error))?);
            }
        }
    }
    Ok(rows.into_iter().map(|row| from_row(row, &mut coverage)).collect())
}

fn bad(row: &verdi::Model, reason: &dyn std::fmt::Display) -> DatabaseError {
    let (table, column) = ("fiksio_adresse_verdi", "verdi");
    DatabaseError::BadRow {
        table,
        column,
        key: row.adresse.to_string(),
        reason: reason.to_string(),
    }
}

fn from_row(row: row::Model, coverage: &mut HashMap<Uuid, Dekning>) -> Adresse {
    Adresse {
        dekning: coverage.remove(&row.id).unwrap_or_default(),
        id: AdresseId(row.id),
        konto: KontoId(row.konto),
        beskrivelse: row.beskrivelse,
        aktiv: row.aktiv,
        opprettet: Timestamp::from_millis(row.opprettet),
        opprettet_av: row.opprettet_av,
        sist_endret: Timestamp::from_millis(row.sist_endret),
        sist_endret_av: row.sist_endret_av,
    }
}
