//! A change to what somebody may do, on its way from the transaction to memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fiks_core::id::{Aktor, IntegrasjonId, RessursId};
use fiks_database::{DatabaseError, DatabaseTransaction};

use super::Memory;
use crate::store;

/// What a change concerns.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) aktorer: Vec<Aktor>,
    pub(crate) ressurser: Vec<RessursId>,
    pub(crate) integrasjoner: Vec<IntegrasjonId>,
}

impl Touched {
    pub(crate) fn aktor(aktor: Aktor) -> Self {
        Self {
            aktorer: vec![aktor],
            ..Self::default()
        }
    }

    pub(crate) fn integrasjon(id: IntegrasjonId) -> Self {
        Self {
            integrasjoner: vec![id],
            ..Self::default()
        }
    }
}

/// Something that somebody could do, and after the commit no longer can, or the other way round.
///
/// Return it from the transaction and call [`Self::apply`] in the hook of `Database::write_then`: from then on every
/// check in this process sees the change. Dropped without that it still makes memory forget, only later.
#[must_use = "apply it in the hook of `write_then`, so that the change counts at once"]
pub struct AccessChange {
    memory: Arc<Memory>,
    touched: Touched,
    version: i64,
    applied: AtomicBool,
}

impl Memory {
    /// Counts a change in its transaction. Call it last: on PostgreSQL, others wait from here to the commit.
    pub(crate) async fn record(
        self: &Arc<Self>,
        transaction: &DatabaseTransaction,
        touched: Touched,
    ) -> Result<AccessChange, DatabaseError> {
        let version = store::versjon::advance(transaction).await?;
        Ok(AccessChange {
            memory: self.clone(),
            touched,
            version,
            applied: AtomicBool::new(false),
        })
    }
}

impl AccessChange {
    /// Lets the change count. To be called after its commit, once.
    pub fn apply(&self) {
        self.memory.forget(&self.touched);
        if let Some(replicas) = &self.memory.replicas {
            replicas.applied(self.version);
        }
        self.applied.store(true, Ordering::Release);
        self.memory.announce();
    }
}

impl Drop for AccessChange {
    fn drop(&mut self) {
        // The change may have been rolled back, so its number says nothing here.
        if !self.applied.load(Ordering::Acquire) {
            self.memory.forget(&self.touched);
            self.memory.announce();
        }
    }
}

impl std::fmt::Debug for AccessChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccessChange")
            .field("touched", &self.touched)
            .finish_non_exhaustive()
    }
}
