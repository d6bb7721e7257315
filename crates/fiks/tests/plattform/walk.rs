//! Every published operation, called by nobody, with a wrong password, by another organisation, and by the right one.
//!
//! A new operation without a line here fails the test.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::environment::{Caller, Environment, environment, metadata, ny_konto};
use crate::openapi::published;

/// Who may: `alle` anyone, `spor` anyone with a token, who is told whether the rest is right, `innlogget` any integration, `egen` the owner's only, `rot` the operator only.
/// Then what the right one gets, method, path, and a JSON body. Names in braces are made anew for each line.
const WALK: &str = r#"
spor 200 GET /konfigurasjon/api/v1/integrasjoner/autentisering
egen 200 POST /konfigurasjon/api/v1/integrasjoner {"autorisertOrgnr":"971032146","navn":"Sak","fiksOrganisasjonUuid":"{org}"}
egen 200 GET /konfigurasjon/api/v1/integrasjoner/{integrasjon}
egen 200 PATCH /konfigurasjon/api/v1/integrasjoner/{integrasjon} {"navn":"Ny"}
egen 204 DELETE /konfigurasjon/api/v1/integrasjoner/{integrasjon}
egen 200 POST /konfigurasjon/api/v1/integrasjoner/{integrasjon}/lagPassord
egen 204 PUT /konfigurasjon/api/v1/integrasjoner/{integrasjon}/tilknyttede-ressurser/{konto}
egen 204 DELETE /konfigurasjon/api/v1/integrasjoner/{integrasjon}/tilknyttede-ressurser/{konto}
innlogget 200 GET /konfigurasjon/api/v1/organisasjoner
innlogget 200 POST /konfigurasjon/api/v1/organisasjoner {"orgIds":[]}
innlogget 200 GET /konfigurasjon/api/v1/organisasjoner/synlige
egen 200 PATCH /konfigurasjon/api/v1/organisasjoner/{org} {"konfigurert":true}
egen 200 GET /konfigurasjon/api/v1/organisasjoner/{org}/integrasjoner
egen 200 GET /konfigurasjon/api/v1/organisasjoner/{org}/integrasjoner/FIKSIO
egen 200 GET /konfigurasjon/api/v1/organisasjoner/{org}/tjenester
egen 200 GET /konfigurasjon/api/v1/organisasjoner/{org}/tjenester/FIKSIO
egen 200 POST /konfigurasjon/api/v1/organisasjoner/{org}/tjenester/FIKSIO/initialiser
egen 200 POST /konfigurasjon/api/v1/organisasjoner/{org}/tjenester/FIKSIO/konfigurer
innlogget 200 GET /konfigurasjon/api/v1/privilegier/TJENESTE_FIKSIO_KONTO
innlogget 200 GET /konfigurasjon/api/v1/tjenester
rot 200 GET /konfigurasjon/api/v1/root/organisasjoner
rot 200 POST /konfigurasjon/api/v1/root/organisasjoner {"navn":"Nyvik kommune","type":"KOMMUNE","intern":false}
rot 200 PATCH /konfigurasjon/api/v1/root/organisasjoner/{org} {"intern":false}
rot 200 GET /konfigurasjon/api/v1/root/integrasjoner
rot 200 PATCH /konfigurasjon/api/v1/root/integrasjoner/{integrasjon} {}
rot 200 GET /konfigurasjon/api/v1/root/privilegier
rot 200 GET /konfigurasjon/api/v1/root/tjenester
rot 200 GET /konfigurasjon/api/v1/root/tjenester/FIKSIO
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/isAutorisert?aktor={integrasjon}&privilegium=ADMIN&ressurs={konto}
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/autorisasjoner?forelderRessurs={org}
innlogget 200 GET /autorisasjon-query/api/v1/autorisasjon/ressurser
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/ressurser/{konto}
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/ressurser/{konto}/tilganger
innlogget 200 GET /autorisasjon-query/api/v1/autorisasjon/synlige
innlogget 200 GET /autorisasjon-query/api/v1/autorisasjon/typeTilganger
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/{konto}/barn
egen 200 GET /autorisasjon-query/api/v1/autorisasjon/{konto}/isLeaf
egen 201 PATCH /autorisasjon-update/api/v1/fiksorgs/{org}/aktorer/{integrasjon} {"aktiv":true}
egen 201 POST /autorisasjon-update/api/v1/ressurs {"forelderRessurs":"{org}","type":"NOE","navn":"Noe"}
egen 204 PATCH /autorisasjon-update/api/v1/ressurs/{konto} {"navn":"Nytt navn"}
egen 200 POST /autorisasjon-update/api/v1/ressurs/{konto}/tilganger {"aktor":"{integrasjon}","privilegium":"FIKSIO.SENDE"}
egen 204 DELETE /autorisasjon-update/api/v1/ressurs/{konto}/tilganger?aktor={integrasjon}&privilegium=FIKSIO.SENDE
rot 200 POST /autorisasjon-update/api/v1/typeTilganger/NOE/tilganger {"aktor":"{integrasjon}","privilegium":"FIKSIO.SENDE"}
rot 204 POST /autorisasjon-update/api/v1/typeTilganger/NOE/tilganger/delete {"aktor":"{integrasjon}","privilegium":"FIKSIO.SENDE"}
egen 200 GET /dokumentlager/nedlasting/{dokument}
egen 200 GET /dokumentlager/nedlasting/{dokument}/metadata
egen 202 POST /fiks-io/api/v1/send
innlogget 200 GET /fiks-io/katalog/api/v1/kontoer/{konto}
innlogget 200 GET /fiks-io/katalog/api/v1/kontoer/{konto}/status
alle 200 GET /fiks-io/katalog/api/v1/kontoer/{konto}/offentligNokkel
egen 200 PUT /fiks-io/katalog/api/v1/kontoer/{konto}/offentligNokkel {"nokkel":"{pem}"}
innlogget 200 GET /fiks-io/katalog/api/v1/lookup?identifikator=ORG_NO.{nummer}&meldingProtokoll=no.ks.test&sikkerhetsniva=3
innlogget 200 POST /fiks-io/katalog/api/v1/matchendeAdresser {"identifikator":[{"identifikator":"1"}],"meldingType":["a"],"sikkerhetsnivaer":[3]}
innlogget 400 POST /fiks-io/katalog/api/v1/sertifikat/verifiser {}
innlogget 200 POST /fiks-io/katalog/api/v1/offentligNokkel/verifiser {"pem":"x"}
egen 201 POST /fiks-io/konto/api/v1/kontoer {"konto":{"fiksOrgId":"{org}","navn":"Ny konto"}}
innlogget 200 GET /fiks-io/konto/api/v1/kontosok
egen 200 GET /fiks-io/konto/api/v1/kontoer/{konto}
egen 204 DELETE /fiks-io/konto/api/v1/kontoer/{konto}
egen 204 PUT /fiks-io/konto/api/v1/kontoer/{konto} {"nyttNavn":"Nytt navn"}
egen 204 PUT /fiks-io/konto/api/v1/kontoer/{konto}/kontoNavn {"kontoNavn":"Nytt navn"}
egen 200 PUT /fiks-io/konto/api/v1/kontoer/{konto}/aktiver
egen 200 PUT /fiks-io/konto/api/v1/kontoer/{konto}/deaktiver
egen 200 GET /fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel
egen 201 PUT /fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel {"pem":"{pem}"}
egen 204 DELETE /fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel
egen 200 GET /fiks-io/konto/api/v1/kontoer/{konto}/aksepterteAvsendere
egen 204 POST /fiks-io/konto/api/v1/kontoer/{konto}/aksepterteAvsendere {"kontoId":"{konto}"}
egen 204 DELETE /fiks-io/konto/api/v1/kontoer/{konto}/aksepterteAvsendere/{konto}
egen 204 PUT /fiks-io/konto/api/v1/kontoer/{konto}/aksepterteAvsendere/aktiver
egen 204 PUT /fiks-io/konto/api/v1/kontoer/{konto}/aksepterteAvsendere/deaktiver
egen 204 POST /fiks-io/konto/api/v1/kontoer/{konto}/validerMelding {"avsenderKontoId":"{konto}","meldingsType":"ping","harPayload":false}
egen 200 GET /fiks-io/konto/api/v1/kontoer/{konto}/adresser
egen 201 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser {"beskrivelse":"Hoved"}
egen 204 DELETE /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}
egen 200 PUT /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/aktiver
egen 200 PUT /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/deaktiver
egen 200 PUT /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/beskrivelse {"beskrivelse":"Ny"}
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/identifikatorer [{"identifikatorType":"NAVENHET_ID","identifikator":"{nummer}1"}]
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/identifikatorer/fjern [{"identifikator":"1"}]
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/meldingsprotokoller [{"meldingsprotokoll":"no.ks.b"}]
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/meldingsprotokoller/fjern [{"meldingsprotokoll":"no.ks.b"}]
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/sikkerhetsnivaer [{"sikkerhetsniva":4}]
egen 200 POST /fiks-io/konto/api/v1/kontoer/{konto}/adresser/{adresse}/sikkerhetsnivaer/fjern [{"sikkerhetsniva":4}]
egen 200 GET /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/antall
egen 200 GET /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/metadata
egen 200 GET /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/data
egen 200 GET /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/ack
egen 200 GET /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/nac
egen 200 POST /fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/svarOgAck {"meldingType":"pong"}
innlogget 200 GET /fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller
innlogget 200 GET /fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller/no.ks.fiks.arkiv
innlogget 200 GET /fiks-io/meldingstypekatalog/api/v1/meldingsgrupper/
innlogget 200 GET /fiks-io/meldingstypekatalog/api/v1/meldingsgrupper/no.ks.fiks.arkiv
alle 400 POST /maskinporten/token {}
alle 200 GET /maskinporten/jwk
alle 200 GET /maskinporten/.well-known/oauth-authorization-server
"#;

