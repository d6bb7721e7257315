//! What the composition tells the pages once, at start: addresses, and the ready-made organisations.
//!
//! Invariant: everything here is made up for test mode and meant to be shown, passwords too. No type implements
//! `Debug`, so that none of it ends in a log all the same.

use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, Orgnr};

/// What the pages show of the environment.
#[derive(Clone)]
pub struct Oppsett {
    /// The program's version.
    pub versjon: String,
    /// Where everything answers.
    pub adresser: Adresser,
    /// The folder that holds the data.
    pub datamappe: String,
    /// The file with everything in this struct, for programs to read.
    pub dev_json: String,
    /// How a client comes to trust the environment's TLS certificate.
    pub tillit: Tillit,
    /// The ready-made organisations; the first is shown first.
    pub organisasjoner: Vec<Organisasjon>,
}

/// Where the environment answers.
#[derive(Clone)]
pub struct Adresser {
    /// The API without TLS.
    pub api_http: Adresse,
    /// The API with TLS.
    pub api_https: Adresse,
    /// AMQP without TLS.
    pub amqp: Adresse,
    /// AMQP with TLS.
    pub amqps: Adresse,
    /// The simulated Maskinporten.
    pub maskinporten: Maskinporten,
}

/// One address.
#[derive(Clone)]
pub struct Adresse {
    /// `http`, `https`, `amqp`, `amqps`.
    pub skjema: String,
    /// The host name or IP address; an IPv6 address in brackets.
    pub vert: String,
    /// The port.
    pub port: u16,
}

impl std::fmt::Display for Adresse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { skjema, vert, port } = self;
        write!(formatter, "{skjema}://{vert}:{port}")
    }
}

/// The simulated Maskinporten.
#[derive(Clone)]
pub struct Maskinporten {
    /// Its name: issuer of tokens and audience of grants, with the slash at the end.
    pub utsteder: String,
    /// Where tokens are fetched.
    pub token: String,
}

/// Files that make a client trust the environment.
#[derive(Clone)]
pub struct Tillit {
    /// The certificate authority, PEM.
    pub pem: String,
    /// The same as a Java trust store, PKCS#12.
    pub pkcs12: String,
    /// The trust store's password.
    pub passord: String,
}

/// A ready-made organisation.
#[derive(Clone)]
pub struct Organisasjon {
    /// Its name, also on the command line.
    pub navn: String,
    /// Its organisation number.
    pub orgnr: Orgnr,
    /// Its id on the platform.
    pub fiks_org_id: FiksOrgId,
    /// The machine user that acts for it.
    pub integrasjon: Integrasjon,
    /// Its client at Maskinporten.
    pub klient_id: String,
    /// Its business certificate, used at Maskinporten and to sign messages.
    pub nokkellager: Nokkellager,
    /// Its kontoer in Fiks IO; the first is used in the code examples.
    pub kontoer: Vec<Konto>,
}

/// A machine user's credentials.
#[derive(Clone)]
pub struct Integrasjon {
    /// `IntegrasjonId`.
    pub id: IntegrasjonId,
    /// `IntegrasjonPassord`.
    pub passord: String,
}

/// A key store on disk, PKCS#12.
#[derive(Clone)]
pub struct Nokkellager {
    /// The path.
    pub sti: String,
    /// The password of the store and of the key in it.
    pub passord: String,
    /// The key's alias.
    pub alias: String,
}

/// A Fiks IO konto.
#[derive(Clone)]
pub struct Konto {
    /// Its id.
    pub id: KontoId,
    /// Its name.
    pub navn: String,
    /// The private key that opens messages to it, with certificate.
    pub nokkellager: Nokkellager,
    /// The same private key as PKCS#8 in PEM: the path.
    pub privat_nokkel: String,
}

impl Oppsett {
    /// The organisation with that id.
    pub(crate) fn organisasjon(&self, id: FiksOrgId) -> Option<&Organisasjon> {
        self.organisasjoner
            .iter()
            .find(|organisasjon| organisasjon.fiks_org_id == id)
    }

    /// Somebody for `organisasjon` to send to: another organisation's konto, or its own when it is alone.
    pub(crate) fn mottaker_for(&self, organisasjon: &Organisasjon) -> Option<&Konto> {
        self.organisasjoner
            .iter()
            .filter(|annen| annen.fiks_org_id != organisasjon.fiks_org_id)
            .chain(self.organisasjon(organisasjon.fiks_org_id))
            .find_map(|annen| annen.kontoer.first())
    }
}

/// Names and values as the page lists them.
type Listed = Vec<(&'static str, String)>;

impl Oppsett {
    /// Every address of the environment.
    pub(crate) fn addresses(&self) -> Listed {
        let Adresser {
            api_http,
            api_https,
            amqp,
            amqps,
            maskinporten,
        } = &self.adresser;
        vec![
            ("API uten TLS", api_http.to_string()),
            ("API med TLS", api_https.to_string()),
            ("AMQP uten TLS", amqp.to_string()),
            ("AMQP med TLS", amqps.to_string()),
            ("Maskinporten, utsteder", maskinporten.utsteder.clone()),
            ("Maskinporten, token", maskinporten.token.clone()),
            ("Sertifikatutsteder (PEM)", self.tillit.pem.clone()),
            ("Datamappe", self.datamappe.clone()),
            ("Alt dette for programmer", self.dev_json.clone()),
        ]
    }
}

impl Organisasjon {
    /// What proves who it is.
    pub(crate) fn credentials(&self) -> Listed {
        vec![
            ("Organisasjonsnummer", self.orgnr.to_string()),
            ("FiksOrgId", self.fiks_org_id.to_string()),
            ("IntegrasjonId", self.integrasjon.id.to_string()),
            ("IntegrasjonPassord", self.integrasjon.passord.clone()),
            ("Klient-id i Maskinporten", self.klient_id.clone()),
            ("Virksomhetssertifikat (PKCS#12)", self.nokkellager.sti.clone()),
            (
                "Passord til virksomhetssertifikatet",
                self.nokkellager.passord.clone(),
            ),
            ("Alias i virksomhetssertifikatet", self.nokkellager.alias.clone()),
        ]
    }
}

impl Konto {
    /// What its owner needs to receive.
    pub(crate) fn credentials(&self) -> Listed {
        vec![
            ("KontoId", self.id.to_string()),
            ("Nøkkellager (PKCS#12)", self.nokkellager.sti.clone()),
            ("Passord til nøkkellageret", self.nokkellager.passord.clone()),
            ("Privat nøkkel (PEM)", self.privat_nokkel.clone()),
        ]
    }
}
