//! What each mistake gets: the table in `docs/feil.md`.

use serde_json::{Value, json};

use crate::environment::{Caller, answer, environment, metadata, ny_konto};

/// Sends with something wrong in the metadata.
async fn with(caller: &Caller, konto: &str, field: &str, value: Value) -> String {
    let mut sent = metadata(konto, konto);
    sent[field] = value;
    caller.send(&sent, None).await.refusal()
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_metadata() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let caller = environment.caller(0).await;
    let unknown = json!(uuid::Uuid::new_v4());
    let many: serde_json::Map<_, _> = (0..900)
        .map(|index| (format!("h{index}"), json!("v".repeat(100))))
        .collect();
    let foreign = ny_konto(environment, 1).await;
    for (field, value, code) in [
        ("ttl", json!(0), "melding.ttl_for_kort"),
        ("ttl", json!(999), "melding.ttl_for_kort"),
        ("ttl", json!("ti"), "foresporsel.json"),
        ("meldingType", json!(""), "melding.ugyldig_type"),
        ("meldingType", Value::Null, "foresporsel.json"),
        ("avsenderKontoId", json!("x"), "foresporsel.json"),
        ("avsenderKontoId", unknown.clone(), "konto.ukjent"),
        ("mottakerKontoId", unknown, "konto.ukjent"),
        ("avsenderKontoId", json!(foreign), "tilgang.mangler"),
        (
            "headere",
            json!({ "k".repeat(236): "v" }),
            "melding.header_for_lang",
        ),
        ("headere", Value::Object(many), "melding.headere_for_store"),
        (
            "headere",
            json!({ "stor": "v".repeat(300_000) }),
            "sending.metadata_for_stor",
        ),
    ] {
        assert_eq!(with(&caller, &konto, field, value.clone()).await, code, "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_form() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let caller = environment.caller(0).await;
    let metadata = metadata(&konto, &konto).to_string();
    let part = |name: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let good = part("metadata", &metadata);
    let multipart = "multipart/form-data; boundary=b";
    for (content_type, body, code) in [
        ("application/json", metadata.clone(), "sending.ikke_multipart"),
        ("multipart/form-data", metadata.clone(), "sending.ikke_multipart"),
        (multipart, "--b--\r\n".to_owned(), "sending.mangler_metadata"),
        (
            multipart,
            part("data", "x") + &good + "--b--\r\n",
            "sending.mangler_metadata",
        ),
        (
            multipart,
            part("metadata", "{oops") + "--b--\r\n",
            "foresporsel.json",
        ),
        (
            multipart,
            good.clone() + &part("vedlegg", "x") + "--b--\r\n",
            "sending.uventet_del",
        ),
        (
            multipart,
            good.clone() + &part("data", "x") + &part("data", "y") + "--b--\r\n",
            "sending.uventet_del",
        ),
        (
            multipart,
            good.clone() + "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\nhalv",
            "sending.avbrutt",
        ),
        (multipart, "not a form at all".to_owned(), "sending.avbrutt"),
    ] {
        let request = caller
            .request("POST", "/fiks-io/api/v1/send")
            .header("Content-Type", content_type);
        let refused = answer(request.body(body.clone())).await;
        assert_eq!(refused.refusal(), code, "{body}");
    }
    let count = format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/antall");
    assert_eq!(
        caller.call("GET", &count, None).await.json(),
        0,
        "a refused message was stored"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_with_keys() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let caller = environment.caller(0).await;
    let own = &environment.organisasjon(0)["kontoer"][0];
    let file = |name: &str| std::fs::read_to_string(own[name].as_str().unwrap()).unwrap();
    let (certificate, private) = (file("offentligNokkelPem"), file("privatNokkelPem"));
    let path = format!("/fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel");
    let before = caller.call("GET", &path, None).await.json();
    let mut codes = Vec::new();
    for pem in [
        "",
        "tull",
        &private,
        &format!("{certificate}{private}"),
        &certificate.repeat(2),
    ] {
        let refused = caller.call("PUT", &path, Some(json!({ "pem": pem }))).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(
            !refused.text.contains("PRIVATE KEY-----"),
            "the answer repeats the key"
        );
        codes.push(refused.refusal());
    }
    assert_eq!(
        codes[2], codes[3],
        "a private key is told as such, whatever stands beside it"
    );
    assert_ne!(codes[1], codes[2]);
    assert_eq!(
        caller.call("GET", &path, None).await.json(),
        before,
        "a refused key took the place of a good one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_with_the_address_and_the_credentials() {
    let environment = environment();
    let caller = environment.caller(0).await;
    let get = |path: &'static str| caller.call("GET", path, None);
    assert_eq!(get("/finnes/ikke").await.refusal(), "rute.ukjent");
    assert_eq!(
        get("/fiks-io/katalog/api/v1/kontoer/x").await.refusal(),
        "foresporsel.sti"
    );
    assert_eq!(
        get("/fiks-io/katalog/api/v1/lookup?identifikator=ORG_NO.1")
            .await
            .refusal(),
        "foresporsel.parameter"
    );
    let wrong_method = get("/fiks-io/api/v1/send").await;
    assert_eq!(
        (wrong_method.status, wrong_method.refusal().as_str()),
        (405, "rute.metode")
    );
    assert!(wrong_method.headers.contains_key("allow"));
    let path = "/fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller";
    let unknown = Caller {
        integrasjon: Some(uuid::Uuid::new_v4().to_string()),
        ..caller.clone()
    };
    let foreign = environment.organisasjon(1)["integrasjon"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign_password = environment.organisasjon(1)["integrasjon"]["passord"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = Caller {
        integrasjon: Some(foreign),
        passord: Some(foreign_password),
        ..caller.clone()
    };
    let mut refusals = Vec::new();
    for caller in [unknown, caller.with_wrong_password(), foreign] {
        let refused = caller.call("GET", path, None).await;
        let id = caller.integrasjon.unwrap();
        let text = refused.json()["message"].as_str().unwrap().replace(&id, "<id>");
        assert!(
            text.starts_with("Autentisering feilet for integrasjon med id <id>"),
            "{text}"
        );
        refusals.push((refused.status, refused.refusal(), text));
    }
    refusals.dedup();
    assert_eq!(
        refusals.len(),
        1,
        "the three failures can be told apart: {refusals:?}"
    );
    let without_token = Caller {
        token: Some("ikke.et.token".to_owned()),
        ..caller.clone()
    };
    let text = without_token.call("GET", path, None).await.json()["message"].clone();
    assert!(
        text.as_str()
            .unwrap()
            .starts_with("Klarte ikke å validere access_token"),
        "{text}"
    );
}

#[test]
fn the_error_reference_is_what_the_code_says() {
    let output = std::process::Command::new(crate::environment::binary())
        .arg("feilkoder")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/feilkoder.md");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        printed == kept,
        "docs/feilkoder.md is old: run «cargo run -q -- feilkoder > docs/feilkoder.md»"
    );
    assert!(printed.lines().count() > 60);
}
