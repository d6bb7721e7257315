//! The queues at work: order, delivery, what comes back (fiks-io §1, §8.3, §8.5, §12).

use fiks_amqp::Outcome;
use fiks_core::id::KontoId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::model::melding::{Melding, Tilstand};

use crate::support::{Consumer, World, plass};

both_engines!(
    crate::support::services();
    messages_are_delivered_in_the_order_they_were_sent,
    a_message_is_with_one_consumer_at_a_time,
    an_acknowledged_message_is_gone,
    a_rejected_message_is_gone_and_nobody_is_told,
    a_returned_message_goes_out_first_and_is_marked,
    each_failed_delivery_is_counted_also_a_lost_consumer,
    our_own_shutdown_is_no_failed_delivery,
    consumers_and_what_waits_are_counted,
    a_restart_keeps_what_waits_in_order_and_forgets_what_ended,
    more_than_memory_holds_comes_in_order,
    kontoer_have_queues_of_their_own,
);

/// Messages from a konto to itself, and their places.
async fn sent(world: &World, konto: KontoId, count: usize) -> Vec<i64> {
    let mut places = Vec::new();
    for _ in 0..count {
        let melding = world.send(&world.bo, konto, konto).await;
        places.push(world.lagret(&melding).await.plass);
    }
    places
}

async fn delivered(consumer: &mut Consumer, count: usize) -> Vec<i64> {
    let mut places = Vec::new();
    for _ in 0..count {
        places.push(plass(&consumer.next().await));
    }
    places
}

async fn messages_are_delivered_in_the_order_they_were_sent(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let mut expected = sent(&world, konto, 3).await;
    let mut consumer = world.konsument(konto);
    let mut got = delivered(&mut consumer, 2).await;
    expected.extend(sent(&world, konto, 2).await);
    got.extend(delivered(&mut consumer, 3).await);
    assert_eq!(got, expected);
}

async fn a_message_is_with_one_consumer_at_a_time(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let expected = sent(&world, konto, 4).await;
    let (mut one, mut two) = (world.konsument(konto), world.konsument(konto));
    let mut got = Vec::new();
    for _ in 0..2 {
        got.extend(delivered(&mut one, 1).await);
        got.extend(delivered(&mut two, 1).await);
    }
    assert_eq!(got, expected);
}

async fn an_acknowledged_message_is_gone(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let melding = world.send(&world.bo, konto, konto).await;
    let mut consumer = world.konsument(konto);
    let delivery = consumer.next().await;
    assert!(!delivery.redelivered);
    assert_eq!(delivery.routing_key.as_str(), format!("fiksio.konto.{konto}"));
    consumer.settle(Outcome::Acknowledged, &delivery);
    assert_eq!(world.antall(konto).await, 0, "it counts until it is stored");
    // A second answer to the same delivery changes nothing.
    consumer.settle(Outcome::Requeued, &delivery);
    world.settle().await;
    let ended = world.lagret(&melding).await;
    assert_eq!((ended.tilstand, ended.forsok), (Tilstand::Kvittert, 0));
    assert!(ended.avsluttet.unwrap() >= melding.sendt);
    drop(consumer);
    world.restart().await;
    assert_eq!(world.antall(konto).await, 0);
}

async fn a_rejected_message_is_gone_and_nobody_is_told(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let melding = world.send(&world.bo, a, b).await;
    let mut consumer = world.konsument(b);
    let delivery = consumer.next().await;
    consumer.settle(Outcome::Discarded, &delivery);
    world.settle().await;
    assert_eq!(world.lagret(&melding).await.tilstand, Tilstand::Avvist);
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 0));
}

async fn a_returned_message_goes_out_first_and_is_marked(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let expected = sent(&world, konto, 4).await;
    let mut consumer = world.konsument(konto);
    let (first, second) = (consumer.next().await, consumer.next().await);
    consumer.settle(Outcome::Requeued, &second);
    consumer.settle(Outcome::Requeued, &first);
    let mut got = Vec::new();
    for _ in 0..4 {
        let delivery = consumer.next().await;
        got.push((plass(&delivery), delivery.redelivered));
    }
    let resent = [true, true, false, false];
    assert_eq!(got, expected.into_iter().zip(resent).collect::<Vec<_>>());
}

