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
