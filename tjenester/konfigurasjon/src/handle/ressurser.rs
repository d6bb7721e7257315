//! The tree of ressurser.

use fiks_core::id::RessursId;
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::viewer::Sought;
use super::{Konfigurasjon, Outcome, bounded, is_orphan, taken};
use crate::errors::{KonfigurasjonError, RESSURS_FINNES, RESSURS_FOR_DYP, RESSURS_STYRT};
use crate::memory::{AccessChange, Touched};
use crate::model::katalog::{TYPE_ORGANISASJON, TYPE_ROOT, is_managed};
use crate::model::ressurs::{MAX_DEPTH, NyRessurs, Ressurs, RessursMedPath};
use crate::model::values::{Navn, Ressurstype};
use crate::store::{self, tree};

impl Konfigurasjon {
    /// Makes a ressurs. Needs `ADMIN` on the one above.
    pub async fn opprett_ressurs(&self, caller: &Caller, ny: NyRessurs) -> Outcome<Ressurs> {
        self.require_admin_on(caller, ny.forelder).await?;
        let service = self.clone();
        self.change(move |transaction| {
            Box::pin(async move { service.opprett_ressurs_in(transaction, ny).await })
        })
        .await
    }

    /// Makes a ressurs in another service's change, which has checked that its caller may make what the ressurs
    /// stands for.
    pub async fn opprett_ressurs_in(
        &self,
        transaction: &DatabaseTransaction,
        ny: NyRessurs,
    ) -> Outcome<Ressurs> {
        if is_managed(ny.ressurstype.as_str()) {
            return Err(KonfigurasjonError::Refused(&RESSURS_STYRT));
        }
        self.insert_ressurs(transaction, ny).await
    }

    /// Making a ressurs changes nobody's access to anything that existed, so memory need not hear of it.
    pub(super) async fn insert_ressurs(
        &self,
        transaction: &DatabaseTransaction,
        ny: NyRessurs,
    ) -> Outcome<Ressurs> {
        match tree::path(transaction, ny.forelder).await?.len() {
            0 => return Err(KonfigurasjonError::UnknownRessurs(ny.forelder)),
            MAX_DEPTH.. => return Err(KonfigurasjonError::Refused(&RESSURS_FOR_DYP)),
            _ => {}
        }
        let id = match ny.id {
            Some(id) => id,
            None => self.0.random.uuid()?.into(),
        };
        let ressurs = Ressurs {
            id,
            forelder: Some(ny.forelder),
            ressurstype: ny.ressurstype,
            navn: ny.navn,
        };
        let inserted = store::ressurs::insert(transaction, &ressurs).await;
        inserted.map_err(|error| {
            if is_orphan(&error) {
                KonfigurasjonError::UnknownRessurs(ny.forelder)
            } else {
                taken(&RESSURS_FINNES)(error)
            }
        })?;
        Ok(ressurs)
    }

    /// Gives a ressurs another name. Needs `ADMIN` on it. An organisation's follows the organisation.
    pub async fn gi_ressurs_navn(&self, caller: &Caller, id: RessursId, navn: Navn) -> Outcome<()> {
        self.require_admin_on(caller, id).await?;
        let service = self.clone();
        self.change(move |transaction| {
            Box::pin(async move { service.gi_ressurs_navn_in(transaction, id, navn).await })
        })
        .await
    }

    /// Gives a ressurs another name in another service's change.
    pub async fn gi_ressurs_navn_in(
        &self,
        transaction: &DatabaseTransaction,
        id: RessursId,
        navn: Navn,
    ) -> Outcome<()> {
        require_independent(transaction, id).await?;
        store::ressurs::rename(transaction, id, &navn).await?;
        Ok(())
    }

    /// Removes a ressurs, all below it, and everything that was given there. Needs `ADMIN` on it.
    pub async fn slett_ressurs(&self, caller: &Caller, id: RessursId) -> Outcome<()> {
        self.require_admin_on(caller, id).await?;
        self.change_access(move |transaction| {
            Box::pin(async move { Ok(((), remove(transaction, id).await?)) })
        })
        .await
    }

