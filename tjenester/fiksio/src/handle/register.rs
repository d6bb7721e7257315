//! Kontoer in memory, so that a send does not read what seldom changes.
//!
//! Invariant: what was read before a change is never remembered after it.

use std::collections::HashMap;
use std::sync::Arc;

use fiks_core::id::KontoId;
use fiks_database::{Database, DatabaseError};
use parking_lot::RwLock;

use crate::model::konto::Konto;
use crate::store::konto as store;

/// Kontoer remembered at most; then all are forgotten and read anew.
const MOST: usize = 100_000;

pub(super) struct Register {
    database: Database,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    kontoer: HashMap<KontoId, Arc<Konto>>,
    changes: u64,
}

impl Register {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            known: RwLock::default(),
        }
    }

    pub(super) async fn find(&self, id: KontoId) -> Result<Option<Arc<Konto>>, DatabaseError> {
        let changes = {
            let known = self.known.read();
            if let Some(konto) = known.kontoer.get(&id) {
                return Ok(Some(konto.clone()));
            }
            known.changes
        };
        let Some(konto) = store::find(self.database.reader(), id).await?.map(Arc::new) else {
            return Ok(None);
        };
        let mut known = self.known.write();
        if known.changes == changes {
            if known.kontoer.len() >= MOST {
                known.kontoer.clear();
            }
            known.kontoer.insert(id, konto.clone());
        }
        Ok(Some(konto))
    }

    /// The konto was changed or deleted; the change is stored.
    pub(super) fn forget(&self, id: KontoId) {
        let mut known = self.known.write();
        known.changes += 1;
        known.kontoer.remove(&id);
    }
}
