//! The katalog: what anyone who is authenticated may know of a konto (fiks-io §4).

use std::collections::BTreeSet;
use std::sync::Arc;

use fiks_core::id::KontoId;
use fiks_core::{ExposeSecret, SecretString, Timestamp};
use fiks_crypto::keystore::read_key_store;
use fiks_crypto::x509::{Certificate, Validity, parse_public_key_upload};
use fiks_identity::Caller;
use fiks_konfigurasjon::model::organisasjon::Organisasjon;

use super::Fiksio;
use crate::errors::FiksioError;
use crate::model::adresse::{Adresse, Dekning, Identifikator};
use crate::model::konto::Konto;
use crate::store::adresse as adresse_store;

/// Key stores that are opened at the same time, at most.
pub(super) const NOKKELLAGRE: usize = 2;

/// A konto as the katalog shows it.
#[derive(Clone, Debug)]
pub struct KatalogKonto {
    /// The konto.
    pub konto: Arc<Konto>,
    /// Its owner.
    pub organisasjon: Organisasjon,
    /// Whether it can be used now.
    pub status: KontoStatus,
}

/// Whether a konto can be used, and what waits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KontoStatus {
    /// It may send.
    pub gyldig_avsender: bool,
    /// It may receive.
    pub gyldig_mottaker: bool,
    /// Consumers on its queue.
    pub antall_konsumenter: u64,
    /// Messages in its queue, those with a consumer included.
    pub antall_uavhentede_meldinger: u64,
    /// What stands in the way.
    pub melding: Option<String>,
}

/// What a look-up names.
#[derive(Clone, Debug)]
pub struct Oppslag {
    /// Whom.
    pub identifikator: Identifikator,
    /// Protocol.
    pub protokoll: String,
    /// Security level.
    pub niva: i32,
}

/// An address that answers to what was asked for, and to what of it.
pub type AdresseTreff = Adresse;

impl Fiksio {
    /// A konto with its owner and its status.
    pub async fn katalog_konto(&self, id: KontoId) -> Result<KatalogKonto, FiksioError> {
        let konto = self.konto(id).await?;
        let organisasjon = self
            .grunn()
            .konfigurasjon
            .organisasjon(&Caller::Platform, konto.fiks_org_id)
            .await?;
        let status = self.status_of(&konto).await?;
        Ok(KatalogKonto {
            konto,
            organisasjon,
            status,
        })
    }

    /// The name of the organisation that owns a konto.
    pub(crate) async fn organisasjon_navn(&self, konto: &Konto) -> Result<String, FiksioError> {
        Ok(self
            .grunn()
            .konfigurasjon
            .organisasjon(&Caller::Platform, konto.fiks_org_id)
            .await?
            .navn
            .into())
    }

    /// A konto's status.
    pub async fn katalog_status(&self, id: KontoId) -> Result<KontoStatus, FiksioError> {
        self.status_of(&*self.konto(id).await?).await
    }

    pub(crate) async fn status_of(&self, konto: &Konto) -> Result<KontoStatus, FiksioError> {
        let waiting = self.broker().antall_meldinger(konto.id).await?;
        Ok(KontoStatus {
            gyldig_avsender: konto.aktiv && !konto.send_deaktivert,
            gyldig_mottaker: konto.aktiv,
            antall_konsumenter: u64::try_from(self.broker().antall_konsumenter(konto.id)).unwrap_or(u64::MAX),
            antall_uavhentede_meldinger: waiting,
            melding: status_text(konto),
        })
    }

    /// A konto's certificate. For anyone, also without authentication.
    pub async fn offentlig_nokkel(&self, id: KontoId) -> Result<Certificate, FiksioError> {
        let konto = self.konto(id).await?;
        let pem = konto
            .offentlig_nokkel
            .as_deref()
            .ok_or(FiksioError::IngenNokkel { konto: id })?;
        Ok(Certificate::from_pem(pem)?)
    }

    /// What is wrong with a certificate that someone would upload, or the certificate.
    pub fn verifiser_nokkel(&self, pem: &str) -> Result<Certificate, FiksioError> {
        Ok(parse_public_key_upload(pem)?)
    }

    /// As [`Self::verifiser_nokkel`], for the certificate in a PKCS12 key store. Its maker decides how much work it is to
    /// open: it is done apart from all else, for few at a time.
    pub async fn verifiser_nokkellager(
        &self,
        file: Vec<u8>,
        passord: SecretString,
    ) -> Result<Certificate, FiksioError> {
        let place = self.0.nokkellagre.clone().acquire_owned().await;
        let opened = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when nobody waits for it any more.
            let _place = place;
            let identity = read_key_store(&file, None, passord.expose_secret())?;
            Ok(identity.certificate().pem())
        });
        let pem: Result<String, fiks_crypto::Error> = opened
            .await
            .unwrap_or(Err(fiks_crypto::Error::Crypto("key store")));
        self.verifiser_nokkel(&pem?)
    }

    /// The active konto that the look-up finds through an active address.
    pub async fn lookup(&self, oppslag: &Oppslag) -> Result<KatalogKonto, FiksioError> {
        let asked = Dekning {
            identifikatorer: BTreeSet::from([oppslag.identifikator.clone()]),
            protokoller: BTreeSet::from([oppslag.protokoll.clone()]),
            nivaer: BTreeSet::from([oppslag.niva]),
        };
        for treff in self.matchende_adresser(&asked).await? {
            if treff.dekning.er_gyldig() && self.konto(treff.konto).await?.aktiv {
                return self.katalog_konto(treff.konto).await;
            }
        }
        Err(FiksioError::IngenTreff)
    }

    /// Active addresses that answer to one of the identifikatorer, each with what it shares with `asked`.
    pub async fn matchende_adresser(&self, asked: &Dekning) -> Result<Vec<AdresseTreff>, FiksioError> {
        asked.check_antall()?;
        let found =
            adresse_store::active_with(self.grunn().database.reader(), asked.identifikatorer.iter()).await?;
        Ok(found
            .into_iter()
            .map(|other| Adresse {
                dekning: other.dekning.felles(asked),
                ..other
            })
            .collect())
    }
}

fn status_text(konto: &Konto) -> Option<String> {
    let text = if !konto.aktiv {
        "Kontoen er deaktivert"
    } else if konto.send_deaktivert {
        "Kontoen kan bare motta"
    } else {
        return nokkel_text(konto.offentlig_nokkel.as_deref());
    };
    Some(text.to_owned())
}

/// What keeps others from encrypting to the konto, or should.
fn nokkel_text(pem: Option<&str>) -> Option<String> {
    let Some(pem) = pem else {
        return Some("Kontoen mangler offentlig nøkkel, og kan ikke motta kryptert innhold".to_owned());
    };
    // Certificates live on the real clock, whatever the platform's shows.
    let validity = Certificate::from_pem(pem).ok()?.validity_at(Timestamp::real());
    (validity != Validity::Valid).then(|| format!("Kontoens offentlige nøkkel: {}", validity.text()))
}
