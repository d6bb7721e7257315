//! Several consumers on one queue.

use std::collections::BTreeSet;
use std::task::{Context, Waker};
use std::time::Duration;

use fiks_amqp::{Batch, Outcome, Subscription};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::InTransaction;
use fiks_fiksio::model::melding::Tilstand;
use tokio::sync::oneshot;

use crate::TABLES;
use crate::world::{Mottak, PLATFORM, World, id_of};

both_engines!(
    crate::TABLES;
    consumers_are_counted_until_they_stop,
    who_is_woken_and_can_take_nothing_passes_its_turn,
    a_message_that_is_being_ended_by_hand_is_not_delivered,
);

async fn consumers_are_counted_until_they_stop(test: TestDatabase) {
    let world = World::new(test).await;
    let broker = world.fiksio.broker();
    let (mut one, two) = (world.lytt(world.b), world.lytt(world.b));
    world.send_many(2).await;
    let delivery = one.next().await;
    assert_eq!(
        (
            broker.antall_konsumenter(world.b),
            broker.antall_ukvitterte(world.b)
        ),
        (2, 1)
    );
    assert_eq!(broker.antall_meldinger(world.b).await.unwrap(), 2);
    one.0.stop();
    assert_eq!(broker.antall_konsumenter(world.b), 1);
    one.settle(Outcome::Acknowledged, &delivery);
    assert_eq!(broker.antall_meldinger(world.b).await.unwrap(), 1);
    drop((one, two));
    assert_eq!(broker.antall_konsumenter(world.b), 0);
}

async fn who_is_woken_and_can_take_nothing_passes_its_turn(test: TestDatabase) {
    let world = World::new(test).await;
    world.send().await;
    let (mut first, mut second) = (world.lytt(world.b), world.lytt(world.b));
    let taken = first.next().await;
    first.settle(Outcome::Acknowledged, &taken);
    // Both wait, the first in front; then the first cannot take what it is woken for.
    assert!(first.look(&mut Context::from_waker(Waker::noop())).is_pending());
    let waits = tokio::spawn(async move { (second.next().await, second) });
    tokio::task::yield_now().await;
    let sent = world.send().await;
    first.0.pass();
    let (delivery, _second) = waits.await.unwrap();
    assert_eq!(id_of(&delivery), sent);
}

/// Storing its end waits for another change, and meanwhile the queue's first consumer joins.
async fn a_message_that_is_being_ended_by_hand_is_not_delivered(test: TestDatabase) {
    let world = World::new(test).await;
    let first = world.send().await;
    let (begun, begins) = oneshot::channel::<()>();
    let (release, released) = oneshot::channel::<()>();
    let holds_up: InTransaction = Box::new(move |_, _| {
        Box::pin(async move {
            begun.send(()).unwrap();
            released.await.unwrap();
            Ok(())
        })
    });
    let (fiksio, spesifikasjon) = (world.fiksio.clone(), world.spesifikasjon(None, &[]));
    let second =
        tokio::spawn(async move { fiksio.send(PLATFORM, spesifikasjon, None, Some(holds_up)).await });
    begins.await.unwrap();
    let (fiksio, konto) = (world.fiksio.clone(), world.b);
    let ended = tokio::spawn(async move { fiksio.avslutt_neste(PLATFORM, konto, Tilstand::Kvittert).await });
    let claimed = async { while world.fiksio.neste(PLATFORM, world.b).await.unwrap().is_some() {} };
    let claimed = tokio::time::timeout(Duration::from_secs(30), claimed).await;
    claimed.expect("still free for others");
    let mut mottak = world.lytt(world.b);
    for _ in 0..50 {
        assert!(mottak.look(&mut Context::from_waker(Waker::noop())).is_pending());
        world.fiksio.neste(PLATFORM, world.b).await.unwrap();
    }
    release.send(()).unwrap();
    let second = second.await.unwrap().unwrap().id;
    assert_eq!(ended.await.unwrap().unwrap().melding.id, first);
    assert_eq!(id_of(&mottak.next().await), second);
}

/// Deliveries and answers of one queue cross on several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn consumers_on_threads_of_their_own_share_a_queue_to_its_end() {
    let test = fiks_database::testing::sqlite(Vec::from(TABLES)).await.unwrap();
    let world = World::new(test).await;
    let sent: BTreeSet<_> = world.send_many(400).await.into_iter().map(|id| id.0).collect();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let (mottak, tell) = (world.lytt(world.b), tell.clone());
            tokio::spawn(async move { acknowledge_all(mottak, &tell).await })
        })
        .collect();
    let mut seen = BTreeSet::new();
    while seen.len() < sent.len() {
        let id = tokio::time::timeout(Duration::from_mins(1), told.recv());
        assert!(seen.insert(id.await.expect("stuck").unwrap()), "delivered twice");
    }
    assert_eq!(seen, sent);
    for consumer in consumers {
        consumer.abort();
    }
}

async fn acknowledge_all<S: Subscription>(
    mut mottak: Mottak<S>,
    tell: &tokio::sync::mpsc::UnboundedSender<uuid::Uuid>,
) {
    let mut batch = Batch::new(3, usize::MAX);
    loop {
        let polled = std::future::poll_fn(|context| mottak.0.poll_deliveries(context, &mut batch)).await;
        assert_eq!(polled, Ok(()));
        for delivery in batch.deliveries() {
            mottak.0.settle(Outcome::Acknowledged, &[delivery.id]);
            tell.send(id_of(delivery).0).unwrap();
        }
        batch = Batch::new(3, usize::MAX);
    }
}
