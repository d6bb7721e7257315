//! Kontoer and the senders that they accept.

use fiks_core::Timestamp;
use fiks_core::id::{DokumentlagerKontoId, FiksOrgId, KontoId};
use fiks_database::{DatabaseError, DatabaseTransaction};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, TryInsertResult,
};

use crate::model::konto::Konto;

mod row {
    use sea_orm::entity::prelude::*;

    /// Times in epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_konto")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub fiks_org_id: Uuid,
        pub navn: String,
        pub aktiv: bool,
        pub send_deaktivert: bool,
        pub bare_aksepterte: bool,
        pub dokumentlager_konto: Uuid,
        pub offentlig_nokkel: Option<String>,
        pub opprettet: i64,
        pub opprettet_av: String,
        pub sist_endret: i64,
        pub sist_endret_av: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod akseptert {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fiksio_akseptert_avsender")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub konto: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub avsender: Uuid,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl From<row::Model> for Konto {
    fn from(row: row::Model) -> Self {
        Self {
            id: KontoId(row.id),
            fiks_org_id: FiksOrgId(row.fiks_org_id),
            navn: row.navn,
            aktiv: row.aktiv,
            send_deaktivert: row.send_deaktivert,
            bare_aksepterte: row.bare_aksepterte,
            dokumentlager_konto: DokumentlagerKontoId(row.dokumentlager_konto),
            offentlig_nokkel: row.offentlig_nokkel,
            opprettet: Timestamp::from_millis(row.opprettet),
            opprettet_av: row.opprettet_av,
            sist_endret: Timestamp::from_millis(row.sist_endret),
            sist_endret_av: row.sist_endret_av,
        }
    }
}

impl From<&Konto> for row::Model {
    fn from(konto: &Konto) -> Self {
        Self {
            id: konto.id.0,
            fiks_org_id: konto.fiks_org_id.0,
            navn: konto.navn.clone(),
            aktiv: konto.aktiv,
            send_deaktivert: konto.send_deaktivert,
            bare_aksepterte: konto.bare_aksepterte,
            dokumentlager_konto: konto.dokumentlager_konto.0,
            offentlig_nokkel: konto.offentlig_nokkel.clone(),
            opprettet: konto.opprettet.as_millis(),
            opprettet_av: konto.opprettet_av.clone(),
            sist_endret: konto.sist_endret.as_millis(),
            sist_endret_av: konto.sist_endret_av.clone(),
        }
    }
}

/// Stores a new konto.
pub async fn insert(transaction: &DatabaseTransaction, konto: &Konto) -> Result<(), DatabaseError> {
    let row = row::Model::from(konto).into_active_model();
    row::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Stores a konto in place of what is there.
pub async fn update(transaction: &DatabaseTransaction, konto: &Konto) -> Result<(), DatabaseError> {
    row::Model::from(konto)
        .into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    Ok(())
}

/// The konto with that id.
pub async fn find(reader: &impl ConnectionTrait, id: KontoId) -> Result<Option<Konto>, DatabaseError> {
    Ok(row::Entity::find_by_id(id.0).one(reader).await?.map(Konto::from))
}

/// Whether there is a konto with that id.
pub async fn exists(reader: &impl ConnectionTrait, id: KontoId) -> Result<bool, DatabaseError> {
    Ok(row::Entity::find_by_id(id.0).count(reader).await? > 0)
}

/// Kontoer of an organisation or of all, by name.
pub async fn search(
    reader: &impl ConnectionTrait,
    fiks_org_id: Option<FiksOrgId>,
    aktiv: Option<bool>,
) -> Result<Vec<Konto>, DatabaseError> {
    let mut rows = row::Entity::find()
        .order_by_asc(row::Column::Navn)
        .order_by_asc(row::Column::Id);
    if let Some(organisasjon) = fiks_org_id {
        rows = rows.filter(row::Column::FiksOrgId.eq(organisasjon.0));
    }
    if let Some(aktiv) = aktiv {
        rows = rows.filter(row::Column::Aktiv.eq(aktiv));
    }
    Ok(rows.all(reader).await?.into_iter().map(Konto::from).collect())
}

/// Removes a konto and its list of senders, also from the lists of others.
pub async fn delete(transaction: &DatabaseTransaction, id: KontoId) -> Result<(), DatabaseError> {
    let mentioned = akseptert::Column::Konto
        .eq(id.0)
        .or(akseptert::Column::Avsender.eq(id.0));
    akseptert::Entity::delete_many()
        .filter(mentioned)
        .exec(transaction)
        .await?;
    row::Entity::delete_by_id(id.0).exec(transaction).await?;
    Ok(())
}

/// The senders that a konto accepts.
pub async fn accepted(reader: &impl ConnectionTrait, konto: KontoId) -> Result<Vec<Konto>, DatabaseError> {
    let ids: Vec<uuid::Uuid> = akseptert::Entity::find()
        .filter(akseptert::Column::Konto.eq(konto.0))
        .all(reader)
        .await?
        .into_iter()
        .map(|row| row.avsender)
        .collect();
    let rows = row::Entity::find()
        .filter(row::Column::Id.is_in(ids))
        .order_by_asc(row::Column::Navn);
    Ok(rows.all(reader).await?.into_iter().map(Konto::from).collect())
}

/// Whether a konto accepts that sender.
pub async fn accepts(
    reader: &impl ConnectionTrait,
    konto: KontoId,
    avsender: KontoId,
) -> Result<bool, DatabaseError> {
    Ok(akseptert::Entity::find_by_id((konto.0, avsender.0))
        .count(reader)
        .await?
        > 0)
}

/// Adds a sender to those a konto accepts. Nothing happens when it is there already.
pub async fn accept(
    transaction: &DatabaseTransaction,
    konto: KontoId,
    avsender: KontoId,
) -> Result<(), DatabaseError> {
    let row = akseptert::ActiveModel {
        konto: Set(konto.0),
        avsender: Set(avsender.0),
    };
    let key = [akseptert::Column::Konto, akseptert::Column::Avsender];
    let _: TryInsertResult<_> = akseptert::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Removes a sender from those a konto accepts.
pub async fn refuse(
    transaction: &DatabaseTransaction,
    konto: KontoId,
    avsender: KontoId,
) -> Result<(), DatabaseError> {
    akseptert::Entity::delete_by_id((konto.0, avsender.0))
        .exec(transaction)
        .await?;
    Ok(())
}
