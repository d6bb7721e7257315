//! Administering kontoer (fiks-io §5).

use std::sync::Arc;

use fiks_core::Timestamp;
use fiks_core::id::{DokumentlagerKontoId, FiksOrgId, KontoId, RessursId};
use fiks_crypto::x509::parse_public_key_upload;
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;
use fiks_konfigurasjon::AccessChange;
use fiks_konfigurasjon::model::ressurs::NyRessurs;
use fiks_konfigurasjon::model::values::{Navn, Ressurstype};

use super::{Fiksio, RESSURSTYPE_KONTO, privilegium};
use crate::errors::FiksioError;
use crate::model::adresse::NyAdresse;
use crate::model::konto::Konto;
use crate::store::{adresse as adresse_store, konto as store, melding as melding_store};

/// A konto to be made.
#[derive(Clone, Debug)]
pub struct NyKonto {
    /// Owner.
    pub fiks_org_id: FiksOrgId,
    /// Name.
    pub navn: String,
    /// Where its ressurs hangs in the authorisation tree; under the organisation itself when not named.
    pub forelderressurs: Option<RessursId>,
    /// Its certificate in PEM.
    pub offentlig_nokkel: Option<String>,
    /// Whether it takes part at once.
    pub aktiv: bool,
    /// Its first addresses.
    pub adresser: Vec<NyAdresse>,
}

/// A change to a konto; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct KontoEndring {
    /// New name.
    pub navn: Option<String>,
    /// Whether it takes part.
    pub aktiv: Option<bool>,
    /// New certificate in PEM, or `Some(None)` to remove it.
    pub offentlig_nokkel: Option<Option<String>>,
    /// Whether only listed senders may send to it.
    pub bare_aksepterte: Option<bool>,
    /// New addresses.
    pub nye_adresser: Vec<NyAdresse>,
    /// Addresses to remove.
    pub adresser_fjernes: Vec<crate::model::adresse::AdresseId>,
}

impl Fiksio {
    /// Makes a konto with its queue, its ressurs and its dokumentlager konto. The caller needs
    /// [`privilegium::KONFIGURERE`] on the ressurs above it.
    pub async fn opprett_konto(&self, caller: &Caller, ny: NyKonto) -> Result<Arc<Konto>, FiksioError> {
        let forelder = ny.forelderressurs.unwrap_or(ny.fiks_org_id.into());
        self.grunn()
            .access
            .require(caller, privilegium::KONFIGURERE, forelder)
            .await?;
        self.require_under(ny.fiks_org_id, forelder).await?;
        let konto = self.ny_konto(caller, &ny)?;
        let (id, fiksio, by) = (konto.id, self.clone(), caller.name());
        self.change(id, move |transaction| {
            Box::pin(async move {
                fiksio
                    .opprett_in(transaction, &by, &konto, forelder, &ny.adresser)
                    .await
            })
        })
        .await?;
        self.konto(id).await
    }

    /// A konto hangs under the organisation that owns it.
    async fn require_under(&self, organisasjon: FiksOrgId, forelder: RessursId) -> Result<(), FiksioError> {
        let found = self
            .grunn()
            .konfigurasjon
            .ressurs(&Caller::Platform, forelder)
            .await?;
        let above = std::iter::once(&found.ressurs).chain(&found.path);
        let inside = above.into_iter().any(|ressurs| ressurs.id == organisasjon.into());
        if inside {
            Ok(())
        } else {
            Err(FiksioError::FremmedForelder { ressurs: forelder })
        }
    }

    fn ny_konto(&self, caller: &Caller, ny: &NyKonto) -> Result<Konto, FiksioError> {
        let navn = Navn::parse(ny.navn.clone(), "navn")?;
        let random = &self.grunn().random;
        let now = self.grunn().clock.now();
        Ok(Konto {
            id: KontoId(random.uuid()?),
            fiks_org_id: ny.fiks_org_id,
            navn: navn.into(),
            aktiv: ny.aktiv,
            send_deaktivert: false,
            bare_aksepterte: false,
            dokumentlager_konto: DokumentlagerKontoId(random.uuid()?),
            offentlig_nokkel: ny.offentlig_nokkel.as_deref().map(normal_pem).transpose()?,
            opprettet: now,
            opprettet_av: caller.name(),
            sist_endret: now,
            sist_endret_av: caller.name(),
        })
    }

