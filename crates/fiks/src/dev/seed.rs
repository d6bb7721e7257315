//! Two municipalities with an integration and a konto each, and the operator. Made at the first start, found again at
//! the next; every step can be repeated, so that a start that was cut off is completed by the next one.

use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, Orgnr, ROOT, RessursId};
use fiks_core::{ExposeSecret as _, Random, Timestamp};
use fiks_crypto::keystore::{Lifetime, Usage, key_store, self_signed};
use fiks_crypto::x509::PrivateKey;
use fiks_fiksio::handle::{KontoEndring, NyKonto};
use fiks_identity::Caller;
use fiks_konfigurasjon::OrganisasjonUtvalg;
use fiks_konfigurasjon::model::integrasjon::NyIntegrasjon;
use fiks_konfigurasjon::model::katalog::Privilegium;
use fiks_konfigurasjon::model::organisasjon::{NyOrganisasjon, Organisasjonstype};
use fiks_konfigurasjon::model::tilgang::Tilgang;
use fiks_konfigurasjon::model::values::{IntegrasjonNavn, Kommunenr, Navn};
use fiks_maskinporten::{Client, InMemoryRegistry, RegisteredKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::dev_json::{Integrasjon, Klient, Konto, Organisasjon};
use super::folder::Folder;
use super::keys::{self, Keys, STORE_PASSWORD};
use crate::platform::Platform;

const STATE: &str = "testmiljo.json";
const DAYS: u32 = 3650;
const SCOPES: [&str; 1] = ["ks:fiks"];

/// What cannot be found again in the database: passwords, and the ids that were drawn.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    versjon: u32,
    organisasjoner: Vec<Kept>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    mappe: String,
    fiks_org_id: FiksOrgId,
    integrasjon_id: IntegrasjonId,
    passord: Option<String>,
    client_id: Uuid,
    konto_id: Option<KontoId>,
}

/// An organisation of the test environment.
struct Template {
    mappe: &'static str,
    navn: &'static str,
    /// Start of the synthetic organisation number.
    number: u32,
    kommunenr: Option<&'static str>,
    konto: Option<&'static str>,
}

/// The operator first, then the municipalities. Names and numbers are made up.
const TEMPLATES: [Template; 3] = [
    Template {
        mappe: "plattform",
        navn: "Plattformen",
        number: 31_000_000,
        kommunenr: None,
        konto: None,
    },
    Template {
        mappe: "bergheim",
        navn: "Bergheim kommune",
        number: 31_100_000,
        kommunenr: Some("9901"),
        konto: Some("Bergheim postmottak"),
    },
    Template {
        mappe: "fjordvik",
        navn: "Fjordvik kommune",
        number: 31_200_000,
        kommunenr: Some("9902"),
        konto: Some("Fjordvik arkiv"),
    },
];

/// The ready-made organisations.
pub struct Seeded {
    pub administrator: Organisasjon,
    pub organisasjoner: Vec<Organisasjon>,
}

/// Makes or finds everything.
pub async fn seed(
    folder: &Folder,
    keys: &Keys,
    platform: &Platform,
    registry: &InMemoryRegistry,
    random: &Random,
) -> anyhow::Result<Seeded> {
    let mut state = match folder.read_json::<State>(STATE)? {
        Some(state) => state,
        None => drawn(random)?,
    };
    // Before anything is made with these ids, so that the next start finds it under them.
    folder.write_json(STATE, &state)?;
    let mut made = Vec::new();
    for (template, kept) in TEMPLATES.iter().zip(&mut state.organisasjoner) {
        let seeder = Seeder {
            folder,
            keys,
            platform,
            template,
        };
        made.push(seeder.seed(kept, registry).await?);
    }
    folder.write_json(STATE, &state)?;
    let administrator = made.remove(0);
    Ok(Seeded {
        administrator,
        organisasjoner: made,
    })
}

