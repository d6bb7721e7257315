//! A made-up environment.

use fiks_core::id::{IntegrasjonId, KontoId, Orgnr};
use fiks_startside::{
    Adresse, Adresser, Integrasjon, Konto, Kontonavn, Maskinporten, Nokkellager, Oppsett, Organisasjon,
    Tillit,
};
use uuid::Uuid;

pub const ARKIV: Uuid = Uuid::from_u128(0x6a1b_0c2d_1111_4a4a_8b8b_0000_0000_0001);
pub const SKOLE: Uuid = Uuid::from_u128(0x6a1b_0c2d_2222_4a4a_8b8b_0000_0000_0002);
pub const BYGG: Uuid = Uuid::from_u128(0x6a1b_0c2d_3333_4a4a_8b8b_0000_0000_0003);

const FOLDER: &str = "/home/utvikler/.local/share/fiks";

pub fn oppsett(port: u16) -> Oppsett {
    Oppsett {
        versjon: "0.1.0".to_owned(),
        adresser: adresser(port),
        datamappe: FOLDER.to_owned(),
        dev_json: format!("{FOLDER}/dev.json"),
        tillit: Tillit {
            pem: format!("{FOLDER}/tls/ca.pem"),
            pkcs12: format!("{FOLDER}/tls/ca.p12"),
            passord: "changeit".to_owned(),
        },
        organisasjoner: vec![
            organisasjon(1, "Testvik kommune", &[(ARKIV, "Arkiv"), (BYGG, "Byggesak")]),
            organisasjon(2, "Prøveby kommune", &[(SKOLE, "Skole")]),
            organisasjon(3, "Eksempel Leverandør AS", &[]),
        ],
    }
}

fn adresser(port: u16) -> Adresser {
    let adresse = |skjema: &str, port| Adresse {
        skjema: skjema.to_owned(),
        vert: "localhost".to_owned(),
        port,
    };
    Adresser {
        api_http: adresse("http", port),
        api_https: adresse("https", 8443),
        amqp: adresse("amqp", 5672),
        amqps: adresse("amqps", 5671),
        maskinporten: Maskinporten {
            utsteder: format!("http://localhost:{port}/maskinporten/"),
            token: format!("http://localhost:{port}/maskinporten/token"),
        },
    }
}

fn organisasjon(number: u32, navn: &str, kontoer: &[(Uuid, &str)]) -> Organisasjon {
    Organisasjon {
        navn: navn.to_owned(),
        orgnr: Orgnr::synthetic(31_000_000 + number),
        fiks_org_id: Uuid::from_u128(0x0f15_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)).into(),
        integrasjon: Integrasjon {
            id: IntegrasjonId(Uuid::from_u128(
                0x1e77_0000_0000_4000_8000_0000_0000_0000 + u128::from(number),
            )),
            passord: format!("hemmelig-{number}-Qh7tY2mN8vKx4RbLw9ZsPc3D"),
        },
        klient_id: format!("testklient-{number}"),
        nokkellager: nokkellager("virksomhet", number),
        kontoer: kontoer
            .iter()
            .map(|(id, navn)| konto(*id, navn, number))
            .collect(),
    }
}

fn konto(id: Uuid, navn: &str, number: u32) -> Konto {
    Konto {
        id: id.into(),
        navn: navn.to_owned(),
        nokkellager: nokkellager("konto", number),
        privat_nokkel: format!("{FOLDER}/nokler/konto-{number}.pem"),
    }
}

fn nokkellager(what: &str, number: u32) -> Nokkellager {
    Nokkellager {
        sti: format!("{FOLDER}/nokler/{what}-{number}.p12"),
        passord: "changeit".to_owned(),
        alias: what.to_owned(),
    }
}

pub fn navn(id: Uuid) -> Kontonavn {
    let navn = match id {
        ARKIV => "Arkiv",
        SKOLE => "Skole",
        _ => "Byggesak",
    };
    Kontonavn {
        id: KontoId(id),
        navn: navn.to_owned(),
    }
}
