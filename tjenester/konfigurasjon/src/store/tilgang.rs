//! The tables of grants, type grants and inactive aktorer.

use fiks_core::id::{Aktor, RessursId};
use fiks_database::DatabaseError;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::MOST_HITS;
use crate::model::tilgang::{GittTilgang, Tilgang, Tilganger, TypeTilgang};
use crate::model::values::Ressurstype;

mod tilgang_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_tilgang")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub aktor: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub ressurs: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub privilegium: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod type_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_typetilgang")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub aktor: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub ressurstype: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub privilegium: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod aktor_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_aktor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub aktor: String,
        pub aktiv: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Everything that an aktor has been given.
///
/// Whether it is active is read first: a change that removes both its grants and the mark that it is inactive
/// (deleting an integration) can then never be seen as active with grants.
pub(crate) async fn of_aktor(
    connection: &impl ConnectionTrait,
    aktor: &Aktor,
) -> Result<Tilganger, DatabaseError> {
    let mark = aktor_row::Entity::find_by_id(aktor.0.clone())
        .one(connection)
        .await?;
    if mark.is_some_and(|mark| !mark.aktiv) {
        return Ok(Tilganger::inaktiv());
    }
    let given = tilgang_row::Entity::find().filter(tilgang_row::Column::Aktor.eq(aktor.0.as_str()));
    let given = given.all(connection).await?;
    let types = type_row::Entity::find().filter(type_row::Column::Aktor.eq(aktor.0.as_str()));
    let types = types.all(connection).await?;
    Ok(Tilganger::new(
        given.into_iter().map(|row| (row.ressurs.into(), row.privilegium)),
        types
            .into_iter()
            .map(|row| (Ressurstype::stored(row.ressurstype), row.privilegium)),
    ))
}

/// Gives it, unless it has been given.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    tilgang: &Tilgang,
) -> Result<(), DatabaseError> {
    let row = tilgang_row::ActiveModel {
        aktor: Set(tilgang.aktor.0.clone()),
        ressurs: Set(tilgang.ressurs.0),
        privilegium: Set(tilgang.privilegium.navn.to_owned()),
    };
    tilgang_row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Takes it back, if it was given.
pub(crate) async fn remove(
    transaction: &DatabaseTransaction,
    tilgang: &Tilgang,
) -> Result<(), DatabaseError> {
    let key = (
        tilgang.aktor.0.clone(),
        tilgang.ressurs.0,
        tilgang.privilegium.navn.to_owned(),
    );
    tilgang_row::Entity::delete_by_id(key).exec(transaction).await?;
    Ok(())
}

/// Gives it, unless it has been given.
pub(crate) async fn insert_type(
    transaction: &DatabaseTransaction,
    tilgang: &TypeTilgang,
) -> Result<(), DatabaseError> {
    let row = type_row::ActiveModel {
        aktor: Set(tilgang.aktor.0.clone()),
        ressurstype: Set(tilgang.ressurstype.as_str().to_owned()),
        privilegium: Set(tilgang.privilegium.navn.to_owned()),
    };
    type_row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Takes it back, if it was given.
pub(crate) async fn remove_type(
    transaction: &DatabaseTransaction,
    tilgang: &TypeTilgang,
) -> Result<(), DatabaseError> {
    let ressurstype = tilgang.ressurstype.as_str().to_owned();
    let key = (
        tilgang.aktor.0.clone(),
        ressurstype,
        tilgang.privilegium.navn.to_owned(),
    );
    type_row::Entity::delete_by_id(key).exec(transaction).await?;
    Ok(())
}

/// Removes all that an aktor has been given, and the mark whether it is active.
pub(crate) async fn remove_aktor(
    transaction: &DatabaseTransaction,
    aktor: &Aktor,
) -> Result<(), DatabaseError> {
    let aktor = aktor.0.as_str();
    tilgang_row::Entity::delete_many()
        .filter(tilgang_row::Column::Aktor.eq(aktor))
        .exec(transaction)
        .await?;
    type_row::Entity::delete_many()
        .filter(type_row::Column::Aktor.eq(aktor))
        .exec(transaction)
        .await?;
    aktor_row::Entity::delete_by_id(aktor).exec(transaction).await?;
    Ok(())
}

/// Marks the aktor as active or inactive.
pub(crate) async fn set_aktiv(
    transaction: &DatabaseTransaction,
    aktor: &Aktor,
    aktiv: bool,
) -> Result<(), DatabaseError> {
    let row = aktor_row::ActiveModel {
        aktor: Set(aktor.0.clone()),
        aktiv: Set(aktiv),
    };
    let replace = OnConflict::column(aktor_row::Column::Aktor)
        .update_column(aktor_row::Column::Aktiv)
        .to_owned();
    aktor_row::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// What has been given on the ressurs itself, at most one more than [`MOST_HITS`].
pub(crate) async fn on_ressurs(
    connection: &impl ConnectionTrait,
    ressurs: RessursId,
    aktor: Option<&Aktor>,
) -> Result<Vec<GittTilgang>, DatabaseError> {
    let whose = aktor.map(|aktor| tilgang_row::Column::Aktor.eq(aktor.0.as_str()));
    let rows = tilgang_row::Entity::find()
        .filter(tilgang_row::Column::Ressurs.eq(ressurs.0))
        .filter(Condition::all().add_option(whose))
        .order_by_asc(tilgang_row::Column::Aktor)
        .order_by_asc(tilgang_row::Column::Privilegium)
        .limit(MOST_HITS as u64 + 1);
    let given = |row: tilgang_row::Model| GittTilgang {
        aktor: Aktor(row.aktor),
        privilegium: row.privilegium,
    };
    Ok(rows.all(connection).await?.into_iter().map(given).collect())
}

/// The type grants, at most one more than [`MOST_HITS`], sorted by type.
pub(crate) async fn by_type(
    connection: &impl ConnectionTrait,
    aktor: Option<&Aktor>,
) -> Result<Vec<(Ressurstype, GittTilgang)>, DatabaseError> {
    let whose = aktor.map(|aktor| type_row::Column::Aktor.eq(aktor.0.as_str()));
    let rows = type_row::Entity::find()
        .filter(Condition::all().add_option(whose))
        .order_by_asc(type_row::Column::Ressurstype)
        .order_by_asc(type_row::Column::Aktor)
        .order_by_asc(type_row::Column::Privilegium)
        .limit(MOST_HITS as u64 + 1);
    let given = |row: type_row::Model| {
        let tilgang = GittTilgang {
            aktor: Aktor(row.aktor),
            privilegium: row.privilegium,
        };
        (Ressurstype::stored(row.ressurstype), tilgang)
    };
    Ok(rows.all(connection).await?.into_iter().map(given).collect())
}
