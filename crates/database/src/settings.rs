//! A few values that belong to the installation: how far the test clock has been moved, which keys are in use.
//! Owner: this crate. Retention: for ever.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use sea_orm_migration::prelude::*;

use crate::database::Database;
use crate::error::DatabaseError;

mod innstilling {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "innstilling")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub nokkel: String,
        pub verdi: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The stored value, if there is one.
pub async fn read(database: &Database, key: &str) -> Result<Option<String>, DatabaseError> {
    let row = innstilling::Entity::find_by_id(key)
        .one(database.reader())
        .await?;
    Ok(row.map(|row| row.verdi))
}

/// Stores a value in place of any earlier one.
pub async fn store(database: &Database, key: &str, value: String) -> Result<(), DatabaseError> {
    let row = innstilling::ActiveModel {
        nokkel: Set(key.to_owned()),
        verdi: Set(value),
    };
    database
        .write(|transaction| {
            Box::pin(async move {
                let replace = OnConflict::column(innstilling::Column::Nokkel)
                    .update_column(innstilling::Column::Verdi)
                    .to_owned();
                innstilling::Entity::insert(row)
                    .on_conflict(replace)
                    .exec_without_returning(transaction)
                    .await?;
                Ok(())
            })
        })
        .await
}

pub(crate) struct CreateSettings;

impl MigrationName for CreateSettings {
    fn name(&self) -> &'static str {
        "ground_0003_innstilling"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateSettings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("innstilling")
            .col(ColumnDef::new("nokkel").string().not_null().primary_key())
            .col(ColumnDef::new("verdi").text().not_null())
            .to_owned();
        manager.create_table(table).await
    }
}
