//! Collects the parts of a [`Konfigurasjon`] and tells all faults at once.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use fiks_core::SecretString;
use fiks_crypto::cms::Keyring;
use fiks_crypto::keystore::read_key_store;

use super::faults::{Credentials, Faults};
use super::{AmqpAdresse, Konfigurasjon, Miljo, Tidsgrenser};
use crate::Feil;

/// The port of AMQP over TLS.
const AMQPS: u16 = 5671;
/// Messages the server may hand out before the first is settled (fiks-io §8.1).
const FORHANDSUTHENTING: u16 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(300);

/// Builds a [`Konfigurasjon`]. Every method replaces what was set before, save
/// [`privat_nokkel`](Self::privat_nokkel) and [`ekstra_ca`](Self::ekstra_ca), which add.
#[derive(Clone, Debug, Default)]
#[must_use = "call build() to get the configuration"]
pub struct KonfigurasjonBuilder {
    api: Option<String>,
    amqp: Option<AmqpAdresse>,
    maskinporten: Option<(String, String)>,
    klient: Option<(String, Credentials)>,
    integrasjon: Option<(String, SecretString)>,
    konto: Option<String>,
    private_nokler: Vec<SecretString>,
    signering: Option<(SecretString, String)>,
    ekstra_ca: Vec<String>,
    tidsgrenser: Option<Tidsgrenser>,
    forhandsuthenting: Option<u16>,
    tilkoblingsnavn: Option<String>,
    godta_usignert: bool,
}

impl KonfigurasjonBuilder {
    /// Takes all addresses from a known environment.
    pub fn miljo(self, miljo: Miljo) -> Self {
        self.api(miljo.api)
            .amqp(miljo.amqp, AMQPS)
            .maskinporten(miljo.token_endpoint, miljo.audience)
    }

    /// Base address of the HTTP API, such as `https://api.fiks.ks.no`. A path in it goes before every call's own.
    pub fn api(mut self, url: impl Into<String>) -> Self {
        self.api = Some(url.into());
        self
    }

    /// Host and port of the AMQP server, over TLS.
    pub fn amqp(mut self, host: impl Into<String>, port: u16) -> Self {
        self.amqp = Some(AmqpAdresse {
            host: host.into(),
            port,
            tls: true,
        });
        self
    }

    /// Host and port of an AMQP server without TLS. Password and token go in the clear: on one's own machine only.
    pub fn amqp_uten_tls(mut self, host: impl Into<String>, port: u16) -> Self {
        self.amqp = Some(AmqpAdresse {
            host: host.into(),
            port,
            tls: false,
        });
        self
    }

    /// Maskinporten's token endpoint and the `aud` it wants, which is its issuer with a slash at the end.
    pub fn maskinporten(mut self, token_endpoint: impl Into<String>, audience: impl Into<String>) -> Self {
        self.maskinporten = Some((token_endpoint.into(), audience.into()));
        self
    }

    /// The client in Maskinporten, signing with a virksomhetssertifikat: key and certificate in PEM, which may be one
    /// and the same text. Files are signed with it too, unless [`signering`](Self::signering) is set.
    pub fn virksomhetssertifikat(
        mut self,
        klient_id: impl Into<String>,
        nokkel_pem: impl Into<SecretString>,
        sertifikat_pem: impl Into<String>,
    ) -> Self {
        let credentials = Credentials::Certificate {
            key: nokkel_pem.into(),
            chain: sertifikat_pem.into(),
        };
        self.klient = Some((klient_id.into(), credentials));
        self
    }

    /// The same from a PKCS#12 file (`.p12`, `.pfx`). The alias is needed only when it holds several keys.
    pub fn virksomhetssertifikat_p12(
        mut self,
        klient_id: impl Into<String>,
        p12: &[u8],
        alias: Option<&str>,
        passord: &str,
    ) -> Self {
        let identity = read_key_store(p12, alias, passord);
        self.klient = Some((
            klient_id.into(),
            Credentials::KeyStore(identity.map_err(Arc::new)),
        ));
        self
    }

    /// The client in Maskinporten, signing with a key that was registered there under `kid`.
    pub fn registrert_nokkel(
        mut self,
        klient_id: impl Into<String>,
        nokkel_pem: impl Into<SecretString>,
        kid: impl Into<String>,
    ) -> Self {
        let credentials = Credentials::Registered {
            key: nokkel_pem.into(),
            kid: kid.into(),
        };
        self.klient = Some((klient_id.into(), credentials));
        self
    }

