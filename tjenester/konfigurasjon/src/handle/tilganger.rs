//! Giving and taking privileges.

use fiks_core::id::{Aktor, FiksOrgId, IntegrasjonId};
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::{Konfigurasjon, Outcome, gone};
use crate::errors::{AKTOR_UKJENT, KonfigurasjonError};
use crate::memory::Touched;
use crate::model::ressurs::{Ressurs, organisasjon_of};
use crate::model::tilgang::{Tilgang, TypeTilgang, integrasjon_of};
use crate::store::{self, tree};

impl Konfigurasjon {
    /// Gives an aktor a privilege on a ressurs and all below. Needs `ADMIN` on the ressurs. An integration must be
    /// its organisation's or global; any other counts as unknown, whether or not it exists.
    pub async fn tildel(&self, caller: &Caller, tilgang: Tilgang) -> Outcome<()> {
        self.require_admin_on(caller, tilgang.ressurs).await?;
        let root = self.is_root(caller).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                let path = tree::path(transaction, tilgang.ressurs).await?;
                if path.is_empty() {
                    return Err(KonfigurasjonError::UnknownRessurs(tilgang.ressurs));
                }
                if let Some(id) = integrasjon_of(&tilgang.aktor) {
                    require_may_hold(transaction, id, &path, root).await?;
                }
                let inserted = store::tilgang::insert(transaction, &tilgang).await;
                inserted.map_err(gone(tilgang.ressurs))?;
                Ok(((), Touched::aktor(tilgang.aktor)))
            })
        })
        .await
    }

    /// Takes a privilege on a ressurs back, if it was given there. Needs `ADMIN` on the ressurs.
    pub async fn fjern(&self, caller: &Caller, tilgang: Tilgang) -> Outcome<()> {
        self.require_admin_on(caller, tilgang.ressurs).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                store::tilgang::remove(transaction, &tilgang).await?;
                Ok(((), Touched::aktor(tilgang.aktor)))
            })
        })
        .await
    }

    /// Gives an aktor a privilege on every ressurs of a type, in all organisations. Needs `ADMIN` on the root.
    pub async fn tildel_type(&self, caller: &Caller, tilgang: TypeTilgang) -> Outcome<()> {
        self.require_root(caller).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                if let Some(id) = integrasjon_of(&tilgang.aktor) {
                    require_may_hold(transaction, id, &[], true).await?;
                }
                store::tilgang::insert_type(transaction, &tilgang).await?;
                Ok(((), Touched::aktor(tilgang.aktor)))
            })
        })
        .await
    }

    /// Takes a type grant back, if it was given. Needs `ADMIN` on the root.
    pub async fn fjern_type(&self, caller: &Caller, tilgang: TypeTilgang) -> Outcome<()> {
        self.require_root(caller).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                store::tilgang::remove_type(transaction, &tilgang).await?;
                Ok(((), Touched::aktor(tilgang.aktor)))
            })
        })
        .await
    }

    /// Makes an aktor inactive, which suspends all that it has been given everywhere, or active again. Needs `ADMIN`
    /// on the organisation; the aktor must be one of its own integrations, so that nobody can lock out another
    /// organisation's. `ADMIN` on the root can do it with any aktor.
    pub async fn sett_aktiv(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
        aktor: Aktor,
        aktiv: bool,
    ) -> Outcome<()> {
        let unknown = KonfigurasjonError::UnknownOrganisasjon(organisasjon);
        self.require_admin(caller, organisasjon.into(), unknown).await?;
        let root = self.is_root(caller).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                if !root {
                    require_owned(transaction, &aktor, organisasjon).await?;
                }
                store::tilgang::set_aktiv(transaction, &aktor, aktiv).await?;
                Ok(((), Touched::aktor(aktor)))
            })
        })
        .await
    }
}

/// Fails unless the integration may be given something, or be tied to something, at the start of the path: it is
/// the same organisation's, or global, or the root's administrator does it.
pub(super) async fn require_may_hold(
    transaction: &DatabaseTransaction,
    id: IntegrasjonId,
    path: &[Ressurs],
    root: bool,
) -> Outcome<()> {
    let found = store::integrasjon::ownership(transaction, id).await?;
    let fits = found.is_some_and(|one| root || one.global || organisasjon_of(path) == Some(one.eier));
    if fits {
        Ok(())
    } else {
        Err(KonfigurasjonError::Refused(&AKTOR_UKJENT))
    }
}

async fn require_owned(
    transaction: &DatabaseTransaction,
    aktor: &Aktor,
    organisasjon: FiksOrgId,
) -> Outcome<()> {
    let owner = match integrasjon_of(aktor) {
        Some(id) => store::integrasjon::ownership(transaction, id)
            .await?
            .map(|one| one.eier),
        None => None,
    };
    if owner == Some(organisasjon) {
        Ok(())
    } else {
        Err(KonfigurasjonError::Refused(&AKTOR_UKJENT))
    }
}
