//! Administering addresses (fiks-io §5). Two active addresses that one look-up would find are refused, with the
//! addresses that stand in the way.

use fiks_core::id::KontoId;
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::{Fiksio, privilegium};
use crate::errors::FiksioError;
use crate::model::adresse::{
    Adresse, AdresseId, Dekning, NyAdresse, check_beskrivelse, check_niva, check_protokoll,
};
use crate::store::adresse as store;

/// A change to an address, applied to what is stored.
type Change = Box<dyn FnOnce(&mut Adresse) + Send>;

impl Fiksio {
    /// Addresses of a konto. Needs [`privilegium::KONFIGURERE`] on it, as everything here.
    pub async fn adresser(&self, caller: &Caller, konto: KontoId) -> Result<Vec<Adresse>, FiksioError> {
        self.konto_for(caller, konto, privilegium::KONFIGURERE).await?;
        Ok(store::of_konto(self.grunn().database.reader(), konto).await?)
    }

    /// Makes an empty, inactive address.
    pub async fn opprett_adresse(
        &self,
        caller: &Caller,
        konto: KontoId,
        beskrivelse: String,
    ) -> Result<Adresse, FiksioError> {
        self.konto_for(caller, konto, privilegium::KONFIGURERE).await?;
        let ny = NyAdresse {
            beskrivelse,
            dekning: Dekning::default(),
            aktiv: false,
        };
        let (fiksio, by) = (self.clone(), caller.name());
        self.grunn()
            .database
            .write(move |transaction| {
                Box::pin(async move { fiksio.ny_adresse_in(transaction, &by, konto, &ny).await })
            })
            .await
    }

    /// Removes an address.
    pub async fn slett_adresse(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
    ) -> Result<(), FiksioError> {
        self.konto_for(caller, konto, privilegium::KONFIGURERE).await?;
        let gone: Result<bool, FiksioError> = self
            .grunn()
            .database
            .write(move |transaction| {
                Box::pin(async move { Ok(store::delete(transaction, konto, id).await?) })
            })
            .await;
        if gone? {
            Ok(())
        } else {
            Err(FiksioError::UkjentAdresse { adresse: id })
        }
    }

    /// Makes an address visible to look-ups, or hides it.
    pub async fn sett_adresse_aktiv(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
        aktiv: bool,
    ) -> Result<Adresse, FiksioError> {
        self.endre_adresse(caller, konto, id, Box::new(move |adresse| adresse.aktiv = aktiv))
            .await
    }

    /// Changes the description.
    pub async fn sett_beskrivelse(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
        beskrivelse: String,
    ) -> Result<Adresse, FiksioError> {
        check_beskrivelse(&beskrivelse)?;
        self.endre_adresse(
            caller,
            konto,
            id,
            Box::new(move |adresse| adresse.beskrivelse = beskrivelse),
        )
        .await
    }

    /// Adds to what an address answers to.
    pub async fn utvid_dekning(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
        mer: Dekning,
    ) -> Result<Adresse, FiksioError> {
        check_dekning(&mer)?;
        let extend = move |adresse: &mut Adresse| {
            adresse.dekning.identifikatorer.extend(mer.identifikatorer);
            adresse.dekning.protokoller.extend(mer.protokoller);
            adresse.dekning.nivaer.extend(mer.nivaer);
        };
        self.endre_adresse(caller, konto, id, Box::new(extend)).await
    }

    /// Removes from what an address answers to. An active address must keep one of each.
    pub async fn innskrenk_dekning(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
        bort: Dekning,
    ) -> Result<Adresse, FiksioError> {
        let shrink = move |adresse: &mut Adresse| {
            adresse
                .dekning
                .identifikatorer
                .retain(|each| !bort.identifikatorer.contains(each));
            adresse
                .dekning
                .protokoller
                .retain(|each| !bort.protokoller.contains(each));
            adresse.dekning.nivaer.retain(|each| !bort.nivaer.contains(each));
        };
        self.endre_adresse(caller, konto, id, Box::new(shrink)).await
    }

    async fn endre_adresse(
        &self,
        caller: &Caller,
        konto: KontoId,
        id: AdresseId,
        change: Change,
    ) -> Result<Adresse, FiksioError> {
        self.konto_for(caller, konto, privilegium::KONFIGURERE).await?;
        let (by, now) = (caller.name(), self.grunn().clock.now());
        self.grunn()
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let found = store::find(transaction, konto, id).await?;
                    let mut adresse = found.ok_or(FiksioError::UkjentAdresse { adresse: id })?;
                    change(&mut adresse);
                    adresse.sist_endret = now;
                    adresse.sist_endret_av = by;
                    check_active_in(transaction, &adresse).await?;
                    store::save(transaction, &adresse, false).await?;
                    Ok(adresse)
                })
            })
            .await
    }

    pub(super) async fn ny_adresse_in(
        &self,
        transaction: &DatabaseTransaction,
        by: &str,
        konto: KontoId,
        ny: &NyAdresse,
    ) -> Result<Adresse, FiksioError> {
        check_beskrivelse(&ny.beskrivelse)?;
        check_dekning(&ny.dekning)?;
        let now = self.grunn().clock.now();
        let adresse = Adresse {
            id: AdresseId(self.grunn().random.uuid()?),
            konto,
            beskrivelse: ny.beskrivelse.clone(),
            aktiv: ny.aktiv,
            dekning: ny.dekning.clone(),
            opprettet: now,
            opprettet_av: by.to_owned(),
            sist_endret: now,
            sist_endret_av: by.to_owned(),
        };
        check_active_in(transaction, &adresse).await?;
        store::save(transaction, &adresse, true).await?;
        Ok(adresse)
    }
}

fn check_dekning(dekning: &Dekning) -> Result<(), FiksioError> {
    dekning
        .protokoller
        .iter()
        .try_for_each(|protokoll| check_protokoll(protokoll))?;
    dekning.nivaer.iter().try_for_each(|niva| check_niva(*niva))
}

/// An active address is complete and overlaps no other active one.
async fn check_active_in(transaction: &DatabaseTransaction, adresse: &Adresse) -> Result<(), FiksioError> {
    if !adresse.aktiv {
        return Ok(());
    }
    if !adresse.dekning.er_gyldig() {
        return Err(FiksioError::UfullstendigAdresse);
    }
    let others = store::active_with(transaction, adresse.dekning.identifikatorer.iter()).await?;
    let others = others.into_iter().filter(|other| other.id != adresse.id);
    let konflikter: Vec<Adresse> = others
        .map(|other| Adresse {
            dekning: other.dekning.felles(&adresse.dekning),
            ..other
        })
        .filter(|other| other.dekning.er_gyldig())
        .collect();
    if konflikter.is_empty() {
        Ok(())
    } else {
        Err(FiksioError::AdresseKonflikt { konflikter })
    }
}
