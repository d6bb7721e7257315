//! Integrations and their passwords.

use fiks_core::ExposeSecret;
use fiks_core::SecretString;
use fiks_core::id::{Aktor, FiksOrgId, IntegrasjonId, RessursId};
use fiks_identity::Caller;

use super::tilganger::require_may_hold;
use super::viewer::own_organisasjon;
use super::{Konfigurasjon, Outcome, gone, taken};
use crate::errors::{INTEGRASJON_FINNES, INTEGRASJON_KODE_OPPTATT, KonfigurasjonError};
use crate::memory::Touched;
use crate::model::integrasjon::{
    Integrasjon, IntegrasjonEndring, IntegrasjonRootEndring, IntegrasjonUtvalg, NyIntegrasjon,
};
use crate::model::katalog::ADMIN;
use crate::model::ressurs::organisasjon_of;
use crate::model::values::at_most;
use crate::store::integrasjon::Ties;
use crate::store::{self, tree};

/// Most ids, codes or tags in one request.
const MOST_WANTED: usize = 1_000;
/// Integrations in one page of the list of all.
const PAGE: u64 = 500;

impl Konfigurasjon {
    /// Makes an integration without password and privileges. Needs `ADMIN` on the organisation that will own it.
    pub async fn opprett_integrasjon(&self, caller: &Caller, ny: NyIntegrasjon) -> Outcome<Integrasjon> {
        let unknown = KonfigurasjonError::UnknownOrganisasjon(ny.eier);
        self.require_admin(caller, ny.eier.into(), unknown).await?;
        let id = match ny.id {
            Some(id) => id,
            None => self.0.random.uuid()?.into(),
        };
        let now = self.0.clock.now();
        self.change_access(move |transaction| {
            Box::pin(async move {
                let owner = store::organisasjon::find(transaction, ny.eier).await?;
                let owner = owner.ok_or(KonfigurasjonError::UnknownOrganisasjon(ny.eier))?;
                let made = ny.made(id, owner.navn, now);
                store::integrasjon::insert(transaction, &made)
                    .await
                    .map_err(taken(&INTEGRASJON_FINNES))?;
                Ok((made, Touched::integrasjon(id)))
            })
        })
        .await
    }

    /// Changes an integration. Needs `ADMIN` on the organisation that owns it.
    pub async fn endre_integrasjon(
        &self,
        caller: &Caller,
        id: IntegrasjonId,
        endring: IntegrasjonEndring,
    ) -> Outcome<Integrasjon> {
        self.require_owner(caller, id).await?;
        self.update_integrasjon(id, |integrasjon| endring.apply(integrasjon))
            .await
    }

    /// Changes what only the operator can. Needs `ADMIN` on the root.
    pub async fn endre_integrasjon_root(
        &self,
        caller: &Caller,
        id: IntegrasjonId,
        endring: IntegrasjonRootEndring,
    ) -> Outcome<Integrasjon> {
        self.require_root(caller).await?;
        let tags = endring
            .tags
            .map(|tags| at_most(tags, MOST_WANTED, "tags"))
            .transpose()?;
        let endring = IntegrasjonRootEndring { tags, ..endring };
        self.update_integrasjon(id, |integrasjon| endring.apply(integrasjon))
            .await
    }

    async fn update_integrasjon(
        &self,
        id: IntegrasjonId,
        apply: impl FnOnce(&mut Integrasjon) + Send + 'static,
    ) -> Outcome<Integrasjon> {
        self.change_access(move |transaction| {
            Box::pin(async move {
                let found = store::integrasjon::find_for_update(transaction, id).await?;
                let mut integrasjon = found.ok_or(KonfigurasjonError::UnknownIntegrasjon(id))?;
                apply(&mut integrasjon);
                let saved = store::integrasjon::update(transaction, &integrasjon).await;
                saved.map_err(taken(&INTEGRASJON_KODE_OPPTATT))?;
                Ok((integrasjon, Touched::integrasjon(id)))
            })
        })
        .await
    }

    /// Removes an integration with its password and everything that it has been given; its calls and connections
    /// end. Needs `ADMIN` on the organisation that owns it.
    pub async fn slett_integrasjon(&self, caller: &Caller, id: IntegrasjonId) -> Outcome<()> {
        self.require_owner(caller, id).await?;
        self.change_access(move |transaction| {
            Box::pin(async move {
                if !store::integrasjon::delete(transaction, id).await? {
                    return Err(KonfigurasjonError::UnknownIntegrasjon(id));
                }
                let aktor = Aktor::from(id);
                store::tilgang::remove_aktor(transaction, &aktor).await?;
                Ok((
                    (),
                    Touched {
                        aktorer: vec![aktor],
                        ..Touched::integrasjon(id)
                    },
                ))
            })
        })
        .await
    }

