//! Where the issuer finds its clients.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use fiks_core::id::Orgnr;
use parking_lot::RwLock;

use crate::client::{Client, Delegation};

/// The registry could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the client registry could not be read")]
pub struct RegistryFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Looks up clients and delegations.
#[async_trait]
pub trait ClientRegistry: Send + Sync {
    /// The client with that id.
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryFailed>;

    /// Whether `consumer` has delegated `scope` to `supplier`.
    async fn is_delegated(
        &self,
        scope: &str,
        consumer: Orgnr,
        supplier: Orgnr,
    ) -> Result<bool, RegistryFailed>;
}

/// Clients and delegations in memory. Whoever wants to keep them writes what [`Self::clients`] and
/// [`Self::delegations`] give, and registers it again at the next start.
#[derive(Debug, Default)]
pub struct InMemoryRegistry {
    clients: RwLock<BTreeMap<String, Arc<Client>>>,
    delegations: RwLock<HashSet<Delegation>>,
}

impl InMemoryRegistry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a client, or replaces the one with the same id. Counts from the next request on.
    pub fn register(&self, client: Client) {
        self.clients
            .write()
            .insert(client.client_id.clone(), Arc::new(client));
    }

    /// Takes a client out; tells whether there was one. Tokens it already has stay valid.
    pub fn remove(&self, client_id: &str) -> bool {
        self.clients.write().remove(client_id).is_some()
    }

    /// Adds a delegation.
    pub fn delegate(&self, delegation: Delegation) {
        self.delegations.write().insert(delegation);
    }

    /// Takes a delegation back; tells whether there was one.
    pub fn revoke(&self, delegation: &Delegation) -> bool {
        self.delegations.write().remove(delegation)
    }

    /// All clients, by id.
    pub fn clients(&self) -> Vec<Arc<Client>> {
        self.clients.read().values().cloned().collect()
    }

    /// All delegations, in no order.
    pub fn delegations(&self) -> Vec<Delegation> {
        self.delegations.read().iter().cloned().collect()
    }
}

#[async_trait]
impl ClientRegistry for InMemoryRegistry {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryFailed> {
        Ok(self.clients.read().get(client_id).cloned())
    }

    async fn is_delegated(
        &self,
        scope: &str,
        consumer: Orgnr,
        supplier: Orgnr,
    ) -> Result<bool, RegistryFailed> {
        let delegation = Delegation {
            scope: scope.to_owned(),
            consumer,
            supplier,
        };
        Ok(self.delegations.read().contains(&delegation))
    }
}
