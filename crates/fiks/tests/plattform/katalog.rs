//! The katalog and addresses (fiks-io §4, §5).

use serde_json::json;

use crate::environment::{environment, ny_konto};

#[tokio::test(flavor = "multi_thread")]
async fn a_konto_shows_what_clients_unbox() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let other = environment.caller(1).await;
    let found = other
        .call("GET", &format!("/fiks-io/katalog/api/v1/kontoer/{konto}"), None)
        .await
        .json();
    for field in [
        "fiksOrgId",
        "fiksOrgNavn",
        "kontoId",
        "kontoNavn",
        "organisasjonsnummer",
        "kommunenummer",
    ] {
        assert!(found[field].is_string(), "{field}: {found}");
    }
    for field in ["gyldigAvsender", "gyldigMottaker"] {
        assert_eq!(found["status"][field], true, "{found}");
    }
    for field in ["antallKonsumenter", "antallUavhentedeMeldinger"] {
        assert_eq!(found["status"][field], 0, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_given_without_authentication_and_never_as_nulls() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let path = format!("/fiks-io/katalog/api/v1/kontoer/{konto}/offentligNokkel");
    let found = owner.nobody().call("GET", &path, None).await;
    assert_eq!(found.status, 200);
    assert!(!found.text.contains("null"), "{}", found.text);
    assert!(
        found.json()["nokkel"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----\n")
    );
    let own = format!("/fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel");
    assert_eq!(owner.call("DELETE", &own, None).await.status, 204);
    assert_eq!(
        owner.nobody().call("GET", &path, None).await.refusal(),
        "konto.ingen_nokkel"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_finds_an_active_konto_through_an_active_address_only() {
    let environment = environment();
    let (one, two) = (ny_konto(environment, 0).await, ny_konto(environment, 0).await);
    let owner = environment.caller(0).await;
    let number = (uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000).to_string();
    let address = |konto: &str| format!("/fiks-io/konto/api/v1/kontoer/{konto}/adresser");
    let mut ids = Vec::new();
    for konto in [&one, &two] {
        let made = owner
            .call("POST", &address(konto), Some(json!({ "beskrivelse": "Test" })))
            .await;
        assert_eq!(made.status, 201);
        let id = made.json()["adresseId"].as_str().unwrap().to_owned();
        let path = format!("{}/{id}", address(konto));
        assert_eq!(
            owner
                .call("PUT", &format!("{path}/aktiver"), None)
                .await
                .refusal(),
            "adresse.ufullstendig"
        );
        let number = json!([{ "identifikatorType": "ORG_NO", "identifikator": number }]);
        owner
            .call("POST", &format!("{path}/identifikatorer"), Some(number))
            .await;
        owner
            .call(
                "POST",
                &format!("{path}/meldingsprotokoller"),
                Some(json!([{ "meldingsprotokoll": "no.a" }])),
            )
            .await;
        owner
            .call(
                "POST",
                &format!("{path}/sikkerhetsnivaer"),
                Some(json!([{ "sikkerhetsniva": 3 }])),
            )
            .await;
        ids.push(path);
    }
    let lookup = format!(
        "/fiks-io/katalog/api/v1/lookup?identifikator=ORG_NO.{number}&meldingProtokoll=no.a&sikkerhetsniva=3"
    );
    assert_eq!(
        owner.call("GET", &lookup, None).await.refusal(),
        "katalog.ingen_treff"
    );
    assert_eq!(
        owner
            .call("PUT", &format!("{}/aktiver", ids[0]), None)
            .await
            .status,
        200
    );
    assert_eq!(
        owner.call("GET", &lookup, None).await.json()["kontoId"],
        one.as_str()
    );
    let conflict = owner.call("PUT", &format!("{}/aktiver", ids[1]), None).await;
    assert_eq!(conflict.refusal(), "adresse.konflikt");
    assert_eq!(conflict.json()["errorJson"][0]["kontoId"], one.as_str());
    owner
        .call(
            "PUT",
            &format!("/fiks-io/konto/api/v1/kontoer/{one}/deaktiver"),
            None,
        )
        .await;
    assert_eq!(owner.call("GET", &lookup, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_alone_is_the_same_as_in_the_konto() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let (owner, other) = (environment.caller(0).await, environment.caller(1).await);
    let path = format!("/fiks-io/katalog/api/v1/kontoer/{konto}");
    let key = format!("/fiks-io/konto/api/v1/kontoer/{konto}/offentligNokkel");
    for change in [
        None,
        Some(("DELETE", key)),
        Some(("PUT", format!("/fiks-io/konto/api/v1/kontoer/{konto}/deaktiver"))),
    ] {
        let expected_text = change.is_some();
        if let Some((method, path)) = change {
            owner.call(method, &path, None).await;
        }
        let whole = other.call("GET", &path, None).await;
        let status = other.call("GET", &format!("{path}/status"), None).await;
        assert_eq!((whole.status, status.status), (200, 200));
        assert_eq!(whole.json()["status"], status.json());
        assert_eq!(
            status.json().get("melding").is_some(),
            expected_text,
            "{}",
            status.text
        );
        assert!(!status.text.contains("null"), "{}", status.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_is_not_understood_or_finds_nothing_is_told_apart() {
    let environment = environment();
    let caller = environment.caller(0).await;
    let lookup = async |identifikator: &str, protokoll: &str, niva: &str| {
        let path = format!(
            "/fiks-io/katalog/api/v1/lookup?identifikator={identifikator}&meldingProtokoll={protokoll}&sikkerhetsniva={niva}"
        );
        let refused = caller.call("GET", &path, None).await;
        (refused.status, refused.refusal())
    };
    for (asked, status, code) in [
        (("ORG_NO.1", "no.finnes.ikke", "3"), 404, "katalog.ingen_treff"),
        (
            ("NAVENHET_ID.0301", "no.finnes.ikke", "1"),
            404,
            "katalog.ingen_treff",
        ),
        (("987654321", "no.a", "3"), 400, "adresse.ugyldig_identifikator"),
        (
            ("FNR.987654321", "no.a", "3"),
            400,
            "adresse.ugyldig_identifikator",
        ),
        (("ORG_NO.x", "no.a", "3"), 400, "adresse.ugyldig_identifikator"),
        (("ORG_NO.1", "no-a", "3"), 400, "adresse.ugyldig_protokoll"),
        (("ORG_NO.1", "no.a", "0"), 400, "adresse.ugyldig_niva"),
        (("ORG_NO.1", "no.a", "5"), 400, "adresse.ugyldig_niva"),
        (("ORG_NO.1", "no.a", "tre"), 400, "foresporsel.parameter"),
    ] {
        let got = lookup(asked.0, asked.1, asked.2).await;
        assert_eq!(got, (status, code.to_owned()), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_of_protocols_is_one_at_both_paths() {
    let environment = environment();
    let caller = environment.caller(0).await;
    let mut lists = Vec::new();
    for path in [
        "/fiks-io/meldingsprotokollkatalog/api/v1/meldingsprotokoller",
        "/fiks-io/meldingstypekatalog/api/v1/meldingsgrupper/",
    ] {
        let list = caller.call("GET", path, None).await;
        assert_eq!(list.status, 200);
        let list = list.json();
        let first = &list[0];
        assert!(
            first["beskrivelse"].is_string() && first["url"].is_string(),
            "{first}"
        );
        let one = format!(
            "{}/{}",
            path.trim_end_matches('/'),
            first["navn"].as_str().unwrap()
        );
        assert_eq!(&caller.call("GET", &one, None).await.json(), first);
        let unknown = format!("{}/finnes.ikke", path.trim_end_matches('/'));
        let refused = caller.call("GET", &unknown, None).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (404, "meldingsprotokoll.ukjent")
        );
        lists.push(list);
    }
    assert_eq!(lists[0], lists[1]);
}
