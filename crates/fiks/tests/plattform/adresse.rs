//! Addresses over HTTP (fiks-io §4, §5).

use serde_json::{Value, json};

use crate::environment::{Answer, Caller, environment, ny_konto};

/// An address of a konto, by its owner.
struct Adresse {
    owner: Caller,
    path: String,
}

impl Adresse {
    async fn new(owner: &Caller, konto: &str) -> Self {
        let path = format!("/fiks-io/konto/api/v1/kontoer/{konto}/adresser");
        let body = Some(json!({ "beskrivelse": "Hoved" }));
        let made = owner.call("POST", &path, body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["adresseId"].as_str().unwrap().to_owned();
        Self {
            owner: owner.clone(),
            path: format!("{path}/{id}"),
        }
    }

    async fn call(&self, method: &str, operation: &str, body: Option<Value>) -> Answer {
        self.owner
            .call(method, &format!("{}{operation}", self.path), body)
            .await
    }

    async fn add(&self, number: &str, protokoll: &str, niva: i32) {
        for (operation, value) in [
            (
                "/identifikatorer",
                json!([{ "identifikatorType": "ORG_NO", "identifikator": number }]),
            ),
            (
                "/meldingsprotokoller",
                json!([{ "meldingsprotokoll": protokoll }]),
            ),
            ("/sikkerhetsnivaer", json!([{ "sikkerhetsniva": niva }])),
        ] {
            let added = self.call("POST", operation, Some(value)).await;
            assert_eq!(added.status, 200, "{}", added.text);
        }
    }
}

fn number() -> String {
    (uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_shown_with_the_contracts_fields_at_each_step() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let adresse = Adresse::new(&owner, &konto).await;
    let list = format!("/fiks-io/konto/api/v1/kontoer/{konto}/adresser");
    let number = number();
    let first = owner.call("GET", &list, None).await.json()[0].clone();
    assert!(
        first["opprettet"].is_string() && first["sistEndret"].is_string(),
        "{first}"
    );
    let shape = |aktiv: bool, gyldig: bool, values: [Value; 3]| {
        let [identifikatorer, meldingsprotokoller, sikkerhetsnivaer] = values;
        json!({
            "fiksOrgId": environment.organisasjon(0)["fiksOrgId"], "kontoId": konto,
            "adresseId": first["adresseId"], "aktiv": aktiv, "gyldig": gyldig, "beskrivelse": "Ny, bedre",
            "identifikatorer": identifikatorer, "meldingsprotokoller": meldingsprotokoller,
            "sikkerhetsnivaer": sikkerhetsnivaer,
        })
    };
    let is = |answer: Answer, expected: Value| {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut body = answer.json();
        for time in ["opprettet", "sistEndret"] {
            body.as_object_mut().unwrap().remove(time);
        }
        assert_eq!(body, expected);
    };
    let empty = || json!([]);
    let description = Some(json!({ "beskrivelse": "Ny, bedre" }));
    is(
        adresse.call("PUT", "/beskrivelse", description).await,
        shape(false, false, [empty(), empty(), empty()]),
    );
    adresse.add(&number, "no.a", 3).await;
    let nav = Some(json!([{ "identifikatorType": "NAVENHET_ID", "identifikator": number }]));
    let both = json!([format!("NAVENHET_ID.{number}"), format!("ORG_NO.{number}")]);
    let mut added = adresse.call("POST", "/identifikatorer", nav.clone()).await.json();
    let listed = added["identifikatorer"].as_array_mut().unwrap();
    listed.sort_by_key(ToString::to_string);
    assert_eq!(added["identifikatorer"], both);
    let one = || json!([format!("ORG_NO.{number}")]);
    let filled = |aktiv| shape(aktiv, true, [one(), json!(["no.a"]), json!([3])]);
    is(
        adresse.call("POST", "/identifikatorer/fjern", nav).await,
        filled(false),
    );
    is(adresse.call("PUT", "/aktiver", None).await, filled(true));
    is(adresse.call("PUT", "/deaktiver", None).await, filled(false));
    for (operation, value) in [
        (
            "/meldingsprotokoller/fjern",
            json!([{ "meldingsprotokoll": "no.a" }]),
        ),
        ("/sikkerhetsnivaer/fjern", json!([{ "sikkerhetsniva": 3 }])),
    ] {
        assert_eq!(adresse.call("POST", operation, Some(value)).await.status, 200);
    }
    let now = owner.call("GET", &list, None).await.json();
    assert_eq!(now[0]["meldingsprotokoller"], json!([]));
    assert_eq!(now[0]["sikkerhetsnivaer"], json!([]));
    assert_eq!(adresse.call("DELETE", "", None).await.status, 204);
    assert_eq!(adresse.call("DELETE", "", None).await.refusal(), "adresse.ukjent");
    assert_eq!(owner.call("GET", &list, None).await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_has_the_operations_own_shape_and_the_error_body() {
    let environment = environment();
    let (taken, konto) = (ny_konto(environment, 1).await, ny_konto(environment, 0).await);
    let (other, owner) = (environment.caller(1).await, environment.caller(0).await);
    let (number, foreign) = (number(), number());
    let first = Adresse::new(&other, &taken).await;
    first.add(&number, "no.a", 3).await;
    assert_eq!(first.call("PUT", "/aktiver", None).await.status, 200);
    let known = owner
        .call("GET", &format!("/fiks-io/katalog/api/v1/kontoer/{taken}"), None)
        .await
        .json();
    let expected = json!({
        "fiksOrgId": known["fiksOrgId"], "fiksOrgVisningsnavn": known["fiksOrgNavn"],
        "kontoId": taken, "kontoNavn": known["kontoNavn"],
        "adresseId": first.path.rsplit('/').next(), "beskrivelse": "Hoved",
        "identifikatorer": [format!("ORG_NO.{number}")], "meldingsprotokoller": ["no.a"], "sikkerhetsnivaer": [3],
    });
    let holds = |body: &Value, expected: &Value| {
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&body[field], value, "{field} in {body}");
        }
        assert_eq!(
            (&body["errorCode"], &body["status"]),
            (&json!("adresse.konflikt"), &json!(400))
        );
        assert!(
            body["message"].is_string() && body["errorId"].is_string(),
            "{body}"
        );
    };
    for (own, operation, value) in [
        (
            (&foreign, "no.a", 3),
            "/identifikatorer",
            json!([{ "identifikator": number }]),
        ),
        (
            (&number, "no.x", 3),
            "/meldingsprotokoller",
            json!([{ "meldingsprotokoll": "no.a" }]),
        ),
        (
            (&number, "no.a", 1),
            "/sikkerhetsnivaer",
            json!([{ "sikkerhetsniva": 3 }]),
        ),
    ] {
        let second = Adresse::new(&owner, &konto).await;
        second.add(own.0, own.1, own.2).await;
        assert_eq!(second.call("PUT", "/aktiver", None).await.status, 200);
        let refused = second.call("POST", operation, Some(value)).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        let body = refused.json();
        match operation {
            "/identifikatorer" => {
                holds(&body, &expected);
                assert_eq!(body["errorJson"], json!([expected]));
                assert_eq!(body["path"], format!("{}{operation}", second.path));
            }
            "/meldingsprotokoller" => {
                assert_eq!(body.as_array().unwrap().len(), 1);
                holds(
                    &body[0],
                    &json!({ "meldingsprotokoll": "no.a", "errorJson": null }),
                );
            }
            _ => {
                assert_eq!(body.as_array().unwrap().len(), 1);
                holds(&body[0], &expected);
            }
        }
        assert_eq!(second.call("DELETE", "", None).await.status, 204);
    }
    let second = Adresse::new(&owner, &konto).await;
    second.add(&number, "no.a", 3).await;
    let refused = second.call("PUT", "/aktiver", None).await;
    assert_eq!(refused.refusal(), "adresse.konflikt");
    assert_eq!(refused.json()["errorJson"], json!([expected]));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_an_address_are_told() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let adresse = Adresse::new(&owner, &konto).await;
    for (operation, body, code) in [
        ("/identifikatorer", json!([]), "adresse.tom_liste"),
        ("/meldingsprotokoller/fjern", json!([]), "adresse.tom_liste"),
        ("/sikkerhetsnivaer", json!([]), "adresse.tom_liste"),
        (
            "/identifikatorer",
            json!([{ "identifikator": "12a" }]),
            "adresse.ugyldig_identifikator",
        ),
        (
            "/identifikatorer",
            json!([{ "identifikatorType": "FNR", "identifikator": "1" }]),
            "foresporsel.json",
        ),
        (
            "/meldingsprotokoller",
            json!([{ "meldingsprotokoll": "no-a" }]),
            "adresse.ugyldig_protokoll",
        ),
        (
            "/sikkerhetsnivaer",
            json!([{ "sikkerhetsniva": 5 }]),
            "adresse.ugyldig_niva",
        ),
        (
            "/sikkerhetsnivaer",
            json!([{ "sikkerhetsniva": "3" }]),
            "foresporsel.json",
        ),
    ] {
        let refused = adresse.call("POST", operation, Some(body.clone())).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (400, code),
            "{operation} {body}"
        );
    }
    let described = adresse
        .call("PUT", "/beskrivelse", Some(json!({ "beskrivelse": "a:b" })))
        .await;
    assert_eq!(described.refusal(), "adresse.ugyldig_beskrivelse");
    let activated = adresse.call("PUT", "/aktiver", None).await;
    assert_eq!(
        (activated.status, activated.refusal().as_str()),
        (400, "adresse.ufullstendig")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn matching_addresses_are_told_without_the_one_asked_for() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let (owner, other) = (environment.caller(0).await, environment.caller(1).await);
    let number = number();
    let adresse = Adresse::new(&owner, &konto).await;
    adresse.add(&number, "no.a", 3).await;
    assert_eq!(adresse.call("PUT", "/aktiver", None).await.status, 200);
    let id = adresse.path.rsplit('/').next().unwrap();
    let mut asked = json!({
        "identifikator": [{ "identifikatorType": "ORG_NO", "identifikator": number }],
        "meldingType": ["no.a", "no.b"], "sikkerhetsnivaer": [3, 4],
    });
    let path = "/fiks-io/katalog/api/v1/matchendeAdresser";
    let found = other.call("POST", path, Some(asked.clone())).await;
    let expected = json!([{
        "fiksOrgId": environment.organisasjon(0)["fiksOrgId"], "kontoId": konto, "adresseId": id,
        "identifikatorMatch": [format!("ORG_NO.{number}")], "meldingTypeMatch": ["no.a"], "nivaMatch": [3],
    }]);
    assert_eq!((found.status, found.json()), (200, expected));
    asked["adresseId"] = json!(id);
    assert_eq!(other.call("POST", path, Some(asked)).await.json(), json!([]));
}
