//! What a delivered message says about itself (fiks-io §8.4).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use fiks_core::id::{DokumentId, KontoId, MeldingId};
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use uuid::Uuid;

use crate::Feil;
use crate::melding::{KLIENT_KORRELASJONS_ID, KLIENT_MELDING_ID};

/// Marks the headers that the sender set.
const OWN: &str = "egendefinert-header.";

/// Everything about a received message but its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meldingshode {
    /// Its id, made by the platform.
    pub melding_id: MeldingId,
    /// Its type.
    pub meldingstype: String,
    /// Who sent it.
    pub avsender: KontoId,
    /// The sender's name, when the platform tells it.
    pub avsender_navn: Option<String>,
    /// Who got it: the konto that is listened on.
    pub mottaker: KontoId,
    /// The message that it answers, or tells the fate of.
    pub svar_til: Option<MeldingId>,
    /// That message's type; set on the platform's own feedback.
    pub svar_til_type: Option<String>,
    /// How long it may wait to be fetched.
    pub ttl: Option<Duration>,
    /// Whether it may have been delivered before.
    pub resendt: bool,
    /// The headers that the sender set.
    pub headere: BTreeMap<String, String>,
    /// Whether it has content.
    pub har_innhold: bool,
    /// The document in dokumentlager that holds the content, when that is large.
    pub dokumentlager_id: Option<DokumentId>,
}

impl Meldingshode {
    /// The sender's own id of the message, when it is a UUID.
    pub fn klient_melding_id(&self) -> Option<Uuid> {
        self.headere.get(KLIENT_MELDING_ID)?.parse().ok()
    }

    /// The sender's own id of the dialogue, in the newer spelling of the header or else in the older.
    pub fn klient_korrelasjons_id(&self) -> Option<&str> {
        KLIENT_KORRELASJONS_ID
            .iter()
            .find_map(|name| self.headere.get(*name))
            .map(String::as_str)
    }

    /// Reads the properties of a delivery from the queue of `konto`.
    ///
    /// Fails with [`Feil::UgyldigLeveranse`] when a header that every message has is missing, or malformed.
    pub(super) fn read(konto: KontoId, delivery: &Delivery) -> Result<Self, Feil> {
        let headers = Headers::new(delivery.properties.headers().as_ref());
        let melding_id = headers.required("melding-id", None)?;
        let known = Some(melding_id);
        let dokumentlager_id = headers.parsed("dokumentlager-id", known)?;
        Ok(Self {
            melding_id,
            meldingstype: headers.required("type", known)?,
            avsender: headers.required("avsender-id", known)?,
            avsender_navn: headers.text("avsender-navn"),
            mottaker: konto,
            svar_til: headers.parsed("svar-til", known)?,
            svar_til_type: headers.text("svar-til-type"),
            ttl: ttl(delivery),
            resendt: delivery.redelivered,
            headere: headers.own(),
            har_innhold: dokumentlager_id.is_some() || !delivery.data.is_empty(),
            dokumentlager_id,
        })
    }
}

/// `expiration` is milliseconds in decimal. What can't be read is taken for no limit, as KS' clients do.
fn ttl(delivery: &Delivery) -> Option<Duration> {
    let expiration = delivery.properties.expiration().as_ref()?;
    expiration.as_str().parse().ok().map(Duration::from_millis)
}

/// The header table; values that are no text are passed over.
struct Headers<'a>(Option<&'a FieldTable>);

impl<'a> Headers<'a> {
    fn new(table: Option<&'a FieldTable>) -> Self {
        Self(table)
    }

    fn text(&self, name: &str) -> Option<String> {
        text(self.0?.inner().get(name)?)
    }

    fn required<T: FromStr>(&self, name: &'static str, melding: Option<MeldingId>) -> Result<T, Feil> {
        self.parsed(name, melding)?.ok_or(Feil::UgyldigLeveranse {
            header: name,
            melding,
        })
    }

    fn parsed<T: FromStr>(&self, name: &'static str, melding: Option<MeldingId>) -> Result<Option<T>, Feil> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let parsed = text.parse().map(Some);
        parsed.map_err(|_| Feil::UgyldigLeveranse {
            header: name,
            melding,
        })
    }

    fn own(&self) -> BTreeMap<String, String> {
        let all = self.0.into_iter().flat_map(FieldTable::inner);
        let own =
            all.filter_map(|(name, value)| Some((name.as_str().strip_prefix(OWN)?.to_owned(), text(value)?)));
        own.collect()
    }
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use lapin::BasicProperties;
    use lapin::types::ShortString;

    use super::*;
    use crate::Melding;
    use crate::testing::KONTO;

    const MELDING: &str = "0d2f3a4e-0000-4000-8000-000000000001";
    const AVSENDER: &str = "0d2f3a4e-0000-4000-8000-000000000002";

    /// A delivery with the three headers that every message has, and these.
    pub(crate) fn delivery(more: &[(&str, &str)], data: &[u8]) -> Delivery {
        let base = [
            ("melding-id", MELDING),
            ("type", "ping"),
            ("avsender-id", AVSENDER),
        ];
        let mut table = FieldTable::default();
        for (name, value) in base.iter().chain(more) {
            table.insert(ShortString::from(*name), AMQPValue::LongString((*value).into()));
        }
        let mut delivery = Delivery::mock(1, "".into(), "fiksio.konto.x".into(), true, data.to_vec());
        delivery.properties = BasicProperties::default()
            .with_headers(table)
            .with_expiration("60000".into());
        delivery
    }

