//! Query parameters that may be given several times (`orgId=…&orgId=…`), which a plain struct cannot take.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use fiks_http::{ApiError, Query};

use crate::errors::{KonfigurasjonError, PARAMETER_UGYLDIG};

/// The query, in order. A parameter without a value counts as not given.
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::from_request_parts(parts, state).await?;
        Ok(Self(pairs))
    }
}

impl Parameters {
    /// Every value of a parameter.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let given = self
            .0
            .iter()
            .filter(move |(one, value)| one == name && !value.is_empty());
        given.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, each in its form.
    pub(super) fn all<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, KonfigurasjonError> {
        self.texts(name)
            .map(|text| text.parse().map_err(|_| refused(name)))
            .collect()
    }

    /// The value of a parameter that may be given once.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, KonfigurasjonError> {
        let mut given = self.texts(name);
        let first = given.next();
        if given.next().is_some() {
            Err(refused(name))
        } else {
            Ok(first)
        }
    }

    /// The value of a parameter that may be given once, in its form.
    pub(super) fn one<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, KonfigurasjonError> {
        self.text(name)?
            .map(|text| text.parse().map_err(|_| refused(name)))
            .transpose()
    }

    /// The value of a parameter that must be given once, in its form.
    pub(super) fn required<T: FromStr>(&self, name: &'static str) -> Result<T, KonfigurasjonError> {
        self.one(name)?.ok_or_else(|| refused(name))
    }
}

fn refused(name: &'static str) -> KonfigurasjonError {
    KonfigurasjonError::invalid(&PARAMETER_UGYLDIG, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters {
        let pairs = [("a", "1"), ("b", ""), ("a", "2"), ("c", "x")];
        Parameters(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        )
    }

    #[test]
    fn a_repeated_parameter_is_a_list() {
        assert_eq!(parameters().all::<u8>("a").unwrap(), [1, 2]);
        assert!(parameters().all::<u8>("c").is_err());
    }

    #[test]
    fn a_single_parameter_is_not_repeated_and_an_empty_one_is_absent() {
        assert!(parameters().one::<u8>("a").is_err());
        assert_eq!(parameters().one::<u8>("b").unwrap(), None);
        assert!(parameters().required::<u8>("b").is_err());
        assert_eq!(parameters().required::<String>("c").unwrap(), "x");
    }
}