    /// The integration's id (a UUID) and password. Space around the password is dropped.
    pub fn integrasjon(mut self, id: impl Display, passord: impl Into<SecretString>) -> Self {
        self.integrasjon = Some((id.to_string(), passord.into()));
        self
    }

    /// The konto (a UUID) to send from and to receive on.
    pub fn konto(mut self, id: impl Display) -> Self {
        self.konto = Some(id.to_string());
        self
    }

    /// One of the konto's private keys, in PEM. Call it for each: after a change of keys, the old one opens the
    /// messages that were already queued (fiks-io §5).
    pub fn privat_nokkel(mut self, pem: impl Into<SecretString>) -> Self {
        self.private_nokler.push(pem.into());
        self
    }

    /// What to sign files with, when not the virksomhetssertifikat: key and certificate chain in PEM.
    pub fn signering(
        mut self,
        nokkel_pem: impl Into<SecretString>,
        sertifikat_pem: impl Into<String>,
    ) -> Self {
        self.signering = Some((nokkel_pem.into(), sertifikat_pem.into()));
        self
    }

    /// Certificates, in PEM, to trust beside the system's: for test environments. Used for HTTP, AMQP and Maskinporten.
    pub fn ekstra_ca(mut self, pem: impl Into<String>) -> Self {
        self.ekstra_ca.push(pem.into());
        self
    }

    /// How long to wait; [`Tidsgrenser::default`] unless set.
    pub fn tidsgrenser(mut self, tidsgrenser: Tidsgrenser) -> Self {
        self.tidsgrenser = Some(tidsgrenser);
        self
    }

    /// Most messages that are fetched and not yet settled; 10 unless set. What is fetched when the connection ends
    /// counts as tried, and three tries are all a message gets (fiks-io §8.5).
    pub fn forhandsuthenting(mut self, antall: u16) -> Self {
        self.forhandsuthenting = Some(antall);
        self
    }

    /// The name under which the AMQP server lists the connection.
    pub fn tilkoblingsnavn(mut self, navn: impl Into<String>) -> Self {
        self.tilkoblingsnavn = Some(navn.into());
        self
    }

    /// Reads unsigned containers too, which .NET clients without a certificate send (fiks-io §11.5). Anybody can have
    /// made or changed the files of one.
    pub fn godta_usignert(mut self) -> Self {
        self.godta_usignert = true;
        self
    }

    /// Checks everything. Fails with [`Feil::Konfigurasjon`], which lists all that is missing or malformed.
    pub fn build(self) -> Result<Konfigurasjon, Feil> {
        let mut faults = Faults::default();
        let built = self.check(&mut faults);
        match built {
            Some(konfigurasjon) if faults.0.is_empty() => Ok(konfigurasjon),
            _ => Err(Feil::Konfigurasjon(faults.0)),
        }
    }

    /// `None` only with a fault noted. Every part is checked before the first `?`, so that all faults are told.
    fn check(self, faults: &mut Faults) -> Option<Konfigurasjon> {
        let api = faults
            .required("api", self.api)
            .and_then(|url| faults.url("api", &url));
        let amqp = faults.required("amqp", self.amqp);
        let maskinporten = faults.maskinporten(self.maskinporten, self.klient);
        let integrasjon = faults.integrasjon(self.integrasjon);
        let konto = faults
            .required("konto", self.konto)
            .and_then(|id| faults.id("konto", &id));
        let private_nokler = faults.private_keys(&self.private_nokler);
        let keyring = faults.keep("privat_nokkel", Keyring::new(private_nokler.clone()));
        let signering = faults.signering(self.signering);
        let ekstra_ca = faults.authorities(&self.ekstra_ca);
        if self.forhandsuthenting == Some(0) {
            faults.add(
                "forhandsuthenting",
                "er 0, som betyr uten grense. Oppgi 1 eller mer.",
            );
        }
        let (maskinporten, identity) = maskinporten?;
        Some(Konfigurasjon {
            api: api?,
            amqp: amqp?,
            maskinporten,
            integrasjon: integrasjon?,
            konto: konto?,
            private_nokler,
            keyring: keyring?,
            signering: signering.or(identity),
            ekstra_ca,
            tidsgrenser: self.tidsgrenser.unwrap_or_default(),
            forhandsuthenting: self.forhandsuthenting.unwrap_or(FORHANDSUTHENTING),
            tilkoblingsnavn: self.tilkoblingsnavn.unwrap_or_else(default_name),
            godta_usignert: self.godta_usignert,
            first_pause: FIRST_PAUSE,
        })
    }
}

fn default_name() -> String {
    format!("Fiks IO klient (Rust) {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests;
