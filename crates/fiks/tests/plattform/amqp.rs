//! Delivery, redelivery and feedback (fiks-io §8), with the Rust client. The protocol itself is tested in `fiks-amqp`
//! and with foreign clients.

use std::collections::BTreeMap;
use std::time::Duration;

use fiks_klient::{Fil, Klient, Melding, Mottaker, MottattMelding};
use serde_json::json;

use crate::environment::{Environment, environment, metadata, ny_konto};

async fn pair(environment: &Environment) -> (String, String, Klient, Klient) {
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (from, to) = (environment.klient(0, &a), environment.klient(1, &b));
    (a, b, from, to)
}

async fn next(mottaker: &mut Mottaker) -> MottattMelding {
    let next = tokio::time::timeout(Duration::from_secs(20), mottaker.neste());
    next.await.expect("nothing arrived").unwrap()
}

/// Bytes that a container cannot make smaller.
fn incompressible(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(byte).take(size).collect()
}

fn mottaker_id(konto: &str) -> fiks_klient::KontoId {
    konto.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_arrive_signed_and_whole_and_an_answer_follows_the_dialogue() {
    let environment = environment();
    let (_, b, from, to) = pair(environment).await;
    let mut inbox = to.lytt().await.unwrap();
    let mut outbox = from.lytt().await.unwrap();
    for size in [1, 4_700_000, 5_100_000] {
        let content = incompressible(size);
        let melding = Melding::ny(mottaker_id(&b), "no.ks.test.v1")
            .klient_korrelasjons_id("tråd-1")
            .header("egen", "æøå")
            .fil(Fil::fra_bytes("vedlegg.pdf", content.clone()));
        let sent = from.send(melding).await.unwrap();
        let received = next(&mut inbox).await;
        assert_eq!(received.hode.melding_id, sent.melding_id);
        assert_eq!(received.hode.headere["egen"], "æøå");
        assert!(received.hode.har_innhold && !received.hode.resendt);
        assert_eq!(received.hode.dokumentlager_id.is_some(), size > 5_000_000);
        let files = received.filer(10_000_000).await.unwrap();
        assert_eq!(files.filer.len(), 1);
        assert!(files.filer[0].innhold == content);
        assert!(!files.signert_av.is_empty());
        to.send(received.svar("no.ks.test.svar.v1")).await.unwrap();
        received.ack().await.unwrap();
        let answer = next(&mut outbox).await;
        assert_eq!(answer.hode.svar_til, Some(sent.melding_id));
        assert_eq!(answer.hode.klient_korrelasjons_id(), Some("tråd-1"));
        answer.ack().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_konto_may_send_to_itself() {
    let environment = environment();
    let (a, _, from, _) = pair(environment).await;
    let mut inbox = from.lytt().await.unwrap();
    from.send(Melding::ny(mottaker_id(&a), "ping")).await.unwrap();
    let received = next(&mut inbox).await;
    assert_eq!(received.hode.avsender, received.hode.mottaker);
    received.ack().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_deliveries_give_the_sender_exactly_one_serverfeil() {
    let environment = environment();
    for spelling in ["klientKorrelasjonsId", "klientKorrelasjonId"] {
        let (_, b, from, to) = pair(environment).await;
        let (mut inbox, mut outbox) = (to.lytt().await.unwrap(), from.lytt().await.unwrap());
        let sent = from
            .send(Melding::ny(mottaker_id(&b), "ping").header(spelling, "tråd"))
            .await
            .unwrap();
        for attempt in 0..3 {
            let received = next(&mut inbox).await;
            assert_eq!(
                (received.hode.melding_id, received.hode.resendt),
                (sent.melding_id, attempt > 0)
            );
            received.nack_med_retur().await.unwrap();
        }
        let feedback = next(&mut outbox).await;
        let hode = &feedback.hode;
        assert_eq!(hode.meldingstype, "no.ks.fiks.kvittering.serverfeil.v1");
        assert_eq!(
            (hode.svar_til, hode.svar_til_type.as_deref()),
            (Some(sent.melding_id), Some("ping"))
        );
        assert_eq!((hode.avsender, hode.har_innhold), (mottaker_id(&b), false));
        assert_eq!(
            hode.headere,
            BTreeMap::from([(spelling.to_owned(), "tråd".to_owned())])
        );
        feedback.ack().await.unwrap();
        // What comes next for either is a new message: there was no fourth delivery and no second feedback.
        let (after, answer) = (
            from.send(Melding::ny(mottaker_id(&b), "etter")).await.unwrap(),
            next(&mut inbox).await,
        );
        assert_eq!(answer.hode.melding_id, after.melding_id);
        to.send(answer.svar("svar")).await.unwrap();
        assert_eq!(next(&mut outbox).await.hode.meldingstype, "svar");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_removed_and_nobody_is_told() {
    let environment = environment();
    let (a, b, from, to) = pair(environment).await;
    let mut inbox = to.lytt().await.unwrap();
    from.send(Melding::ny(mottaker_id(&b), "ping")).await.unwrap();
    next(&mut inbox).await.nack().await.unwrap();
    from.send(Melding::ny(mottaker_id(&b), "neste")).await.unwrap();
    assert_eq!(next(&mut inbox).await.hode.meldingstype, "neste");
    let count = format!("/fiks-io/manuell/api/v1/kontoer/{a}/meldinger/antall");
    assert_eq!(
        environment.caller(0).await.call("GET", &count, None).await.json(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_the_order_in_which_they_were_sent() {
    let environment = environment();
    let (_, b, from, to) = pair(environment).await;
    let mut sent = Vec::new();
    for _ in 0..50 {
        sent.push(
            from.send(Melding::ny(mottaker_id(&b), "ping"))
                .await
                .unwrap()
                .melding_id,
        );
    }
    let mut inbox = to.lytt().await.unwrap();
    for expected in sent {
        let received = next(&mut inbox).await;
        assert_eq!(received.hode.melding_id, expected);
        received.ack().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_katalog_counts_consumers_and_messages() {
    let environment = environment();
    let (a, b, from, to) = pair(environment).await;
    let caller = environment.caller(0).await;
    let path = format!("/fiks-io/katalog/api/v1/kontoer/{b}/status");
    caller.send(&metadata(&a, &b), None).await;
    let status = caller.call("GET", &path, None).await.json();
    assert_eq!(
        (&status["antallKonsumenter"], &status["antallUavhentedeMeldinger"]),
        (&json!(0), &json!(1))
    );
    let mut inbox = to.lytt().await.unwrap();
    let received = next(&mut inbox).await;
    let status = caller.call("GET", &path, None).await.json();
    assert_eq!(
        (&status["antallKonsumenter"], &status["antallUavhentedeMeldinger"]),
        (&json!(1), &json!(1))
    );
    received.ack().await.unwrap();
    drop(from);
}
