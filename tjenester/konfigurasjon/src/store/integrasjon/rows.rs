//! The rows of integrations, their tags and their ties.

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    /// `forespurte_privilegier` is a JSON list of texts, `opprettet` epoch ms.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_integrasjon")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub eier: Uuid,
        pub autorisert_orgnr: String,
        pub navn: String,
        pub beskrivelse: Option<String>,
        pub global: bool,
        pub kode: Option<String>,
        pub forespurte_privilegier: String,
        pub opprettet: i64,
        pub passord_hash: Option<Vec<u8>>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod tag_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_integrasjon_tag")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub integrasjon: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod tie_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "konfigurasjon_integrasjon_ressurs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub integrasjon: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub ressurs: Uuid,
        pub organisasjon: Option<Uuid>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
