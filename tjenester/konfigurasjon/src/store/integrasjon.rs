//! The tables of integrations, their tags and their ties to ressurser.

use std::collections::{BTreeSet, HashMap};

use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, IntegrasjonId, Orgnr, RessursId};
use fiks_database::DatabaseError;
use fiks_identity::StoredIntegrasjon;
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::organisasjon;
use crate::model::integrasjon::{Integrasjon, IntegrasjonUtvalg};
use crate::model::values::{Beskrivelse, IntegrasjonNavn, Kode, Navn, Tag};
use rows::{row, tag_row, tie_row};

mod rows;

/// Whose ressurser are shown as tied to an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    /// Everyone's.
    All,
    /// One organisation's.
    Of(FiksOrgId),
}

/// What the rules about who may give an integration something need to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) eier: FiksOrgId,
    pub(crate) global: bool,
}

pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    integrasjon: &Integrasjon,
) -> Result<(), DatabaseError> {
    row::Entity::insert(to_row(integrasjon))
        .exec_without_returning(transaction)
        .await?;
    insert_tags(transaction, integrasjon).await
}

/// Stores every value anew, but for the password.
pub(crate) async fn update(
    transaction: &DatabaseTransaction,
    integrasjon: &Integrasjon,
) -> Result<(), DatabaseError> {
    row::ActiveModel {
        opprettet: NotSet,
        passord_hash: NotSet,
        ..to_row(integrasjon)
    }
    .update(transaction)
    .await?;
    let tags = tag_row::Column::Integrasjon.eq(integrasjon.id.0);
    tag_row::Entity::delete_many()
        .filter(tags)
        .exec(transaction)
        .await?;
    insert_tags(transaction, integrasjon).await
}

