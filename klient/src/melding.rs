//! A message to be sent, and what became of it (fiks-io §3).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fiks_core::id::{DokumentId, KontoId, MeldingId};
use futures::{Stream, StreamExt, TryStreamExt};
use serde::Deserialize;
use uuid::Uuid;

use crate::Feil;
use crate::fil::Fil;
use crate::sending::Innhold;

/// The header with which a sender knows its own message again.
pub(crate) const KLIENT_MELDING_ID: &str = "klientMeldingId";
/// The header that follows a dialogue, in both spellings: KS' clients read one or the other (fiks-io §8.4, §15).
pub(crate) const KLIENT_KORRELASJONS_ID: [&str; 2] = ["klientKorrelasjonsId", "klientKorrelasjonId"];

/// A message to be sent. Start with [`Melding::ny`], or with [`Melding::svar_pa`] for an answer.
#[derive(Debug)]
#[must_use = "a message goes nowhere until it is given to Klient::send"]
pub struct Melding {
    pub(crate) mottaker: KontoId,
    pub(crate) meldingstype: String,
    pub(crate) svar_pa: Option<MeldingId>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) headere: BTreeMap<String, String>,
    pub(crate) innhold: Innhold,
    pub(crate) idempotensnokkel: Option<String>,
}

impl Melding {
    /// A message of that type, without content so far, to that konto. Sender and receiver may be the same konto.
    ///
    /// Fiks Protokoll kontoer take the types of their protocol; others take any, such as `ping`.
    pub fn ny(mottaker: impl Into<KontoId>, meldingstype: impl Into<String>) -> Self {
        Self {
            mottaker: mottaker.into(),
            meldingstype: meldingstype.into(),
            svar_pa: None,
            ttl: None,
            headere: BTreeMap::new(),
            innhold: Innhold::Ingen,
            idempotensnokkel: None,
        }
    }

    /// An answer to a received message: to its sender, naming it, with its correlation id.
    pub fn svar_pa(mottatt: &crate::Meldingshode, meldingstype: impl Into<String>) -> Self {
        let melding = Self::ny(mottatt.avsender, meldingstype).svar_pa_melding(mottatt.melding_id);
        match mottatt.klient_korrelasjons_id() {
            Some(id) => melding.klient_korrelasjons_id(id),
            None => melding,
        }
    }

    /// Names the message that this one answers.
    pub fn svar_pa_melding(mut self, melding: MeldingId) -> Self {
        self.svar_pa = Some(melding);
        self
    }

    /// How long the message may wait to be fetched, at least a second. The platform's default is 7 days. When it
    /// passes, the sender gets a message of type `no.ks.fiks.kvittering.tidsavbrudd`.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// A header of your own. The receiver sees it in `headere`; it is not encrypted.
    pub fn header(mut self, navn: impl Into<String>, verdi: impl Into<String>) -> Self {
        self.headere.insert(navn.into(), verdi.into());
        self
    }

    /// Your own id of the message: the same when the message is sent once more, so that the receiver can tell.
    pub fn klient_melding_id(self, id: Uuid) -> Self {
        self.header(KLIENT_MELDING_ID, id.to_string())
    }

    /// Your own id of the dialogue; answers carry it back.
    pub fn klient_korrelasjons_id(self, id: impl Into<String>) -> Self {
        let id = id.into();
        KLIENT_KORRELASJONS_ID
            .iter()
            .fold(self, |melding, navn| melding.header(*navn, &id))
    }

    /// Adds a file. Files are packed into a signed ASiC-E container, which is encrypted to the receiver; the receiver
    /// takes the first one for the main file. Replaces content of other kinds.
    pub fn fil(self, fil: Fil) -> Self {
        self.filer([fil])
    }

    /// Adds files, as [`Melding::fil`] does. None leaves the message as it is.
    pub fn filer(mut self, filer: impl IntoIterator<Item = Fil>) -> Self {
        for fil in filer {
            match &mut self.innhold {
                Innhold::Filer(filer) => filer.push(fil),
                other => *other = Innhold::Filer(vec![fil]),
            }
        }
        self
    }

    /// Sends these bytes as they are: neither signed nor encrypted by this library. Replaces other content.
    pub fn raa_bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.innhold = Innhold::Bytes(bytes.into());
        self
    }

    /// Sends the bytes of a stream as they are: neither signed nor encrypted by this library. Replaces other content.
    ///
    /// A stream can be read only once, so the message is sent again only when nothing of it had been read.
    pub fn raa_strom<S, E>(mut self, strom: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let strom = strom.map_err(|error| Feil::Kilde(Feil::source_of(error)));
        self.innhold = Innhold::strom(strom.boxed());
        self
    }

    /// The `Idempotency-Key`: whoever sends the same message again under the same key (after a timeout, say) gets the
    /// first answer, and the message is delivered once. At most 255 characters. Our platform honours it for 24 hours;
    /// KS' passes over it. Each send has a new random key unless set.
    pub fn idempotensnokkel(mut self, nokkel: impl Into<String>) -> Self {
        self.idempotensnokkel = Some(nokkel.into());
        self
    }
}

/// What the platform accepted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendtMelding {
    /// The message's id, made by the platform.
    pub melding_id: MeldingId,
    /// Its type.
    #[serde(rename = "meldingType")]
    pub meldingstype: String,
    /// Who sent it.
    #[serde(rename = "avsenderKontoId")]
    pub avsender: KontoId,
    /// Who gets it.
    #[serde(rename = "mottakerKontoId")]
    pub mottaker: KontoId,
    /// How long it may wait to be fetched.
    #[serde(deserialize_with = "millis")]
    pub ttl: Duration,
    /// The document in dokumentlager that holds the content, when it was large.
    pub dokumentlager_id: Option<DokumentId>,
    /// The message that it answers.
    #[serde(rename = "svarPaMelding")]
    pub svar_pa: Option<MeldingId>,
    /// The headers that were sent along.
    #[serde(default, deserialize_with = "or_none")]
    pub headere: BTreeMap<String, String>,
}

fn millis<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn both_spellings_of_the_correlation_id_are_sent() {
        let melding = Melding::ny(testing::KONTO, "ping").klient_korrelasjons_id("sak-1");
        let headere: Vec<_> = melding
            .headere
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            headere,
            [
                ("klientKorrelasjonId", "sak-1"),
                ("klientKorrelasjonsId", "sak-1")
            ]
        );
    }

    #[test]
    fn files_gather_and_replace_other_content() {
        let fil = |navn| Fil::fra_bytes(navn, "x");
        let melding = Melding::ny(testing::KONTO, "ping")
            .raa_bytes("raw")
            .fil(fil("a.txt"))
            .fil(fil("b.txt"));
        assert!(matches!(&melding.innhold, Innhold::Filer(filer) if filer.len() == 2));
        assert!(matches!(melding.raa_bytes("raw").innhold, Innhold::Bytes(_)));
    }

    #[test]
    fn an_answer_with_nulls_is_read() {
        let json = r#"{"meldingId": "0d2f3a4e-0000-4000-8000-000000000001", "meldingType": "ping",
            "avsenderKontoId": "0d2f3a4e-0000-4000-8000-000000000002",
            "mottakerKontoId": "0d2f3a4e-0000-4000-8000-000000000003", "ttl": 604800000,
            "dokumentlagerId": null, "svarPaMelding": null, "headere": null}"#;
        let sendt: SendtMelding = serde_json::from_str(json).unwrap();
        assert_eq!(sendt.ttl, Duration::from_hours(168));
        assert!(sendt.headere.is_empty() && sendt.dokumentlager_id.is_none());
    }
}
