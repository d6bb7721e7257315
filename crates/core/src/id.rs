//! Identifiers, each its own type, parsed where they enter and never bare text further in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares a newtype around a UUID with everything an identifier needs.
/// On the wire it is the lower-case hyphenated text.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::id::macro_support::Serialize, $crate::id::macro_support::Deserialize,
            $crate::id::macro_support::ToSchema,
        )]
        #[serde(transparent, crate = "::fiks_core::id::macro_support::serde")]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(pub $crate::id::macro_support::Uuid);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::macro_support::UuidError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<$crate::id::macro_support::Uuid> for $name {
            fn from(id: $crate::id::macro_support::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for $crate::id::macro_support::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

#[doc(hidden)]
pub mod macro_support {
    pub use serde;
    pub use serde::{Deserialize, Serialize};
    pub use utoipa::ToSchema;
    pub use uuid::{Error as UuidError, Uuid};
}

uuid_id!(
    /// An organisation on the platform (`fiksOrgId`; `uuid` in the konfigurasjon API).
    FiksOrgId
);
uuid_id!(
    /// An integration: the machine user that calls the API.
    IntegrasjonId
);
uuid_id!(
    /// A node in the authorisation tree.
    RessursId
);
uuid_id!(
    /// A Fiks IO konto. Its ressurs in the authorisation tree has the same UUID.
    KontoId
);
uuid_id!(
    /// A message in Fiks IO.
    MeldingId
);
uuid_id!(
    /// A konto in dokumentlager.
    DokumentlagerKontoId
);
uuid_id!(
    /// A document in dokumentlager.
    DokumentId
);

impl From<KontoId> for RessursId {
    fn from(konto: KontoId) -> Self {
        Self(konto.0)
    }
}

impl From<FiksOrgId> for RessursId {
    fn from(organisasjon: FiksOrgId) -> Self {
        Self(organisasjon.0)
    }
}

/// The root of the authorisation tree, above every organisation.
pub const ROOT: RessursId = RessursId(Uuid::nil());

/// A Norwegian organisation number: nine digits with a modulus-11 check digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Orgnr([u8; 9]);

/// The text is no organisation number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Et organisasjonsnummer har ni sifre, og det siste er kontrollsiffer.")]
pub struct InvalidOrgnr;

const ORGNR_WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

impl Orgnr {
    /// The nine digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever stored, so the fallback is unreachable.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first valid number at or after `eight_digits` (taken modulo 10⁸): for made-up organisations.
    pub fn synthetic(eight_digits: u32) -> Self {
        let mut candidate = eight_digits % 100_000_000;
        loop {
            let digits = digits_of(candidate);
            if let Some(check) = check_digit(digits) {
                let mut number = [b'0'; 9];
                for (place, digit) in number.iter_mut().zip(digits.into_iter().chain([check])) {
                    *place = b'0' + digit;
                }
                return Self(number);
            }
            candidate = (candidate + 1) % 100_000_000;
        }
    }
}

fn digits_of(mut number: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    digits
}

/// `None` for the one number in eleven that has no check digit.
fn check_digit(digits: [u8; 8]) -> Option<u8> {
    let sum: u32 = digits
        .iter()
        .zip(ORGNR_WEIGHTS)
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    match (11 - sum % 11) % 11 {
        10 => None,
        check => u8::try_from(check).ok(),
    }
}

impl FromStr for Orgnr {
    type Err = InvalidOrgnr;

    fn from_str(text: &str) -> Result<Self, InvalidOrgnr> {
        let bytes: [u8; 9] = text.as_bytes().try_into().map_err(|_| InvalidOrgnr)?;
        if !bytes.iter().all(u8::is_ascii_digit) {
            return Err(InvalidOrgnr);
        }
        let [first @ .., check] = bytes.map(|byte| byte - b'0');
        if check_digit(first) == Some(check) {
            Ok(Self(bytes))
        } else {
            Err(InvalidOrgnr)
        }
    }
}

impl fmt::Display for Orgnr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Orgnr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Orgnr({self})")
    }
}

impl Serialize for Orgnr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Orgnr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Orgnr {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{9}$"))
            .into()
    }
}

impl utoipa::ToSchema for Orgnr {}

/// Who a grant is for, as written in the authorisation APIs (auth-og-konfigurasjon §7): an integration's UUID,
/// a fødselsnummer, or an external user or group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Aktor(pub String);

impl From<IntegrasjonId> for Aktor {
    fn from(integrasjon: IntegrasjonId) -> Self {
        Self(integrasjon.to_string())
    }
}

impl fmt::Display for Aktor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orgnr_with_wrong_check_digit_is_refused() {
        assert!("971032146".parse::<Orgnr>().is_ok());
        assert_eq!("971032147".parse::<Orgnr>(), Err(InvalidOrgnr));
        assert_eq!("97103214".parse::<Orgnr>(), Err(InvalidOrgnr));
        assert_eq!("97103214a".parse::<Orgnr>(), Err(InvalidOrgnr));
    }

    #[test]
    fn synthetic_orgnr_are_valid() {
        for seed in (0..100_000_000).step_by(1_234_567) {
            let number = Orgnr::synthetic(seed);
            assert_eq!(number.as_str().parse(), Ok(number));
        }
    }

    #[test]
    fn an_id_is_written_in_lower_case_with_hyphens() {
        let id: KontoId = "6F2D1C4E-0B7A-4B43-9D0E-0123456789AB".parse().unwrap();
        assert_eq!(
            serde_json::to_string(&id).unwrap(),
            "\"6f2d1c4e-0b7a-4b43-9d0e-0123456789ab\""
        );
    }
}