struct Line {
    who: &'static str,
    status: u16,
    method: &'static str,
    path: &'static str,
    body: &'static str,
}

fn lines() -> Vec<Line> {
    let parse = |line: &'static str| {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (who, status, method, path) = (word(), word().parse().unwrap(), word(), word());
        Line {
            who,
            status,
            method,
            path,
            body: word(),
        }
    };
    WALK.lines().filter(|line| !line.is_empty()).map(parse).collect()
}

/// Which published operation a line calls.
fn operation(line: &Line, published: &BTreeSet<(String, String)>) -> Option<(String, String)> {
    let path = line.path.split('?').next().unwrap();
    let parts: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let template: Vec<_> = template.split('/').collect();
        template.len() == parts.len()
            && template
                .iter()
                .zip(&parts)
                .all(|(own, sent)| own == sent || (*own == "{}" && !sent.is_empty()))
    };
    let mut candidates: Vec<_> = published
        .iter()
        .filter(|(method, path)| method == line.method && fits(path))
        .cloned()
        .collect();
    // The one with the fewest parameters is meant.
    candidates.sort_by_key(|(_, path)| path.matches("{}").count());
    candidates.into_iter().next()
}

#[test]
fn every_operation_has_a_line_in_the_walk() {
    let published = published();
    let walked: BTreeSet<_> = lines()
        .iter()
        .filter_map(|line| operation(line, &published))
        .collect();
    let missing: Vec<_> = published.difference(&walked).collect();
    assert!(missing.is_empty(), "add a line for: {missing:#?}");
    assert_eq!(
        walked.len(),
        lines().len(),
        "two lines call the same operation, or one calls none"
    );
}

