//! What is known of integrations, grants and paths without asking the database.
//!
//! Invariant: an answer from memory is one that the database could have given after the question was asked.
//!
//! * Within the process this is exact. A change forgets what it touches after its commit and before its author gets
//!   an answer ([`AccessChange`]). A reading that was under way meanwhile is not remembered: forgetting a key also
//!   forgets that it is being read (a property of the cache that a test here holds fast).
//! * Between replicas on PostgreSQL a change counts after at most [`TRUST`]: memory that has not been compared with the
//!   database's count of changes for so long is compared before it is used, and everything is forgotten when the
//!   count has moved. When the database cannot be asked, the check fails.
//!
//! That a ressurs does not exist is never remembered, so making one invalidates nothing. Everything is bounded; what
//! is used least goes first.

mod change;
mod replicas;

use std::sync::Arc;

use async_trait::async_trait;
use fiks_core::id::{Aktor, IntegrasjonId, RessursId};
use fiks_database::{Database, DatabaseError, Engine};
use fiks_identity::{AccessChanges, Authoriser, IntegrasjonSource, StoreFailed, StoredIntegrasjon};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::watch;

use crate::model::ressurs::Node;
use crate::model::tilgang::Tilganger;
use crate::store;
pub use change::AccessChange;
pub(crate) use change::Touched;
use replicas::Replicas;
pub use replicas::TRUST;

/// Grants that are remembered, of all aktorer together; some 40 bytes each.
const GRANTS: u64 = 1_000_000;
/// Aktorer whose grants are remembered, as expected for sizing.
const AKTORER: usize = 20_000;
/// Ressurser whose way to the root is remembered; some 300 bytes each.
const PATHS: usize = 100_000;
/// Integrations that are remembered, known or unknown; some 150 bytes each.
const INTEGRASJONER: usize = 100_000;
/// Few, so that one aktor with very many grants still fits in one.
const SHARDS: usize = 4;

/// Remembers, and asks the database for what it does not know.
pub(crate) struct Memory {
    database: Database,
    tilganger: Cache<Aktor, Arc<Tilganger>, ByGrants>,
    paths: Cache<RessursId, Arc<[Node]>>,
    integrasjoner: Cache<IntegrasjonId, Option<StoredIntegrasjon>>,
    changes: watch::Sender<u64>,
    replicas: Option<Replicas>,
}

/// An aktor weighs as much as it has grants, and one.
#[derive(Clone)]
struct ByGrants;

