//! What each operation refuses: to whom, and which requests.
//!
//! The requests are tables of text: expected code (where there is one), method, path and JSON body, with names in
//! braces for the ids of the test's world.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Answer, Api, KONFIGURASJON, QUERY, UPDATE, User, refusal};
use crate::support::{aktor, id};

/// Every operation that needs a privilege, on things of bo's. What removes things that the others need comes last.
const GUARDED: &str = r#"
    POST {k}/integrasjoner {"autorisertOrgnr": "971032146", "navn": "Sak", "fiksOrganisasjonUuid": "{bo}"}
    GET {k}/integrasjoner/{one}
    PATCH {k}/integrasjoner/{one} {}
    POST {k}/integrasjoner/{one}/lagPassord
    PUT {k}/integrasjoner/{one}/tilknyttede-ressurser/{konto}
    DELETE {k}/integrasjoner/{one}/tilknyttede-ressurser/{konto}
    PATCH {k}/organisasjoner/{bo} {}
    GET {k}/organisasjoner/{bo}/integrasjoner
    GET {k}/organisasjoner/{bo}/integrasjoner/FIKSIO
    GET {k}/organisasjoner/{bo}/tjenester
    GET {k}/organisasjoner/{bo}/tjenester/FIKSIO
    POST {k}/organisasjoner/{bo}/tjenester/FIKSIO/initialiser
    POST {k}/organisasjoner/{bo}/tjenester/FIKSIO/konfigurer
    GET {k}/root/organisasjoner
    POST {k}/root/organisasjoner {"navn": "Ny", "type": "KOMMUNE", "intern": false}
    PATCH {k}/root/organisasjoner/{bo} {"intern": false}
    GET {k}/root/integrasjoner
    PATCH {k}/root/integrasjoner/{one} {}
    GET {k}/root/privilegier
    GET {k}/root/tjenester
    GET {k}/root/tjenester/FIKSIO
    GET {q}/isAutorisert?aktor={one}&privilegium=ADMIN&ressurs={konto}
    GET {q}/autorisasjoner
    GET {q}/autorisasjoner?forelderRessurs={bo}&aktor={one}
    GET {q}/ressurser/{konto}
    GET {q}/ressurser/{konto}/tilganger
    GET {q}/{konto}/barn
    GET {q}/{konto}/isLeaf
    POST {u}/ressurs {"forelderRessurs": "{bo}", "type": "NOE", "navn": "Noe"}
    PATCH {u}/ressurs/{konto} {"navn": "Nytt"}
    POST {u}/ressurs/{konto}/tilganger {"aktor": "{one}", "privilegium": "FIKSIO.SENDE"}
    DELETE {u}/ressurs/{konto}/tilganger?aktor={one}&privilegium=ADMIN
    POST {u}/typeTilganger/NOE/tilganger {"aktor": "{one}", "privilegium": "FIKSIO.SENDE"}
    POST {u}/typeTilganger/NOE/tilganger/delete {"aktor": "{one}", "privilegium": "FIKSIO.SENDE"}
    PATCH {u}/fiksorgs/{bo}/aktorer/{one} {"aktiv": false}
    DELETE {k}/integrasjoner/{one}
"#;

/// Requests about what does not exist, and what the root's administrator is told.
const UNKNOWN: &str = r#"
    integrasjon.ukjent GET {k}/integrasjoner/{none}
    integrasjon.ukjent PATCH {k}/integrasjoner/{none} {}
    integrasjon.ukjent DELETE {k}/integrasjoner/{none}
    integrasjon.ukjent POST {k}/integrasjoner/{none}/lagPassord
    organisasjon.ukjent POST {k}/integrasjoner {"autorisertOrgnr": "971032146", "navn": "S", "fiksOrganisasjonUuid": "{none}"}
    organisasjon.ukjent PATCH {k}/organisasjoner/{none} {}
    organisasjon.ukjent GET {k}/organisasjoner/{none}/tjenester
    organisasjon.ukjent GET {k}/organisasjoner/{none}/integrasjoner
    organisasjon.ukjent POST {k}/organisasjoner/{none}/tjenester/FIKSIO/initialiser
    organisasjon.ukjent POST {k}/organisasjoner/{none}/tjenester/FIKSIO/konfigurer
    organisasjon.ukjent PATCH {u}/fiksorgs/{none}/aktorer/x {"aktiv": true}
    ressurs.ukjent PUT {k}/integrasjoner/{one}/tilknyttede-ressurser/{none}
    ressurs.ukjent GET {q}/ressurser/{none}
    ressurs.ukjent GET {q}/ressurser/{none}/tilganger
    ressurs.ukjent GET {q}/{none}/barn
    ressurs.ukjent GET {q}/{none}/isLeaf
    ressurs.ukjent GET {q}/autorisasjoner?forelderRessurs={none}
    ressurs.ukjent POST {u}/ressurs {"forelderRessurs": "{none}", "type": "NOE", "navn": "Noe"}
    ressurs.ukjent PATCH {u}/ressurs/{none} {"navn": "Nytt"}
    ressurs.ukjent POST {u}/ressurs/{none}/tilganger {"aktor": "x", "privilegium": "ADMIN"}
