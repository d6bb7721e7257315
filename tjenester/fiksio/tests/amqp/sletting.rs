//! Kontoer that are deleted or switched off while somebody consumes.

use fiks_amqp::Outcome;
use fiks_core::Problem;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::KontoEndring;
use fiks_fiksio::model::melding::Tilstand;

use crate::world::{PLATFORM, World, id_of};

both_engines!(
    crate::TABLES;
    a_deleted_konto_cancels_its_consumers_and_its_messages_are_gone,
    a_deleted_sender_is_not_told,
    a_konto_that_is_switched_off_gets_nothing_new_and_may_empty_its_queue,
);

async fn a_deleted_konto_cancels_its_consumers_and_its_messages_are_gone(test: TestDatabase) {
    let world = World::new(test).await;
    let other_konto = world.konto().await;
    let sent = world.send_many(2).await;
    let (mut holds, mut waits) = (world.lytt(world.b), world.lytt(world.b));
    let mut other = world.lytt(other_konto);
    let held = holds.next().await;
    world.fiksio.slett_konto(PLATFORM, world.b).await.unwrap();
    holds.cancelled().await;
    waits.cancelled().await;
    assert_eq!(world.fiksio.broker().antall_konsumenter(world.b), 0);
    assert_eq!(world.fiksio.broker().antall_meldinger(world.b).await.unwrap(), 0);
    assert_eq!(world.known(sent[0]).await, None);
    assert_eq!(world.known(sent[1]).await, None);
    holds.settle(Outcome::Acknowledged, &held);
    drop((holds, waits));
    let refusal = world.send_from_to(world.a, world.b).await.unwrap_err();
    assert_eq!(refusal.kind().status, 404);
    let still = world.send_from_to(world.a, other_konto).await.unwrap();
    assert_eq!(id_of(&other.next().await), still.id);
    assert_eq!(world.received_by(world.a).await, []);
}

async fn a_deleted_sender_is_not_told(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send().await;
    world.fiksio.slett_konto(PLATFORM, world.a).await.unwrap();
    let mut mottak = world.lytt(world.b);
    for _ in 0..3 {
        let delivery = mottak.next().await;
        mottak.settle(Outcome::Requeued, &delivery);
    }
    world.until_ended(sent, Tilstand::Feilet).await;
    assert_eq!(world.received_by(world.a).await, []);
}

async fn a_konto_that_is_switched_off_gets_nothing_new_and_may_empty_its_queue(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_many(2).await;
    let mut mottak = world.lytt(world.b);
    let first = mottak.next().await;
    let off = KontoEndring {
        aktiv: Some(false),
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, world.b, off).await.unwrap();
    let refusal = world.send_from_to(world.a, world.b).await.unwrap_err();
    assert_eq!(refusal.kind().status, 400);
    mottak.settle(Outcome::Acknowledged, &first);
    assert_eq!(id_of(&mottak.next().await), sent[1]);
    drop(mottak);
    let again = world.lytt(world.b).next().await;
    assert_eq!((id_of(&again), again.redelivered), (sent[1], true));
}
