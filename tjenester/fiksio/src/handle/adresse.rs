//! Administering addresses (fiks-io §5). Two active addresses that one look-up would find are refused, with the
//! addresses that stand in the way.

use fiks_core::id::KontoId;
use fiks_database::DatabaseTransaction;
use fiks_identity::Caller;

use super::{Fiksio, privilegium};
use crate::errors::FiksioError;
use crate::model::adresse::{Adresse, AdresseId, AdresseKonflikt, Dekning, NyAdresse, check_beskrivelse};
use crate::store::{adresse as store, konto as konto_store};

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
        mer.check()?;
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
        let fiksio = self.clone();
        self.grunn()
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let found = store::find(transaction, konto, id).await?;
                    let mut adresse = found.ok_or(FiksioError::UkjentAdresse { adresse: id })?;
                    change(&mut adresse);
                    adresse.sist_endret = now;
                    adresse.sist_endret_av = by;
                    adresse.dekning.check_antall()?;
                    fiksio.check_active_in(transaction, &adresse).await?;
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
        ny.dekning.check()?;
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
        self.check_active_in(transaction, &adresse).await?;
        store::save(transaction, &adresse, true).await?;
        Ok(adresse)
    }

    /// An active address is complete and overlaps no other active one.
    async fn check_active_in(
        &self,
        transaction: &DatabaseTransaction,
        adresse: &Adresse,
    ) -> Result<(), FiksioError> {
        if !adresse.aktiv {
            return Ok(());
        }
        if !adresse.dekning.er_gyldig() {
            return Err(FiksioError::UfullstendigAdresse);
        }
        let mut konflikter = Vec::new();
        for other in store::active_with(transaction, adresse.dekning.identifikatorer.iter()).await? {
            let felles = other.dekning.felles(&adresse.dekning);
            if other.id != adresse.id && felles.er_gyldig() {
                konflikter.push(self.konflikt_in(transaction, other, felles).await?);
            }
        }
        if konflikter.is_empty() {
            Ok(())
        } else {
            Err(FiksioError::AdresseKonflikt { konflikter })
        }
    }

    async fn konflikt_in(
        &self,
        transaction: &DatabaseTransaction,
        adresse: Adresse,
        felles: Dekning,
    ) -> Result<AdresseKonflikt, FiksioError> {
        let found = konto_store::find(transaction, adresse.konto).await?;
        let konto = found.ok_or(FiksioError::UkjentKonto { konto: adresse.konto })?;
        Ok(AdresseKonflikt {
            fiks_org_id: konto.fiks_org_id,
            fiks_org_visningsnavn: self.organisasjon_navn(&konto).await?,
            konto_id: konto.id,
            konto_navn: konto.navn,
            adresse_id: adresse.id,
            beskrivelse: adresse.beskrivelse,
            identifikatorer: felles.identifikatorer.iter().map(ToString::to_string).collect(),
            meldingsprotokoller: felles.protokoller,
            sikkerhetsnivaer: felles.nivaer,
        })
    }
}
