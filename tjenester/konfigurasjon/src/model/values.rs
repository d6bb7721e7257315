//! Text that has a form (konfigurasjon.yaml, autorisasjon.yaml), parsed where it enters the service.
//!
//! Invariant: a value of these types has its form, so nothing further in looks at it again. Text from the database
//! had its form when it was stored and is taken as it is: a rule that is made stricter must not make rows unreadable.

use std::fmt;

use fiks_core::ErrorKind;
use fiks_core::id::Orgnr;
use serde::Serialize;

use crate::errors::{
    BESKRIVELSE_UGYLDIG, EPOST_UGYLDIG, FNR_UGYLDIG, KODE_UGYLDIG, KOMMUNENR_UGYLDIG, KonfigurasjonError,
    NAVN_UGYLDIG, ORGNR_UGYLDIG, TAG_UGYLDIG,
};

/// Declares a type for text with a form: how it is told from other text, and the failure of text without it.
macro_rules! text_value {
    ($(#[$meta:meta])* $name:ident, $fault:ident, $holds:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text, when it has the form; else the failure, about the field of that name on the wire.
            pub fn parse(text: impl Into<String>, field: &'static str) -> Result<Self, KonfigurasjonError> {
                let text = text.into();
                let holds: fn(&str) -> bool = $holds;
                if holds(&text) { Ok(Self(text)) } else { Err(KonfigurasjonError::invalid(&$fault, field)) }
            }

            /// The text as it was stored.
            pub(crate) fn stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

text_value!(
    /// Name of an organisation or a ressurs: 2–200 characters.
    Navn, NAVN_UGYLDIG, is_title
);
text_value!(
    /// Name of an integration: 1–200 characters.
    IntegrasjonNavn, NAVN_UGYLDIG, |text| is_plain(text, 200)
);
text_value!(
    /// What a service an integration is meant for is called.
    Tag, TAG_UGYLDIG, |text| is_plain(text, 100)
);
text_value!(
    /// Free text of at most 2000 characters, without control characters other than line breaks.
    Beskrivelse, BESKRIVELSE_UGYLDIG, is_description
);
text_value!(
    /// A code in capitals, such as that of a global integration.
    Kode, KODE_UGYLDIG, is_code
);
text_value!(
    /// The type of a ressurs, such as `TJENESTE_FIKSIO_KONTO`.
    Ressurstype, KODE_UGYLDIG, is_code
);
text_value!(
    /// A municipality number: four digits.
    Kommunenr, KOMMUNENR_UGYLDIG, |text| is_digits(text, 4)
);
text_value!(
    /// An e-mail address.
    Epost, EPOST_UGYLDIG, is_email
);

/// A fødselsnummer: eleven digits. Kept out of logs by its `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fodselsnummer(String);

impl Fodselsnummer {
    /// The number, when it has eleven digits; else the failure, about the field of that name on the wire.
    pub fn parse(text: impl Into<String>, field: &'static str) -> Result<Self, KonfigurasjonError> {
        let text = text.into();
        if is_digits(&text, 11) {
            Ok(Self(text))
        } else {
            Err(KonfigurasjonError::invalid(&FNR_UGYLDIG, field))
        }
    }

    /// The number as it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Fodselsnummer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fodselsnummer")
    }
}

/// The organisation number, or the failure about the field of that name on the wire.
pub fn orgnr(text: &str, field: &'static str) -> Result<Orgnr, KonfigurasjonError> {
    text.parse()
        .map_err(|_| KonfigurasjonError::invalid(&ORGNR_UGYLDIG, field))
}

/// At most that many elements, or the failure about the field of that name on the wire.
pub fn at_most<T>(list: Vec<T>, most: usize, field: &'static str) -> Result<Vec<T>, KonfigurasjonError> {
    const KIND: &ErrorKind = &crate::errors::LISTE_FOR_LANG;
    if list.len() <= most {
        Ok(list)
    } else {
        Err(KonfigurasjonError::invalid(KIND, field))
    }
}

fn has_length(text: &str, least: usize, most: usize) -> bool {
    // One more is enough to know; the text may be long.
    (least..=most).contains(&text.chars().take(most + 1).count())
}

/// `^[A-Za-zæøåÆØÅ0-9_.,/\-_ ]+$`
pub(crate) fn is_plain(text: &str, most: usize) -> bool {
    has_length(text, 1, most)
        && text
            .chars()
            .all(|letter| is_letter_or_digit(letter) || "_.,/- ".contains(letter))
}

fn is_letter_or_digit(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "æøåÆØÅ".contains(letter)
}

/// The yaml's pattern for names: listed letters and punctuation, with spaces inside only.
fn is_title(text: &str) -> bool {
    const MORE: &str = "ÁáÀàÂâÉéÈèÊêÍíÌìÎîÓóÒòÔôÚúÙùÛûÝýÄäËëÏïÖöÜü,.!?-:;/\\'()&+*=%§ ";
    has_length(text, 2, 200)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && text
            .chars()
            .all(|letter| is_letter_or_digit(letter) || MORE.contains(letter))
}

fn is_description(text: &str) -> bool {
    has_length(text, 0, 2000)
        && text
            .chars()
            .all(|letter| !letter.is_control() || "\r\n\t".contains(letter))
}

/// `^[0-9A-Z_.]+$`
fn is_code(text: &str) -> bool {
    has_length(text, 1, 100)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_.".contains(&byte))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The yaml's pattern: dotted words, `@`, dotted labels of which the last has two letters or more.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    let is_word = |word: &str, marks: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|letter| is_letter_or_digit(letter) || marks.contains(letter))
    };
    let is_top = |label: &str| label.len() >= 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic());
    has_length(text, 1, 254)
        && name.split('.').all(|word| is_word(word, "-_"))
        && domain.split('.').all(|label| is_word(label, "-"))
        && domain.rsplit_once('.').is_some_and(|(_, top)| is_top(top))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fiks_core::Problem;
    use proptest::prelude::*;

    #[test]
    fn names_take_the_listed_letters_and_inner_spaces() {
        for name in [
            "Ås",
            "Bø kommune",
            "Guovdageainnu suohkan",
            "Gáivuona suohkan",
            "A&B (nord) 50%",
        ] {
            assert!(Navn::parse(name, "navn").is_ok(), "{name}");
        }
        for name in [
            "",
            "A",
            " Bø",
            "Bø ",
            "Bø\nkommune",
            "Bø_kommune",
            "Kárášjohka",
            "<b>",
            &"x".repeat(201),
        ] {
            assert!(Navn::parse(name, "navn").is_err(), "{name}");
        }
    }

    #[test]
    fn codes_are_capitals_digits_dots_and_underscores() {
        for code in ["FIKS.KONFIGURER", "TJENESTE_FIKSIO", "7"] {
            assert!(Kode::parse(code, "kode").is_ok(), "{code}");
        }
        for code in ["", "fiksio", "TJENESTE-X", "Æ", &"X".repeat(101)] {
            assert!(Kode::parse(code, "kode").is_err(), "{code}");
        }
    }

    #[test]
    fn email_addresses_have_a_dotted_domain() {
        for address in ["post@bo.kommune.no", "kari.nord-mann_2@blåbær.no"] {
            assert!(Epost::parse(address, "epost").is_ok(), "{address}");
        }
        for address in [
            "post",
            "post@",
            "@bo.no",
            "post@bo",
            "post@bo.n",
            "po st@bo.no",
            "a..b@bo.no",
            "a@b@bo.no",
        ] {
            assert!(Epost::parse(address, "epost").is_err(), "{address}");
        }
    }

    #[test]
    fn a_fodselsnummer_does_not_show_in_debug_output() {
        let number = Fodselsnummer::parse("01010112345", "fnr").unwrap();
        assert_eq!(format!("{number:?}"), "Fodselsnummer");
    }

    #[test]
    fn a_failure_names_the_field_by_its_name_on_the_wire() {
        let error = Kommunenr::parse("46011", "kommunenr").unwrap_err();
        assert_eq!(
            (error.kind().code, error.text().starts_with("kommunenr:")),
            ("kommunenr.ugyldig", true)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_rule_fail(text in ".{0,300}") {
            let _ = (is_title(&text), is_plain(&text, 200), is_code(&text), is_email(&text), is_description(&text));
        }

        #[test]
        fn a_name_is_kept_as_it_was_sent(text in "[A-ZÆØÅa-zæøå][A-Za-zæøå &()]{0,30}[a-zæøå]") {
            let kept = Navn::parse(text.clone(), "navn").unwrap();
            prop_assert_eq!(kept.as_str(), text);
        }
    }
}
