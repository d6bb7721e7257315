//! A small environment for tests.

use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, Orgnr};
use uuid::Uuid;

use crate::oppsett::{
    Adresse, Adresser, Integrasjon, Konto, Maskinporten, Nokkellager, Oppsett, Organisasjon, Tillit,
};

pub(crate) fn oppsett() -> Oppsett {
    let adresse = |skjema: &str, port| Adresse {
        skjema: skjema.to_owned(),
        vert: "localhost".to_owned(),
        port,
    };
    Oppsett {
        versjon: "1".to_owned(),
        adresser: Adresser {
            api_http: adresse("http", 8080),
            api_https: adresse("https", 8443),
            amqp: adresse("amqp", 5672),
            amqps: adresse("amqps", 5671),
            maskinporten: Maskinporten {
                utsteder: "http://m/".to_owned(),
                token: "http://m/token".to_owned(),
            },
        },
        datamappe: "data".to_owned(),
        dev_json: "data/dev.json".to_owned(),
        tillit: Tillit {
            pem: "ca.pem".to_owned(),
            pkcs12: "ca.p12".to_owned(),
            passord: "x".to_owned(),
        },
        organisasjoner: vec![organisasjon(1, "Testvik"), organisasjon(2, "Prøveby")],
    }
}

pub(crate) fn organisasjon(number: u128, navn: &str) -> Organisasjon {
    let nokkellager = Nokkellager {
        sti: "a.p12".to_owned(),
        passord: "hemmelig".to_owned(),
        alias: "nokkel".to_owned(),
    };
    Organisasjon {
        navn: navn.to_owned(),
        orgnr: Orgnr::synthetic(31_000_000),
        fiks_org_id: FiksOrgId(Uuid::from_u128(number)),
        integrasjon: Integrasjon {
            id: IntegrasjonId(Uuid::from_u128(0x100 + number)),
            passord: "it's".to_owned(),
        },
        klient_id: "klient".to_owned(),
        kontoer: vec![Konto {
            id: KontoId(Uuid::from_u128(0x200 + number)),
            navn: "Arkiv".to_owned(),
            nokkellager: nokkellager.clone(),
            privat_nokkel: "a.pem".to_owned(),
        }],
        nokkellager,
    }
}