impl Weighter<Aktor, Arc<Tilganger>> for ByGrants {
    fn weight(&self, _aktor: &Aktor, tilganger: &Arc<Tilganger>) -> u64 {
        u64::try_from(tilganger.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}

/// Why a path was not found, or not read.
enum NoPath {
    UnknownRessurs,
    Failed(DatabaseError),
}

impl Memory {
    pub(crate) fn new(database: Database) -> Self {
        let replicas = (database.engine() == Engine::Postgres).then(Replicas::new);
        Self {
            database,
            tilganger: grants_cache(),
            paths: Cache::new(PATHS),
            integrasjoner: Cache::new(INTEGRASJONER),
            changes: watch::Sender::new(0),
            replicas,
        }
    }

    /// What the aktor has been given.
    pub(crate) async fn tilganger(&self, aktor: &Aktor) -> Result<Arc<Tilganger>, DatabaseError> {
        self.catch_up().await?;
        let read = async {
            let given = store::tilgang::of_aktor(self.database.reader(), aktor).await?;
            Ok(Arc::new(given))
        };
        self.tilganger.get_or_insert_async(aktor, read).await
    }

    /// The way from a ressurs to the root, itself first; `None` when there is no such ressurs.
    pub(crate) async fn path(&self, ressurs: RessursId) -> Result<Option<Arc<[Node]>>, DatabaseError> {
        self.catch_up().await?;
        let read = async {
            let path = store::tree::path(self.database.reader(), ressurs)
                .await
                .map_err(NoPath::Failed)?;
            if path.is_empty() {
                return Err(NoPath::UnknownRessurs);
            }
            Ok(path.iter().map(Node::from).collect())
        };
        match self.paths.get_or_insert_async(&ressurs, read).await {
            Ok(path) => Ok(Some(path)),
            Err(NoPath::UnknownRessurs) => Ok(None),
            Err(NoPath::Failed(error)) => Err(error),
        }
    }

    /// What authentication needs to know of an integration; `None` when there is none with that id.
    pub(crate) async fn integrasjon(
        &self,
        id: IntegrasjonId,
    ) -> Result<Option<StoredIntegrasjon>, DatabaseError> {
        self.catch_up().await?;
        let read = store::integrasjon::find_stored(self.database.reader(), id);
        self.integrasjoner.get_or_insert_async(&id, read).await
    }

    /// Whether the aktor holds the privilege on the ressurs.
    pub(crate) async fn holds(
        &self,
        aktor: &Aktor,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, DatabaseError> {
        let Some(path) = self.path(ressurs).await? else {
            return Ok(false);
        };
        Ok(self.tilganger(aktor).await?.gives(privilegium, &path))
    }

    fn forget(&self, touched: &Touched) {
        for aktor in &touched.aktorer {
            self.tilganger.remove(aktor);
        }
        for ressurs in &touched.ressurser {
            self.paths.remove(ressurs);
        }
        for integrasjon in &touched.integrasjoner {
            self.integrasjoner.remove(integrasjon);
        }
    }

    fn forget_everything(&self) {
        self.tilganger.clear();
        self.paths.clear();
        self.integrasjoner.clear();
    }

    fn announce(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

fn grants_cache() -> Cache<Aktor, Arc<Tilganger>, ByGrants> {
    let mut options = OptionsBuilder::new();
    options
        .estimated_items_capacity(AKTORER)
        .weight_capacity(GRANTS)
        .shards(SHARDS);
    match options.build() {
        Ok(options) => Cache::with_options(
            options,
            ByGrants,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Cache::with_weighter(AKTORER, GRANTS, ByGrants),
    }
}

#[async_trait]
impl Authoriser for Memory {
    async fn is_authorised(
        &self,
        aktor: &Aktor,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, StoreFailed> {
        self.holds(aktor, privilegium, ressurs)
            .await
            .map_err(|error| StoreFailed(Box::new(error)))
    }
}

#[async_trait]
impl IntegrasjonSource for Memory {
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        self.integrasjon(id)
            .await
            .map_err(|error| StoreFailed(Box::new(error)))
    }

    fn changes(&self) -> AccessChanges {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    /// The invariant stands on this property of the cache: a reading that began before a key was forgotten leaves
    /// nothing behind, neither under `remove` nor under `clear`.
    #[tokio::test]
    async fn a_reading_under_way_when_its_key_is_forgotten_is_not_remembered() {
        for forget in [
            |cache: &Cache<u8, u8>| _ = cache.remove(&1),
            |cache: &Cache<u8, u8>| cache.clear(),
        ] {
            let cache = Arc::new(Cache::<u8, u8>::new(10));
            let (started, start) = oneshot::channel();
            let (finish, finished) = oneshot::channel();
            let slow = tokio::spawn({
                let cache = cache.clone();
                async move {
                    let read = async {
                        started.send(()).unwrap();
                        finished.await
                    };
                    cache.get_or_insert_async(&1, read).await
                }
            });
            start.await.unwrap();
            forget(&cache);
            let newer = cache.get_or_insert_async(&1, async { Ok::<_, ()>(2) }).await;
            finish.send(1).unwrap();
            assert_eq!(slow.await.unwrap(), Ok(1));
            assert_eq!((newer, cache.get(&1)), (Ok(2), Some(2)));
        }
    }
}
