//! A message as AMQP properties (fiks-io §8.4): a header table of long strings, nothing else that a client reads.

use fiks_amqp::{EncodedProperties, Error, Properties};

use crate::model::melding::{EGENDEFINERT, Melding};

/// Encodes a message's headers and properties.
pub fn egenskaper(melding: &Melding) -> Result<EncodedProperties, Error> {
    let spesifikasjon = &melding.spesifikasjon;
    let id = melding.id.to_string();
    let avsender = spesifikasjon.avsender.to_string();
    let svar_til = spesifikasjon.svar_paa.map(|id| id.to_string());
    let dokument = melding.innhold.dokument().map(|id| id.to_string());
    let egne: Vec<(String, &str)> = spesifikasjon
        .headere
        .iter()
        .map(|(key, value)| (format!("{EGENDEFINERT}{key}"), value.as_str()))
        .collect();
    let fixed = [
        ("melding-id", Some(id.as_str())),
        ("type", Some(spesifikasjon.melding_type.as_str())),
        ("avsender-id", Some(avsender.as_str())),
        ("svar-til", svar_til.as_deref()),
        ("svar-til-type", melding.svar_til_type.as_deref()),
        ("dokumentlager-id", dokument.as_deref()),
    ];
    let fixed = fixed.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let headers = fixed
        .chain(egne.iter().map(|(name, value)| (name.as_str(), *value)))
        .collect();
    let expiration = u64::try_from(spesifikasjon.ttl).ok();
    Properties {
        headers,
        persistent: true,
        expiration,
        ..Properties::default()
    }
    .encode()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use amq_protocol::protocol::basic::{AMQPProperties, parse_properties};
    use amq_protocol::types::AMQPValue;
    use fiks_core::Timestamp;
    use fiks_core::id::{DokumentId, KontoId, MeldingId};
    use uuid::Uuid;

    use super::*;
    use crate::model::melding::{Innhold, Spesifikasjon};

    const KONTO: &str = "00000000-0000-0000-0000-000000000001";

    fn melding(innhold: Innhold, svar_paa: Option<MeldingId>, headere: &[(&str, &str)]) -> Melding {
        let headere = headere
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let konto = KontoId(Uuid::from_u128(1));
        let headere: BTreeMap<String, String> = headere.collect();
        let spesifikasjon =
            Spesifikasjon::new(konto, konto, "ping".to_owned(), svar_paa, Some(90_000), headere);
        Melding {
            id: MeldingId(Uuid::from_u128(10)),
            spesifikasjon: spesifikasjon.unwrap(),
            svar_til_type: None,
            innhold,
            sendt: Timestamp::from_millis(0),
        }
    }

    fn parsed(melding: &Melding) -> AMQPProperties {
        let encoded = egenskaper(melding).unwrap();
        parse_properties(&encoded.as_bytes()[..]).unwrap().1
    }

    /// Names and values; fails unless every value is a long string.
    fn headers(properties: &AMQPProperties) -> BTreeMap<String, String> {
        let table = properties.headers().as_ref().unwrap().inner();
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        table
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn expected(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        rows.iter().map(owned).collect()
    }

    #[test]
    fn a_message_carries_the_contracts_headers_as_long_strings_and_no_others() {
        let least = headers(&parsed(&melding(Innhold::Intet, None, &[])));
        let id = Uuid::from_u128(10).to_string();
        let fixed = [
            ("melding-id", id.as_str()),
            ("type", "ping"),
            ("avsender-id", KONTO),
        ];
        assert_eq!(least, expected(&fixed));
        let (answered, document) = (Uuid::from_u128(11), Uuid::from_u128(12));
        let most = Melding {
            svar_til_type: Some("spørsmål".to_owned()),
            ..melding(
                Innhold::Dokument(DokumentId(document), 6_000_000),
                Some(MeldingId(answered)),
                &[("klientMeldingId", "k"), ("tall", "1"), ("tom", "")],
            )
        };
        let (answered, document) = (answered.to_string(), document.to_string());
        let more = [
            ("svar-til", answered.as_str()),
            ("svar-til-type", "spørsmål"),
            ("dokumentlager-id", document.as_str()),
            ("egendefinert-header.klientMeldingId", "k"),
            ("egendefinert-header.tall", "1"),
            ("egendefinert-header.tom", ""),
        ];
        assert_eq!(
            headers(&parsed(&most)),
            expected(&[&fixed[..], &more[..]].concat())
        );
    }

    #[test]
    fn lifetime_and_durability_are_properties_and_nothing_else_is_said() {
        let properties = parsed(&melding(Innhold::IKo(3), None, &[]));
        let headers = properties.headers().clone().unwrap();
        let expected = AMQPProperties::default()
            .with_headers(headers)
            .with_delivery_mode(2)
            .with_expiration("90000".into());
        assert_eq!(properties, expected);
    }
}
