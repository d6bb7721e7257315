//! Bounds over all connections: how many there are, how many are still shaking hands, how many a user has.
//!
//! Everything taken here is given back when its guard is dropped, also when a connection's task panics.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;

/// Counts of a whole server.
#[derive(Debug)]
pub(crate) struct Registry {
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    users: Arc<Users>,
    max_per_user: usize,
}

type Users = Mutex<HashMap<String, usize>>;

/// The right to have a connection open.
#[derive(Debug)]
pub(crate) struct Admission {
    _connection: OwnedSemaphorePermit,
    handshake: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// The handshake is over.
    pub(crate) fn established(&mut self) {
        self.handshake = None;
    }
}

/// The right to have a connection as this user.
#[derive(Debug)]
pub(crate) struct UserPermit {
    users: Arc<Users>,
    name: String,
}

impl Registry {
    pub(crate) fn new(limits: &Limits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self {
            connections: semaphore(limits.max_connections),
            handshakes: semaphore(limits.max_handshaking),
            users: Arc::default(),
            max_per_user: limits.max_connections_per_user,
        }
    }

    /// Room for one more connection, if there is any.
    pub(crate) fn admit(&self) -> Option<Admission> {
        let connection = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().ok()?;
        Some(Admission {
            _connection: connection,
            handshake: Some(handshake),
        })
    }

    /// Room for one more connection of the user, or the bound that is reached.
    pub(crate) fn enter(&self, name: &str) -> Result<UserPermit, usize> {
        let mut users = self.users.lock();
        let count = users.entry(name.to_owned()).or_default();
        if *count >= self.max_per_user {
            return Err(self.max_per_user);
        }
        *count += 1;
        Ok(UserPermit {
            users: Arc::clone(&self.users),
            name: name.to_owned(),
        })
    }
}

impl Drop for UserPermit {
    fn drop(&mut self) {
        let mut users = self.users.lock();
        if let Some(count) = users.get_mut(&self.name) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                users.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_bounded_apart_from_connections() {
        let limits = Limits {
            max_connections: 2,
            max_handshaking: 1,
            ..Limits::default()
        };
        let registry = Registry::new(&limits);
        let mut first = registry.admit().unwrap();
        assert!(registry.admit().is_none());
        first.established();
        let second = registry.admit().unwrap();
        assert!(registry.admit().is_none());
        drop(first);
        assert!(registry.admit().is_none(), "the second is still shaking hands");
        drop(second);
        assert!(registry.admit().is_some());
    }

    #[test]
    fn a_users_connections_are_bounded_and_forgotten() {
        let registry = Registry::new(&Limits {
            max_connections_per_user: 1,
            ..Limits::default()
        });
        let permit = registry.enter("a").unwrap();
        assert_eq!(registry.enter("a").unwrap_err(), 1);
        assert!(registry.enter("b").is_ok());
        drop(permit);
        assert!(registry.users.lock().is_empty());
    }
}
