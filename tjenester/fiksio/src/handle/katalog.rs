//! The katalog: what anyone who is authenticated may know of a konto (fiks-io §4).

use std::collections::BTreeSet;
use std::sync::Arc;

use fiks_core::Timestamp;
use fiks_core::id::KontoId;
use fiks_crypto::x509::{Certificate, Validity, parse_public_key_upload};
use fiks_identity::Caller;
use fiks_konfigurasjon::model::organisasjon::Organisasjon;

use super::Fiksio;
use crate::errors::FiksioError;
use crate::model::adresse::{Adresse, Dekning, Identifikator};
use crate::model::konto::Konto;
use crate::store::adresse as adresse_store;

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
