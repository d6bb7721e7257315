//! Services of organisations (auth-og-konfigurasjon §6.2).

use fiks_core::id::{FiksOrgId, RessursId};
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::viewer::own_organisasjon;
use super::{Konfigurasjon, Outcome};
use crate::errors::{KonfigurasjonError, TJENESTE_IKKE_INITIALISERT, TJENESTE_IKKE_TILGJENGELIG};
use crate::model::katalog::{FIKS_KONFIGURER, TJENESTER, Tjeneste};
use crate::model::ressurs::NyRessurs;
use crate::model::values::{Navn, Ressurstype};
use crate::store;
use crate::store::tjeneste::Initialisert;

/// How far an organisation has come with a service.
#[derive(Clone, Copy, Debug)]
pub struct TjenesteStatus {
    /// The service.
    pub tjeneste: &'static Tjeneste,
    /// The ressurs that the service has under the organisation, once it is initialised.
    pub ressurs: Option<RessursId>,
    /// Whether it has been configured.
    pub konfigurert: bool,
}

impl TjenesteStatus {
    fn new(tjeneste: &'static Tjeneste, initialisert: Option<&Initialisert>) -> Self {
        Self {
            tjeneste,
            ressurs: initialisert.map(|one| one.ressurs),
            konfigurert: initialisert.is_some_and(|one| one.konfigurert),
        }
    }
}

impl Konfigurasjon {
    /// All services and how far the organisation has come with them. For its own integrations, and whoever holds any
    /// privilege on it.
    pub async fn tjenester_for(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
    ) -> Outcome<Vec<TjenesteStatus>> {
        self.require_member(caller, organisasjon).await?;
        let found = store::tjeneste::all(self.0.database.reader(), organisasjon).await?;
        let status = |tjeneste: &'static Tjeneste| {
            TjenesteStatus::new(tjeneste, found.iter().find(|one| one.kode == tjeneste.kode))
        };
        Ok(TJENESTER.iter().map(status).collect())
    }

    /// How far the organisation has come with one service. For its own integrations, and whoever holds any
    /// privilege on it.
    pub async fn tjeneste_for(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
        tjeneste: &'static Tjeneste,
    ) -> Outcome<TjenesteStatus> {
        self.require_member(caller, organisasjon).await?;
        let found = store::tjeneste::find(self.0.database.reader(), organisasjon, tjeneste.kode).await?;
        Ok(TjenesteStatus::new(tjeneste, found.as_ref()))
    }

    /// Makes the ressurs of a service under an organisation, unless it is there. Needs `ADMIN` on the organisation.
    pub async fn initialiser_tjeneste(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
        tjeneste: &'static Tjeneste,
    ) -> Outcome<RessursId> {
        let unknown = KonfigurasjonError::UnknownOrganisasjon(organisasjon);
        self.require_admin(caller, organisasjon.into(), unknown).await?;
        let service = self.clone();
        self.change(move |transaction| {
            Box::pin(async move {
                service
                    .initialiser_tjeneste_in(transaction, organisasjon, tjeneste)
                    .await
            })
        })
        .await
    }

    /// Makes the ressurs of a service under an organisation, unless it is there, in that service's own change.
    pub async fn initialiser_tjeneste_in(
        &self,
        transaction: &DatabaseTransaction,
        organisasjon: FiksOrgId,
        tjeneste: &'static Tjeneste,
    ) -> Outcome<RessursId> {
        // Taking the organisation first keeps a second caller waiting until the first one's ressurs is there.
        let found = store::organisasjon::find_for_update(transaction, organisasjon).await?;
        let owner = found.ok_or(KonfigurasjonError::UnknownOrganisasjon(organisasjon))?;
        if let Some(earlier) = store::tjeneste::find(transaction, organisasjon, tjeneste.kode).await? {
            return Ok(earlier.ressurs);
        }
        if !tjeneste.tilgjengelig_for.contains(&owner.organisasjonstype) {
            return Err(KonfigurasjonError::Refused(&TJENESTE_IKKE_TILGJENGELIG));
        }
        let ny = NyRessurs {
            id: None,
            forelder: organisasjon.into(),
            ressurstype: Ressurstype::stored(tjeneste.ressurstype.to_owned()),
            navn: Navn::stored(tjeneste.navn.to_owned()),
        };
        let ressurs = self.insert_ressurs(transaction, ny).await?;
        store::tjeneste::insert(transaction, organisasjon, tjeneste.kode, ressurs.id).await?;
        Ok(ressurs.id)
    }

    /// Marks a service as configured. Needs `FIKS.KONFIGURER` on the service's ressurs, or `ADMIN`.
    pub async fn konfigurer_tjeneste(
        &self,
        caller: &Caller,
        organisasjon: FiksOrgId,
        tjeneste: &'static Tjeneste,
    ) -> Outcome<TjenesteStatus> {
        let found = store::tjeneste::find(self.0.database.reader(), organisasjon, tjeneste.kode).await?;
        let allowed = match &found {
            Some(one) => self.0.access.allows(caller, FIKS_KONFIGURER, one.ressurs).await?,
            None => false,
        };
        if !allowed {
            let unknown = KonfigurasjonError::UnknownOrganisasjon(organisasjon);
            self.require_admin(caller, organisasjon.into(), unknown).await?;
        }
        let marked = self.change(move |transaction| {
            Box::pin(async move {
                Ok(store::tjeneste::set_konfigurert(transaction, organisasjon, tjeneste.kode).await?)
            })
        });
        match (marked.await?, found) {
            (true, Some(one)) => Ok(TjenesteStatus::new(
                tjeneste,
                Some(&Initialisert {
                    konfigurert: true,
                    ..one
                }),
            )),
            _ => Err(KonfigurasjonError::Refused(&TJENESTE_IKKE_INITIALISERT)),
        }
    }

    async fn require_member(&self, caller: &Caller, organisasjon: FiksOrgId) -> Outcome<()> {
        if own_organisasjon(caller) == Some(organisasjon) {
            return Ok(());
        }
        match self.require_anything_on(caller, organisasjon.into()).await {
            Err(KonfigurasjonError::UnknownRessurs(_)) => {
                Err(KonfigurasjonError::UnknownOrganisasjon(organisasjon))
            }
            outcome => outcome,
        }
    }
}
