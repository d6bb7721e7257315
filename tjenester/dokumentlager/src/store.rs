//! All SQL of the service.

mod migrations;

use fiks_blobs::SealedKey;
use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, DokumentlagerKontoId, FiksOrgId, IntegrasjonId, RessursId};
use fiks_database::{DatabaseError, DatabaseTransaction};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::model::{Dokument, Eksponering, Konto};
pub use migrations::migrations;

mod konto {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dokumentlager_konto")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub fiks_org_id: Uuid,
        pub navn: String,
        pub opprettet: i64,
        pub slettet: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod dokument {
    use sea_orm::entity::prelude::*;

    /// `nokkel` is the locked key, null once the bytes are gone. Times in epoch ms, sizes in bytes.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dokumentlager_dokument")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub konto: Uuid,
        pub navn: String,
        pub mimetype: String,
        pub korrelasjonsid: Option<Uuid>,
        pub storrelse: i64,
        pub lagret_storrelse: i64,
        pub sha256: Vec<u8>,
        pub opprettet: i64,
        pub tilgjengelig_til: Option<i64>,
        pub slettet: Option<i64>,
        pub nokkel: Option<Vec<u8>>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod eksponering {
    use sea_orm::entity::prelude::*;

    /// `privilegium` and `ressurs`, or `integrasjon`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dokumentlager_eksponering")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub dokument: Uuid,
        pub privilegium: Option<String>,
        pub ressurs: Option<Uuid>,
        pub integrasjon: Option<Uuid>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Stores a new konto.
pub async fn insert_konto(
    transaction: &DatabaseTransaction,
    id: DokumentlagerKontoId,
    fiks_org_id: FiksOrgId,
    navn: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let row = konto::ActiveModel {
        id: Set(id.0),
        fiks_org_id: Set(fiks_org_id.0),
        navn: Set(navn.to_owned()),
        opprettet: Set(now.as_millis()),
        slettet: Set(None),
    };
    konto::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// The konto with that id.
pub async fn konto(
    reader: &impl ConnectionTrait,
    id: DokumentlagerKontoId,
) -> Result<Option<Konto>, DatabaseError> {
    Ok(konto::Entity::find_by_id(id.0)
        .one(reader)
        .await?
        .as_ref()
        .map(from_konto_row))
}

/// As [`konto`], and lets nobody delete it before the transaction has ended. (SQLite has one writer, who needs no
/// lock.)
pub async fn hold_konto(
    transaction: &DatabaseTransaction,
    id: DokumentlagerKontoId,
) -> Result<Option<Konto>, DatabaseError> {
    let found = konto::Entity::find_by_id(id.0).lock_shared();
    Ok(found.one(transaction).await?.as_ref().map(from_konto_row))
}

fn from_konto_row(row: &konto::Model) -> Konto {
    Konto {
        id: DokumentlagerKontoId(row.id),
        slettet: row.slettet.map(Timestamp::from_millis),
    }
}

/// Marks a konto as deleted.
pub async fn delete_konto(
    transaction: &DatabaseTransaction,
    id: DokumentlagerKontoId,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    konto::Entity::update_many()
        .col_expr(konto::Column::Slettet, Expr::value(now.as_millis()))
        .filter(konto::Column::Id.eq(id.0).and(konto::Column::Slettet.is_null()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Stores a document and to whom it is exposed.
pub async fn insert(
    transaction: &DatabaseTransaction,
    document: &Dokument,
    exposed: &[Eksponering],
) -> Result<(), DatabaseError> {
    dokument::Entity::insert(to_row(document))
        .exec_without_returning(transaction)
        .await?;
    let rows = exposed.iter().map(|entry| {
        let (privilegium, ressurs, integrasjon) = match entry {
            Eksponering::Autorisasjon { privilegium, ressurs } => {
                (Some(privilegium.clone()), Some(ressurs.0), None)
            }
            Eksponering::Integrasjon { id } => (None, None, Some(id.0)),
        };
        eksponering::ActiveModel {
            id: NotSet,
            dokument: Set(document.id.0),
            privilegium: Set(privilegium),
            ressurs: Set(ressurs),
            integrasjon: Set(integrasjon),
        }
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        eksponering::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn to_row(document: &Dokument) -> dokument::ActiveModel {
    let bytes = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    dokument::ActiveModel {
        id: Set(document.id.0),
        konto: Set(document.konto.0),
        navn: Set(document.navn.clone()),
        mimetype: Set(document.mimetype.clone()),
        korrelasjonsid: Set(document.korrelasjonsid),
        storrelse: Set(bytes(document.storrelse)),
        lagret_storrelse: Set(bytes(document.lagret_storrelse)),
        sha256: Set(document.sha256.to_vec()),
        opprettet: Set(document.opprettet.as_millis()),
        tilgjengelig_til: Set(document.tilgjengelig_til.map(Timestamp::as_millis)),
        slettet: Set(document.slettet.map(Timestamp::as_millis)),
        nokkel: Set(document.nokkel.as_ref().map(|key| key.to_bytes().to_vec())),
    }
}

fn bad(key: String, column: &'static str, reason: impl std::fmt::Display) -> DatabaseError {
    DatabaseError::BadRow {
        table: "dokumentlager_dokument",
        column,
        key,
        reason: reason.to_string(),
    }
}

fn from_row(row: dokument::Model) -> Result<Dokument, DatabaseError> {
    let key = || row.id.to_string();
    let nokkel = row.nokkel.as_deref().map(SealedKey::from_bytes).transpose();
    Ok(Dokument {
        id: DokumentId(row.id),
        konto: DokumentlagerKontoId(row.konto),
        storrelse: u64::try_from(row.storrelse).map_err(|error| bad(key(), "storrelse", error))?,
        lagret_storrelse: u64::try_from(row.lagret_storrelse)
            .map_err(|error| bad(key(), "lagret_storrelse", error))?,
        sha256: row
            .sha256
            .try_into()
            .map_err(|_| bad(row.id.to_string(), "sha256", "not 32 bytes"))?,
        nokkel: nokkel.map_err(|error| bad(row.id.to_string(), "nokkel", error))?,
        navn: row.navn,
        mimetype: row.mimetype,
        korrelasjonsid: row.korrelasjonsid,
        opprettet: Timestamp::from_millis(row.opprettet),
        tilgjengelig_til: row.tilgjengelig_til.map(Timestamp::from_millis),
        slettet: row.slettet.map(Timestamp::from_millis),
    })
}

/// The document with that id.
pub async fn find(reader: &impl ConnectionTrait, id: DokumentId) -> Result<Option<Dokument>, DatabaseError> {
    dokument::Entity::find_by_id(id.0)
        .one(reader)
        .await?
        .map(from_row)
        .transpose()
}

/// To whom a document is exposed.
pub async fn exposed(
    reader: &impl ConnectionTrait,
    id: DokumentId,
) -> Result<Vec<Eksponering>, DatabaseError> {
    let rows = eksponering::Entity::find()
        .filter(eksponering::Column::Dokument.eq(id.0))
        .all(reader)
        .await?;
    let read = |row: eksponering::Model| match (row.privilegium, row.ressurs, row.integrasjon) {
        (Some(privilegium), Some(ressurs), _) => Some(Eksponering::Autorisasjon {
            privilegium,
            ressurs: RessursId(ressurs),
        }),
        (_, _, Some(integrasjon)) => Some(Eksponering::Integrasjon {
            id: IntegrasjonId(integrasjon),
        }),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Marks documents as deleted; their bytes are removed afterwards.
pub async fn mark_deleted(
    transaction: &DatabaseTransaction,
    ids: &[DokumentId],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    dokument::Entity::update_many()
        .col_expr(dokument::Column::Slettet, Expr::value(now.as_millis()))
        .filter(dokument::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(dokument::Column::Slettet.is_null())
        .exec(transaction)
        .await?;
    Ok(())
}

/// Marks documents that have run out, as deleted when they did.
pub async fn mark_run_out(transaction: &DatabaseTransaction, now: Timestamp) -> Result<(), DatabaseError> {
    dokument::Entity::update_many()
        .col_expr(
            dokument::Column::Slettet,
            Expr::col(dokument::Column::TilgjengeligTil),
        )
        .filter(dokument::Column::Nokkel.is_not_null())
        .filter(dokument::Column::TilgjengeligTil.lte(now.as_millis()))
        .filter(dokument::Column::Slettet.is_null())
        .exec(transaction)
        .await?;
    Ok(())
}

/// Forgets the keys of documents whose bytes are gone.
pub async fn forget_keys(transaction: &DatabaseTransaction, ids: &[DokumentId]) -> Result<(), DatabaseError> {
    dokument::Entity::update_many()
        .col_expr(dokument::Column::Nokkel, Expr::value(Option::<Vec<u8>>::None))
        .filter(dokument::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .exec(transaction)
        .await?;
    Ok(())
}

/// A document whose bytes are to be removed.
#[derive(Debug)]
pub struct Ended {
    pub id: DokumentId,
    /// Its key, without which its bytes are not found. An error when the row holds something else.
    pub nokkel: Result<SealedKey, DatabaseError>,
}

fn ended((id, nokkel): (uuid::Uuid, Vec<u8>)) -> Ended {
    let key = SealedKey::from_bytes(&nokkel);
    Ended {
        id: DokumentId(id),
        nokkel: key.map_err(|error| bad(id.to_string(), "nokkel", error)),
    }
}

/// Documents that were marked and still have bytes: at most `limit` of them, by id, from the one after `after` on.
pub async fn to_purge(
    reader: &impl ConnectionTrait,
    after: Option<DokumentId>,
    limit: u64,
) -> Result<Vec<Ended>, DatabaseError> {
    let after = after.map(|id| dokument::Column::Id.gt(id.0));
    let rows = with_bytes()
        .filter(dokument::Column::Slettet.is_not_null())
        .filter(Condition::all().add_option(after))
        .order_by_asc(dokument::Column::Id)
        .limit(limit);
    let rows: Vec<_> = rows.into_tuple().all(reader).await?;
    Ok(rows.into_iter().map(ended).collect())
}

/// One document, if it still has bytes.
pub async fn with_bytes_of(
    reader: &impl ConnectionTrait,
    id: DokumentId,
) -> Result<Option<Ended>, DatabaseError> {
    let row = with_bytes().filter(dokument::Column::Id.eq(id.0));
    Ok(row.into_tuple().one(reader).await?.map(ended))
}

fn with_bytes() -> sea_orm::Select<dokument::Entity> {
    dokument::Entity::find()
        .select_only()
        .columns([dokument::Column::Id, dokument::Column::Nokkel])
        .filter(dokument::Column::Nokkel.is_not_null())
}

/// When the next document after `now` runs out.
pub async fn next_end(
    reader: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Option<Timestamp>, DatabaseError> {
    let first: Option<Option<i64>> = dokument::Entity::find()
        .select_only()
        .column(dokument::Column::TilgjengeligTil)
        .filter(dokument::Column::Nokkel.is_not_null())
        .filter(dokument::Column::TilgjengeligTil.gt(now.as_millis()))
        .order_by_asc(dokument::Column::TilgjengeligTil)
        .into_tuple()
        .one(reader)
        .await?;
    Ok(first.flatten().map(Timestamp::from_millis))
}

/// Documents of a konto that are not deleted, at most `limit`.
pub async fn of_konto(
    reader: &impl ConnectionTrait,
    konto: DokumentlagerKontoId,
    limit: u64,
) -> Result<Vec<DokumentId>, DatabaseError> {
    let ids: Vec<uuid::Uuid> = dokument::Entity::find()
        .select_only()
        .column(dokument::Column::Id)
        .filter(dokument::Column::Konto.eq(konto.0))
        .filter(dokument::Column::Slettet.is_null())
        .limit(limit)
        .into_tuple()
        .all(reader)
        .await?;
    Ok(ids.into_iter().map(DokumentId).collect())
}
