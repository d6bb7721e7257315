//! Checks the parts of a configuration and notes what is wrong with each.

use std::str::FromStr;
use std::sync::Arc;

use fiks_core::{ExposeSecret, Problem, SecretString};
use fiks_crypto::x509::{Certificate, Identity, PrivateKey};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::{Integrasjon, Legitimasjon, Maskinportenklient};
use crate::feil::Feltfeil;

/// What a client proves itself with to Maskinporten, as it was given.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    /// A virksomhetssertifikat in PEM.
    Certificate { key: SecretString, chain: String },
    /// A virksomhetssertifikat from a PKCS#12 file.
    KeyStore(Result<Identity, Arc<fiks_crypto::Error>>),
    /// A key that is registered in Maskinporten.
    Registered { key: SecretString, kid: String },
}

/// The faults found so far. Its methods give `None` only where they note one.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Feltfeil>);

impl Faults {
    pub(super) fn add(&mut self, felt: &'static str, feil: impl Into<String>) {
        let feil = feil.into();
        self.0.push(Feltfeil { felt, feil });
    }

    pub(super) fn required<T>(&mut self, felt: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(felt, "mangler.");
        }
        value
    }

    /// The texts of the crypto library hold neither keys nor names.
    pub(super) fn keep<T>(&mut self, felt: &'static str, value: Result<T, fiks_crypto::Error>) -> Option<T> {
        value.map_err(|error| self.unusable(felt, &error)).ok()
    }

    fn unusable(&mut self, felt: &'static str, error: &fiks_crypto::Error) {
        self.add(felt, format!("{} {}", error.text(), error.kind().remedy));
    }

    pub(super) fn url(&mut self, felt: &'static str, text: &str) -> Option<Url> {
        let is_usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let url = Url::parse(text).ok().filter(is_usable);
        if url.is_none() {
            self.add(
                felt,
                "er ikke en adresse som begynner med https:// eller http://.",
            );
        }
        url
    }

    pub(super) fn id<T: FromStr>(&mut self, felt: &'static str, text: &str) -> Option<T> {
        let id = text.trim().parse().ok();
        if id.is_none() {
            self.add(felt, "er ikke en UUID.");
        }
        id
    }

    pub(super) fn integrasjon(&mut self, given: Option<(String, SecretString)>) -> Option<Integrasjon> {
        let (id, passord) = self.required("integrasjon", given)?;
        let passord = passord.expose_secret().trim();
        if passord.is_empty() || HeaderValue::from_str(passord).is_err() {
            self.add(
                "integrasjon",
                "har et passord som er tomt eller har tegn som ikke kan sendes.",
            );
        }
        let id = self.id("integrasjon", &id)?;
        let passord = SecretString::from(passord);
        Some(Integrasjon { id, passord })
    }

    /// The client, and what files can be signed with if it has a certificate.
    pub(super) fn maskinporten(
        &mut self,
        addresses: Option<(String, String)>,
        klient: Option<(String, Credentials)>,
    ) -> Option<(Maskinportenklient, Option<Identity>)> {
        let addresses = self.required("maskinporten", addresses);
        let endpoint = addresses
            .as_ref()
            .and_then(|(endpoint, _)| self.url("maskinporten", endpoint));
        let (klient_id, credentials) =
            self.required("virksomhetssertifikat eller registrert_nokkel", klient)?;
        let (nokkel, legitimasjon, identity) = self.credentials(credentials)?;
        let (token_endpoint, audience) = (endpoint?, addresses?.1);
        Some((
            Maskinportenklient {
                token_endpoint,
                audience,
                klient_id,
                nokkel,
                legitimasjon,
            },
            identity,
        ))
    }

    fn credentials(&mut self, given: Credentials) -> Option<(PrivateKey, Legitimasjon, Option<Identity>)> {
        let identity = match given {
            Credentials::Registered { key, kid } => {
                let key = self.keep("nokkel_pem", PrivateKey::from_pem(key.expose_secret()))?;
                return Some((key, Legitimasjon::Nokkelid(kid), None));
            }
            Credentials::Certificate { key, chain } => self.identity(&key, &chain)?,
            Credentials::KeyStore(Ok(identity)) => identity,
            Credentials::KeyStore(Err(error)) => {
                self.unusable("virksomhetssertifikat_p12", &error);
                return None;
            }
        };
        let legitimasjon = Legitimasjon::Sertifikat(identity.certificate().clone());
        Some((identity.key().clone(), legitimasjon, Some(identity)))
    }

    /// Key and chain are told apart when one of them is at fault.
    fn identity(&mut self, key: &SecretString, chain: &str) -> Option<Identity> {
        let key = self.keep("nokkel_pem", PrivateKey::from_pem(key.expose_secret()));
        let chain = self.keep("sertifikat_pem", Certificate::chain_from_pem(chain));
        let mut chain = chain?.into_iter();
        let identity = Identity::new(key?, chain.next()?, chain.collect());
        self.keep("sertifikat_pem", identity)
    }

    pub(super) fn signering(&mut self, given: Option<(SecretString, String)>) -> Option<Identity> {
        let (key, chain) = given?;
        self.keep("signering", Identity::from_pem(key.expose_secret(), &chain))
    }

    pub(super) fn private_keys(&mut self, pems: &[SecretString]) -> Vec<PrivateKey> {
        let keys = pems.iter().map(|pem| PrivateKey::from_pem(pem.expose_secret()));
        keys.filter_map(|key| self.keep("privat_nokkel", key)).collect()
    }

    pub(super) fn authorities(&mut self, pems: &[String]) -> Vec<Certificate> {
        let chains = pems.iter().map(|pem| Certificate::chain_from_pem(pem));
        let chains = chains.filter_map(|chain| self.keep("ekstra_ca", chain));
        chains.flatten().collect()
    }
}
