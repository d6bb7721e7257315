//! Administration of kontoer over HTTP (fiks-io §5).

use serde_json::{Value, json};

use crate::environment::{Caller, environment, metadata, ny_konto};

const KONTOER: &str = "/fiks-io/konto/api/v1/kontoer";

fn at(konto: &str, operation: &str) -> String {
    format!("{KONTOER}/{konto}{operation}")
}

async fn get(caller: &Caller, path: &str) -> Value {
    let answer = caller.call("GET", path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_konto_is_inactive_and_has_the_contracts_fields() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let org = &environment.organisasjon(0)["fiksOrgId"];
    let body = json!({ "konto": { "fiksOrgId": org, "navn": "Arkiv & mer" } });
    let made = owner.call("POST", KONTOER, Some(body)).await;
    assert_eq!(made.status, 201);
    let konto = made.json();
    assert_eq!(made.headers["kontoId"], konto["kontoId"].as_str().unwrap());
    let expected = [
        "aktiv",
        "dokumentlagerKontoId",
        "fiksOrgId",
        "fiksOrgNavn",
        "kontoId",
        "kontoNavn",
        "opprettet",
        "sistEndret",
        "sistEndretAv",
        "status",
    ];
    assert_eq!(
        keys(&konto),
        expected,
        "without a key, there is no offentligNokkel"
    );
    assert_eq!(
        (&konto["kontoNavn"], &konto["aktiv"]),
        (&json!("Arkiv & mer"), &json!(false))
    );
    assert_eq!(&konto["fiksOrgId"], org);
    assert!(konto["opprettet"].as_str().unwrap().ends_with('Z'), "{konto}");
    let status = &konto["status"];
    assert_eq!(
        (&status["gyldigAvsender"], &status["gyldigMottaker"]),
        (&json!(false), &json!(false))
    );
    assert!(status["melding"].is_string());
    let path = at(konto["kontoId"].as_str().unwrap(), "");
    assert_eq!(get(&owner, &path).await, konto);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_konto_is_made_whole_with_parent_key_and_addresses() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let organisasjon = environment.organisasjon(0);
    let own = organisasjon["kontoer"][0]["offentligNokkelPem"].as_str().unwrap();
    let pem = std::fs::read_to_string(own).unwrap();
    let parent = json!({ "forelderRessurs": organisasjon["fiksOrgId"], "type": "AVDELING", "navn": "Skole" });
    let parent = owner
        .call("POST", "/autorisasjon-update/api/v1/ressurs", Some(parent))
        .await;
    assert_eq!(parent.status, 201, "{}", parent.text);
    let parent = parent.json()["id"].clone();
    let number = uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000;
    let address = json!({
        "addresseNavn": "Hoved", "identifikatorer": [{ "identifikator": number.to_string() }],
        "meldingsprotokoller": ["no.a"], "sikkerhetsNivaer": [3], "skalAktiveres": true,
    });
    let body = |forelder: &Value| {
        json!({
            "konto": { "fiksOrgId": organisasjon["fiksOrgId"], "navn": "Skole" }, "adresser": [address],
            "offentligNokkel": pem, "skalAktiveres": true, "forelderresurs": forelder,
        })
    };
    let foreign = &environment.organisasjon(1)["fiksOrgId"];
    let refused = owner.call("POST", KONTOER, Some(body(foreign))).await;
    assert_eq!(refused.refusal(), "tilgang.mangler");
    let made = owner.call("POST", KONTOER, Some(body(&parent))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let konto = made.json();
    assert_eq!(
        (&konto["aktiv"], &konto["offentligNokkel"]["nokkel"]),
        (&json!(true), &json!(pem))
    );
    let id = konto["kontoId"].as_str().unwrap();
    let adresser = get(&owner, &at(id, "/adresser")).await;
    assert_eq!(
        adresser[0]["identifikatorer"],
        json!([format!("ORG_NO.{number}")])
    );
    assert_eq!(
        (&adresser[0]["aktiv"], &adresser[0]["beskrivelse"]),
        (&json!(true), &json!("Hoved"))
    );
    let again = owner.call("POST", KONTOER, Some(body(&parent))).await;
    assert_eq!(again.refusal(), "adresse.konflikt");
    assert_eq!(again.json()["errorJson"][0]["kontoId"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_konto_is_renamed_switched_off_and_on() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let name = Some(json!({ "kontoNavn": "Nytt navn" }));
    assert_eq!(
        owner.call("PUT", &at(&konto, "/kontoNavn"), name).await.status,
        204
    );
    assert_eq!(get(&owner, &at(&konto, "")).await["kontoNavn"], "Nytt navn");
    for (operation, aktiv) in [("/deaktiver", false), ("/aktiver", true)] {
        let answer = owner.call("PUT", &at(&konto, operation), None).await;
        assert_eq!((answer.status, &answer.json()["aktiv"]), (200, &json!(aktiv)));
        assert_eq!(get(&owner, &at(&konto, "")).await, answer.json());
        let status = get(&owner, &format!("/fiks-io/katalog/api/v1/kontoer/{konto}/status")).await;
        assert_eq!(status["gyldigMottaker"], aktiv);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_things_change_at_once() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let number = (uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000).to_string();
    let address = json!({
        "addresseNavn": "Ny", "identifikatorer": [{ "identifikator": number }],
        "meldingsprotokoller": ["no.a"], "sikkerhetsNivaer": [3],
    });
    let change = json!({ "nyttNavn": "Alt nytt", "nyeAdresser": [address], "skalAktiveres": false });
    assert_eq!(owner.call("PUT", &at(&konto, ""), Some(change)).await.status, 204);
    let after = get(&owner, &at(&konto, "")).await;
    assert_eq!(
        (&after["kontoNavn"], &after["aktiv"]),
        (&json!("Alt nytt"), &json!(false))
    );
    let adresser = get(&owner, &at(&konto, "/adresser")).await;
    assert_eq!(
        (&adresser[0]["beskrivelse"], &adresser[0]["aktiv"]),
        (&json!("Ny"), &json!(false))
    );
    let id = &adresser[0]["adresseId"];
    let change = json!({ "adresserFjernes": [id], "skalAktiveres": true });
    assert_eq!(
        owner
            .call("PUT", &at(&konto, ""), Some(change.clone()))
            .await
            .status,
        204
    );
    assert_eq!(get(&owner, &at(&konto, "/adresser")).await, json!([]));
    let key = &after["offentligNokkel"];
    assert_eq!(
        &get(&owner, &at(&konto, "")).await["offentligNokkel"],
        key,
        "what was not named changed"
    );
    assert_eq!(
        owner.call("PUT", &at(&konto, ""), Some(change)).await.refusal(),
        "adresse.ukjent"
    );
    assert_eq!(
        owner.call("PUT", &at(&konto, ""), Some(json!({}))).await.status,
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_narrowed_by_organisation_and_by_state() {
    let environment = environment();
    let (konto, foreign) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let owner = environment.caller(0).await;
    let org = environment.organisasjon(0)["fiksOrgId"].as_str().unwrap();
    let found = async |query: &str| {
        let found = get(&owner, &format!("/fiks-io/konto/api/v1/kontosok{query}")).await;
        let ids = found
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kontoId"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    for query in ["", "?aktiv=true", &format!("?fiksOrgId={org}&aktiv=true")] {
        let found = found(query).await;
        assert!(found.contains(&konto) && !found.contains(&foreign), "{query}");
    }
    assert!(!found("?aktiv=false").await.contains(&konto));
    owner.call("PUT", &at(&konto, "/deaktiver"), None).await;
    assert!(found("?aktiv=false").await.contains(&konto));
    let wrong = owner
        .call("GET", "/fiks-io/konto/api/v1/kontosok?aktiv=kanskje", None)
        .await;
    assert_eq!(wrong.refusal(), "foresporsel.parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_konto_is_unknown_everywhere() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let other = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    assert_eq!(owner.call("DELETE", &at(&konto, ""), None).await.status, 204);
    for (method, path) in [
        ("GET", at(&konto, "")),
        ("DELETE", at(&konto, "")),
        ("PUT", at(&konto, "/aktiver")),
        ("GET", at(&konto, "/adresser")),
        ("GET", format!("/fiks-io/katalog/api/v1/kontoer/{konto}")),
        ("GET", format!("/fiks-io/katalog/api/v1/kontoer/{konto}/status")),
        (
            "GET",
            format!("/fiks-io/katalog/api/v1/kontoer/{konto}/offentligNokkel"),
        ),
        (
            "GET",
            format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/antall"),
        ),
    ] {
        let refused = owner.call(method, &path, None).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (404, "konto.ukjent"),
            "{path}"
        );
    }
    let sent = owner.send(&metadata(&other, &konto), None).await;
    assert_eq!((sent.status, sent.refusal().as_str()), (404, "konto.ukjent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_a_konto_are_told() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let org = &environment.organisasjon(0)["fiksOrgId"];
    let unknown = json!(uuid::Uuid::new_v4());
    for (body, status, code) in [
        (
            json!({ "konto": { "fiksOrgId": org, "navn": "" } }),
            400,
            "navn.ugyldig",
        ),
        (
            json!({ "konto": { "fiksOrgId": org, "navn": "<b>" } }),
            400,
            "navn.ugyldig",
        ),
        (json!({ "konto": { "fiksOrgId": org } }), 400, "foresporsel.json"),
        (json!({}), 400, "foresporsel.json"),
        (
            json!({ "konto": { "fiksOrgId": org, "navn": "Arkiv" }, "offentligNokkel": "tull" }),
            400,
            "sertifikat.ikke_pem",
        ),
        (
            json!({ "konto": { "fiksOrgId": unknown, "navn": "Arkiv" } }),
            403,
            "tilgang.mangler",
        ),
    ] {
        let refused = owner.call("POST", KONTOER, Some(body.clone())).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (status, code),
            "{body}"
        );
    }
    let foreign = ny_konto(environment, 1).await;
    let refused = owner.call("PUT", &at(&foreign, "/aktiver"), None).await;
    let text = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        text.contains("har ikke privilegiet FIKS.KONFIGURER på ressurs"),
        "{text}"
    );
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_senders_are_listed_with_their_owner_and_whether_the_list_counts() {
    let environment = environment();
    let (konto, sender) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let owner = environment.caller(0).await;
    let list = at(&konto, "/aksepterteAvsendere");
    assert_eq!(
        get(&owner, &list).await,
        json!({ "avsendere": [], "aktivert": false })
    );
    let body = Some(json!({ "kontoId": sender }));
    assert_eq!(owner.call("POST", &list, body).await.status, 204);
    assert_eq!(
        owner.call("PUT", &format!("{list}/aktiver"), None).await.status,
        204
    );
    let known = get(&owner, &format!("/fiks-io/katalog/api/v1/kontoer/{sender}")).await;
    let expected = json!({
        "avsendere": [{ "kontoId": sender, "kontoNavn": known["kontoNavn"], "fiksOrgNavn": known["fiksOrgNavn"] }],
        "aktivert": true,
    });
    assert_eq!(get(&owner, &list).await, expected);
    assert_eq!(
        owner
            .call("DELETE", &format!("{list}/{sender}"), None)
            .await
            .status,
        204
    );
    assert_eq!(
        owner.call("PUT", &format!("{list}/deaktiver"), None).await.status,
        204
    );
    assert_eq!(
        get(&owner, &list).await,
        json!({ "avsendere": [], "aktivert": false })
    );
    let unknown = Some(json!({ "kontoId": uuid::Uuid::new_v4() }));
    assert_eq!(owner.call("POST", &list, unknown).await.refusal(), "konto.ukjent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pre_check_answers_with_error_bodies_in_a_list() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, owner) = (environment.caller(0).await, environment.caller(1).await);
    owner.call("PUT", &at(&b, "/deaktiver"), None).await;
    let path = at(&b, "/validerMelding");
    let body = json!({ "avsenderKontoId": a, "meldingsType": "ping", "harPayload": true });
    let refused = sender.call("POST", &path, Some(body)).await;
    let bodies = refused.json();
    let sent = sender.send(&metadata(&a, &b), None).await.json();
    assert_eq!((refused.status, bodies.as_array().unwrap().len()), (400, 1));
    assert_eq!(keys(&bodies[0]), keys(&sent));
    for field in ["status", "error", "errorCode", "message"] {
        assert_eq!(bodies[0][field], sent[field], "{field}");
    }
    assert_eq!(bodies[0]["path"], path.as_str());
    let unknown = json!({ "avsenderKontoId": uuid::Uuid::new_v4(), "meldingsType": "ping" });
    assert_eq!(
        sender.call("POST", &path, Some(unknown)).await.refusal(),
        "konto.ukjent"
    );
}
