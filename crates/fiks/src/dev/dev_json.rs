//! `dev.json`: what tests, scripts and `fiks send` need to know of a running `fiks dev`. Fields may be added, never
//! renamed. Paths are absolute.

use std::path::PathBuf;

use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, Orgnr};
use serde::{Deserialize, Serialize};

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DevJson {
    /// 1.
    pub versjon: u32,
    pub api: Api,
    pub amqp: Amqp,
    pub maskinporten: Maskinporten,
    pub tls: Tls,
    /// The data folder.
    pub data: PathBuf,
    /// Process id of the running program.
    pub pid: u32,
    pub organisasjoner: Vec<Organisasjon>,
    /// The operator of the platform: may do everything.
    pub administrator: Organisasjon,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Api {
    pub http: String,
    pub https: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amqp {
    pub host: String,
    pub port: u16,
    pub tls_port: u16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Maskinporten {
    pub issuer: String,
    pub token_endpoint: String,
    pub audience: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    pub ca_pem: PathBuf,
    pub truststore: PathBuf,
    pub truststore_passord: String,
}

/// A ready-made organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisasjon {
    pub navn: String,
    pub orgnr: Orgnr,
    pub fiks_org_id: FiksOrgId,
    pub maskinporten: Klient,
    pub integrasjon: Integrasjon,
    pub kontoer: Vec<Konto>,
}

/// Its client at Maskinporten.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Klient {
    pub client_id: String,
    pub keystore: PathBuf,
    pub keystore_passord: String,
    pub alias: String,
    pub nokkel_pem: PathBuf,
    pub sertifikat_pem: PathBuf,
    /// The name of its registered key, for clients that use one in place of a certificate.
    pub kid: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Integrasjon {
    pub id: IntegrasjonId,
    pub passord: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Konto {
    pub konto_id: KontoId,
    pub navn: String,
    pub privat_nokkel_pem: PathBuf,
    pub offentlig_nokkel_pem: PathBuf,
    /// Key and certificate together, PKCS12.
    pub keystore: PathBuf,
    pub keystore_passord: String,
    pub alias: String,
}
