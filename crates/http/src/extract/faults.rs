//! serde's faults in the caller's language, without the caller's values, which can be personal data.
//!
//! serde hands its faults over as English text only. What begins as one of its sentences is told in Norwegian; what
//! does not comes from one of our own types, whose texts are Norwegian already.

/// What is wrong with a value, as the rest of a sentence that names its place.
pub(super) fn told(fault: &str) -> String {
    fixed(fault)
        .or_else(|| field(fault))
        .or_else(|| wrong_kind(fault))
        .or_else(|| unknown(fault))
        .unwrap_or_else(|| fault.to_owned())
}

const NOT_UUID: &str = "er ikke en UUID på formen 8-4-4-4-12 heksadesimale tegn";
const NOT_NUMBER: &str = "er ikke et heltall innenfor grensene";

/// Faults that begin so are told so. Numbers and truth values in addresses are read by the standard library.
const FIXED: [(&str, &str); 6] = [
    ("UUID parsing failed", NOT_UUID),
    ("invalid length ", "har feil antall elementer"),
    ("invalid digit found in string", NOT_NUMBER),
    ("cannot parse integer from empty string", NOT_NUMBER),
    ("number too ", NOT_NUMBER),
    (
        "provided string was not `true` or `false`",
        "må være true eller false",
    ),
];

fn fixed(fault: &str) -> Option<String> {
    let known = FIXED.iter().find(|(start, _)| fault.starts_with(start));
    known.map(|(_, told)| (*told).to_owned())
}

fn field(fault: &str) -> Option<String> {
    if let Some(field) = fault.strip_prefix("missing field ") {
        return Some(format!("mangler feltet {}", quoted(field)));
    }
    let field = fault.strip_prefix("duplicate field ")?;
    Some(format!("har feltet {} to ganger", quoted(field)))
}

/// `invalid type: string "a", expected i64` and its kin.
fn wrong_kind(fault: &str) -> Option<String> {
    let (what, rest) = fault.strip_prefix("invalid ")?.split_once(": ")?;
    let expected = rest.rsplit_once(", expected ").map(|(_, expected)| expected);
    let expected = expected.and_then(kind).map(|kind| format!("; ventet {kind}"));
    let expected = expected.unwrap_or_default();
    match what {
        "type" => Some(format!("har feil type{expected}")),
        "value" => Some(format!("har en verdi som ikke er gyldig her{expected}")),
        _ => None,
    }
}

/// ``unknown variant `x`, expected one of `A`, `B` `` and the same for fields.
fn unknown(fault: &str) -> Option<String> {
    let rest = fault.strip_prefix("unknown ")?;
    if let Some(field) = rest.strip_prefix("field ") {
        let name = field.split(", ").next().unwrap_or_default();
        return Some(format!("har et ukjent felt {}", quoted(name)));
    }
    let (_, expected) = rest.strip_prefix("variant ")?.rsplit_once(", expected ")?;
    let choices = expected.trim_start_matches("one of ").replace('`', "");
    Some(format!("må være en av: {}", choices.replace(" or ", ", ")))
}

/// What serde calls the type that it waited for.
fn kind(expected: &str) -> Option<&'static str> {
    let is_integer = |name: &str| {
        let digits = name.trim_start_matches(['i', 'u']);
        digits.len() + 1 == name.len() && digits.parse::<u8>().is_ok()
    };
    match expected {
        "a string" | "a borrowed string" | "a character" => Some("en tekst"),
        "a boolean" => Some("true eller false"),
        "a sequence" => Some("en liste"),
        "a map" => Some("et objekt"),
        "f32" | "f64" => Some("et tall"),
        _ if expected.contains("UUID") => Some("en UUID"),
        _ if expected.starts_with("struct ") => Some("et objekt"),
        _ if is_integer(expected) => Some("et heltall"),
        _ => None,
    }
}

fn quoted(name: &str) -> String {
    format!("«{}»", name.trim_matches('`'))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "only its type matters")]
        navn: String,
    }

    #[derive(Debug, Deserialize)]
    enum Retning {
        Inn,
        Ut,
    }

    #[derive(Debug, Deserialize)]
    enum Status {
        Ny,
        Sendt,
        Lest,
    }

    /// What serde itself says about `value`, told.
    fn fault<T: DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
        told(&serde_json::from_value::<T>(value).unwrap_err().to_string())
    }

    #[test]
    fn serde_is_told_in_norwegian() {
        assert_eq!(fault::<i64>(json!("Kari")), "har feil type; ventet et heltall");
        assert_eq!(fault::<String>(json!(1)), "har feil type; ventet en tekst");
        assert_eq!(fault::<bool>(json!(1)), "har feil type; ventet true eller false");
        assert_eq!(fault::<Vec<u8>>(json!({})), "har feil type; ventet en liste");
        assert_eq!(fault::<Strict>(json!("Kari")), "har feil type; ventet et objekt");
        assert_eq!(fault::<f64>(json!([])), "har feil type; ventet et tall");
        assert_eq!(
            fault::<u8>(json!(300)),
            "har en verdi som ikke er gyldig her; ventet et heltall"
        );
        assert_eq!(fault::<(u8, u8)>(json!([1])), "har feil antall elementer");
        assert_eq!(fault::<Strict>(json!({})), "mangler feltet «navn»");
        assert_eq!(
            fault::<Strict>(json!({"navn": "a", "nummer": 1})),
            "har et ukjent felt «nummer»"
        );
        assert_eq!(fault::<Uuid>(json!("Kari")), NOT_UUID);
        assert_eq!(fault::<Uuid>(json!(5)), "har feil type; ventet en UUID");
    }

    #[test]
    fn choices_are_listed() {
        assert_eq!(fault::<Retning>(json!("Opp")), "må være en av: Inn, Ut");
        assert_eq!(fault::<Status>(json!("Borte")), "må være en av: Ny, Sendt, Lest");
        // Read by nobody else.
        let all = (Retning::Inn, Retning::Ut, Status::Ny, Status::Sendt, Status::Lest);
        assert!(format!("{all:?}").contains("Lest"));
    }

    #[test]
    fn numbers_and_truth_values_of_addresses_too() {
        for wrong in ["x", "", "99999999999", "-99999999999"] {
            assert_eq!(told(&wrong.parse::<i32>().unwrap_err().to_string()), NOT_NUMBER);
        }
        assert_eq!(
            told(&"ja".parse::<bool>().unwrap_err().to_string()),
            "må være true eller false"
        );
    }

    #[test]
    fn the_value_is_never_repeated() {
        for told in [
            fault::<i64>(json!("12345678901")),
            fault::<Retning>(json!("12345678901")),
            fault::<Uuid>(json!("12345678901")),
            fault::<bool>(json!("1234, expected 5678901")),
        ] {
            assert!(!told.contains("1234"), "{told}");
        }
    }

    #[test]
    fn the_words_of_our_own_types_stand() {
        let own = "Et organisasjonsnummer har ni sifre.";
        assert_eq!(told(own), own);
    }
}
