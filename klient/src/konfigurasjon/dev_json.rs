//! The file that `fiks dev` writes: addresses, organisations, integrations, kontoer and where their keys lie.
//!
//! Unknown fields are passed over; paths are taken from the file's own folder when they are not absolute.

use std::fs;
use std::path::{Path, PathBuf};

use fiks_core::SecretString;
use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId};
use serde::{Deserialize, Deserializer};

use super::{Konfigurasjon, KonfigurasjonBuilder};
use crate::Feil;

/// The version of the file that this library reads.
const VERSION: u32 = 1;

/// A running `fiks dev`, as its `dev.json` describes it.
#[derive(Clone, Debug)]
pub struct DevMiljo {
    file: PathBuf,
    content: Content,
}

/// An organisation of the test environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevOrganisasjon {
    /// Its name.
    pub navn: String,
    /// Its organisation number.
    pub orgnr: String,
    /// Its id on the platform.
    pub fiks_org_id: FiksOrgId,
    /// Its kontoer in Fiks IO.
    #[serde(default)]
    pub kontoer: Vec<DevKonto>,
    maskinporten: Client,
    integrasjon: Integration,
}

/// A Fiks IO konto of the test environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevKonto {
    /// Its id.
    pub konto_id: KontoId,
    /// Its name.
    pub navn: String,
    privat_nokkel_pem: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
struct Content {
    api: Api,
    amqp: Amqp,
    maskinporten: Issuer,
    tls: Tls,
    organisasjoner: Vec<DevOrganisasjon>,
}

