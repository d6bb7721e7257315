//! A small world to test in: two municipalities, each with an integration, and one that administers everything.
#![allow(dead_code, reason = "each test binary uses its part")]

use fiks_core::id::{Aktor, FiksOrgId, IntegrasjonId, Orgnr, ROOT, RessursId};
use fiks_core::{Clock, ExposeSecret, Random};
use fiks_database::Database;
use fiks_database::testing::TestDatabase;
use fiks_identity::{Caller, Integrasjon, PasswordHasher};
use fiks_konfigurasjon::Konfigurasjon;
use fiks_konfigurasjon::model::integrasjon::NyIntegrasjon;
use fiks_konfigurasjon::model::katalog::{ADMIN, Privilegium};
use fiks_konfigurasjon::model::organisasjon::{NyOrganisasjon, Organisasjonstype};
use fiks_konfigurasjon::model::ressurs::NyRessurs;
use fiks_konfigurasjon::model::tilgang::Tilgang;
use fiks_konfigurasjon::model::values::{IntegrasjonNavn, Kommunenr, Navn, Ressurstype};

pub const PLATFORM: &Caller = &Caller::Platform;

pub struct World {
    pub test: TestDatabase,
    pub service: Konfigurasjon,
    /// `ADMIN` on the root; belongs to `bo`.
    pub root: Caller,
    pub bo: FiksOrgId,
    /// `ADMIN` on `bo`.
    pub bo_admin: Caller,
    pub hol: FiksOrgId,
    /// `ADMIN` on `hol`.
    pub hol_admin: Caller,
    /// Belongs to `bo`, without privileges.
    pub nobody: Caller,
}

pub fn hasher() -> PasswordHasher {
    PasswordHasher::new(&[3; 32])
}

pub fn service(database: &Database) -> Konfigurasjon {
    Konfigurasjon::new(database.clone(), Clock::system(), Random::system(), hasher())
}

pub fn orgnr() -> Orgnr {
    "971032146".parse().unwrap()
}

pub fn privilegium(navn: &str) -> &'static Privilegium {
    Privilegium::named(navn, "privilegium").unwrap()
}

pub fn ressurstype(text: &str) -> Ressurstype {
    Ressurstype::parse(text, "type").unwrap()
}

pub fn navn(text: &str) -> Navn {
    Navn::parse(text, "navn").unwrap()
}

pub fn tilgang(aktor: impl Into<Aktor>, name: &str, ressurs: impl Into<RessursId>) -> Tilgang {
    Tilgang {
        aktor: aktor.into(),
        privilegium: privilegium(name),
        ressurs: ressurs.into(),
    }
}

pub fn ny_ressurs(forelder: impl Into<RessursId>, of_type: &str) -> NyRessurs {
    NyRessurs {
        id: None,
        forelder: forelder.into(),
        ressurstype: ressurstype(of_type),
        navn: navn("En ressurs"),
    }
}

pub fn ny_organisasjon(name: &str, kommunenr: &str) -> NyOrganisasjon {
    NyOrganisasjon {
        id: None,
        navn: navn(name),
        organisasjonstype: Organisasjonstype::Kommune,
        intern: false,
        kommunenr: Some(Kommunenr::parse(kommunenr, "kommunenr").unwrap()),
        orgnr: Some(orgnr()),
    }
}

pub fn ny_integrasjon(eier: FiksOrgId, name: &str) -> NyIntegrasjon {
    NyIntegrasjon {
        id: None,
        autorisert_orgnr: orgnr(),
        eier,
        navn: IntegrasjonNavn::parse(name, "navn").unwrap(),
        beskrivelse: None,
    }
}

/// The aktor that a caller is.
pub fn aktor(caller: &Caller) -> Aktor {
    caller.aktor().unwrap()
}

/// The integration that a caller is.
pub fn id(caller: &Caller) -> IntegrasjonId {
    aktor(caller).0.parse().unwrap()
}

impl World {
    pub async fn new(test: TestDatabase) -> Self {
        let service = service(&test.database);
        let bo = service
            .opprett_organisasjon(PLATFORM, ny_organisasjon("Bø kommune", "3815"))
            .await
            .unwrap()
            .id;
        let hol = service
            .opprett_organisasjon(PLATFORM, ny_organisasjon("Hol kommune", "3330"))
            .await
            .unwrap()
            .id;
        let mut world = Self {
            test,
            service,
            root: Caller::Platform,
            bo,
            bo_admin: Caller::Platform,
            hol,
            hol_admin: Caller::Platform,
            nobody: Caller::Platform,
        };
        world.root = world.caller_with(bo, ADMIN, ROOT).await;
        world.bo_admin = world.caller_with(bo, ADMIN, bo.into()).await;
        world.hol_admin = world.caller_with(hol, ADMIN, hol.into()).await;
        world.nobody = world.caller(bo).await;
        world
    }

    /// A new integration.
    pub async fn caller(&self, eier: FiksOrgId) -> Caller {
        let made = self
            .service
            .opprett_integrasjon(PLATFORM, ny_integrasjon(eier, "Sak"))
            .await
            .unwrap();
        Caller::Integrasjon(Integrasjon {
            id: made.id,
            fiks_org_id: eier,
            autorisert_orgnr: made.autorisert_orgnr,
        })
    }

    /// A new integration with a privilege.
    pub async fn caller_with(&self, eier: FiksOrgId, name: &str, ressurs: RessursId) -> Caller {
        let caller = self.caller(eier).await;
        self.give(&caller, name, ressurs).await;
        caller
    }

    pub async fn give(&self, caller: &Caller, name: &str, ressurs: RessursId) {
        self.service
            .tildel(PLATFORM, tilgang(aktor(caller), name, ressurs))
            .await
            .unwrap();
    }

    pub async fn take(&self, caller: &Caller, name: &str, ressurs: RessursId) {
        self.service
            .fjern(PLATFORM, tilgang(aktor(caller), name, ressurs))
            .await
            .unwrap();
    }

    pub async fn holds(&self, caller: &Caller, name: &'static str, ressurs: RessursId) -> bool {
        self.service.access().allows(caller, name, ressurs).await.unwrap()
    }

    /// A new ressurs.
    pub async fn ressurs(&self, forelder: impl Into<RessursId>, of_type: &str) -> RessursId {
        self.service
            .opprett_ressurs(PLATFORM, ny_ressurs(forelder, of_type))
            .await
            .unwrap()
            .id
    }

    /// A new password for the integration that a caller is.
    pub async fn passord(&self, caller: &Caller) -> String {
        self.service
            .lag_passord(PLATFORM, id(caller))
            .await
            .unwrap()
            .expose_secret()
            .to_owned()
    }
}
