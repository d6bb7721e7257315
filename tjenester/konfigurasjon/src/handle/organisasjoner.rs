//! Organisations.

use fiks_core::id::{FiksOrgId, ROOT};
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::viewer::Sought;
use super::{Konfigurasjon, Outcome, taken};
use crate::errors::{KonfigurasjonError, ORGANISASJON_FINNES};
use crate::model::katalog::TYPE_ORGANISASJON;
use crate::model::organisasjon::{
    NyOrganisasjon, Organisasjon, OrganisasjonEndring, OrganisasjonRootEndring,
};
use crate::model::ressurs::Ressurs;
use crate::model::values::{Kommunenr, Ressurstype, at_most};
use crate::store;

/// Most ids or numbers in one request.
const MOST_WANTED: usize = 10_000;

/// Which organisations: those with one of the ids or one of the municipality numbers.
#[derive(Clone, Debug, Default)]
pub struct OrganisasjonUtvalg {
    /// With one of these ids.
    pub ids: Vec<FiksOrgId>,
    /// With one of these municipality numbers.
    pub kommunenr: Vec<Kommunenr>,
}

impl Konfigurasjon {
    /// Makes an organisation and its ressurs. Needs `ADMIN` on the root.
    pub async fn opprett_organisasjon(&self, caller: &Caller, ny: NyOrganisasjon) -> Outcome<Organisasjon> {
        self.require_root(caller).await?;
        let id = match ny.id {
            Some(id) => id,
            None => self.0.random.uuid()?.into(),
        };
        let organisasjon = ny.made(id, self.0.clock.now());
        self.change(move |transaction| {
            Box::pin(async move {
                store::organisasjon::insert(transaction, &organisasjon)
                    .await
                    .map_err(taken(&ORGANISASJON_FINNES))?;
                let ressurs = ressurs_of(&organisasjon);
                store::ressurs::insert(transaction, &ressurs)
                    .await
                    .map_err(taken(&ORGANISASJON_FINNES))?;
                Ok(organisasjon)
            })
        })
        .await
    }

    /// Changes an organisation. Needs `ADMIN` on it.
    pub async fn endre_organisasjon(
        &self,
        caller: &Caller,
        id: FiksOrgId,
        endring: OrganisasjonEndring,
    ) -> Outcome<Organisasjon> {
        self.require_admin(caller, id.into(), KonfigurasjonError::UnknownOrganisasjon(id))
            .await?;
        self.update_organisasjon(id, |organisasjon| endring.apply(organisasjon))
            .await
    }

    /// Changes what only the operator can. Needs `ADMIN` on the root.
    pub async fn endre_organisasjon_root(
        &self,
        caller: &Caller,
        id: FiksOrgId,
        endring: OrganisasjonRootEndring,
    ) -> Outcome<Organisasjon> {
        self.require_root(caller).await?;
        self.update_organisasjon(id, |organisasjon| endring.apply(organisasjon))
            .await
    }

    async fn update_organisasjon(
        &self,
        id: FiksOrgId,
        apply: impl FnOnce(&mut Organisasjon) + Send + 'static,
    ) -> Outcome<Organisasjon> {
        self.change(move |transaction| {
            Box::pin(async move {
                let found = store::organisasjon::find_for_update(transaction, id).await?;
                let mut organisasjon = found.ok_or(KonfigurasjonError::UnknownOrganisasjon(id))?;
                apply(&mut organisasjon);
                save(transaction, &organisasjon).await?;
                Ok(organisasjon)
            })
        })
        .await
    }

    /// One organisation, as far as the caller may see it.
    pub async fn organisasjon(&self, caller: &Caller, id: FiksOrgId) -> Outcome<Organisasjon> {
        let viewer = self.viewer(caller).await?;
        let found = store::organisasjon::find(self.0.database.reader(), id).await?;
        if let Some(seen) = found.and_then(|organisasjon| viewer.view(organisasjon)) {
            return Ok(seen);
        }
        let unknown = KonfigurasjonError::UnknownOrganisasjon(id);
        self.require_admin(caller, id.into(), KonfigurasjonError::UnknownOrganisasjon(id))
            .await?;
        Err(unknown)
    }

    /// The organisations asked for, as far as the caller may see them; the others are left out.
    pub async fn organisasjoner(
        &self,
        caller: &Caller,
        utvalg: OrganisasjonUtvalg,
    ) -> Outcome<Vec<Organisasjon>> {
        let ids = at_most(utvalg.ids, MOST_WANTED, "ids")?;
        let kommunenr = at_most(utvalg.kommunenr, MOST_WANTED, "kommunenr")?;
        let viewer = self.viewer(caller).await?;
        let found = store::organisasjon::find_many(self.0.database.reader(), &ids, &kommunenr).await?;
        Ok(found
            .into_iter()
            .filter_map(|organisasjon| viewer.view(organisasjon))
            .collect())
    }

    /// The caller's own organisation and those in which it holds any privilege, on the organisation or below it.
    pub async fn synlige_organisasjoner(&self, caller: &Caller) -> Outcome<Vec<Organisasjon>> {
        let viewer = self.viewer(caller).await?;
        let ressurstype = Ressurstype::stored(TYPE_ORGANISASJON.to_owned());
        let sought = Sought {
            privilegier: None,
            upwards: true,
            forelder: None,
            ressurstype: Some(&ressurstype),
        };
        let seen = self.seek(&viewer, sought).await?;
        let ids: Vec<_> = seen
            .iter()
            .map(|ressurs| FiksOrgId(ressurs.id.0))
            .chain(viewer.own())
            .collect();
        let found = store::organisasjon::find_many(self.0.database.reader(), &ids, &[]).await?;
        let shown = |organisasjon: Organisasjon| {
            if viewer.administers(organisasjon.id) {
                organisasjon
            } else {
                organisasjon.for_outsiders()
            }
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// All organisations. Needs `ADMIN` on the root.
    pub async fn alle_organisasjoner(&self, caller: &Caller) -> Outcome<Vec<Organisasjon>> {
        self.require_root(caller).await?;
        Ok(store::organisasjon::all(self.0.database.reader()).await?)
    }
}

/// The organisation and its ressurs have the same name.
async fn save(transaction: &DatabaseTransaction, organisasjon: &Organisasjon) -> Outcome<()> {
    store::organisasjon::update(transaction, organisasjon).await?;
    store::ressurs::rename(transaction, organisasjon.id.into(), &organisasjon.navn).await?;
    Ok(())
}

fn ressurs_of(organisasjon: &Organisasjon) -> Ressurs {
    Ressurs {
        id: organisasjon.id.into(),
        forelder: Some(ROOT),
        ressurstype: Ressurstype::stored(TYPE_ORGANISASJON.to_owned()),
        navn: organisasjon.navn.clone(),
    }
}