async fn each_failed_delivery_is_counted_also_a_lost_consumer(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let melding = world.send(&world.bo, konto, konto).await;
    let mut consumer = world.konsument(konto);
    let delivery = consumer.next().await;
    consumer.settle(Outcome::Requeued, &delivery);
    world.settle().await;
    assert_eq!(state(&world, &melding).await, (Tilstand::IKo, true, 1));
    consumer.next().await;
    drop(consumer);
    world.settle().await;
    assert_eq!(state(&world, &melding).await, (Tilstand::IKo, true, 2));
    // The count outlives the process.
    world.restart().await;
    let mut consumer = world.konsument(konto);
    let delivery = consumer.next().await;
    assert!(delivery.redelivered);
    consumer.settle(Outcome::Requeued, &delivery);
    world.settle().await;
    assert_eq!(world.lagret(&melding).await.tilstand, Tilstand::Feilet);
}

async fn state(world: &World, melding: &Melding) -> (Tilstand, bool, i32) {
    let lagret = world.lagret(melding).await;
    (lagret.tilstand, lagret.levert, lagret.forsok)
}

async fn our_own_shutdown_is_no_failed_delivery(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let melding = world.send(&world.bo, konto, konto).await;
    let mut consumer = world.konsument(konto);
    consumer.next().await;
    world.fiksio.broker().begin_stopping();
    drop(consumer);
    world.restart().await;
    assert_eq!(state(&world, &melding).await, (Tilstand::IKo, true, 0));
    assert!(world.konsument(konto).next().await.redelivered);
}

async fn consumers_and_what_waits_are_counted(test: TestDatabase) {
    let world = World::new(test).await;
    let (konto, other) = (world.konto(&world.bo).await, world.konto(&world.bo).await);
    sent(&world, konto, 3).await;
    let counts = async |konto| {
        let status = world.fiksio.katalog_status(konto).await.unwrap();
        (status.antall_konsumenter, status.antall_uavhentede_meldinger)
    };
    assert_eq!((counts(konto).await, counts(other).await), ((0, 3), (0, 0)));
    let (mut one, two) = (world.konsument(konto), world.konsument(konto));
    let delivery = one.next().await;
    assert_eq!(counts(konto).await, (2, 3), "what is with a consumer still waits");
    let ko = world.fiksio.koer().await.unwrap();
    let ko = ko.iter().find(|ko| ko.konto.id == konto).unwrap();
    assert_eq!((ko.meldinger, ko.ukvitterte, ko.konsumenter), (3, 1, 2));
    one.settle(Outcome::Acknowledged, &delivery);
    drop(two);
    assert_eq!(counts(konto).await, (1, 2));
    drop(one);
    assert_eq!(counts(konto).await, (0, 2));
}

async fn a_restart_keeps_what_waits_in_order_and_forgets_what_ended(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let places = sent(&world, konto, 4).await;
    let mut consumer = world.konsument(konto);
    for outcome in [Outcome::Acknowledged, Outcome::Requeued, Outcome::Acknowledged] {
        let delivery = consumer.next().await;
        consumer.settle(outcome, &delivery);
    }
    drop(consumer);
    world.restart().await;
    let left: Vec<_> = world
        .ventende(konto)
        .await
        .iter()
        .map(|lagret| lagret.plass)
        .collect();
    let got = delivered(&mut world.konsument(konto), left.len()).await;
    assert_eq!(got, left);
    assert_eq!(left.len(), 2);
    assert_eq!(left.last(), places.last());
}

async fn more_than_memory_holds_comes_in_order(test: TestDatabase) {
    const COUNT: usize = 700;
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let sends = (0..COUNT).map(|_| world.send(&world.bo, konto, konto));
    futures::future::join_all(sends).await;
    let mut consumer = world.konsument(konto);
    let mut last = 0;
    for _ in 0..COUNT {
        let delivery = consumer.next().await;
        assert!(plass(&delivery) > last && !delivery.redelivered);
        last = plass(&delivery);
        consumer.settle(Outcome::Acknowledged, &delivery);
    }
    assert_eq!(world.antall(konto).await, 0);
}

async fn kontoer_have_queues_of_their_own(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let (mut at_a, mut at_b) = (world.konsument(a), world.konsument(b));
    let (to_b, to_a) = (
        world.send(&world.bo, a, b).await,
        world.send(&world.hol, b, a).await,
    );
    for (consumer, melding) in [(&mut at_a, to_a), (&mut at_b, to_b)] {
        let delivery = consumer.next().await;
        assert_eq!(plass(&delivery), world.lagret(&melding).await.plass);
        consumer.settle(Outcome::Acknowledged, &delivery);
    }
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 0));
}
