//! Time and restarts: what must survive them and what must not.

use std::time::Duration;

use fiks_klient::{Melding, Mottaker, MottattMelding};
use serde_json::json;

use crate::environment::{Environment, metadata, ny_konto};

fn own_folder(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("fiks-{name}-{}", std::process::id()))
}

async fn next(mottaker: &mut Mottaker) -> MottattMelding {
    let next = tokio::time::timeout(Duration::from_secs(20), mottaker.neste());
    next.await.expect("nothing arrived").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_days_pass_in_a_second() {
    // Of its own: moving the clock would end the messages of every other test.
    let folder = own_folder("klokke");
    let mut environment = Environment::start(folder.clone(), true);
    let (a, b) = (ny_konto(&environment, 0).await, ny_konto(&environment, 1).await);
    let sender = environment.caller(0).await;
    let mut short = metadata(&a, &b);
    short["ttl"] = json!(2 * 24 * 3_600_000);
    let large = sender.send(&short, Some(vec![1; 5_100_000])).await.json();
    let from = environment.klient(0, &a);
    let mut outbox = from.lytt().await.unwrap();
    let document = format!(
        "/dokumentlager/nedlasting/{}/metadata",
        large["dokumentlagerId"].as_str().unwrap()
    );
    let receiver = environment.caller(1).await;
    environment.advance("P1D").await;
    assert_eq!(receiver.call("GET", &document, None).await.status, 200);
    environment.advance("P1DT1S").await;
    let feedback = next(&mut outbox).await;
    assert_eq!(feedback.hode.meldingstype, "no.ks.fiks.kvittering.tidsavbrudd");
    assert_eq!(
        feedback.hode.svar_til.unwrap().to_string(),
        large["meldingId"].as_str().unwrap()
    );
    assert_eq!(feedback.hode.svar_til_type.as_deref(), Some("ping"));
    feedback.ack().await.unwrap();
    // The document lives a day longer than its message, and the token's own clock has not moved.
    assert_eq!(receiver.call("GET", &document, None).await.status, 200);
    environment.advance("P38D").await;
    assert_eq!(
        receiver.call("GET", &document, None).await.refusal(),
        "dokument.borte"
    );
    let count = format!("/fiks-io/manuell/api/v1/kontoer/{b}/meldinger/antall");
    assert_eq!(receiver.call("GET", &count, None).await.json(), 0);
    environment.stop();
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_and_time_does_not_go_back() {
    let folder = own_folder("omstart");
    let mut first = Environment::start(folder.clone(), true);
    let (a, b) = (ny_konto(&first, 0).await, ny_konto(&first, 1).await);
    let from = first.klient(0, &a);
    let sent = from
        .send(Melding::ny(b.parse::<fiks_klient::KontoId>().unwrap(), "ping"))
        .await
        .unwrap();
    first.advance("P2D").await;
    first.stop();
    assert!(
        !first.dev_json().exists(),
        "a stopped environment still announces itself"
    );
    let mut second = Environment::start(folder.clone(), false);
    for organisasjon in 0..2 {
        for field in ["fiksOrgId", "orgnr", "integrasjon", "kontoer"] {
            assert_eq!(
                first.organisasjon(organisasjon)[field],
                second.organisasjon(organisasjon)[field],
                "{field}"
            );
        }
    }
    let address = format!(
        "{}/testmiljo/api/v1/tid",
        second.dev["api"]["http"].as_str().unwrap()
    );
    let time: serde_json::Value = reqwest::get(address).await.unwrap().json().await.unwrap();
    assert_eq!(time["forskyvningMs"], 2 * 24 * 3_600_000);
    let mut inbox = second.klient(1, &b).lytt().await.unwrap();
    let received = next(&mut inbox).await;
    assert_eq!(received.hode.melding_id, sent.melding_id);
    assert!(!received.hode.resendt);
    received.ack().await.unwrap();
    inbox.lukk().await;
    second.stop();
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_deliveries_are_counted_across_a_restart_which_is_none_itself() {
    let folder = own_folder("forsok");
    let mut first = Environment::start(folder.clone(), true);
    let (a, b) = (ny_konto(&first, 0).await, ny_konto(&first, 1).await);
    let receiver: fiks_klient::KontoId = b.parse().unwrap();
    let sent = first
        .klient(0, &a)
        .send(Melding::ny(receiver, "ping"))
        .await
        .unwrap();
    let mut inbox = first.klient(1, &b).lytt().await.unwrap();
    for _ in 0..2 {
        next(&mut inbox).await.nack_med_retur().await.unwrap();
    }
    // Out a third time when the platform stops.
    let held = next(&mut inbox).await;
    first.stop();
    drop((held, inbox));
    let mut second = Environment::start(folder.clone(), false);
    let mut outbox = second.klient(0, &a).lytt().await.unwrap();
    let mut inbox = second.klient(1, &b).lytt().await.unwrap();
    let third = next(&mut inbox).await;
    assert_eq!(
        (third.hode.melding_id, third.hode.resendt),
        (sent.melding_id, true)
    );
    third.nack_med_retur().await.unwrap();
    let feedback = next(&mut outbox).await;
    assert_eq!(feedback.hode.meldingstype, "no.ks.fiks.kvittering.serverfeil.v1");
    assert_eq!(feedback.hode.svar_til, Some(sent.melding_id));
    feedback.ack().await.unwrap();
    second.stop();
    let _ = std::fs::remove_dir_all(folder);
}