async fn insert_tags(
    transaction: &DatabaseTransaction,
    integrasjon: &Integrasjon,
) -> Result<(), DatabaseError> {
    let rows = integrasjon.tags.iter().map(|tag| tag_row::ActiveModel {
        integrasjon: Set(integrasjon.id.0),
        tag: Set(tag.as_str().to_owned()),
    });
    if !integrasjon.tags.is_empty() {
        tag_row::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Replaces the password. Whether there is such an integration.
pub(crate) async fn set_passord_hash(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
    hash: Vec<u8>,
) -> Result<bool, DatabaseError> {
    let change = row::ActiveModel {
        passord_hash: Set(Some(hash)),
        ..Default::default()
    };
    let this = row::Column::Id.eq(id.0);
    let outcome = row::Entity::update_many()
        .set(change)
        .filter(this)
        .exec(transaction)
        .await?;
    Ok(outcome.rows_affected > 0)
}

/// Removes it, and by the foreign keys its tags and ties. Whether there was one.
pub(crate) async fn delete(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
) -> Result<bool, DatabaseError> {
    Ok(row::Entity::delete_by_id(id.0)
        .exec(transaction)
        .await?
        .rows_affected
        > 0)
}

/// Ties it to a ressurs that belongs to `organisasjon`, unless it is.
pub(crate) async fn tie(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
    ressurs: RessursId,
    organisasjon: Option<FiksOrgId>,
) -> Result<(), DatabaseError> {
    let row = tie_row::ActiveModel {
        integrasjon: Set(id.0),
        ressurs: Set(ressurs.0),
        organisasjon: Set(organisasjon.map(|organisasjon| organisasjon.0)),
    };
    tie_row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Unties it from a ressurs, if it is tied.
pub(crate) async fn untie(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
    ressurs: RessursId,
) -> Result<(), DatabaseError> {
    tie_row::Entity::delete_by_id((id.0, ressurs.0))
        .exec(transaction)
        .await?;
    Ok(())
}

/// What authentication needs to know of it.
pub(crate) async fn find_stored(
    connection: &impl ConnectionTrait,
    id: IntegrasjonId,
) -> Result<Option<StoredIntegrasjon>, DatabaseError> {
    let Some(row) = row::Entity::find_by_id(id.0).one(connection).await? else {
        return Ok(None);
    };
    let integrasjon = fiks_identity::Integrasjon {
        id,
        fiks_org_id: row.eier.into(),
        autorisert_orgnr: orgnr(&row)?,
    };
    Ok(Some(StoredIntegrasjon {
        integrasjon,
        passord_hash: row.passord_hash,
    }))
}

/// Whose it is. It is not deleted before this transaction ends.
pub(crate) async fn ownership(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
) -> Result<Option<Ownership>, DatabaseError> {
    let found = row::Entity::find_by_id(id.0)
        .lock_shared()
        .one(transaction)
        .await?;
    Ok(found.map(|row| Ownership {
        eier: row.eier.into(),
        global: row.global,
    }))
}

/// The integration, which nobody else changes before this transaction ends.
pub(crate) async fn find_for_update(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
) -> Result<Option<Integrasjon>, DatabaseError> {
    let locked = row::Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(transaction)
        .await?;
    if locked.is_none() {
        return Ok(None);
    }
    find(transaction, id, Ties::All).await
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: IntegrasjonId,
    ties: Ties,
) -> Result<Option<Integrasjon>, DatabaseError> {
    Ok(
        select(connection, Condition::all().add(row::Column::Id.eq(id.0)), ties)
            .await?
            .pop(),
    )
}

/// The integrations that an organisation sees, its own and the global ones, as far as they are asked for; by name.
pub(crate) async fn of_organisasjon(
    connection: &impl ConnectionTrait,
    organisasjon: FiksOrgId,
    wanted: &IntegrasjonUtvalg,
) -> Result<Vec<Integrasjon>, DatabaseError> {
    let seen = Condition::any()
        .add(row::Column::Eier.eq(organisasjon.0))
        .add(row::Column::Global.eq(true));
    let named = (!wanted.ids.is_empty() || !wanted.koder.is_empty()).then(|| {
        Condition::any()
            .add(row::Column::Id.is_in(wanted.ids.iter().map(|id| id.0)))
            .add(row::Column::Kode.is_in(wanted.koder.iter().map(Kode::as_str)))
    });
    let tagged = wanted
        .tag
        .as_ref()
        .map(|tag| row::Column::Id.in_subquery(tagged_with(tag)));
    let all = Condition::all().add(seen).add_option(named).add_option(tagged);
    select(connection, all, Ties::Of(organisasjon)).await
}

fn tagged_with(tag: &Tag) -> SelectStatement {
    Query::select()
        .column(tag_row::Column::Integrasjon)
        .from(tag_row::Entity)
        .and_where(Expr::col(tag_row::Column::Tag).eq(tag.as_str()))
        .to_owned()
}

/// The next integrations by id, after the one with that id, at most `most`.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    after: Option<IntegrasjonId>,
    most: u64,
) -> Result<Vec<Integrasjon>, DatabaseError> {
    let beyond = after.map(|after| row::Column::Id.gt(after.0));
    let ids: Vec<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(Condition::all().add_option(beyond))
        .order_by_asc(row::Column::Id)
        .limit(most)
        .into_tuple()
        .all(connection)
        .await?;
    let mut page = select(
        connection,
        Condition::all().add(row::Column::Id.is_in(ids)),
        Ties::All,
    )
    .await?;
    page.sort_unstable_by_key(|integrasjon| integrasjon.id);
    Ok(page)
}

/// Four statements, however many integrations there are.
async fn select(
    connection: &impl ConnectionTrait,
    wanted: Condition,
    ties: Ties,
) -> Result<Vec<Integrasjon>, DatabaseError> {
    let which = |column| {
        Query::select()
            .column(column)
            .from(row::Entity)
            .cond_where(wanted.clone())
            .to_owned()
    };
    let rows = row::Entity::find().filter(wanted.clone());
    let rows = rows
        .order_by_asc(row::Column::Navn)
        .order_by_asc(row::Column::Id)
        .all(connection)
        .await?;
    let mut more = More {
        owners: owners(connection, which(row::Column::Eier)).await?,
        tags: tags(connection, which(row::Column::Id)).await?,
        ties: tied(connection, which(row::Column::Id), ties).await?,
    };
    rows.into_iter().map(|row| more.complete(row)).collect()
}

async fn owners(
    connection: &impl ConnectionTrait,
    which: SelectStatement,
) -> Result<HashMap<Uuid, String>, DatabaseError> {
    let rows = organisasjon::row::Entity::find()
        .select_only()
        .columns([organisasjon::row::Column::Id, organisasjon::row::Column::Navn])
        .filter(organisasjon::row::Column::Id.in_subquery(which));
    let rows: Vec<(Uuid, String)> = rows.into_tuple().all(connection).await?;
    Ok(rows.into_iter().collect())
}

async fn tags(
    connection: &impl ConnectionTrait,
    which: SelectStatement,
) -> Result<HashMap<Uuid, BTreeSet<Tag>>, DatabaseError> {
    let rows = tag_row::Entity::find().filter(tag_row::Column::Integrasjon.in_subquery(which));
    let mut tags: HashMap<Uuid, BTreeSet<Tag>> = HashMap::new();
    for row in rows.all(connection).await? {
        tags.entry(row.integrasjon)
            .or_default()
            .insert(Tag::stored(row.tag));
    }
    Ok(tags)
}

async fn tied(
    connection: &impl ConnectionTrait,
    which: SelectStatement,
    ties: Ties,
) -> Result<HashMap<Uuid, BTreeSet<RessursId>>, DatabaseError> {
    let whose = match ties {
        Ties::All => None,
        Ties::Of(organisasjon) => Some(tie_row::Column::Organisasjon.eq(organisasjon.0)),
    };
    let rows = tie_row::Entity::find()
        .filter(tie_row::Column::Integrasjon.in_subquery(which))
        .filter(Condition::all().add_option(whose));
    let mut tied: HashMap<Uuid, BTreeSet<RessursId>> = HashMap::new();
    for row in rows.all(connection).await? {
        tied.entry(row.integrasjon)
            .or_default()
            .insert(row.ressurs.into());
    }
    Ok(tied)
}

/// What belongs to the integrations of one reading, by the integration's or the owner's id.
struct More {
    owners: HashMap<Uuid, String>,
    tags: HashMap<Uuid, BTreeSet<Tag>>,
    ties: HashMap<Uuid, BTreeSet<RessursId>>,
}

impl More {
    fn complete(&mut self, row: row::Model) -> Result<Integrasjon, DatabaseError> {
        let wanted: Vec<String> = serde_json::from_str(&row.forespurte_privilegier)
            .map_err(|error| bad(&row, "forespurte_privilegier", error.to_string()))?;
        Ok(Integrasjon {
            id: row.id.into(),
            autorisert_orgnr: orgnr(&row)?,
            navn: IntegrasjonNavn::stored(row.navn),
            beskrivelse: row.beskrivelse.map(Beskrivelse::stored),
            eier: row.eier.into(),
            eier_navn: Navn::stored(self.owners.get(&row.eier).cloned().unwrap_or_default()),
            opprettet: Timestamp::from_millis(row.opprettet),
            global: row.global,
            kode: row.kode.map(Kode::stored),
            forespurte_privilegier: wanted.into_iter().collect(),
            tags: self.tags.remove(&row.id).unwrap_or_default(),
            tilknyttede_ressurser: self.ties.remove(&row.id).unwrap_or_default(),
        })
    }
}

fn to_row(integrasjon: &Integrasjon) -> row::ActiveModel {
    let one = integrasjon.clone();
    row::Model {
        id: one.id.0,
        eier: one.eier.0,
        autorisert_orgnr: one.autorisert_orgnr.to_string(),
        navn: one.navn.into(),
        beskrivelse: one.beskrivelse.map(Into::into),
        global: one.global,
        kode: one.kode.map(Into::into),
        forespurte_privilegier: serde_json::json!(one.forespurte_privilegier).to_string(),
        opprettet: one.opprettet.as_millis(),
        passord_hash: None,
    }
    .into_active_model()
    .reset_all()
}

fn orgnr(row: &row::Model) -> Result<Orgnr, DatabaseError> {
    let orgnr = row.autorisert_orgnr.parse();
    orgnr.map_err(|_| bad(row, "autorisert_orgnr", "no organisation number".to_owned()))
}

fn bad(row: &row::Model, column: &'static str, reason: String) -> DatabaseError {
    DatabaseError::BadRow {
        table: "konfigurasjon_integrasjon",
        column,
        key: row.id.to_string(),
        reason,
    }
}