    /// The konto with that id, for a caller who holds any privilege on it.
    pub async fn hent_konto(&self, caller: &Caller, id: KontoId) -> Result<Arc<Konto>, FiksioError> {
        let konto = self.konto(id).await?;
        if !self.may_see(caller, id).await? {
            self.grunn()
                .access
                .require(caller, privilegium::KONFIGURERE, id.into())
                .await?;
        }
        Ok(konto)
    }

    /// Kontoer that the caller holds any privilege on, by name.
    pub async fn sok_kontoer(
        &self,
        caller: &Caller,
        fiks_org_id: Option<FiksOrgId>,
        aktiv: Option<bool>,
    ) -> Result<Vec<Konto>, FiksioError> {
        let found = store::search(self.grunn().database.reader(), fiks_org_id, aktiv).await?;
        let mut seen = Vec::with_capacity(found.len());
        for konto in found {
            if self.may_see(caller, konto.id).await? {
                seen.push(konto);
            }
        }
        Ok(seen)
    }

    async fn may_see(&self, caller: &Caller, id: KontoId) -> Result<bool, FiksioError> {
        for privilegium in [privilegium::KONFIGURERE, privilegium::MOTTA, privilegium::SENDE] {
            if self
                .grunn()
                .access
                .allows(caller, privilegium, id.into())
                .await
                .map_err(access_unknown)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Fails unless the caller may receive what the konto gets.
    pub(crate) async fn require_motta(&self, caller: &Caller, id: KontoId) -> Result<(), FiksioError> {
        self.konto_for(caller, id, privilegium::MOTTA).await.map(|_| ())
    }

    /// Changes a konto. Needs [`privilegium::KONFIGURERE`] on it.
    pub async fn endre_konto(
        &self,
        caller: &Caller,
        id: KontoId,
        endring: KontoEndring,
    ) -> Result<Arc<Konto>, FiksioError> {
        self.konto_for(caller, id, privilegium::KONFIGURERE).await?;
        let endring = checked(endring)?;
        let (by, now) = (caller.name(), self.grunn().clock.now());
        let (fiksio, clock_by) = (self.clone(), by.clone());
        self.change(id, move |transaction| {
            Box::pin(async move {
                let konto = store::find(transaction, id)
                    .await?
                    .ok_or(FiksioError::UkjentKonto { konto: id })?;
                if let Some(navn) = &endring.navn {
                    let navn = Navn::parse(navn.clone(), "navn")?;
                    fiksio
                        .grunn()
                        .konfigurasjon
                        .gi_ressurs_navn_in(transaction, id.into(), navn)
                        .await?;
                }
                fiksio
                    .endre_adresser_in(transaction, &clock_by, id, &endring)
                    .await?;
                store::update(transaction, &changed(konto, endring, by, now)).await?;
                Ok(())
            })
        })
        .await?;
        self.konto(id).await
    }

    /// Deletes a konto with its queue, its messages and its documents. Consumers are told.
    pub async fn slett_konto(&self, caller: &Caller, id: KontoId) -> Result<(), FiksioError> {
        let konto = self.konto_for(caller, id, privilegium::KONFIGURERE).await?;
        let fiksio = self.clone();
        let told = self.clone();
        let _applied = self
            .grunn()
            .database
            .write_then(
                move |transaction| Box::pin(async move { fiksio.slett_in(transaction, &konto).await }),
                move |withdrawn: &AccessChange| {
                    told.register().forget(id);
                    told.broker().slett(id);
                    withdrawn.apply();
                },
            )
            .await?;
        Ok(())
    }

    /// The senders that a konto accepts. Needs [`privilegium::KONFIGURERE`] on it.
    pub async fn aksepterte(&self, caller: &Caller, id: KontoId) -> Result<(bool, Vec<Konto>), FiksioError> {
        let konto = self.konto_for(caller, id, privilegium::KONFIGURERE).await?;
        Ok((
            konto.bare_aksepterte,
            store::accepted(self.grunn().database.reader(), id).await?,
        ))
    }

    /// Adds a sender to those the konto accepts, or removes it.
    pub async fn sett_akseptert(
        &self,
        caller: &Caller,
        id: KontoId,
        avsender: KontoId,
        akseptert: bool,
    ) -> Result<(), FiksioError> {
        self.konto_for(caller, id, privilegium::KONFIGURERE).await?;
        if akseptert {
            self.konto(avsender).await?;
        }
        self.change(id, move |transaction| {
            Box::pin(async move {
                if akseptert {
                    store::accept(transaction, id, avsender).await?;
                } else {
                    store::refuse(transaction, id, avsender).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Which rules a message to the konto would break: the same as [`Self::send`] applies. The caller must hold
    /// [`privilegium::SENDE`] on the sender or [`privilegium::MOTTA`] on the receiver.
    pub async fn valider_melding(
        &self,
        caller: &Caller,
        mottaker: KontoId,
        avsender: KontoId,
        melding_type: &str,
    ) -> Result<Vec<FiksioError>, FiksioError> {
        let to = self.konto(mottaker).await?;
        let from = self.konto(avsender).await?;
        let may = self
            .grunn()
            .access
            .allows(caller, privilegium::MOTTA, mottaker.into())
            .await
            .map_err(access_unknown)?;
        if !may {
            self.grunn()
                .access
                .require(caller, privilegium::SENDE, avsender.into())
                .await?;
        }
        let mut brudd = self.brudd_mellom(&from, &to).await?;
        brudd.extend(crate::model::melding::check_type(melding_type).err());
        Ok(brudd)
    }

    async fn change<F>(&self, id: KontoId, change: F) -> Result<(), FiksioError>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> fiks_database::BoxFuture<'t, Result<(), FiksioError>>
            + Send
            + 'static,
    {
        let fiksio = self.clone();
        self.grunn()
            .database
            .write_then(change, move |()| fiksio.register().forget(id))
            .await
    }

    async fn opprett_in(
        &self,
        transaction: &DatabaseTransaction,
        by: &str,
        konto: &Konto,
        forelder: RessursId,
        adresser: &[NyAdresse],
    ) -> Result<(), FiksioError> {
        let grunn = self.grunn();
        let ressurs = NyRessurs {
            id: Some(konto.id.into()),
            forelder,
            ressurstype: Ressurstype::parse(RESSURSTYPE_KONTO, "type")?,
            navn: Navn::parse(konto.navn.clone(), "navn")?,
        };
        grunn
            .konfigurasjon
            .opprett_ressurs_in(transaction, ressurs)
            .await?;
        grunn
            .dokumentlager
            .opprett_konto_in(
                transaction,
                konto.dokumentlager_konto,
                konto.fiks_org_id,
                &konto.navn,
            )
            .await?;
        store::insert(transaction, konto).await?;
        for ny in adresser {
            self.ny_adresse_in(transaction, by, konto.id, ny).await?;
        }
        Ok(())
    }

    async fn slett_in(
        &self,
        transaction: &DatabaseTransaction,
        konto: &Konto,
    ) -> Result<AccessChange, FiksioError> {
        melding_store::delete_all(transaction, konto.id).await?;
        adresse_store::delete_all(transaction, konto.id).await?;
        store::delete(transaction, konto.id).await?;
        self.grunn()
            .dokumentlager
            .slett_konto_in(transaction, konto.dokumentlager_konto)
            .await?;
        Ok(self
            .grunn()
            .konfigurasjon
            .slett_ressurs_in(transaction, konto.id.into())
            .await?)
    }

    async fn endre_adresser_in(
        &self,
        transaction: &DatabaseTransaction,
        by: &str,
        id: KontoId,
        endring: &KontoEndring,
    ) -> Result<(), FiksioError> {
        for adresse in &endring.adresser_fjernes {
            if !adresse_store::delete(transaction, id, *adresse).await? {
                return Err(FiksioError::UkjentAdresse { adresse: *adresse });
            }
        }
        for ny in &endring.nye_adresser {
            self.ny_adresse_in(transaction, by, id, ny).await?;
        }
        Ok(())
    }
}

fn access_unknown(error: fiks_identity::StoreFailed) -> FiksioError {
    FiksioError::Tilgang(error.into())
}

/// The certificate alone, as PEM with line breaks, whatever stood around it.
fn normal_pem(text: &str) -> Result<String, FiksioError> {
    Ok(parse_public_key_upload(text)?.pem())
}

fn checked(endring: KontoEndring) -> Result<KontoEndring, FiksioError> {
    let offentlig_nokkel = match endring.offentlig_nokkel {
        Some(Some(pem)) => Some(Some(normal_pem(&pem)?)),
        other => other,
    };
    Ok(KontoEndring {
        offentlig_nokkel,
        ..endring
    })
}

fn changed(konto: Konto, endring: KontoEndring, by: String, now: Timestamp) -> Konto {
    Konto {
        navn: endring.navn.unwrap_or(konto.navn),
        aktiv: endring.aktiv.unwrap_or(konto.aktiv),
        offentlig_nokkel: endring.offentlig_nokkel.unwrap_or(konto.offentlig_nokkel),
        bare_aksepterte: endring.bare_aksepterte.unwrap_or(konto.bare_aksepterte),
        sist_endret: now,
        sist_endret_av: by,
        ..konto
    }
}
