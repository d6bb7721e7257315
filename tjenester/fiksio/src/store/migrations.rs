//! The tables. Owner: Fiks IO. Retention: messages that ended are known for [`crate::jobs::ETTERTID`], their payloads
//! go at once; kontoer and addresses stay until they are deleted.

use sea_orm_migration::prelude::*;

/// The migrations of this service, oldest first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(CreateFiksio)]
}

struct CreateFiksio;

impl MigrationName for CreateFiksio {
    fn name(&self) -> &'static str {
        "fiksio_0001_create"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateFiksio {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            konto(),
            akseptert(),
            adresse(),
            adresse_verdi(),
            melding(),
            innhold(),
        ] {
            manager.create_table(table).await?;
        }
        manager.create_index(adresse_konto()).await?;
        manager.create_index(adresse_slag()).await?;
        manager.create_index(melding_id()).await?;
        for partial in PARTIAL_INDEXES {
            manager.get_connection().execute_unprepared(partial).await?;
        }
        Ok(())
    }
}

/// Only what waits is ever looked for by konto or by time, so only that is indexed.
const PARTIAL_INDEXES: [&str; 3] = [
    "CREATE INDEX fiksio_melding_ko ON fiksio_melding (mottaker, plass) WHERE tilstand = 0",
    "CREATE INDEX fiksio_melding_utlop ON fiksio_melding (utloper, plass) WHERE tilstand = 0",
    "CREATE INDEX fiksio_melding_avsluttet ON fiksio_melding (avsluttet) WHERE avsluttet IS NOT NULL",
];

fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().to_owned()
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

fn moment(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

fn konto() -> TableCreateStatement {
    Table::create()
        .table("fiksio_konto")
        .col(uuid("id").primary_key())
        .col(uuid("fiks_org_id"))
        .col(text("navn"))
        .col(flag("aktiv"))
        .col(flag("send_deaktivert"))
        .col(flag("bare_aksepterte"))
        .col(uuid("dokumentlager_konto"))
        .col(ColumnDef::new("offentlig_nokkel").text())
        .col(moment("opprettet"))
        .col(text("opprettet_av"))
        .col(moment("sist_endret"))
        .col(text("sist_endret_av"))
        .to_owned()
}

fn akseptert() -> TableCreateStatement {
    Table::create()
        .table("fiksio_akseptert_avsender")
        .col(uuid("konto"))
        .col(uuid("avsender"))
        .primary_key(Index::create().col("konto").col("avsender"))
        .to_owned()
}

fn adresse() -> TableCreateStatement {
    Table::create()
        .table("fiksio_adresse")
        .col(uuid("id").primary_key())
        .col(uuid("konto"))
        .col(text("beskrivelse"))
        .col(flag("aktiv"))
        .col(moment("opprettet"))
        .col(text("opprettet_av"))
        .col(moment("sist_endret"))
        .col(text("sist_endret_av"))
        .to_owned()
}

/// One row per identifikator, protokoll and sikkerhetsnivå of an address.
fn adresse_verdi() -> TableCreateStatement {
    Table::create()
        .table("fiksio_adresse_verdi")
        .col(uuid("adresse"))
        .col(ColumnDef::new("slag").small_integer().not_null())
        .col(ColumnDef::new("verdi").string().not_null())
        .primary_key(Index::create().col("adresse").col("slag").col("verdi"))
        .to_owned()
}

fn adresse_konto() -> IndexCreateStatement {
    Index::create()
        .name("fiksio_adresse_konto")
        .table("fiksio_adresse")
        .col("konto")
        .to_owned()
}

fn adresse_slag() -> IndexCreateStatement {
    let index = Index::create()
        .name("fiksio_adresse_verdi_slag")
        .table("fiksio_adresse_verdi")
        .to_owned();
    index.clone().col("slag").col("verdi").to_owned()
}

fn melding() -> TableCreateStatement {
    Table::create()
        .table("fiksio_melding")
        .col(
            ColumnDef::new("plass")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(uuid("melding_id"))
        .col(uuid("mottaker"))
        .col(uuid("avsender"))
        .col(text("melding_type"))
        .col(ColumnDef::new("svar_paa").uuid())
        .col(ColumnDef::new("svar_til_type").text())
        .col(moment("ttl"))
        .col(text("headere"))
        .col(ColumnDef::new("storrelse").big_integer().not_null())
        .col(ColumnDef::new("dokument").uuid())
        .col(moment("sendt"))
        .col(moment("utloper"))
        .col(ColumnDef::new("tilstand").small_integer().not_null())
        .col(flag("levert"))
        .col(ColumnDef::new("forsok").integer().not_null())
        .col(ColumnDef::new("avsluttet").big_integer())
        .to_owned()
}

fn melding_id() -> IndexCreateStatement {
    Index::create()
        .name("fiksio_melding_id")
        .table("fiksio_melding")
        .col("melding_id")
        .unique()
        .to_owned()
}

fn innhold() -> TableCreateStatement {
    Table::create()
        .table("fiksio_innhold")
        .col(ColumnDef::new("plass").big_integer().not_null().primary_key())
        .col(ColumnDef::new("data").blob().not_null())
        .to_owned()
}