    /// Makes a new password, which replaces the earlier one at once. It cannot be read again
    /// (auth-og-konfigurasjon §6.1). Needs `ADMIN` on the organisation that owns the integration.
    pub async fn lag_passord(&self, caller: &Caller, id: IntegrasjonId) -> Outcome<SecretString> {
        self.require_owner(caller, id).await?;
        let passord = self.0.random.secret()?;
        let hash = self.0.passord.hash(passord.expose_secret());
        self.change_access(move |transaction| {
            Box::pin(async move {
                if !store::integrasjon::set_passord_hash(transaction, id, hash).await? {
                    return Err(KonfigurasjonError::UnknownIntegrasjon(id));
                }
                Ok((passord, Touched::integrasjon(id)))
            })
        })
        .await
    }

    /// Notes that an integration is used with a ressurs, which gives it no access. Needs `ADMIN` on the ressurs;
    /// the integration must be its organisation's or global.
    pub async fn knytt_ressurs(&self, caller: &Caller, id: IntegrasjonId, ressurs: RessursId) -> Outcome<()> {
        self.require_admin_on(caller, ressurs).await?;
        let root = self.is_root(caller).await?;
        self.change(move |transaction| {
            Box::pin(async move {
                let path = tree::path(transaction, ressurs).await?;
                if path.is_empty() {
                    return Err(KonfigurasjonError::UnknownRessurs(ressurs));
                }
                require_may_hold(transaction, id, &path, root).await?;
                let tied = store::integrasjon::tie(transaction, id, ressurs, organisasjon_of(&path)).await;
                tied.map_err(gone(ressurs))
            })
        })
        .await
    }

    /// Takes the note back. Needs `ADMIN` on the ressurs.
    pub async fn losne_ressurs(&self, caller: &Caller, id: IntegrasjonId, ressurs: RessursId) -> Outcome<()> {
        self.require_admin_on(caller, ressurs).await?;
        self.change(move |transaction| {
            Box::pin(async move { Ok(store::integrasjon::untie(transaction, id, ressurs).await?) })
        })
        .await
    }

    /// One integration. The organisation that owns it and the integration itself see all of it; for others a global
    /// one is tied to ressurser of their own organisation only, and any other is out of reach.
    pub async fn integrasjon(&self, caller: &Caller, id: IntegrasjonId) -> Outcome<Integrasjon> {
        let found = store::integrasjon::find(self.0.database.reader(), id, Ties::All).await?;
        let Some(found) = found else {
            return Err(self.integrasjon_out_of_reach(caller, id).await?);
        };
        let own = caller.aktor() == Some(id.into());
        if own || self.0.access.allows(caller, ADMIN, found.eier.into()).await? {
            return Ok(found);
        }
        match own_organisasjon(caller).filter(|_| found.global) {
            Some(organisasjon) => {
                let seen =
                    store::integrasjon::find(self.0.database.reader(), id, Ties::Of(organisasjon)).await?;
                seen.ok_or(KonfigurasjonError::UnknownIntegrasjon(id))
            }
            None => Err(self.integrasjon_out_of_reach(caller, id).await?),
        }
    }

    /// The integrations that an organisation sees: its own and the global ones, tied to its own ressurser only.
    /// Needs `ADMIN` on the organisation.
    pub async fn integrasjoner_for(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
        utvalg: IntegrasjonUtvalg,
    ) -> Outcome<Vec<Integrasjon>> {
        let unknown = KonfigurasjonError::UnknownOrganisasjon(organisasjon);
        self.require_admin(caller, organisasjon.into(), unknown).await?;
        let utvalg = IntegrasjonUtvalg {
            ids: at_most(utvalg.ids, MOST_WANTED, "integrasjonId")?,
            koder: at_most(utvalg.koder, MOST_WANTED, "integrasjonKode")?,
            tag: utvalg.tag,
        };
        Ok(store::integrasjon::of_organisasjon(self.0.database.reader(), organisasjon, &utvalg).await?)
    }

    /// All integrations in the order of their ids, a page at a time: those after `after`, none when there are no
    /// more. Needs `ADMIN` on the root.
    pub async fn alle_integrasjoner(
        &self,
        caller: &Caller,
        after: Option<IntegrasjonId>,
    ) -> Outcome<Vec<Integrasjon>> {
        self.require_root(caller).await?;
        Ok(store::integrasjon::page(self.0.database.reader(), after, PAGE).await?)
    }

    async fn require_owner(&self, caller: &Caller, id: IntegrasjonId) -> Outcome<()> {
        if let Some(stored) = self.0.memory.integrasjon(id).await?
            && self
                .0
                .access
                .allows(caller, ADMIN, stored.integrasjon.fiks_org_id.into())
                .await?
        {
            return Ok(());
        }
        Err(self.integrasjon_out_of_reach(caller, id).await?)
    }

    /// How an integration is refused: alike whether there is none or the caller may not see it.
    async fn integrasjon_out_of_reach(
        &self,
        caller: &Caller,
        id: IntegrasjonId,
    ) -> Outcome<KonfigurasjonError> {
        Ok(if self.is_root(caller).await? {
            KonfigurasjonError::UnknownIntegrasjon(id)
        } else {
            KonfigurasjonError::IntegrasjonForbidden {
                caller: caller.name(),
                integrasjon: id,
            }
        })
    }
}