/// What the lines name, made anew.
struct World {
    names: Vec<(&'static str, String)>,
    konto: String,
}

impl World {
    async fn new(environment: &Environment) -> Self {
        let owner = environment.caller(0).await;
        let org = environment.organisasjon(0)["fiksOrgId"]
            .as_str()
            .unwrap()
            .to_owned();
        let konto = ny_konto(environment, 0).await;
        let number = format!("{}", uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000);
        let integrasjon =
            json!({ "autorisertOrgnr": "971032146", "navn": "Til turen", "fiksOrganisasjonUuid": org });
        let made = owner
            .call("POST", "/konfigurasjon/api/v1/integrasjoner", Some(integrasjon))
            .await
            .json();
        let adresse = adresse(&owner, &konto, &number).await;
        let pem = environment.organisasjon(0)["kontoer"][0]["offentligNokkelPem"]
            .as_str()
            .unwrap();
        let pem = std::fs::read_to_string(pem).unwrap().replace('\n', "\\n");
        let large = owner
            .send(&metadata(&konto, &konto), Some(vec![7; 5_100_000]))
            .await
            .json();
        let names = vec![
            ("{org}", org),
            ("{konto}", konto.clone()),
            ("{integrasjon}", made["uuid"].as_str().unwrap().to_owned()),
            ("{adresse}", adresse),
            ("{nummer}", number),
            ("{pem}", pem),
            (
                "{dokument}",
                large["dokumentlagerId"].as_str().unwrap().to_owned(),
            ),
        ];
        Self { names, konto }
    }

