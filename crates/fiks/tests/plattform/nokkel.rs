//! Public keys over HTTP (fiks-io §4, §5): every form that clients have sent them in, and what they are told.

use std::sync::LazyLock;

use fiks_core::Timestamp;
use fiks_crypto::keystore::{Lifetime, key_store, self_signed};
use fiks_crypto::x509::{Identity, PrivateKey};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::environment::{Answer, Caller, answer, environment, ny_konto};

const KATALOG: &str = "/fiks-io/katalog/api/v1";
const DAY: i64 = 86_400_000;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());

fn certificate(name: &str, from_days: i64, to_days: i64) -> Identity {
    let now = Timestamp::real();
    let lifetime = Lifetime {
        from: now.plus_millis(from_days * DAY),
        to: now.plus_millis(to_days * DAY),
    };
    self_signed(KEY.clone(), name, lifetime).unwrap()
}

fn konto_path(konto: &str, operation: &str) -> String {
    format!("/fiks-io/konto/api/v1/kontoer/{konto}/{operation}")
}

async fn katalog_key(caller: &Caller, konto: &str) -> Value {
    let path = format!("{KATALOG}/kontoer/{konto}/offentligNokkel");
    caller.nobody().call("GET", &path, None).await.json()
}

async fn put_file(caller: &Caller, konto: &str, pem: String) -> Answer {
    let form = Form::new().part("file", Part::text(pem).file_name("sertifikat.pem"));
    let request = caller.request("PUT", &konto_path(konto, "offentligNokkel"));
    answer(request.multipart(form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_in_every_form_that_clients_send() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    for (index, expected) in [201, 201, 201, 200].into_iter().enumerate() {
        let pem = certificate(&format!("Nummer {index}"), -1, 10)
            .certificate()
            .pem();
        let body = |field: &str| Some(json!({ field: pem }));
        let set = match index {
            0 => {
                owner
                    .call("PUT", &konto_path(&konto, "offentligNokkel"), body("pem"))
                    .await
            }
            1 => put_file(&owner, &konto, pem.clone()).await,
            2 => {
                owner
                    .call("PUT", &konto_path(&konto, "offentligNokkelString"), body("pem"))
                    .await
            }
            _ => {
                let path = format!("{KATALOG}/kontoer/{konto}/offentligNokkel");
                owner.call("PUT", &path, body("nokkel")).await
            }
        };
        assert_eq!(set.status, expected, "{index}: {}", set.text);
        let known = katalog_key(&owner, &konto).await;
        assert_eq!(known["nokkel"], pem, "{index}");
        if expected == 201 {
            assert_eq!(set.json(), known, "{index}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_forms_ask_for_the_same_access_and_the_same_certificate() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let (owner, other) = (environment.caller(0).await, environment.caller(1).await);
    let pem = certificate("Fremmed", -1, 10).certificate().pem();
    let string = konto_path(&konto, "offentligNokkelString");
    let before = katalog_key(&owner, &konto).await;
    let body = Some(json!({ "pem": pem }));
    assert_eq!(
        other.call("PUT", &string, body.clone()).await.refusal(),
        "tilgang.mangler"
    );
    assert_eq!(owner.nobody().call("PUT", &string, body).await.status, 401);
    assert_eq!(put_file(&other, &konto, pem).await.refusal(), "tilgang.mangler");
    assert_eq!(
        put_file(&owner, &konto, "tull".to_owned()).await.refusal(),
        "sertifikat.ikke_pem"
    );
    let private = KEY.to_pem().to_string();
    assert_eq!(
        put_file(&owner, &konto, private).await.refusal(),
        "sertifikat.privat_nokkel"
    );
    assert_eq!(katalog_key(&owner, &konto).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_tells_what_its_certificate_says() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let identity = certificate("Arkiv", -1, 10);
    let body = json!({ "pem": identity.certificate().pem() });
    let set = owner
        .call("PUT", &konto_path(&konto, "offentligNokkel"), Some(body))
        .await
        .json();
    let own = identity.certificate();
    let expected = json!({
        "nokkel": own.pem(),
        "validFrom": own.valid_from(),
        "validTo": own.valid_to(),
        "serial": own.serial(),
        "subjectDN": "CN=Arkiv",
        "issuerDN": "CN=Arkiv",
        "valid": true,
    });
    assert_eq!(set, expected);
    assert!(set["validTo"].as_str().unwrap().ends_with('Z'), "{set}");
    let seen = owner
        .call("GET", &konto_path(&konto, "offentligNokkel"), None)
        .await;
    assert_eq!((seen.status, seen.json()), (200, expected.clone()));
    let path = format!("/fiks-io/konto/api/v1/kontoer/{konto}");
    assert_eq!(
        owner.call("GET", &path, None).await.json()["offentligNokkel"],
        expected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outside_its_lifetime_is_taken_and_says_so() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let mut messages = Vec::new();
    for (from, to) in [(-10, -1), (1, 10)] {
        let body = json!({ "pem": certificate("Gammel", from, to).certificate().pem() });
        let set = owner
            .call("PUT", &konto_path(&konto, "offentligNokkel"), Some(body.clone()))
            .await;
        assert_eq!(set.status, 201, "{}", set.text);
        let key = katalog_key(&owner, &konto).await;
        assert_eq!(key["valid"], false);
        messages.push(key["statusMessage"].as_str().unwrap().to_owned());
        let status = owner
            .call("GET", &format!("{KATALOG}/kontoer/{konto}/status"), None)
            .await
            .json();
        assert_eq!(
            status["gyldigMottaker"], true,
            "clients encrypt to it all the same"
        );
        assert!(
            status["melding"]
                .as_str()
                .unwrap()
                .contains(&messages[messages.len() - 1]),
            "{status}"
        );
        let checked = owner
            .call(
                "POST",
                &format!("{KATALOG}/offentligNokkel/verifiser"),
                Some(body),
            )
            .await
            .json();
        assert_eq!(
            (&checked["gyldig"], &checked["melding"]),
            (&json!(false), &key["statusMessage"])
        );
    }
    assert_ne!(messages[0], messages[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_checked_before_it_is_used_and_what_is_missing_is_left_out() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let check = async |pem: &str| {
        let body = Some(json!({ "pem": pem }));
        let path = format!("{KATALOG}/offentligNokkel/verifiser");
        let checked = owner.call("POST", &path, body).await;
        assert_eq!(checked.status, 200);
        checked.json()
    };
    let pem = certificate("Arkiv", -1, 10).certificate().pem();
    assert_eq!(
        check(&pem).await,
        json!({ "gyldig": true, "offentligNokkel": pem })
    );
    let refused = check(&KEY.to_pem()).await;
    assert_eq!(refused.as_object().unwrap().len(), 2, "{refused}");
    assert_eq!(refused["gyldig"], false);
    assert!(
        refused["melding"].as_str().unwrap().contains("privat nøkkel"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_file_is_checked_as_pem_or_as_p12() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let identity = certificate("Arkiv", -1, 10);
    let pem = identity.certificate().pem();
    let p12 = key_store(&identity, "arkiv", "hemmelig").unwrap();
    let check = async |file: &[u8], format: Option<&str>, passord: &str| {
        let part = Part::bytes(file.to_vec()).file_name("sertifikat");
        let mut form = Form::new().part("file", part).text("passord", passord.to_owned());
        if let Some(format) = format {
            form = form.text("format", format.to_owned());
        }
        let request = owner.request("POST", &format!("{KATALOG}/sertifikat/verifiser"));
        answer(request.multipart(form)).await
    };
    let good = json!({ "gyldig": true, "offentligNokkel": pem });
    assert_eq!(check(pem.as_bytes(), Some("PEM"), "").await.json(), good);
    assert_eq!(check(pem.as_bytes(), None, "").await.json(), good);
    assert_eq!(check(&p12, Some("P12"), "hemmelig").await.json(), good);
    for (file, format, passord) in [
        (&p12[..], "P12", "feil"),
        (pem.as_bytes(), "P12", ""),
        (&p12, "PEM", ""),
        (&p12, "JKS", "hemmelig"),
    ] {
        let refused = check(file, Some(format), passord).await;
        assert_eq!(refused.status, 200, "{}", refused.text);
        assert_eq!(refused.json()["gyldig"], false, "{format}");
        assert!(refused.json()["melding"].is_string(), "{format}");
    }
    assert_eq!(
        check(&vec![1; 300_000], Some("PEM"), "").await.refusal(),
        "sertifikat.ugyldig_skjema"
    );
}
