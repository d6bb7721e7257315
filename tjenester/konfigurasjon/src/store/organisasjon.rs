//! The table of organisations.

use fiks_core::Timestamp;
use fiks_core::id::FiksOrgId;
use fiks_database::DatabaseError;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::model::organisasjon::{Organisasjon, Organisasjonstype};
use crate::model::values::{Epost, Fodselsnummer, Kommunenr, Navn};

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    /// `epost` is a JSON list of texts, `opprettet` epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_organisasjon")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub navn: String,
        pub organisasjonstype: String,
        pub intern: bool,
        pub kommunenr: Option<String>,
        pub orgnr: Option<String>,
        pub epost: String,
        pub innbyggerkontakt_epost: Option<String>,
        pub avtaleadmin_fnr: Option<String>,
        pub synlig: bool,
        pub konfigurert: bool,
        pub opprettet: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    organisasjon: &Organisasjon,
) -> Result<(), DatabaseError> {
    row::Entity::insert(to_row(organisasjon).into_active_model().reset_all())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Stores every value anew.
pub(crate) async fn update(
    transaction: &DatabaseTransaction,
    organisasjon: &Organisasjon,
) -> Result<(), DatabaseError> {
    let changed = row::ActiveModel {
        opprettet: NotSet,
        ..to_row(organisasjon).into_active_model().reset_all()
    };
    changed.update(transaction).await?;
    Ok(())
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: FiksOrgId,
) -> Result<Option<Organisasjon>, DatabaseError> {
    row::Entity::find_by_id(id.0)
        .one(connection)
        .await?
        .map(from_row)
        .transpose()
}

/// The organisation, which nobody else changes before this transaction ends.
pub(crate) async fn find_for_update(
    transaction: &DatabaseTransaction,
    id: FiksOrgId,
) -> Result<Option<Organisasjon>, DatabaseError> {
    let found = row::Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(transaction)
        .await?;
    found.map(from_row).transpose()
}

/// Those with one of the ids or one of the municipality numbers, by name.
pub(crate) async fn find_many(
    connection: &impl ConnectionTrait,
    ids: &[FiksOrgId],
    kommunenr: &[Kommunenr],
) -> Result<Vec<Organisasjon>, DatabaseError> {
    let wanted = Condition::any()
        .add(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .add(row::Column::Kommunenr.is_in(kommunenr.iter().map(Kommunenr::as_str)));
    select(connection, wanted).await
}

/// All, by name.
pub(crate) async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Organisasjon>, DatabaseError> {
    select(connection, Condition::all()).await
}

async fn select(
    connection: &impl ConnectionTrait,
    wanted: Condition,
) -> Result<Vec<Organisasjon>, DatabaseError> {
    let rows = row::Entity::find()
        .filter(wanted)
        .order_by_asc(row::Column::Navn)
        .order_by_asc(row::Column::Id);
    rows.all(connection).await?.into_iter().map(from_row).collect()
}

fn to_row(organisasjon: &Organisasjon) -> row::Model {
    let one = organisasjon.clone();
    row::Model {
        id: one.id.0,
        navn: one.navn.into(),
        organisasjonstype: one.organisasjonstype.as_str().to_owned(),
        intern: one.intern,
        kommunenr: one.kommunenr.map(Into::into),
        orgnr: one.orgnr.map(|orgnr| orgnr.to_string()),
        epost: serde_json::json!(one.epost).to_string(),
        innbyggerkontakt_epost: one.innbyggerkontakt_epost.map(Into::into),
        avtaleadmin_fnr: one.avtaleadmin.map(|fnr| fnr.as_str().to_owned()),
        synlig: one.synlig,
        konfigurert: one.konfigurert,
        opprettet: one.opprettet.as_millis(),
    }
}

fn from_row(row: row::Model) -> Result<Organisasjon, DatabaseError> {
    let bad = |column: &'static str, reason: String| DatabaseError::BadRow {
        table: "konfigurasjon_organisasjon",
        column,
        key: row.id.to_string(),
        reason,
    };
    let organisasjonstype = Organisasjonstype::stored(&row.organisasjonstype)
        .ok_or_else(|| bad("organisasjonstype", "no such type".to_owned()))?;
    let orgnr = row.orgnr.as_deref().map(str::parse).transpose();
    let orgnr = orgnr.map_err(|_| bad("orgnr", "no organisation number".to_owned()))?;
    let epost: Vec<String> =
        serde_json::from_str(&row.epost).map_err(|error| bad("epost", error.to_string()))?;
    Ok(Organisasjon {
        id: row.id.into(),
        navn: Navn::stored(row.navn),
        organisasjonstype,
        intern: row.intern,
        kommunenr: row.kommunenr.map(Kommunenr::stored),
        orgnr,
        epost: epost.into_iter().map(Epost::stored).collect(),
        innbyggerkontakt_epost: row.innbyggerkontakt_epost.map(Epost::stored),
        avtaleadmin: row.avtaleadmin_fnr.map(Fodselsnummer::stored),
        synlig: row.synlig,
        konfigurert: row.konfigurert,
        opprettet: Timestamp::from_millis(row.opprettet),
    })
}