    fn fill(&self, text: &str) -> String {
        self.names
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    async fn call(&self, caller: &Caller, line: &Line) -> u16 {
        if line.path == "/fiks-io/api/v1/send" {
            return caller
                .send(&metadata(&self.konto, &self.konto), None)
                .await
                .status;
        }
        let body: Option<Value> = if line.body.is_empty() {
            None
        } else {
            Some(serde_json::from_str(&self.fill(line.body)).unwrap())
        };
        caller.call(line.method, &self.fill(line.path), body).await.status
    }
}

/// An active address.
async fn adresse(owner: &Caller, konto: &str, number: &str) -> String {
    let path = format!("/fiks-io/konto/api/v1/kontoer/{konto}/adresser");
    let made = owner
        .call("POST", &path, Some(json!({ "beskrivelse": "Tur" })))
        .await
        .json();
    let id = made["adresseId"].as_str().unwrap().to_owned();
    for (list, value) in [
        (
            "identifikatorer",
            json!([{ "identifikatorType": "ORG_NO", "identifikator": number }]),
        ),
        (
            "meldingsprotokoller",
            json!([{ "meldingsprotokoll": "no.ks.test" }]),
        ),
        ("sikkerhetsnivaer", json!([{ "sikkerhetsniva": 3 }])),
    ] {
        assert_eq!(
            owner
                .call("POST", &format!("{path}/{id}/{list}"), Some(value))
                .await
                .status,
            200
        );
    }
    assert_eq!(
        owner
            .call("PUT", &format!("{path}/{id}/aktiver"), None)
            .await
            .status,
        200
    );
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_lets_in_the_right_one_and_nobody_else() {
    let environment = environment();
    let (owner, other, operator) = (
        environment.caller(0).await,
        environment.caller(1).await,
        environment.operator().await,
    );
    let mut faults = Vec::new();
    for line in lines() {
        let world = World::new(environment).await;
        let mut expect = |who: &str, got: u16, allowed: &[u16]| {
            if !allowed.contains(&got) {
                faults.push(format!(
                    "{} {} as {who}: {got}, not one of {allowed:?}",
                    line.method, line.path
                ));
            }
        };
        let right = if line.who == "rot" { &operator } else { &owner };
        if line.who == "alle" {
            expect("nobody", world.call(&right.nobody(), &line).await, &[line.status]);
            continue;
        }
        expect("nobody", world.call(&right.nobody(), &line).await, &[401]);
        let refused = if line.who == "spor" { 200 } else { 401 };
        expect(
            "with a wrong password",
            world.call(&right.with_wrong_password(), &line).await,
            &[refused],
        );
        match line.who {
            "egen" => expect(
                "another organisation",
                world.call(&other, &line).await,
                &[403, 404],
            ),
            "rot" => expect("an organisation", world.call(&owner, &line).await, &[403]),
            _ => expect(
                "another organisation",
                world.call(&other, &line).await,
                &[line.status],
            ),
        }
        expect("the right one", world.call(right, &line).await, &[line.status]);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