"#;

/// Requests with one fault each, from the root's administrator.
const FAULTY: &str = r#"
    orgnr.ugyldig POST {k}/integrasjoner {"autorisertOrgnr": "971032147", "navn": "Sak", "fiksOrganisasjonUuid": "{bo}"}
    navn.ugyldig POST {k}/integrasjoner {"autorisertOrgnr": "971032146", "navn": "A & B", "fiksOrganisasjonUuid": "{bo}"}
    foresporsel.json POST {k}/integrasjoner {"navn": "Sak"}
    foresporsel.sti GET {k}/integrasjoner/ikke-en-uuid
    orgnr.ugyldig PATCH {k}/integrasjoner/{one} {"autorisertOrgnr": ""}
    beskrivelse.ugyldig PATCH {k}/integrasjoner/{one} {"beskrivelse": "\u0007"}
    aktor.ukjent PUT {k}/integrasjoner/{none}/tilknyttede-ressurser/{bo}
    navn.ugyldig PATCH {k}/organisasjoner/{bo} {"navn": " "}
    epost.ugyldig PATCH {k}/organisasjoner/{bo} {"epost": ["post"]}
    epost.ugyldig PATCH {k}/organisasjoner/{bo} {"innbyggerkontaktEpost": "post"}
    fodselsnummer.ugyldig PATCH {k}/organisasjoner/{bo} {"avtaleadminFnr": "1"}
    orgnr.ugyldig PATCH {k}/organisasjoner/{bo} {"orgnr": "1"}
    parameter.ugyldig GET {k}/organisasjoner?orgId=1
    kommunenr.ugyldig GET {k}/organisasjoner?kommunenr=1
    parameter.ugyldig GET {k}/organisasjoner/{bo}/integrasjoner?integrasjonId=1
    kode.ugyldig GET {k}/organisasjoner/{bo}/integrasjoner?integrasjonKode=x
    tag.ugyldig GET {k}/organisasjoner/{bo}/integrasjoner/%3Cb%3E
    kode.ugyldig GET {k}/privilegier/x
    tjeneste.ikke_initialisert POST {k}/organisasjoner/{bo}/tjenester/FIKSIO/konfigurer
    tjeneste.ukjent POST {k}/organisasjoner/{bo}/tjenester/INGEN/initialiser
    tjeneste.ukjent GET {k}/organisasjoner/{bo}/tjenester/INGEN
    tjeneste.ukjent GET {k}/root/tjenester/INGEN
    foresporsel.json POST {k}/root/organisasjoner {"navn": "Ny", "type": "UKJENT", "intern": true}
    kommunenr.ugyldig POST {k}/root/organisasjoner {"navn": "Ny", "type": "KOMMUNE", "intern": true, "kommunenr": "1"}
    foresporsel.json PATCH {k}/root/organisasjoner/{bo} {}
    kode.ugyldig PATCH {k}/root/integrasjoner/{one} {"kode": "liten"}
    privilegium.ukjent PATCH {k}/root/integrasjoner/{one} {"forespurtePrivilegier": ["INGEN"]}
    tag.ugyldig PATCH {k}/root/integrasjoner/{one} {"tags": ["<b>"]}
    kode.ugyldig POST {u}/ressurs {"forelderRessurs": "{bo}", "type": "liten", "navn": "Noe"}
    navn.ugyldig POST {u}/ressurs {"forelderRessurs": "{bo}", "type": "NOE", "navn": "N"}
    ressurs.styrt POST {u}/ressurs {"forelderRessurs": "{bo}", "type": "FIKS_ORGANISASJON", "navn": "Ny"}
    ressurs.styrt PATCH {u}/ressurs/{bo} {"navn": "Ny"}
    navn.ugyldig PATCH {u}/ressurs/{konto} {"navn": ""}
    privilegium.ukjent POST {u}/ressurs/{bo}/tilganger {"aktor": "x", "privilegium": "INGEN"}
    aktor.ugyldig POST {u}/ressurs/{bo}/tilganger {"aktor": "<b>", "privilegium": "ADMIN"}
    aktor.ukjent POST {u}/ressurs/{bo}/tilganger {"aktor": "{none}", "privilegium": "ADMIN"}
    parameter.ugyldig DELETE {u}/ressurs/{bo}/tilganger
    parameter.ugyldig DELETE {u}/ressurs/{bo}/tilganger?aktor=x
    kode.ugyldig POST {u}/typeTilganger/liten/tilganger {"aktor": "x", "privilegium": "ADMIN"}
    foresporsel.json PATCH {u}/fiksorgs/{bo}/aktorer/x {}
    parameter.ugyldig GET {q}/isAutorisert?aktor=x&privilegium=ADMIN
    privilegium.ukjent GET {q}/isAutorisert?aktor=x&privilegium=INGEN&ressurs={bo}
    parameter.ugyldig GET {q}/autorisasjoner?maksDybde=-1
    parameter.ugyldig GET {q}/autorisasjoner?arvPrivilegier=ja
    privilegium.ukjent GET {q}/synlige?privilegier=INGEN
    parameter.ugyldig GET {q}/synlige?parent=x
    parameter.ugyldig GET {q}/ressurser?type=A&type=B
    kode.ugyldig GET {q}/{bo}/barn?type=a
