//! Where the platform is, who we are, and the keys we hold.
//!
//! Invariant: a [`Konfigurasjon`] is complete and well-formed: every URL, id, key and certificate in it has been
//! parsed. `Debug` shows no password and no key.

mod builder;
mod dev_json;
mod faults;

use std::time::Duration;

use fiks_core::SecretString;
use fiks_core::id::{IntegrasjonId, KontoId};
use fiks_crypto::cms::Keyring;
use fiks_crypto::x509::{Certificate, Identity, PrivateKey};
use reqwest::Url;

use crate::Feil;

pub use builder::KonfigurasjonBuilder;
pub use dev_json::{DevKonto, DevMiljo, DevOrganisasjon};

/// Everything a [`Klient`](crate::Klient) needs to act for one konto.
///
/// Made by [`Konfigurasjon::builder`], or from the file that `fiks dev` writes by [`Konfigurasjon::fra_dev_json`].
#[derive(Clone, Debug)]
pub struct Konfigurasjon {
    pub(crate) api: Url,
    pub(crate) amqp: AmqpAdresse,
    pub(crate) maskinporten: Maskinportenklient,
    pub(crate) integrasjon: Integrasjon,
    pub(crate) konto: KontoId,
    pub(crate) private_nokler: Vec<PrivateKey>,
    pub(crate) keyring: Keyring,
    pub(crate) signering: Option<Identity>,
    pub(crate) ekstra_ca: Vec<Certificate>,
    pub(crate) tidsgrenser: Tidsgrenser,
    pub(crate) forhandsuthenting: u16,
    pub(crate) tilkoblingsnavn: String,
    pub(crate) godta_usignert: bool,
    /// Before the first repeat of a call. Later ones are longer.
    pub(crate) first_pause: Duration,
}

impl Konfigurasjon {
    /// Starts an empty configuration. What must be set: [`api`](KonfigurasjonBuilder::api),
    /// [`amqp`](KonfigurasjonBuilder::amqp) and [`maskinporten`](KonfigurasjonBuilder::maskinporten), or all three by
    /// [`miljo`](KonfigurasjonBuilder::miljo); a client id with key, an integration, and a konto.
    pub fn builder() -> KonfigurasjonBuilder {
        KonfigurasjonBuilder::default()
    }

    /// Reads the `dev.json` of a running `fiks dev` and takes one konto of one organisation from it, over HTTPS and TLS
    /// with the certificate authority that it names.
    ///
    /// `organisasjon` is a name, an organisation number or a Fiks organisation id; `konto` a name or an id.
    pub fn fra_dev_json(
        sti: impl AsRef<std::path::Path>,
        organisasjon: &str,
        konto: &str,
    ) -> Result<Self, Feil> {
        DevMiljo::les(sti)?.konfigurasjon(organisasjon, konto)
    }

    /// The konto that the client acts for.
    pub fn konto(&self) -> KontoId {
        self.konto
    }
}

/// Addresses of a Fiks-plattform (fiks-io §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miljo {
    api: &'static str,
    amqp: &'static str,
    token_endpoint: &'static str,
    audience: &'static str,
}

impl Miljo {
    /// KS' production environment.
    pub const KS_PRODUKSJON: Self = Self {
        api: "https://api.fiks.ks.no",
        amqp: "io.fiks.ks.no",
        token_endpoint: "https://maskinporten.no/token",
        audience: "https://maskinporten.no/",
    };

    /// KS' test environment.
    pub const KS_TEST: Self = Self {
        api: "https://api.fiks.test.ks.no",
        amqp: "io.fiks.test.ks.no",
        token_endpoint: "https://test.maskinporten.no/token",
        audience: "https://test.maskinporten.no/",
    };
}

/// How long the client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tidsgrenser {
    /// For a connection, TLS included; and for the AMQP login after it.
    pub tilkobling: Duration,
    /// For the whole answer to a small request, a token, or an acknowledgement.
    pub svar: Duration,
    /// For the next sign of progress in an upload or a download.
    pub stillstand: Duration,
    /// For a whole upload or download.
    pub overforing: Duration,
}

impl Default for Tidsgrenser {
    /// 10 s to connect, 30 s for an answer, 60 s without progress, 6 hours for a transfer (5 GB at 2 Mbit/s).
    fn default() -> Self {
        Self {
            tilkobling: Duration::from_secs(10),
            svar: Duration::from_secs(30),
            stillstand: Duration::from_mins(1),
            overforing: Duration::from_hours(6),
        }
    }
}

/// Where the AMQP server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AmqpAdresse {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

/// The client as Maskinporten knows it.
#[derive(Clone, Debug)]
pub(crate) struct Maskinportenklient {
    pub(crate) token_endpoint: Url,
    pub(crate) audience: String,
    pub(crate) klient_id: String,
    pub(crate) nokkel: PrivateKey,
    pub(crate) legitimasjon: Legitimasjon,
}

/// What tells Maskinporten which key a grant is signed with.
#[derive(Clone, Debug)]
pub(crate) enum Legitimasjon {
    /// A virksomhetssertifikat, sent along (`x5c`).
    Sertifikat(Certificate),
    /// A key that was registered beforehand (`kid`).
    Nokkelid(String),
}

/// The integration as the platform knows it.
#[derive(Clone, Debug)]
pub(crate) struct Integrasjon {
    pub(crate) id: IntegrasjonId,
    pub(crate) passord: SecretString,
}