    fn read(more: &[(&str, &str)], data: &[u8]) -> Result<Meldingshode, Feil> {
        Meldingshode::read(KONTO, &delivery(more, data))
    }

    #[test]
    fn everything_that_is_there_is_read() {
        let hode = read(
            &[
                ("svar-til", "0d2f3a4e-0000-4000-8000-000000000003"),
                ("svar-til-type", "no.ks.fiks.noe"),
                ("avsender-navn", "Ærlig & Søn"),
                ("egendefinert-header.sak", "1/æ"),
                (
                    "egendefinert-header.klientMeldingId",
                    "0d2f3a4e-0000-4000-8000-000000000004",
                ),
            ],
            b"x",
        )
        .unwrap();
        assert_eq!(hode.melding_id.to_string(), MELDING);
        assert_eq!(
            (hode.meldingstype.as_str(), hode.avsender.to_string().as_str()),
            ("ping", AVSENDER)
        );
        assert_eq!(hode.mottaker, KONTO);
        assert_eq!(
            hode.svar_til.unwrap().to_string(),
            "0d2f3a4e-0000-4000-8000-000000000003"
        );
        assert_eq!(hode.svar_til_type.as_deref(), Some("no.ks.fiks.noe"));
        assert_eq!(hode.avsender_navn.as_deref(), Some("Ærlig & Søn"));
        assert_eq!(hode.ttl, Some(Duration::from_mins(1)));
        assert_eq!(hode.headere["sak"], "1/æ");
        assert_eq!(
            hode.klient_melding_id(),
            "0d2f3a4e-0000-4000-8000-000000000004".parse().ok()
        );
        assert!(hode.resendt && hode.har_innhold && hode.dokumentlager_id.is_none());
    }

    #[test]
    fn content_is_a_body_or_a_document() {
        assert!(!read(&[], b"").unwrap().har_innhold);
        assert!(read(&[], b"x").unwrap().har_innhold);
        let hode = read(&[("dokumentlager-id", MELDING)], b"").unwrap();
        assert!(hode.har_innhold && hode.dokumentlager_id.is_some());
    }

    #[test]
    fn a_missing_or_malformed_header_is_named() {
        let mut without = delivery(&[], b"");
        without.properties = BasicProperties::default();
        let feil = Meldingshode::read(KONTO, &without).unwrap_err();
        assert!(
            matches!(
                feil,
                Feil::UgyldigLeveranse {
                    header: "melding-id",
                    melding: None
                }
            ),
            "{feil}"
        );
        let feil = read(&[("avsender-id", "x")], b"").unwrap_err();
        assert!(
            matches!(
                feil,
                Feil::UgyldigLeveranse {
                    header: "avsender-id",
                    melding: Some(_)
                }
            ),
            "{feil}"
        );
        let feil = read(&[("svar-til", "x")], b"").unwrap_err();
        assert!(
            matches!(
                feil,
                Feil::UgyldigLeveranse {
                    header: "svar-til",
                    ..
                }
            ),
            "{feil}"
        );
    }

    #[test]
    fn an_answer_goes_to_the_sender_and_carries_the_correlation_id_in_both_spellings() {
        for spelling in KLIENT_KORRELASJONS_ID {
            let hode = read(
                &[
                    (&format!("{OWN}{spelling}"), "sak-1"),
                    ("egendefinert-header.klientMeldingId", MELDING),
                ],
                b"",
            );
            let hode = hode.unwrap();
            let svar = Melding::svar_pa(&hode, "pong");
            assert_eq!(
                (svar.mottaker, svar.svar_pa),
                (hode.avsender, Some(hode.melding_id))
            );
            let expected = KLIENT_KORRELASJONS_ID.map(|name| (name.to_owned(), "sak-1".to_owned()));
            assert_eq!(svar.headere, BTreeMap::from(expected));
        }
    }

    #[test]
    fn the_newer_spelling_goes_before_the_older() {
        let hode = read(
            &[
                ("egendefinert-header.klientKorrelasjonId", "old"),
                ("egendefinert-header.klientKorrelasjonsId", "new"),
            ],
            b"",
        );
        assert_eq!(hode.unwrap().klient_korrelasjons_id(), Some("new"));
    }

    #[test]
    fn values_of_other_types_do_not_hide_the_message() {
        let mut odd = delivery(&[], b"");
        let mut table = odd.properties.headers().clone().unwrap();
        table.insert("egendefinert-header.tall".into(), AMQPValue::LongInt(7));
        table.insert("type".into(), AMQPValue::ShortString("pong".into()));
        odd.properties = BasicProperties::default()
            .with_headers(table)
            .with_expiration("soon".into());
        let hode = Meldingshode::read(KONTO, &odd).unwrap();
        assert_eq!(hode.meldingstype, "pong");
        assert!(hode.headere.is_empty() && hode.ttl.is_none());
    }
}
