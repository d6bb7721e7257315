use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::Acker;
use parking_lot::Mutex;

use super::*;
use crate::Klient;
use crate::mottak::broker::Link;
use crate::mottak::hode::tests::delivery;
use crate::testing;

/// What the next connection brings.
enum Script {
    /// These deliveries, and then the end of the connection by an error or a cancellation.
    Session(Vec<Delivery>, End),
    Failure(Feil),
}

enum End {
    Error,
    Cancelled,
}

#[derive(Clone, Default)]
struct Played(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Script>,
    pauses: Vec<Duration>,
    closed: usize,
}

#[async_trait]
impl Broker for Played {
    async fn connect(&self) -> Result<Session, Feil> {
        let next = self.0.lock().script.pop_front();
        let (deliveries, end) = match next {
            Some(Script::Session(deliveries, end)) => (deliveries, end),
            Some(Script::Failure(feil)) => return Err(feil),
            None => std::future::pending().await,
        };
        let deliveries = stream::iter(deliveries.into_iter().map(Ok));
        let end: Vec<lapin::Result<Delivery>> = match end {
            End::Error => vec![Err(lapin::ErrorKind::MissingHeartbeatError.into())],
            End::Cancelled => Vec::new(),
        };
        let link = Arc::new(self.clone());
        Ok(Session::new(deliveries.chain(stream::iter(end)).boxed(), link))
    }

    async fn pause(&self, duration: Duration) {
        self.0.lock().pauses.push(duration);
    }
}

#[async_trait]
impl Link for Played {
    async fn close(&self) {
        self.0.lock().closed += 1;
    }
}

fn message(number: u8) -> Delivery {
    delivery(&[("egendefinert-header.nummer", &number.to_string())], b"")
}

fn session(numbers: &[u8], end: End) -> Script {
    Script::Session(numbers.iter().map(|number| message(*number)).collect(), end)
}

async fn start(script: impl IntoIterator<Item = Script>) -> (Mottaker, Played) {
    let played = Played::default();
    played.0.lock().script.extend(script);
    let core = Klient::ny(testing::builder().build().unwrap()).unwrap().core();
    (
        Mottaker::start(Box::new(played.clone()), core).await.unwrap(),
        played,
    )
}

async fn numbers(mottaker: &mut Mottaker, count: usize) -> Vec<String> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(mottaker.neste().await.unwrap().hode.headere["nummer"].clone());
    }
    numbers
}

fn broken() -> Feil {
    Feil::AmqpTidsavbrudd(Duration::from_secs(1))
}

#[tokio::test]
async fn listening_goes_on_after_lost_connections_and_cancelled_consumers() {
    let script = [
        session(&[1], End::Error),
        session(&[2], End::Cancelled),
        session(&[3], End::Error),
    ];
    let (mut mottaker, played) = start(script).await;
    assert_eq!(numbers(&mut mottaker, 3).await, ["1", "2", "3"]);
    assert_eq!(played.0.lock().pauses.len(), 2);
}

