//! The tables. Owner: dokumentlager. Retention: bytes and keys until a document ends; metadata until the
//! organisation is removed (dokumentlager §1).

use sea_orm_migration::prelude::*;

/// The migrations of this service, oldest first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(CreateDokumentlager), Box::new(IndexBytesToRemove)]
}

struct CreateDokumentlager;

impl MigrationName for CreateDokumentlager {
    fn name(&self) -> &'static str {
        "dokumentlager_0001_create"
    }
}

const INDEXES: [&str; 3] = [
    "CREATE INDEX dokumentlager_dokument_slutt ON dokumentlager_dokument (tilgjengelig_til) WHERE nokkel IS NOT NULL",
    "CREATE INDEX dokumentlager_dokument_konto ON dokumentlager_dokument (konto) WHERE slettet IS NULL",
    "CREATE INDEX dokumentlager_eksponering_dokument ON dokumentlager_eksponering (dokument)",
];

#[async_trait::async_trait]
impl MigrationTrait for CreateDokumentlager {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(konto()).await?;
        manager.create_table(dokument()).await?;
        manager.create_table(eksponering()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// Without it, each look for bytes to remove would read every document there is.
struct IndexBytesToRemove;

impl MigrationName for IndexBytesToRemove {
    fn name(&self) -> &'static str {
        "dokumentlager_0002_index_bytes_to_remove"
    }
}

const BYTES_TO_REMOVE: &str = "CREATE INDEX dokumentlager_dokument_fjernes ON dokumentlager_dokument (id) \
     WHERE slettet IS NOT NULL AND nokkel IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for IndexBytesToRemove {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(BYTES_TO_REMOVE)
            .await?;
        Ok(())
    }
}

fn konto() -> TableCreateStatement {
    Table::create()
        .table("dokumentlager_konto")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("fiks_org_id").uuid().not_null())
        .col(ColumnDef::new("navn").text().not_null())
        .col(ColumnDef::new("opprettet").big_integer().not_null())
        .col(ColumnDef::new("slettet").big_integer())
        .to_owned()
}

fn dokument() -> TableCreateStatement {
    Table::create()
        .table("dokumentlager_dokument")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("konto").uuid().not_null())
        .col(ColumnDef::new("navn").text().not_null())
        .col(ColumnDef::new("mimetype").text().not_null())
        .col(ColumnDef::new("korrelasjonsid").uuid())
        .col(ColumnDef::new("storrelse").big_integer().not_null())
        .col(ColumnDef::new("lagret_storrelse").big_integer().not_null())
        .col(ColumnDef::new("sha256").blob().not_null())
        .col(ColumnDef::new("opprettet").big_integer().not_null())
        .col(ColumnDef::new("tilgjengelig_til").big_integer())
        .col(ColumnDef::new("slettet").big_integer())
        .col(ColumnDef::new("nokkel").blob())
        .to_owned()
}

fn eksponering() -> TableCreateStatement {
    Table::create()
        .table("dokumentlager_eksponering")
        .col(
            ColumnDef::new("id")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("dokument").uuid().not_null())
        .col(ColumnDef::new("privilegium").string())
        .col(ColumnDef::new("ressurs").uuid())
        .col(ColumnDef::new("integrasjon").uuid())
        .to_owned()
}
