//! Walks through the tree of ressurser, each one statement whatever the size of the tree.
//!
//! The depth of the tree is bounded when a ressurs is made ([`crate::model::ressurs::MAX_DEPTH`]), so every
//! recursion here ends.

use std::collections::HashMap;

use fiks_core::id::{Aktor, ROOT, RessursId};
use fiks_database::DatabaseError;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

use super::MOST_HITS;
use super::sql::Sql;
use crate::model::ressurs::Ressurs;
use crate::model::values::{Navn, Ressurstype};

/// Ids that are handed to the database in one list; SQLite takes 32,766 parameters.
const IDS_PER_STATEMENT: usize = 5_000;

const UPWARDS: &str = "\
    WITH RECURSIVE opp(start, id, forelder, ressurstype, navn, niva) AS (
        SELECT id, id, forelder, ressurstype, navn, 0 FROM konfigurasjon_ressurs WHERE id IN ";
const UPWARDS_END: &str = "
        UNION ALL
        SELECT o.start, r.id, r.forelder, r.ressurstype, r.navn, o.niva + 1
        FROM konfigurasjon_ressurs r JOIN opp o ON r.id = o.forelder
    ) SELECT start, id, forelder, ressurstype, navn FROM opp ORDER BY niva";

const DOWNWARDS: &str = "\
    WITH RECURSIVE under(id) AS (
        SELECT id FROM konfigurasjon_ressurs WHERE id = ";
const DOWNWARDS_END: &str = "
        UNION ALL
        SELECT r.id FROM konfigurasjon_ressurs r JOIN under u ON r.forelder = u.id
    ) ";

/// The ressurs and those above it, itself first and the root last; empty when there is no such ressurs.
pub(crate) async fn path(
    connection: &impl ConnectionTrait,
    id: RessursId,
) -> Result<Vec<Ressurs>, DatabaseError> {
    Ok(paths(connection, &[id]).await?.remove(&id).unwrap_or_default())
}

/// The paths of several ressurser, each as [`path`] gives it. Those that do not exist are left out.
pub(crate) async fn paths(
    connection: &impl ConnectionTrait,
    ids: &[RessursId],
) -> Result<HashMap<RessursId, Vec<Ressurs>>, DatabaseError> {
    let mut paths: HashMap<RessursId, Vec<Ressurs>> = HashMap::with_capacity(ids.len());
    for some in ids.chunks(IDS_PER_STATEMENT) {
        let rows = Sql::new(UPWARDS)
            .list(some.iter().map(|id| id.0))
            .text(UPWARDS_END)
            .all(connection)
            .await?;
        for row in rows {
            let start: Uuid = row.try_get("", "start")?;
            paths.entry(start.into()).or_default().push(ressurs(&row)?);
        }
    }
    Ok(paths)
}

/// The ids of a ressurs and of all below it.
pub(crate) async fn subtree(
    connection: &impl ConnectionTrait,
    id: RessursId,
) -> Result<Vec<RessursId>, DatabaseError> {
    let rows = Sql::new(DOWNWARDS)
        .value(id.0)
        .text(DOWNWARDS_END)
        .text("SELECT id FROM under")
        .all(connection);
    rows.await?
        .iter()
        .map(|row| Ok(RessursId(row.try_get("", "id")?)))
        .collect()
}

/// Everyone who has been given something on a ressurs or below it.
pub(crate) async fn aktorer_in_subtree(
    connection: &impl ConnectionTrait,
    id: RessursId,
) -> Result<Vec<Aktor>, DatabaseError> {
    const SELECT: &str =
        "SELECT DISTINCT t.aktor FROM konfigurasjon_tilgang t JOIN under u ON t.ressurs = u.id";
    let rows = Sql::new(DOWNWARDS)
        .value(id.0)
        .text(DOWNWARDS_END)
        .text(SELECT)
        .all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok(Aktor(row.try_get("", "aktor")?)))
        .collect()
}

/// What is looked for among the ressurser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hunt<'a> {
    /// Only what this holder reaches; `None` for everything.
    pub(crate) holder: Option<Holder<'a>>,
    /// Only those directly below this one.
    pub(crate) forelder: Option<RessursId>,
    /// Only those of this type.
    pub(crate) ressurstype: Option<&'a Ressurstype>,
}

/// Whose grants lead to which ressurser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    pub(crate) aktor: &'a Aktor,
    /// Grants of these privileges; `None` for any.
    pub(crate) privilegier: Option<&'a [&'static str]>,
    /// Whether those above a grant count too, besides those below.
    pub(crate) upwards: bool,
}

/// The ressurser that are looked for, by name; at most one more than [`MOST_HITS`].
pub(crate) async fn hunt(
    connection: &impl ConnectionTrait,
    hunt: Hunt<'_>,
) -> Result<Vec<Ressurs>, DatabaseError> {
    let found = Sql::default()
        .with(hunt.holder, reached)
        .text("SELECT r.id, r.forelder, r.ressurstype, r.navn FROM konfigurasjon_ressurs r WHERE 1 = 1")
        .with(hunt.holder, |sql, holder| {
            let above = if holder.upwards {
                "SELECT id FROM opp UNION "
            } else {
                ""
            };
            sql.text(" AND r.id IN (").text(above).text("SELECT id FROM ned)")
        })
        .with(hunt.forelder, |sql, forelder| {
            sql.text(" AND r.forelder = ").value(forelder.0)
        })
        .with(hunt.ressurstype, |sql, one| {
            sql.text(" AND r.ressurstype = ").value(one.as_str())
        })
        .text(" ORDER BY r.navn, r.id LIMIT ")
        .text(&(MOST_HITS + 1).to_string());
    found.all(connection).await?.iter().map(ressurs).collect()
}