    /// Removes a ressurs, all below it, and everything that was given there, in another service's change. Make the
    /// change with `write_then`, return the [`AccessChange`] from it, and call [`AccessChange::apply`] in its hook.
    ///
    /// Call it last: on PostgreSQL, others who change access wait from here to the commit.
    pub async fn slett_ressurs_in(
        &self,
        transaction: &DatabaseTransaction,
        id: RessursId,
    ) -> Outcome<AccessChange> {
        let touched = remove(transaction, id).await?;
        Ok(self.0.memory.record(transaction, touched).await?)
    }

    /// A ressurs and those above it. Needs any privilege on it.
    pub async fn ressurs(&self, caller: &Caller, id: RessursId) -> Outcome<RessursMedPath> {
        self.require_anything_on(caller, id).await?;
        let path = tree::path(self.0.database.reader(), id).await?;
        with_path(path).ok_or(KonfigurasjonError::UnknownRessurs(id))
    }

    /// The ressurser directly below one, all or those of one type. Needs any privilege on it.
    pub async fn barn(
        &self,
        caller: &Caller,
        id: RessursId,
        ressurstype: Option<&Ressurstype>,
    ) -> Outcome<Vec<RessursMedPath>> {
        let parent = self.ressurs(caller, id).await?;
        let children = bounded(store::ressurs::children(self.0.database.reader(), id, ressurstype).await?)?;
        let path: Vec<_> = std::iter::once(parent.ressurs).chain(parent.path).collect();
        let child = |ressurs| RessursMedPath {
            ressurs,
            path: path.clone(),
        };
        Ok(children.into_iter().map(child).collect())
    }

    /// Whether nothing is below a ressurs. Needs any privilege on it.
    pub async fn er_blad(&self, caller: &Caller, id: RessursId) -> Outcome<bool> {
        self.ressurs(caller, id).await?;
        Ok(!store::ressurs::has_children(self.0.database.reader(), id).await?)
    }

    /// All ressurser, or those of one type, on which the caller holds any privilege.
    pub async fn ressurser(
        &self,
        caller: &Caller,
        ressurstype: Option<&Ressurstype>,
    ) -> Outcome<Vec<RessursMedPath>> {
        let viewer = self.viewer(caller).await?;
        let sought = Sought {
            privilegier: None,
            upwards: false,
            forelder: None,
            ressurstype,
        };
        let found = self.seek(&viewer, sought).await?;
        let ids: Vec<_> = found.iter().map(|ressurs| ressurs.id).collect();
        let mut paths = tree::paths(self.0.database.reader(), &ids).await?;
        Ok(ids.iter().filter_map(|id| with_path(paths.remove(id)?)).collect())
    }

    /// Fails unless the caller holds any privilege on the ressurs.
    pub(super) async fn require_anything_on(&self, caller: &Caller, id: RessursId) -> Outcome<()> {
        let path = self.0.memory.path(id).await?.unwrap_or_default();
        if self.viewer(caller).await?.holds_anything(&path) {
            return Ok(());
        }
        self.require_admin_on(caller, id).await
    }
}

/// Fails for the ressurser that follow something else.
async fn require_independent(transaction: &DatabaseTransaction, id: RessursId) -> Outcome<()> {
    let found = store::ressurs::find(transaction, id).await?;
    let ressurs = found.ok_or(KonfigurasjonError::UnknownRessurs(id))?;
    if [TYPE_ROOT, TYPE_ORGANISASJON].contains(&ressurs.ressurstype.as_str()) {
        return Err(KonfigurasjonError::Refused(&RESSURS_STYRT));
    }
    Ok(())
}

async fn remove(transaction: &DatabaseTransaction, id: RessursId) -> Outcome<Touched> {
    require_independent(transaction, id).await?;
    let touched = Touched {
        aktorer: tree::aktorer_in_subtree(transaction, id).await?,
        ressurser: tree::subtree(transaction, id).await?,
        integrasjoner: Vec::new(),
    };
    store::ressurs::delete(transaction, id).await?;
    Ok(touched)
}

/// From a path with the ressurs itself first.
pub(super) fn with_path(path: Vec<Ressurs>) -> Option<RessursMedPath> {
    let mut path = path.into_iter();
    Some(RessursMedPath {
        ressurs: path.next()?,
        path: path.collect(),
    })
}