#[derive(Deserialize)]
struct Version {
    versjon: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Api {
    https: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amqp {
    host: String,
    tls_port: u16,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issuer {
    token_endpoint: String,
    audience: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tls {
    ca_pem: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    #[serde(rename = "clientId")]
    id: String,
    nokkel_pem: PathBuf,
    sertifikat_pem: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
struct Integration {
    id: IntegrasjonId,
    #[serde(deserialize_with = "secret")]
    passord: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// The file is for another version of this library.
#[derive(Debug, thiserror::Error)]
#[error("the file has version {0}, this library reads version {VERSION}")]
struct OtherVersion(u32);

impl DevMiljo {
    /// Reads `dev.json`. Fails with [`Feil::DevJson`].
    pub fn les(sti: impl AsRef<Path>) -> Result<Self, Feil> {
        let file = sti.as_ref().to_path_buf();
        let text = read(&file)?;
        let content = parse(&text).map_err(|source| Feil::DevJson {
            sti: file.clone(),
            source,
        })?;
        Ok(Self { file, content })
    }

    /// The organisations of the test environment.
    pub fn organisasjoner(&self) -> &[DevOrganisasjon] {
        &self.content.organisasjoner
    }

    /// The configuration for one konto of one organisation, named as in [`Konfigurasjon::fra_dev_json`].
    pub fn konfigurasjon(&self, organisasjon: &str, konto: &str) -> Result<Konfigurasjon, Feil> {
        self.builder(organisasjon, konto)?.build()
    }

    /// The same as a builder, for whoever wants to change some of it.
    pub fn builder(&self, organisasjon: &str, konto: &str) -> Result<KonfigurasjonBuilder, Feil> {
        let Content {
            api,
            amqp,
            maskinporten,
            tls,
            ..
        } = &self.content;
        let organisasjon = self.find_organisasjon(organisasjon)?;
        let konto = organisasjon.find(konto)?;
        let client = &organisasjon.maskinporten;
        let builder = Konfigurasjon::builder()
            .api(&api.https)
            .amqp(&amqp.host, amqp.tls_port)
            .ekstra_ca(self.read(&tls.ca_pem)?)
            .maskinporten(&maskinporten.token_endpoint, &maskinporten.audience)
            .virksomhetssertifikat(
                &client.id,
                self.read(&client.nokkel_pem)?,
                self.read(&client.sertifikat_pem)?,
            )
            .integrasjon(
                organisasjon.integrasjon.id,
                organisasjon.integrasjon.passord.clone(),
            )
            .konto(konto.konto_id)
            .privat_nokkel(self.read(&konto.privat_nokkel_pem)?);
        Ok(builder)
    }

    fn find_organisasjon(&self, wanted: &str) -> Result<&DevOrganisasjon, Feil> {
        let all = &self.content.organisasjoner;
        let found = all.iter().find(|organisasjon| organisasjon.is(wanted));
        found.ok_or_else(|| unknown(wanted, all.iter().map(|organisasjon| &organisasjon.navn)))
    }

    fn read(&self, path: &Path) -> Result<String, Feil> {
        read(&self.file.parent().unwrap_or(Path::new("")).join(path))
    }
}

impl DevOrganisasjon {
    fn is(&self, wanted: &str) -> bool {
        same(&self.navn, wanted) || self.orgnr == wanted || same(&self.fiks_org_id.to_string(), wanted)
    }

    fn find(&self, wanted: &str) -> Result<&DevKonto, Feil> {
        let is = |konto: &&DevKonto| same(&konto.navn, wanted) || same(&konto.konto_id.to_string(), wanted);
        let found = self.kontoer.iter().find(is);
        found.ok_or_else(|| unknown(wanted, self.kontoer.iter().map(|konto| &konto.navn)))
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn unknown<'a>(navn: &str, finnes: impl Iterator<Item = &'a String>) -> Feil {
    Feil::DevJsonUkjent {
        navn: navn.to_owned(),
        finnes: finnes.cloned().collect(),
    }
}

fn read(path: &Path) -> Result<String, Feil> {
    let read = fs::read_to_string(path);
    read.map_err(|error| Feil::DevJson {
        sti: path.to_path_buf(),
        source: Feil::source_of(error),
    })
}

/// The version is looked at first: a file of another version need not fit in any other way.
fn parse(text: &str) -> Result<Content, std::sync::Arc<dyn std::error::Error + Send + Sync>> {
    let Version { versjon } = serde_json::from_str(text).map_err(Feil::source_of)?;
    if versjon != VERSION {
        return Err(Feil::source_of(OtherVersion(versjon)));
    }
    serde_json::from_str(text).map_err(Feil::source_of)
}

#[cfg(test)]
mod tests {
    use fiks_core::ExposeSecret;

    use super::*;
    use crate::testing;

    fn folder(versjon: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let organisation = testing::identity("Testkommune");
        let ca = testing::identity("CA");
        fs::create_dir(folder.path().join("nokler")).unwrap();
        fs::write(
            folder.path().join("nokler/org.key.pem"),
            testing::key_pem(&organisation),
        )
        .unwrap();
        fs::write(folder.path().join("nokler/org.pem"), organisation.chain_pem()).unwrap();
        fs::write(folder.path().join("ca.pem"), ca.chain_pem()).unwrap();
        let json = serde_json::json!({
            "versjon": versjon,
            "api": {"http": "http://127.0.0.1:8080", "https": "https://localhost:8443"},
            "amqp": {"host": "localhost", "port": 5672, "tlsPort": 5671},
            "maskinporten": {"issuer": "https://localhost:8443/maskinporten/",
                "tokenEndpoint": "https://localhost:8443/maskinporten/token",
                "audience": "https://localhost:8443/maskinporten/"},
            "tls": {"caPem": folder.path().join("ca.pem"), "truststore": "ca.p12", "truststorePassord": "x"},
            "ukjentFelt": [1, 2],
            "organisasjoner": [{
                "navn": "Testkommune", "orgnr": "971032146", "fiksOrgId": "0d2f3a4e-0000-4000-8000-000000000001",
                "maskinporten": {"clientId": "klient-1", "keystore": "x.p12", "keystorePassord": "x", "alias": "x",
                    "nokkelPem": "nokler/org.key.pem", "sertifikatPem": "nokler/org.pem"},
                "integrasjon": {"id": "0d2f3a4e-0000-4000-8000-000000000002", "passord": "passord-1"},
                "kontoer": [{"kontoId": "0d2f3a4e-0000-4000-8000-000000000003", "navn": "Postmottak",
                    "privatNokkelPem": "nokler/org.key.pem", "offentligNokkelPem": "nokler/org.pem"}],
            }],
        });
        fs::write(folder.path().join("dev.json"), json.to_string()).unwrap();
        folder
    }

    #[test]
    fn a_konto_is_found_by_name_or_number_and_uses_tls() {
        let folder = folder(1);
        let file = folder.path().join("dev.json");
        for (organisasjon, konto) in [
            ("testkommune", "POSTMOTTAK"),
            ("971032146", "0D2F3A4E-0000-4000-8000-000000000003"),
            ("0d2f3a4e-0000-4000-8000-000000000001", "Postmottak"),
        ] {
            let konfigurasjon = Konfigurasjon::fra_dev_json(&file, organisasjon, konto).unwrap();
            assert_eq!(
                konfigurasjon.konto().to_string(),
                "0d2f3a4e-0000-4000-8000-000000000003"
            );
            assert_eq!(konfigurasjon.api.as_str(), "https://localhost:8443/");
            assert!(konfigurasjon.amqp.tls && konfigurasjon.amqp.port == 5671);
            assert_eq!(konfigurasjon.ekstra_ca.len(), 1);
            assert_eq!(konfigurasjon.integrasjon.passord.expose_secret(), "passord-1");
            assert_eq!(konfigurasjon.private_nokler.len(), 1);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let folder = folder(1);
        let file = folder.path().join("dev.json");
        let feil = Konfigurasjon::fra_dev_json(&file, "Bergen", "Postmottak")
            .unwrap_err()
            .to_string();
        assert!(
            feil.contains("«Bergen»") && feil.contains("Testkommune"),
            "{feil}"
        );
        let feil = Konfigurasjon::fra_dev_json(&file, "Testkommune", "Arkiv")
            .unwrap_err()
            .to_string();
        assert!(feil.contains("«Arkiv»") && feil.contains("Postmottak"), "{feil}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let feil = DevMiljo::les("/nowhere/dev.json").unwrap_err();
        assert!(matches!(&feil, Feil::DevJson { sti, .. } if sti == Path::new("/nowhere/dev.json")));
        let folder = folder(1);
        fs::remove_file(folder.path().join("nokler/org.pem")).unwrap();
        let feil = Konfigurasjon::fra_dev_json(folder.path().join("dev.json"), "Testkommune", "Postmottak");
        assert!(matches!(feil, Err(Feil::DevJson { sti, .. }) if sti.ends_with("nokler/org.pem")));
    }

    #[test]
    fn a_file_of_another_version_is_refused() {
        let folder = folder(2);
        let feil = DevMiljo::les(folder.path().join("dev.json")).unwrap_err();
        let Feil::DevJson { source, .. } = feil else {
            panic!("{feil}")
        };
        assert!(source.to_string().contains("version 2"), "{source}");
    }
}