/// `egne`: where the holder's grants stand; `opp`: those and all above; `ned`: those and all below.
fn reached(sql: Sql, holder: Holder<'_>) -> Sql {
    let privileges = |sql: Sql| {
        sql.with(holder.privilegier, |sql, names| {
            sql.text(" AND t.privilegium IN ").list(names.iter().copied())
        })
    };
    let sql = sql.text(
        "WITH RECURSIVE egne(id) AS (
            SELECT t.ressurs FROM konfigurasjon_tilgang t WHERE t.aktor = ",
    );
    let sql = privileges(sql.value(holder.aktor.0.as_str())).text(
        " UNION SELECT r.id FROM konfigurasjon_ressurs r
            JOIN konfigurasjon_typetilgang t ON t.ressurstype = r.ressurstype WHERE t.aktor = ",
    );
    privileges(sql.value(holder.aktor.0.as_str())).text(
        "), opp(id, forelder) AS (
            SELECT r.id, r.forelder FROM konfigurasjon_ressurs r JOIN egne e ON r.id = e.id
            UNION SELECT r.id, r.forelder FROM konfigurasjon_ressurs r JOIN opp o ON r.id = o.forelder
        ), ned(id) AS (
            SELECT id FROM egne UNION SELECT r.id FROM konfigurasjon_ressurs r JOIN ned n ON r.forelder = n.id
        ) ",
    )
}

/// Which lines of the map of authorisations are asked for.
#[derive(Clone, Debug)]
pub struct AutorisasjonUtvalg {
    /// Only this aktor's.
    pub aktor: Option<Aktor>,
    /// Only this privilege.
    pub privilegium: Option<&'static str>,
    /// Only ressurser of this type.
    pub ressurstype: Option<Ressurstype>,
    /// Only this ressurs and those below it.
    pub forelder: RessursId,
    /// Whether a grant gives a line for each ressurs below it as well, besides the one that it stands on.
    pub arv: bool,
    /// Only ressurser at most that far below `forelder`.
    pub maks_dybde: Option<u32>,
}

/// A grant and a ressurs that it holds for.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) aktor: Aktor,
    pub(crate) privilegium: String,
    /// Where the grant stands.
    pub(crate) source: RessursId,
    /// Where it holds.
    pub(crate) ressurs: RessursId,
}

/// The grants asked for, with the ressurser that they hold for; at most one more than [`MOST_HITS`], in no order,
/// so that the engine can stop there.
pub(crate) async fn reach(
    connection: &impl ConnectionTrait,
    wanted: &AutorisasjonUtvalg,
) -> Result<Vec<Reach>, DatabaseError> {
    let everywhere = wanted.forelder == ROOT && wanted.maks_dybde.is_none();
    let below = (!everywhere).then_some(());
    let found = Sql::new("WITH RECURSIVE ")
        .with(below, |sql, ()| under(sql, wanted))
        .text("gitt(aktor, privilegium, kilde, ressurs) AS (")
        .text("SELECT aktor, privilegium, ressurs, ressurs FROM konfigurasjon_tilgang WHERE 1 = 1")
        .with(wanted.aktor.as_ref(), |sql, aktor| {
            sql.text(" AND aktor = ").value(aktor.0.as_str())
        })
        .with(wanted.privilegium, |sql, navn| {
            sql.text(" AND privilegium = ").value(navn)
        })
        .with(wanted.arv.then_some(()), |sql, ()| {
            sql.text(
                " UNION ALL SELECT g.aktor, g.privilegium, g.kilde, r.id
                  FROM konfigurasjon_ressurs r JOIN gitt g ON r.forelder = g.ressurs",
            )
        })
        .text(") SELECT g.aktor, g.privilegium, g.kilde, g.ressurs FROM gitt g")
        .text(" JOIN konfigurasjon_ressurs r ON r.id = g.ressurs WHERE 1 = 1")
        .with(below, |sql, ()| {
            sql.text(" AND g.ressurs IN (SELECT id FROM under)")
        })
        .with(wanted.ressurstype.as_ref(), |sql, one| {
            sql.text(" AND r.ressurstype = ").value(one.as_str())
        })
        .text(&format!(" LIMIT {}", MOST_HITS + 1));
    found.all(connection).await?.iter().map(to_reach).collect()
}

fn under(sql: Sql, wanted: &AutorisasjonUtvalg) -> Sql {
    sql.text("under(id, dybde) AS (SELECT id, 0 FROM konfigurasjon_ressurs WHERE id = ")
        .value(wanted.forelder.0)
        .text(
            " UNION ALL SELECT r.id, u.dybde + 1
              FROM konfigurasjon_ressurs r JOIN under u ON r.forelder = u.id",
        )
        .with(wanted.maks_dybde, |sql, most| {
            sql.text(" WHERE u.dybde < ").value(i64::from(most))
        })
        .text("), ")
}

fn to_reach(row: &QueryResult) -> Result<Reach, DatabaseError> {
    Ok(Reach {
        aktor: Aktor(row.try_get("", "aktor")?),
        privilegium: row.try_get("", "privilegium")?,
        source: RessursId(row.try_get("", "kilde")?),
        ressurs: RessursId(row.try_get("", "ressurs")?),
    })
}

fn ressurs(row: &QueryResult) -> Result<Ressurs, DatabaseError> {
    let read = || -> Result<Ressurs, DbErr> {
        let forelder: Option<Uuid> = row.try_get("", "forelder")?;
        Ok(Ressurs {
            id: RessursId(row.try_get("", "id")?),
            forelder: forelder.map(RessursId),
            ressurstype: Ressurstype::stored(row.try_get("", "ressurstype")?),
            navn: Navn::stored(row.try_get("", "navn")?),
        })
    };
    Ok(read()?)
}
