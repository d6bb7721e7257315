//! Values of the environment for fields that ask for them, so that a call works as it is first shown.

use fiks_core::id::KontoId;
use serde_json::Value;

use crate::oppsett::{Oppsett, Organisasjon};

/// Who calls, and whom they may want to reach.
pub(crate) struct Prefill<'a> {
    organisasjon: Option<&'a Organisasjon>,
    mottaker: Option<KontoId>,
}

impl<'a> Prefill<'a> {
    /// Values for that organisation; none for nobody.
    pub(crate) fn new(oppsett: &Oppsett, organisasjon: Option<&'a Organisasjon>) -> Self {
        let mottaker = organisasjon.and_then(|own| oppsett.mottaker_for(own));
        Self {
            organisasjon,
            mottaker: mottaker.map(|konto| konto.id),
        }
    }

    /// The value for a field of that name.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let own = self.organisasjon?;
        match name.to_lowercase().as_str() {
            "kontoid" | "avsenderkontoid" => own.kontoer.first().map(|konto| konto.id.to_string()),
            "mottakerkontoid" => self.mottaker.map(|id| id.to_string()),
            "fiksorgid" | "fiksorganisasjonid" | "fiksorganisasjonuuid" => Some(own.fiks_org_id.to_string()),
            "integrasjonid" => Some(own.integrasjon.id.to_string()),
            "organisasjonsnummer" | "orgnr" | "orgno" => Some(own.orgnr.to_string()),
            _ => None,
        }
    }

    /// The example with the environment's values in it, indented for people. Null becomes nothing.
    pub(crate) fn body(&self, example: &Value) -> String {
        match example {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => {
                let mut filled = other.clone();
                self.fill(&mut filled);
                format!("{filled:#}")
            }
        }
    }

    /// Ends with the value, which the reader of the document has bounded.
    fn fill(&self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.fill(value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match self.value(name) {
                        Some(own) if value.is_string() || value.is_null() => *value = Value::String(own),
                        _ => self.fill(value),
                    }
                }
            }
            _ => {}
        }
    }
}