"#;

struct Requests {
    api: Api,
    names: Vec<(&'static str, String)>,
}

impl Requests {
    async fn new() -> Self {
        let api = Api::new().await;
        let konto = api.world.ressurs(api.world.bo, "TJENESTE_FIKSIO_KONTO").await;
        let names = vec![
            ("{k}", KONFIGURASJON.to_owned()),
            ("{q}", QUERY.to_owned()),
            ("{u}", UPDATE.to_owned()),
            ("{bo}", api.world.bo.to_string()),
            ("{konto}", konto.to_string()),
            ("{one}", aktor(&api.world.nobody).to_string()),
            ("{none}", Uuid::from_u128(77).to_string()),
        ];
        Self { api, names }
    }

    /// The lines of a table, with everything named.
    fn lines(&self, table: &str) -> Vec<String> {
        let named = |line: &str| {
            let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
            self.names.iter().fold(line.trim().to_owned(), fill)
        };
        table.lines().map(named).filter(|line| !line.is_empty()).collect()
    }

    /// Sends `METHOD path body`.
    async fn send(&self, user: &User, line: &str) -> Answer {
        let mut parts = line.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let body: Option<Value> = parts.next().map(|body| serde_json::from_str(body).unwrap());
        self.api.send(user, method, path, body).await
    }
}

#[tokio::test]
async fn the_wrong_organisations_administrator_is_refused_everywhere() {
    let requests = Requests::new().await;
    let stranger = requests.api.user(&requests.api.world.hol_admin).await;
    for line in requests.lines(GUARDED) {
        let answer = requests.send(&stranger, &line).await;
        assert_eq!(answer.refusal(), refusal(403, "tilgang.mangler"), "{line}");
    }
}

#[tokio::test]
async fn the_roots_administrator_is_refused_nowhere() {
    let requests = Requests::new().await;
    let root = requests.api.user(&requests.api.world.root).await;
    for line in requests.lines(GUARDED) {
        let answer = requests.send(&root, &line).await;
        assert!(answer.status.is_success(), "{line}: {}", answer.status);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_told_to_the_roots_administrator_only() {
    let requests = Requests::new().await;
    let world = &requests.api.world;
    let (root, admin) = (
        requests.api.user(&world.root).await,
        requests.api.user(&world.bo_admin).await,
    );
    for line in requests.lines(UNKNOWN) {
        let (code, request) = line.split_once(' ').unwrap();
        assert_eq!(
            requests.send(&root, request).await.refusal(),
            refusal(404, code),
            "{line}"
        );
        let answer = requests.send(&admin, request).await;
        assert_eq!(answer.refusal(), refusal(403, "tilgang.mangler"), "{line}");
    }
}

#[tokio::test]
async fn a_request_with_a_fault_is_told_which() {
    let requests = Requests::new().await;
    let root = requests.api.user(&requests.api.world.root).await;
    for line in requests.lines(FAULTY) {
        let (code, request) = line.split_once(' ').unwrap();
        let answer = requests.send(&root, request).await;
        assert_eq!(answer.refusal().1, code, "{line}");
        assert!(answer.status.is_client_error(), "{line}");
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_is_refused() {
    let requests = Requests::new().await;
    let api = &requests.api;
    let root = api.user(&api.world.root).await;
    let ids: Vec<_> = (0..10_001).map(Uuid::from_u128).collect();
    let tags: Vec<_> = (0..1_001).map(|number| number.to_string()).collect();
    let one = id(&api.world.nobody);
    for (method, path, body) in [
        (
            "POST",
            format!("{KONFIGURASJON}/organisasjoner"),
            json!({"ids": ids}),
        ),
        (
            "PATCH",
            format!("{KONFIGURASJON}/organisasjoner/{}", api.world.bo),
            json!({"epost": vec!["a@bo.no"; 51]}),
        ),
        (
            "PATCH",
            format!("{KONFIGURASJON}/root/integrasjoner/{one}"),
            json!({"tags": tags}),
        ),
    ] {
        let answer = api.send(&root, method, &path, Some(body)).await;
        assert_eq!(answer.refusal(), refusal(400, "liste.for_lang"), "{path}");
    }
}