fn drawn(random: &Random) -> anyhow::Result<State> {
    let organisasjoner = TEMPLATES.iter().map(|template| {
        Ok(Kept {
            mappe: template.mappe.to_owned(),
            fiks_org_id: random.uuid()?.into(),
            integrasjon_id: random.uuid()?.into(),
            passord: None,
            client_id: random.uuid()?,
            konto_id: None,
        })
    });
    Ok(State {
        versjon: 1,
        organisasjoner: organisasjoner.collect::<anyhow::Result<_>>()?,
    })
}

struct Seeder<'a> {
    folder: &'a Folder,
    keys: &'a Keys,
    platform: &'a Platform,
    template: &'a Template,
}

impl Seeder<'_> {
    async fn seed(&self, kept: &mut Kept, registry: &InMemoryRegistry) -> anyhow::Result<Organisasjon> {
        let orgnr = Orgnr::synthetic(self.template.number);
        self.organisasjon(kept, orgnr).await?;
        let passord = self.integrasjon(kept, orgnr).await?;
        let maskinporten = self.klient(kept, orgnr, registry)?;
        let kontoer = match self.template.konto {
            Some(navn) => vec![self.konto(kept, navn).await?],
            None => Vec::new(),
        };
        Ok(Organisasjon {
            navn: self.template.navn.to_owned(),
            orgnr,
            fiks_org_id: kept.fiks_org_id,
            maskinporten,
            integrasjon: Integrasjon {
                id: kept.integrasjon_id,
                passord,
            },
            kontoer,
        })
    }

    async fn organisasjon(&self, kept: &Kept, orgnr: Orgnr) -> anyhow::Result<()> {
        let konfigurasjon = &self.platform.konfigurasjon;
        let utvalg = OrganisasjonUtvalg {
            ids: vec![kept.fiks_org_id],
            ..OrganisasjonUtvalg::default()
        };
        if !konfigurasjon
            .organisasjoner(&Caller::Platform, utvalg)
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let kommunenr = self
            .template
            .kommunenr
            .map(|number| Kommunenr::parse(number, "kommunenr"))
            .transpose()?;
        let ny = NyOrganisasjon {
            id: Some(kept.fiks_org_id),
            navn: Navn::parse(self.template.navn, "navn")?,
            organisasjonstype: match kommunenr {
                Some(_) => Organisasjonstype::Kommune,
                None => Organisasjonstype::StatligVirksomhet,
            },
            intern: kommunenr.is_none(),
            kommunenr,
            orgnr: Some(orgnr),
        };
        konfigurasjon.opprett_organisasjon(&Caller::Platform, ny).await?;
        Ok(())
    }

    /// Every privilege on its own organisation; the operator's on everything.
    async fn integrasjon(&self, kept: &mut Kept, orgnr: Orgnr) -> anyhow::Result<String> {
        let konfigurasjon = &self.platform.konfigurasjon;
        let known = konfigurasjon
            .integrasjon(&Caller::Platform, kept.integrasjon_id)
            .await;
        if known.is_err() {
            let ny = NyIntegrasjon {
                id: Some(kept.integrasjon_id),
                autorisert_orgnr: orgnr,
                eier: kept.fiks_org_id,
                navn: IntegrasjonNavn::parse(format!("{} testintegrasjon", self.template.navn), "navn")?,
                beskrivelse: None,
            };
            konfigurasjon.opprett_integrasjon(&Caller::Platform, ny).await?;
        }
        let ressurs: RessursId = if self.template.konto.is_some() {
            kept.fiks_org_id.into()
        } else {
            ROOT
        };
        let privilegium = Privilegium::named("ADMIN", "privilegium")?;
        let tilgang = Tilgang {
            aktor: kept.integrasjon_id.into(),
            privilegium,
            ressurs,
        };
        konfigurasjon.tildel(&Caller::Platform, tilgang).await?;
        if let Some(passord) = &kept.passord {
            return Ok(passord.clone());
        }
        let passord = konfigurasjon
            .lag_passord(&Caller::Platform, kept.integrasjon_id)
            .await?;
        let passord = passord.expose_secret().to_owned();
        kept.passord = Some(passord.clone());
        Ok(passord)
    }

    fn klient(&self, kept: &Kept, orgnr: Orgnr, registry: &InMemoryRegistry) -> anyhow::Result<Klient> {
        let name = format!("organisasjoner/{}/virksomhetssertifikat", self.template.mappe);
        let lifetime = Lifetime::days(Timestamp::real(), DAYS);
        let identity = keys::identity(self.folder, &name, || {
            let issuer = &self.keys.authority;
            Ok(issuer.virksomhetssertifikat(orgnr, self.template.navn, Usage::Authentication, lifetime)?)
        })?;
        let alias = "virksomhetssertifikat".to_owned();
        let keystore = format!("{name}.p12");
        self.folder
            .read_or_make(&keystore, || Ok(key_store(&identity, &alias, STORE_PASSWORD)?))?;
        let kid = format!("{}-nokkel", self.template.mappe);
        let key = RegisteredKey::from_pem(kid.clone(), &identity.certificate().pem())?;
        registry.register(Client::new(kept.client_id.to_string(), orgnr, SCOPES).with_key(key));
        Ok(Klient {
            client_id: kept.client_id.to_string(),
            keystore: self.folder.path(&keystore),
            keystore_passord: STORE_PASSWORD.to_owned(),
            alias,
            nokkel_pem: self.folder.path(&format!("{name}.key.pem")),
            sertifikat_pem: self.folder.path(&format!("{name}.pem")),
            kid,
        })
    }

    async fn konto(&self, kept: &mut Kept, navn: &str) -> anyhow::Result<Konto> {
        let name = format!("organisasjoner/{}/konto", self.template.mappe);
        let lifetime = Lifetime::days(Timestamp::real(), DAYS);
        let identity = keys::identity(self.folder, &name, || {
            Ok(self_signed(PrivateKey::generate()?, navn, lifetime)?)
        })?;
        let fiksio = &self.platform.fiksio;
        let known = fiksio
            .sok_kontoer(&Caller::Platform, Some(kept.fiks_org_id), None)
            .await?;
        let id = match known
            .iter()
            .find(|konto| Some(konto.id) == kept.konto_id || konto.navn == navn)
        {
            Some(konto) => konto.id,
            None => {
                fiksio
                    .opprett_konto(&Caller::Platform, ny_konto(kept.fiks_org_id, navn))
                    .await?
                    .id
            }
        };
        let without_key = known
            .iter()
            .all(|konto| konto.id != id || konto.offentlig_nokkel.is_none());
        if without_key {
            let pem = identity.certificate().pem();
            let endring = KontoEndring {
                offentlig_nokkel: Some(Some(pem)),
                ..KontoEndring::default()
            };
            fiksio.endre_konto(&Caller::Platform, id, endring).await?;
        }
        kept.konto_id = Some(id);
        let alias = "konto".to_owned();
        let keystore = format!("{name}.p12");
        self.folder
            .read_or_make(&keystore, || Ok(key_store(&identity, &alias, STORE_PASSWORD)?))?;
        Ok(Konto {
            konto_id: id,
            navn: navn.to_owned(),
            privat_nokkel_pem: self.folder.path(&format!("{name}.key.pem")),
            offentlig_nokkel_pem: self.folder.path(&format!("{name}.pem")),
            keystore: self.folder.path(&keystore),
            keystore_passord: STORE_PASSWORD.to_owned(),
            alias,
        })
    }
}

fn ny_konto(fiks_org_id: FiksOrgId, navn: &str) -> NyKonto {
    NyKonto {
        fiks_org_id,
        navn: navn.to_owned(),
        forelderressurs: None,
        offentlig_nokkel: None,
        aktiv: true,
        adresser: Vec::new(),
    }
}
