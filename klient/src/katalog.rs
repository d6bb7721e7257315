//! What the katalog tells about kontoer (fiks-io §4). Unknown fields are passed over.

use std::time::{Duration, Instant};

use fiks_core::id::{FiksOrgId, KontoId};
use fiks_crypto::x509::Certificate;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

/// How long a receiver's key is used without asking again, and how many are kept: as KS' Java client does.
const LIFETIME: Duration = Duration::from_mins(10);
const CAPACITY: usize = 100;

/// A konto as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KatalogKonto {
    /// Its id.
    pub konto_id: KontoId,
    /// Its name.
    pub konto_navn: String,
    /// The organisation that it belongs to.
    pub fiks_org_id: FiksOrgId,
    /// That organisation's name.
    pub fiks_org_navn: String,
    /// That organisation's number, when the platform tells it.
    pub organisasjonsnummer: Option<String>,
    /// That organisation's municipality number, when it is a municipality.
    pub kommunenummer: Option<String>,
    /// How it is doing.
    pub status: KontoStatus,
}

/// How a konto is doing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KontoStatus {
    /// Whether it may send.
    pub gyldig_avsender: bool,
    /// Whether it may receive.
    pub gyldig_mottaker: bool,
    /// Consumers attached to its queue now.
    pub antall_konsumenter: u64,
    /// Messages waiting in its queue.
    pub antall_uavhentede_meldinger: u64,
    /// Why it may not send or receive.
    pub melding: Option<String>,
}

/// A konto's public key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OffentligNokkel {
    /// The certificate, as PEM.
    pub nokkel: String,
    /// First moment of its lifetime, RFC 3339.
    pub valid_from: Option<String>,
    /// Last moment of its lifetime, RFC 3339.
    pub valid_to: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its subject.
    #[serde(rename = "subjectDN")]
    pub subject_dn: Option<String>,
    /// Its issuer.
    #[serde(rename = "issuerDN")]
    pub issuer_dn: Option<String>,
    /// Whether the platform finds it in order. Messages are encrypted to it in any case.
    pub valid: bool,
    /// Why not.
    pub status_message: Option<String>,
}

/// A search for the konto that answers for someone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oppslag {
    /// `<TYPE>.<digits>`, such as `ORG_NO.987654321` or `NAVENHET_ID.1234`.
    pub identifikator: String,
    /// The protocol that the konto must speak, such as `no.ks.fiks.arkiv.v1`.
    #[serde(rename = "meldingProtokoll")]
    pub meldingsprotokoll: String,
    /// The security level of the messages, 1 to 4.
    pub sikkerhetsniva: u8,
}

impl Oppslag {
    /// The konto of the organisation with that number.
    pub fn organisasjon(
        orgnr: impl std::fmt::Display,
        meldingsprotokoll: impl Into<String>,
        sikkerhetsniva: u8,
    ) -> Self {
        Self {
            identifikator: format!("ORG_NO.{orgnr}"),
            meldingsprotokoll: meldingsprotokoll.into(),
            sikkerhetsniva,
        }
    }
}

/// The body of a key upload (fiks-io §5).
#[derive(Serialize)]
pub(crate) struct Nokkelopplasting<'a> {
    pub(crate) pem: &'a str,
}

/// Receivers' keys for ten minutes.
pub(crate) struct KeyCache(Cache<KontoId, (Certificate, Instant)>);

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    pub(crate) fn get(&self, konto: KontoId, now: Instant) -> Option<Certificate> {
        let (certificate, since) = self.0.get(&konto)?;
        (now.duration_since(since) < LIFETIME).then_some(certificate)
    }

    pub(crate) fn keep(&self, konto: KontoId, certificate: Certificate, now: Instant) {
        self.0.insert(konto, (certificate, now));
    }

    pub(crate) fn forget(&self, konto: KontoId) {
        self.0.remove(&konto);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing;

    #[test]
    fn a_konto_with_new_and_missing_fields_is_read() {
        let json = r#"{"fiksOrgId": "0d2f3a4e-0000-4000-8000-000000000001", "fiksOrgNavn": "Testkommune",
            "kontoId": "0d2f3a4e-0000-4000-8000-000000000003", "kontoNavn": "Postmottak", "helt_nytt": {},
            "status": {"gyldigAvsender": true, "gyldigMottaker": false, "antallKonsumenter": 1,
                "antallUavhentedeMeldinger": 7, "melding": "Kontoen er ikke aktiv"}}"#;
        let konto: KatalogKonto = serde_json::from_str(json).unwrap();
        assert_eq!(konto.konto_navn, "Postmottak");
        assert_eq!(konto.organisasjonsnummer, None);
        assert_eq!(konto.status.antall_uavhentede_meldinger, 7);
    }

    #[test]
    fn an_organisation_is_looked_up_by_its_wire_name() {
        let oppslag = Oppslag::organisasjon("987654321", "no.ks.fiks.arkiv.v1", 4);
        let expected = serde_json::json!({
            "identifikator": "ORG_NO.987654321", "meldingProtokoll": "no.ks.fiks.arkiv.v1", "sikkerhetsniva": 4,
        });
        assert_eq!(serde_json::to_value(oppslag).unwrap(), expected);
    }

    #[test]
    fn a_key_is_asked_for_again_after_ten_minutes() {
        let cache = KeyCache::new();
        let certificate = testing::identity("receiver").certificate().clone();
        let start = Instant::now();
        cache.keep(testing::KONTO, certificate.clone(), start);
        let minutes = |count| start + Duration::from_mins(count);
        assert_eq!(cache.get(testing::KONTO, minutes(9)), Some(certificate));
        assert_eq!(cache.get(testing::KONTO, minutes(10)), None);
        assert_eq!(cache.get(KontoId(Uuid::nil()), start), None);
    }

    #[test]
    fn a_forgotten_key_is_asked_for_again() {
        let cache = KeyCache::new();
        let start = Instant::now();
        cache.keep(
            testing::KONTO,
            testing::identity("receiver").certificate().clone(),
            start,
        );
        cache.forget(testing::KONTO);
        assert_eq!(cache.get(testing::KONTO, start), None);
    }
}
