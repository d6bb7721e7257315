//! The head of a queue by hand (fiks-io §6).

use serde_json::json;

use crate::environment::{environment, metadata, ny_konto};

#[tokio::test(flavor = "multi_thread")]
async fn peeking_does_not_advance_and_an_answer_acknowledges() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, receiver) = (environment.caller(0).await, environment.caller(1).await);
    let at = |konto: &str, what: &str| format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/{what}");
    assert_eq!(
        receiver.call("GET", &at(&b, "neste/metadata"), None).await.status,
        204
    );
    assert_eq!(
        receiver.call("GET", &at(&b, "neste/ack"), None).await.refusal(),
        "ko.tom"
    );
    let mut sent = metadata(&a, &b);
    sent["headere"] = json!({ "klientKorrelasjonsId": "tråd" });
    let first = sender.send(&sent, Some(b"innhold".to_vec())).await.json();
    sender.send(&sent, None).await;
    for _ in 0..2 {
        let peeked = receiver.call("GET", &at(&b, "neste/metadata"), None).await.json();
        assert_eq!(peeked["meldingId"], first["meldingId"]);
        assert_eq!(
            receiver.call("GET", &at(&b, "neste/data"), None).await.text,
            "innhold"
        );
    }
    let as_json = receiver
        .request("GET", &at(&b, "neste/data"))
        .header("Accept", "application/json");
    assert_eq!(crate::environment::answer(as_json).await.json(), "aW5uaG9sZA==");
    let answer = Some(json!({ "meldingType": "pong" }));
    assert_eq!(
        receiver
            .call("POST", &at(&b, "neste/svarOgAck"), answer)
            .await
            .json()["meldingId"],
        first["meldingId"]
    );
    let reply = sender.call("GET", &at(&a, "neste/metadata"), None).await.json();
    assert_eq!(
        (&reply["meldingType"], &reply["svarPaMelding"]),
        (&json!("pong"), &first["meldingId"])
    );
    assert_eq!(receiver.call("GET", &at(&b, "neste/nac"), None).await.status, 200);
    assert_eq!(receiver.call("GET", &at(&b, "antall"), None).await.json(), 0);
    assert_eq!(
        sender.call("GET", &at(&a, "antall"), None).await.json(),
        1,
        "a rejected message was reported"
    );
}

fn at(konto: &str, what: &str) -> String {
    format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/{what}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_shows_the_message_it_is_about() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, receiver) = (environment.caller(0).await, environment.caller(1).await);
    let get = async |what: &str| receiver.call("GET", &at(&b, what), None).await;
    let mut asked = metadata(&a, &b);
    asked["ttl"] = json!(60_000);
    asked["svarPaMelding"] = json!(uuid::Uuid::new_v4());
    let sent = sender.send(&asked, None).await.json();
    let waiting = get("antall").await;
    assert_eq!((waiting.status, waiting.text.as_str()), (200, "1"));
    let peeked = get("neste/metadata").await.json();
    let tag = peeked["deliveryTag"].as_i64().unwrap();
    let expected = json!({
        "meldingId": sent["meldingId"], "meldingType": "ping", "avsenderKontoId": a, "mottakerKontoId": b,
        "ttl": 60_000, "deliveryTag": tag, "svarPaMelding": asked["svarPaMelding"],
    });
    assert_eq!(peeked, expected);
    let empty = get("neste/data").await;
    assert_eq!(
        (empty.status, empty.text.as_str()),
        (200, ""),
        "a message without payload"
    );
    let ended = get("neste/ack").await;
    assert_eq!((ended.status, ended.json()), (200, expected));
    let next = sender.send(&metadata(&a, &b), None).await.json();
    let ended = get("neste/nac").await;
    assert_eq!(
        (ended.status, &ended.json()["meldingId"]),
        (200, &next["meldingId"])
    );
    assert!(ended.json().get("svarPaMelding").is_none(), "{}", ended.text);
    for what in ["neste/ack", "neste/nac", "neste/data"] {
        let refused = get(what).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (404, "ko.tom"),
            "{what}"
        );
    }
    assert_eq!(get("neste/metadata").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_raw_unless_json_alone_is_asked_for() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let owner = environment.caller(0).await;
    let data = async |accept: Option<&str>| {
        let mut request = owner.request("GET", &at(&konto, "neste/data"));
        if let Some(accept) = accept {
            request = request.header("Accept", accept);
        }
        crate::environment::answer(request).await
    };
    owner.send(&metadata(&konto, &konto), Some(b"hei".to_vec())).await;
    for accept in [
        None,
        Some("application/octet-stream"),
        Some("application/json, */*"),
        Some("*/*"),
    ] {
        let raw = data(accept).await;
        assert_eq!(
            raw.headers["content-type"], "application/octet-stream",
            "{accept:?}"
        );
        assert_eq!(raw.text, "hei", "{accept:?}");
    }
    let encoded = data(Some("application/json")).await;
    assert_eq!(encoded.headers["content-type"], "application/json");
    assert_eq!(encoded.json(), "aGVp");
    owner.call("GET", &at(&konto, "neste/ack"), None).await;
    owner
        .send(&metadata(&konto, &konto), Some(vec![1; 5_000_001]))
        .await;
    assert_eq!(
        data(Some("application/json")).await.refusal(),
        "ko.for_stort_for_json"
    );
    assert_eq!(data(None).await.text.len(), 5_000_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_by_hand_has_no_payload_and_its_own_lifetime() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, receiver) = (environment.caller(0).await, environment.caller(1).await);
    let answer = async |body| {
        receiver
            .call("POST", &at(&b, "neste/svarOgAck"), Some(body))
            .await
    };
    assert_eq!(answer(json!({ "meldingType": "pong" })).await.refusal(), "ko.tom");
    for (body, ttl) in [
        (json!({ "meldingType": "pong", "ttl": 60_000 }), 60_000),
        (json!({ "meldingType": "pong", "ttl": null }), 604_800_000),
        (json!({ "meldingType": "pong" }), 604_800_000),
    ] {
        let asked = sender.send(&metadata(&a, &b), Some(b"hei".to_vec())).await.json();
        let answered = answer(body).await;
        assert_eq!(
            (answered.status, &answered.json()["meldingId"]),
            (200, &asked["meldingId"])
        );
        let reply = sender.call("GET", &at(&a, "neste/metadata"), None).await.json();
        assert_eq!(
            (&reply["svarPaMelding"], &reply["ttl"]),
            (&asked["meldingId"], &json!(ttl))
        );
        assert_eq!(sender.call("GET", &at(&a, "neste/data"), None).await.text, "");
        sender.call("GET", &at(&a, "neste/ack"), None).await;
    }
    sender.send(&metadata(&a, &b), None).await;
    assert_eq!(
        answer(json!({ "meldingType": "pong", "ttl": 1 })).await.refusal(),
        "melding.ttl_for_kort"
    );
    assert_eq!(answer(json!({})).await.refusal(), "foresporsel.json");
    assert_eq!(
        receiver.call("GET", &at(&b, "antall"), None).await.json(),
        1,
        "the message is gone"
    );
}
