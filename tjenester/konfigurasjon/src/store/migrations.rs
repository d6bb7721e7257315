//! The tables, forwards only.

use fiks_core::id::ROOT;
use sea_orm::DbErr;
use sea_orm_migration::prelude::*;

use crate::model::katalog::TYPE_ROOT;

/// Declares a migration: its name, and what it does.
macro_rules! migration {
    ($type:ident, $name:literal, $up:ident) => {
        pub(crate) struct $type;

        impl MigrationName for $type {
            fn name(&self) -> &'static str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl MigrationTrait for $type {
            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                $up(manager).await
            }
        }
    };
}

migration!(
    Organisasjoner,
    "m0001_konfigurasjon_organisasjoner",
    organisasjoner
);
migration!(Ressurser, "m0002_konfigurasjon_ressurser", ressurser);
migration!(Integrasjoner, "m0003_konfigurasjon_integrasjoner", integrasjoner);
migration!(Tilganger, "m0004_konfigurasjon_tilganger", tilganger);

async fn organisasjoner(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_organisasjon")
        .col(key("id"))
        .col(text("navn").not_null())
        .col(text("organisasjonstype").not_null())
        .col(flag("intern"))
        .col(text("kommunenr"))
        .col(text("orgnr"))
        .col(text("epost").not_null())
        .col(text("innbyggerkontakt_epost"))
        .col(text("avtaleadmin_fnr"))
        .col(flag("synlig"))
        .col(flag("konfigurert"))
        .col(number("opprettet"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "konfigurasjon_organisasjon", "kommunenr").await
}

async fn ressurser(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_ressurs")
        .col(key("id"))
        .col(ColumnDef::new("forelder").uuid())
        .col(text("ressurstype").not_null())
        .col(text("navn").not_null())
        .foreign_key(&mut removed_with(
            "konfigurasjon_ressurs",
            "forelder",
            "konfigurasjon_ressurs",
        ))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "konfigurasjon_ressurs", "forelder").await?;
    index(manager, "konfigurasjon_ressurs", "ressurstype").await?;
    let root = Query::insert()
        .into_table("konfigurasjon_ressurs")
        .columns(["id", "ressurstype", "navn"])
        .values_panic([ROOT.0.into(), TYPE_ROOT.into(), "ROOT".into()])
        .to_owned();
    manager.execute(root).await?;
    let table = Table::create()
        .table("konfigurasjon_tjeneste")
        .col(ColumnDef::new("organisasjon").uuid().not_null())
        .col(text("kode").not_null())
        .col(ColumnDef::new("ressurs").uuid().not_null().unique_key())
        .col(flag("konfigurert"))
        .primary_key(Index::create().col("organisasjon").col("kode"))
        .foreign_key(&mut removed_with(
            "konfigurasjon_tjeneste",
            "ressurs",
            "konfigurasjon_ressurs",
        ))
        .to_owned();
    manager.create_table(table).await
}

async fn integrasjoner(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_integrasjon")
        .col(key("id"))
        .col(ColumnDef::new("eier").uuid().not_null())
        .col(text("autorisert_orgnr").not_null())
        .col(text("navn").not_null())
        .col(text("beskrivelse"))
        .col(flag("global"))
        .col(text("kode").unique_key())
        .col(text("forespurte_privilegier").not_null())
        .col(number("opprettet"))
        .col(ColumnDef::new("passord_hash").blob())
        .foreign_key(&mut removed_with(
            "konfigurasjon_integrasjon",
            "eier",
            "konfigurasjon_organisasjon",
        ))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "konfigurasjon_integrasjon", "eier").await?;
    index(manager, "konfigurasjon_integrasjon", "global").await?;
    tags(manager).await?;
    ties(manager).await
}

async fn tags(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_integrasjon_tag")
        .col(ColumnDef::new("integrasjon").uuid().not_null())
        .col(text("tag").not_null())
        .primary_key(Index::create().col("integrasjon").col("tag"))
        .foreign_key(&mut removed_with(
            "konfigurasjon_integrasjon_tag",
            "integrasjon",
            "konfigurasjon_integrasjon",
        ))
        .to_owned();
    manager.create_table(table).await
}

/// `organisasjon` is the one that the ressurs belongs to, kept here because it never changes and every reading
/// filters by it.
async fn ties(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let name = "konfigurasjon_integrasjon_ressurs";
    let table = Table::create()
        .table(name)
        .col(ColumnDef::new("integrasjon").uuid().not_null())
        .col(ColumnDef::new("ressurs").uuid().not_null())
        .col(ColumnDef::new("organisasjon").uuid())
        .primary_key(Index::create().col("integrasjon").col("ressurs"))
        .foreign_key(&mut removed_with(
            name,
            "integrasjon",
            "konfigurasjon_integrasjon",
        ))
        .foreign_key(&mut removed_with(name, "ressurs", "konfigurasjon_ressurs"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, name, "ressurs").await
}

async fn tilganger(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_tilgang")
        .col(text("aktor").not_null())
        .col(ColumnDef::new("ressurs").uuid().not_null())
        .col(text("privilegium").not_null())
        .primary_key(Index::create().col("aktor").col("ressurs").col("privilegium"))
        .foreign_key(&mut removed_with(
            "konfigurasjon_tilgang",
            "ressurs",
            "konfigurasjon_ressurs",
        ))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "konfigurasjon_tilgang", "ressurs").await?;
    let table = Table::create()
        .table("konfigurasjon_typetilgang")
        .col(text("aktor").not_null())
        .col(text("ressurstype").not_null())
        .col(text("privilegium").not_null())
        .primary_key(Index::create().col("aktor").col("ressurstype").col("privilegium"))
        .to_owned();
    manager.create_table(table).await?;
    let table = Table::create()
        .table("konfigurasjon_aktor")
        .col(text("aktor").not_null().primary_key())
        .col(flag("aktiv"))
        .to_owned();
    manager.create_table(table).await?;
    versjon(manager).await
}

async fn versjon(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("konfigurasjon_versjon")
        .col(ColumnDef::new("id").integer().not_null().primary_key())
        .col(number("versjon"))
        .to_owned();
    manager.create_table(table).await?;
    let first = Query::insert()
        .into_table("konfigurasjon_versjon")
        .columns(["id", "versjon"])
        .values_panic([1_i32.into(), 0_i64.into()])
        .to_owned();
    manager.execute(first).await
}

fn key(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().primary_key().to_owned()
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().to_owned()
}

fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

/// A count, or a time in milliseconds since 1970.
fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

/// The row goes when the row that it points to goes.
fn removed_with(table: &'static str, column: &'static str, whole: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(whole, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

async fn index(manager: &SchemaManager<'_>, table: &'static str, column: &'static str) -> Result<(), DbErr> {
    let index = Index::create()
        .name(format!("{table}_{column}"))
        .table(table)
        .col(column)
        .to_owned();
    manager.create_index(index).await
}