#[tokio::test]
async fn pauses_grow_while_nothing_comes_and_shrink_when_something_does() {
    let failures = (0..6).map(|_| Script::Failure(broken()));
    let script = [session(&[], End::Error)].into_iter().chain(failures);
    let script = script.chain([session(&[1], End::Error), session(&[2], End::Error)]);
    let (mut mottaker, played) = start(script).await;
    assert_eq!(numbers(&mut mottaker, 2).await, ["1", "2"]);
    let pauses: Vec<_> = played.0.lock().pauses.iter().map(Duration::as_millis).collect();
    assert_eq!(pauses.len(), 8);
    assert!(pauses[6] >= 30_000, "{pauses:?}");
    assert!(pauses[7] <= 1000, "{pauses:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_at_once_does_not_shorten_the_pause() {
    let script = (0..8)
        .map(|_| session(&[], End::Error))
        .chain([session(&[1], End::Error)]);
    let (mut mottaker, played) = start(script).await;
    numbers(&mut mottaker, 1).await;
    let pauses = played.0.lock().pauses.clone();
    assert!(pauses.last().unwrap().as_secs() >= 30, "{pauses:?}");
}

#[tokio::test]
async fn what_somebody_must_mend_is_told_and_tried_again_when_asked() {
    let script = [
        session(&[], End::Error),
        Script::Failure(Feil::ManglerSignering),
        session(&[1], End::Error),
    ];
    let (mut mottaker, _) = start(script).await;
    assert!(matches!(mottaker.neste().await, Err(Feil::ManglerSignering)));
    assert_eq!(numbers(&mut mottaker, 1).await, ["1"]);
}

#[tokio::test]
async fn the_first_connection_fails_the_start() {
    let played = Played::default();
    played.0.lock().script.push_back(Script::Failure(broken()));
    let core = Klient::ny(testing::builder().build().unwrap()).unwrap().core();
    assert!(matches!(
        Mottaker::start(Box::new(played), core).await,
        Err(Feil::AmqpTidsavbrudd(_))
    ));
}

#[tokio::test]
async fn an_unreadable_message_goes_back_to_the_queue_and_the_next_comes() {
    let unreadable = delivery(&[("avsender-id", "nobody")], b"");
    let acker = unreadable.acker.clone();
    let (mut mottaker, _) = start([Script::Session(vec![unreadable, message(2)], End::Error)]).await;
    assert!(matches!(
        mottaker.neste().await,
        Err(Feil::UgyldigLeveranse {
            header: "avsender-id",
            ..
        })
    ));
    assert!(!acker.usable());
    assert_eq!(numbers(&mut mottaker, 1).await, ["2"]);
}

#[tokio::test]
async fn the_stream_goes_on_after_an_error() {
    let script = [
        session(&[1], End::Error),
        Script::Failure(Feil::ManglerSignering),
        session(&[2], End::Error),
    ];
    let (mottaker, _) = start(script).await;
    let outcomes: Vec<_> = mottaker
        .strom()
        .take(3)
        .map(|message| message.is_ok())
        .collect()
        .await;
    assert_eq!(outcomes, [true, false, true]);
}

#[tokio::test]
async fn closing_closes_the_connection() {
    let (mottaker, played) = start([session(&[], End::Error)]).await;
    mottaker.lukk().await;
    assert_eq!(played.0.lock().closed, 1);
}

async fn received() -> (MottattMelding, Acker) {
    let delivery = message(1);
    let acker = delivery.acker.clone();
    let (mut mottaker, _) = start([Script::Session(vec![delivery], End::Error)]).await;
    (mottaker.neste().await.unwrap(), acker)
}

#[tokio::test]
async fn a_message_is_settled_once() {
    let (melding, acker) = received().await;
    melding.ack().await.unwrap();
    assert!(!acker.usable());
}

#[tokio::test]
async fn a_message_that_can_no_longer_be_settled_says_so() {
    let (melding, acker) = received().await;
    acker
        .ack(lapin::options::BasicAckOptions::default())
        .await
        .unwrap();
    assert!(matches!(melding.nack().await, Err(Feil::Kvittering)));
}

#[tokio::test]
async fn a_dropped_message_is_left_alone_unless_it_is_to_be_returned() {
    let (melding, acker) = received().await;
    drop(melding);
    assert!(acker.usable());
    let (melding, acker) = received().await;
    drop(melding.retur_ved_tap());
    assert!(!acker.usable());
}

#[tokio::test]
async fn a_received_message_keeps_its_connection_open() {
    let (mut mottaker, played) = start([session(&[1], End::Error)]).await;
    let melding = mottaker.neste().await.unwrap();
    drop(mottaker);
    // The test, and the message's link.
    assert_eq!(Arc::strong_count(&played.0), 2);
    drop(melding);
    assert_eq!(Arc::strong_count(&played.0), 1);
}
