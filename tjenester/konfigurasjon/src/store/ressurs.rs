//! The table of ressurser: single rows. Walks through the tree are in [`super::tree`].

use fiks_core::id::RessursId;
use fiks_database::DatabaseError;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::MOST_HITS;
use crate::model::ressurs::Ressurs;
use crate::model::values::{Navn, Ressurstype};

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    /// `forelder` is null for the root alone.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_ressurs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub forelder: Option<Uuid>,
        pub ressurstype: String,
        pub navn: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    ressurs: &Ressurs,
) -> Result<(), DatabaseError> {
    let row = row::ActiveModel {
        id: Set(ressurs.id.0),
        forelder: Set(ressurs.forelder.map(|forelder| forelder.0)),
        ressurstype: Set(ressurs.ressurstype.as_str().to_owned()),
        navn: Set(ressurs.navn.as_str().to_owned()),
    };
    row::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: RessursId,
) -> Result<Option<Ressurs>, DatabaseError> {
    Ok(row::Entity::find_by_id(id.0).one(connection).await?.map(from_row))
}

/// Gives it another name. Whether there is such a ressurs.
pub(crate) async fn rename(
    transaction: &DatabaseTransaction,
    id: RessursId,
    navn: &Navn,
) -> Result<bool, DatabaseError> {
    let change = row::ActiveModel {
        navn: Set(navn.as_str().to_owned()),
        ..Default::default()
    };
    let this = row::Column::Id.eq(id.0);
    let outcome = row::Entity::update_many()
        .set(change)
        .filter(this)
        .exec(transaction)
        .await?;
    Ok(outcome.rows_affected > 0)
}

/// Removes it, and by the foreign keys all below it and every grant and tie there.
pub(crate) async fn delete(transaction: &DatabaseTransaction, id: RessursId) -> Result<(), DatabaseError> {
    row::Entity::delete_by_id(id.0).exec(transaction).await?;
    Ok(())
}

/// Those directly below, at most one more than [`MOST_HITS`], by name.
pub(crate) async fn children(
    connection: &impl ConnectionTrait,
    id: RessursId,
    ressurstype: Option<&Ressurstype>,
) -> Result<Vec<Ressurs>, DatabaseError> {
    let of_type = ressurstype.map(|one| row::Column::Ressurstype.eq(one.as_str()));
    let children = row::Entity::find()
        .filter(row::Column::Forelder.eq(id.0))
        .filter(sea_orm::Condition::all().add_option(of_type))
        .order_by_asc(row::Column::Navn)
        .order_by_asc(row::Column::Id)
        .limit(MOST_HITS as u64 + 1);
    Ok(children
        .all(connection)
        .await?
        .into_iter()
        .map(from_row)
        .collect())
}

/// Whether anything is below it.
pub(crate) async fn has_children(
    connection: &impl ConnectionTrait,
    id: RessursId,
) -> Result<bool, DatabaseError> {
    let one = row::Entity::find()
        .filter(row::Column::Forelder.eq(id.0))
        .limit(1);
    Ok(one.count(connection).await? > 0)
}

pub(super) fn from_row(row: row::Model) -> Ressurs {
    Ressurs {
        id: row.id.into(),
        forelder: row.forelder.map(RessursId),
        ressurstype: Ressurstype::stored(row.ressurstype),
        navn: Navn::stored(row.navn),
    }
}
