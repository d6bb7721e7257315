//! Messages that come back: their place, their mark, and the third time (fiks-io §8.5, §8.7).

use std::collections::BTreeMap;

use fiks_amqp::{Delivery, Outcome};
use fiks_core::id::MeldingId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::ko::Konsument;
use fiks_fiksio::model::melding::{SERVERFEIL, STANDARD_TTL, Tilstand};

use crate::world::{Mottak, World, id_of};

both_engines!(
    crate::TABLES;
    what_is_given_back_comes_first_in_its_old_order_and_marked,
    what_a_lost_consumer_had_comes_first_in_its_old_order_and_marked,
    three_failures_of_any_kind_give_one_serverfeil_whatever_restarts_between,
    the_platforms_own_shutdown_is_no_failure,
    what_was_out_in_a_crash_is_marked,
    feedback_that_fails_makes_no_feedback,
);

async fn take(mottak: &mut Mottak<Konsument>, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(mottak.next().await);
    }
    taken
}

fn seen(deliveries: &[Delivery]) -> Vec<(MeldingId, bool)> {
    let seen = deliveries
        .iter()
        .map(|delivery| (id_of(delivery), delivery.redelivered));
    seen.collect()
}

async fn what_is_given_back_comes_first_in_its_old_order_and_marked(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_many(5).await;
    let mut mottak = world.lytt(world.b);
    let out = take(&mut mottak, 3).await;
    mottak.settle(Outcome::Requeued, &out[2]);
    mottak.settle(Outcome::Requeued, &out[0]);
    let expected = [
        (sent[0], true),
        (sent[2], true),
        (sent[3], false),
        (sent[4], false),
    ];
    assert_eq!(seen(&take(&mut mottak, 4).await), expected);
}

async fn what_a_lost_consumer_had_comes_first_in_its_old_order_and_marked(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_many(4).await;
    let (mut lost, mut other) = (world.lytt(world.b), world.lytt(world.b));
    let _out = take(&mut lost, 2).await;
    let third = other.next().await;
    drop(lost);
    other.settle(Outcome::Acknowledged, &third);
    let expected = [(sent[0], true), (sent[1], true), (sent[3], false)];
    assert_eq!(seen(&take(&mut other, 3).await), expected);
}

async fn three_failures_of_any_kind_give_one_serverfeil_whatever_restarts_between(test: TestDatabase) {
    let mut world = World::new(test).await;
    let headere = [
        ("klientKorrelasjonsId", "ny"),
        ("klientKorrelasjonId", "gammel"),
        ("klientMeldingId", "m"),
        ("egen", "e"),
    ];
    let sent = world.send_with(Some(90_000), &headere).await;
    let mut mottak = world.lytt(world.b);
    let first = mottak.next().await;
    mottak.settle(Outcome::Requeued, &first);
    drop(mottak);
    world.until(sent.id, |lagret| lagret.forsok == 1).await;
    world.restart().await;
    let mut mottak = world.lytt(world.b);
    assert!(mottak.next().await.redelivered);
    drop(mottak);
    world.until(sent.id, |lagret| lagret.forsok == 2).await;
    world.restart().await;
    let mut mottak = world.lytt(world.b);
    let third = mottak.next().await;
    mottak.settle(Outcome::Requeued, &third);
    world.until_ended(sent.id, Tilstand::Feilet).await;
    let [feedback] = &world.received_by(world.a).await[..] else {
        panic!("not exactly one")
    };
    let spesifikasjon = &feedback.spesifikasjon;
    assert_eq!(spesifikasjon.melding_type, SERVERFEIL);
    assert_eq!(spesifikasjon.svar_paa, Some(sent.id));
    assert_eq!(feedback.svar_til_type.as_deref(), Some("ping"));
    assert_eq!(
        (spesifikasjon.avsender, spesifikasjon.ttl),
        (world.b, STANDARD_TTL)
    );
    assert_ne!(feedback.id, sent.id);
    assert_eq!(feedback.innhold.storrelse(), 0);
    let kept = headere[..2]
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    assert_eq!(spesifikasjon.headere, kept.collect::<BTreeMap<_, _>>());
    assert_eq!(id_of(&world.lytt(world.a).next().await), feedback.id);
    let after = world.send().await;
    assert_eq!(id_of(&mottak.next().await), after, "there was a fourth delivery");
}

async fn the_platforms_own_shutdown_is_no_failure(test: TestDatabase) {
    let mut world = World::new(test).await;
    let sent = world.send().await;
    for restarts in 0..4 {
        let mut mottak = world.lytt(world.b);
        let delivery = mottak.next().await;
        assert_eq!((id_of(&delivery), delivery.redelivered), (sent, restarts > 0));
        world.fiksio.broker().begin_stopping();
        drop(mottak);
        world.restart().await;
    }
    let known = world.known(sent).await.unwrap();
    assert_eq!((known.tilstand, known.forsok), (Tilstand::IKo, 0));
}

async fn what_was_out_in_a_crash_is_marked(test: TestDatabase) {
    let mut world = World::new(test).await;
    let sent = world.send().await;
    let mut mottak = world.lytt(world.b);
    mottak.next().await;
    world.until(sent, |lagret| lagret.levert).await;
    // Nobody is left to take anything back.
    std::mem::forget(mottak);
    world.crash();
    let again = world.lytt(world.b).next().await;
    assert_eq!((id_of(&again), again.redelivered), (sent, true));
}

async fn feedback_that_fails_makes_no_feedback(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send().await;
    fail_three_times(&world, world.b).await;
    world.until_ended(sent, Tilstand::Feilet).await;
    let feedback = world.received_by(world.a).await[0].id;
    fail_three_times(&world, world.a).await;
    world.until_ended(feedback, Tilstand::Feilet).await;
    assert_eq!(world.received_by(world.b).await.len(), 1);
    assert_eq!(world.received_by(world.a).await.len(), 1);
}

async fn fail_three_times(world: &World, konto: fiks_core::id::KontoId) {
    let mut mottak = world.lytt(konto);
    for _ in 0..3 {
        let delivery = mottak.next().await;
        mottak.settle(Outcome::Requeued, &delivery);
    }
}
