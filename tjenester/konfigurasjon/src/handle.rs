//! The handle on the service: what the API and other services call.
//!
//! Invariant: every method that takes a [`Caller`] checks what it may do, here and not in the API. The methods that
//! end in `_in` take the transaction of another service instead, which has checked its caller by its own rules.
//!
//! | who | may |
//! |---|---|
//! | `ADMIN` on a ressurs | read, change and remove it and all below; give and take privileges there |
//! | `ADMIN` on an organisation | besides that: change it, its integrations and their passwords, its services |
//! | `ADMIN` on the root | everything; make organisations, global integrations and type grants |
//! | an aktor | read its own grants, and the ressurser on which it holds any privilege |
//! | anyone | find visible organisations and global integrations; read the catalogue |

mod integrasjoner;
mod oppslag;
mod organisasjoner;
mod ressurser;
mod tilganger;
mod tjenester;
mod viewer;

use std::sync::Arc;

use async_trait::async_trait;
use fiks_core::id::{Aktor, IntegrasjonId, ROOT, RessursId};
use fiks_core::{Clock, ErrorKind, Random};
use fiks_database::{BoxFuture, Database, DatabaseError, DatabaseTransaction};
use fiks_identity::{
    Access, AccessChanges, AccessError, Authoriser, Caller, IntegrasjonSource, PasswordHasher, StoreFailed,
    StoredIntegrasjon,
};
use sea_orm::SqlErr;
use tokio::sync::watch;

use crate::errors::{KonfigurasjonError, TREFF_FOR_MANGE};
use crate::memory::{AccessChange, Memory, Touched};
use crate::model::katalog::ADMIN;
use crate::store::MOST_HITS;
pub use oppslag::SynligUtvalg;
pub use organisasjoner::OrganisasjonUtvalg;
pub use tjenester::TjenesteStatus;

type Outcome<T> = Result<T, KonfigurasjonError>;

/// The service. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Konfigurasjon(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    random: Random,
    passord: PasswordHasher,
    memory: Arc<Memory>,
    access: Access,
}

impl Konfigurasjon {
    /// The service on a database that has its tables ([`crate::migrations`]). Passwords are hashed with `passord`,
    /// which the authenticator has too.
    pub fn new(database: Database, clock: Clock, random: Random, passord: PasswordHasher) -> Self {
        let memory = Arc::new(Memory::new(database.clone()));
        let access = Access::new(memory.clone());
        Self(Arc::new(Inner {
            database,
            clock,
            random,
            passord,
            memory,
            access,
        }))
    }

    /// The check that other services' handles make.
    pub fn access(&self) -> Access {
        self.0.access.clone()
    }

    /// Follows the changes that other replicas make, until told to stop. Checks are right without it, to within
    /// [`crate::TRUST`]; it is for those who wait for [`AccessChanges`]. Returns at once on SQLite.
    pub async fn follow_replicas(&self, stop: watch::Receiver<bool>) {
        self.0.memory.follow(stop).await;
    }

    /// Brings the changes of other replicas into effect now, instead of within [`crate::TRUST`].
    pub async fn catch_up(&self) -> Result<(), DatabaseError> {
        self.0.memory.look_now().await
    }

    /// Fails unless the caller is `ADMIN` on the ressurs. When it would be if the ressurs existed, fails with
    /// `unknown` instead of "forbidden".
    async fn require_admin(
        &self,
        caller: &Caller,
        ressurs: RessursId,
        unknown: KonfigurasjonError,
    ) -> Outcome<()> {
        match self.0.access.require(caller, ADMIN, ressurs).await {
            Err(AccessError::Forbidden(_)) if ressurs != ROOT && self.is_root(caller).await? => Err(unknown),
            outcome => Ok(outcome?),
        }
    }

    async fn require_admin_on(&self, caller: &Caller, ressurs: RessursId) -> Outcome<()> {
        self.require_admin(caller, ressurs, KonfigurasjonError::UnknownRessurs(ressurs))
            .await
    }

    pub(crate) async fn require_root(&self, caller: &Caller) -> Outcome<()> {
        Ok(self.0.access.require(caller, ADMIN, ROOT).await?)
    }

    async fn is_root(&self, caller: &Caller) -> Outcome<bool> {
        Ok(self.0.access.allows(caller, ADMIN, ROOT).await?)
    }

    /// Makes a change that concerns nobody's access.
    async fn change<T, F>(&self, change: F) -> Outcome<T>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Outcome<T>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.database.write(change).await
    }

    /// Makes a change that says whose access it concerns, and lets it count before anyone hears of its success.
    async fn change_access<T, F>(&self, change: F) -> Outcome<T>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Outcome<(T, Touched)>> + Send + 'static,
        T: Send + 'static,
    {
        let memory = self.0.memory.clone();
        let apply = |(_, change): &(T, AccessChange)| change.apply();
        let changed = self.0.database.write_then(
            move |transaction| {
                Box::pin(async move {
                    let (outcome, touched) = change(transaction).await?;
                    let change = memory.record(transaction, touched).await?;
                    Ok::<_, KonfigurasjonError>((outcome, change))
                })
            },
            apply,
        );
        Ok(changed.await?.0)
    }
}

/// The failure for a row that a unique index refused, else the failure as it is.
fn taken(kind: &'static ErrorKind) -> impl FnOnce(DatabaseError) -> KonfigurasjonError {
    move |error| {
        if error.is_unique_violation() {
            KonfigurasjonError::Refused(kind)
        } else {
            error.into()
        }
    }
}

/// The failure for a row whose ressurs was removed meanwhile by another change, else the failure as it is.
fn gone(ressurs: RessursId) -> impl FnOnce(DatabaseError) -> KonfigurasjonError {
    move |error| {
        if is_orphan(&error) {
            KonfigurasjonError::UnknownRessurs(ressurs)
        } else {
            error.into()
        }
    }
}

/// Whether a foreign key refused the change.
fn is_orphan(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Engine(error)
        if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))))
}

/// The hits, unless there are more than an answer may have.
fn bounded<T>(hits: Vec<T>) -> Outcome<Vec<T>> {
    if hits.len() > MOST_HITS {
        Err(KonfigurasjonError::Refused(&TREFF_FOR_MANGE))
    } else {
        Ok(hits)
    }
}

#[async_trait]
impl Authoriser for Konfigurasjon {
    async fn is_authorised(
        &self,
        aktor: &Aktor,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, StoreFailed> {
        self.0.memory.is_authorised(aktor, privilegium, ressurs).await
    }
}

#[async_trait]
impl IntegrasjonSource for Konfigurasjon {
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        self.0.memory.find(id).await
    }

    fn changes(&self) -> AccessChanges {
        self.0.memory.changes()
    }
}
