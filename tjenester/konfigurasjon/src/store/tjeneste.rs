//! The table of services that organisations have initialised.

use fiks_core::id::{FiksOrgId, RessursId};
use fiks_database::DatabaseError;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_tjeneste")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisasjon: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kode: String,
        pub ressurs: Uuid,
        pub konfigurert: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A service that an organisation has initialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Initialisert {
    pub(crate) kode: String,
    pub(crate) ressurs: RessursId,
    pub(crate) konfigurert: bool,
}

impl From<row::Model> for Initialisert {
    fn from(row: row::Model) -> Self {
        Self {
            kode: row.kode,
            ressurs: row.ressurs.into(),
            konfigurert: row.konfigurert,
        }
    }
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    organisasjon: FiksOrgId,
    kode: &str,
    ressurs: RessursId,
) -> Result<(), DatabaseError> {
    let row = row::ActiveModel {
        organisasjon: Set(organisasjon.0),
        kode: Set(kode.to_owned()),
        ressurs: Set(ressurs.0),
        konfigurert: Set(false),
    };
    row::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    organisasjon: FiksOrgId,
    kode: &str,
) -> Result<Option<Initialisert>, DatabaseError> {
    let key = (organisasjon.0, kode.to_owned());
    Ok(row::Entity::find_by_id(key)
        .one(connection)
        .await?
        .map(Into::into))
}

pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    organisasjon: FiksOrgId,
) -> Result<Vec<Initialisert>, DatabaseError> {
    let rows = row::Entity::find().filter(row::Column::Organisasjon.eq(organisasjon.0));
    Ok(rows.all(connection).await?.into_iter().map(Into::into).collect())
}

/// Marks it as configured. Whether it was initialised.
pub(crate) async fn set_konfigurert(
    transaction: &DatabaseTransaction,
    organisasjon: FiksOrgId,
    kode: &str,
) -> Result<bool, DatabaseError> {
    let change = row::ActiveModel {
        konfigurert: Set(true),
        ..Default::default()
    };
    let outcome = row::Entity::update_many()
        .set(change)
        .filter(row::Column::Organisasjon.eq(organisasjon.0))
        .filter(row::Column::Kode.eq(kode))
        .exec(transaction)
        .await?;
    Ok(outcome.rows_affected > 0)
}
