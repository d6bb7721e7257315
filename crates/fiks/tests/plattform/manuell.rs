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
