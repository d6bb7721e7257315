//! Lifetimes (fiks-io §8.6, §8.7).

use std::time::Duration;

use fiks_amqp::Outcome;
use fiks_core::id::MeldingId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::jobs;
use fiks_fiksio::model::melding::{TIDSAVBRUDD, Tilstand};

use crate::world::{PLATFORM, World, id_of};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

both_engines!(
    crate::TABLES;
    who_waited_too_long_is_told_of_once_also_when_nobody_consumes,
    a_message_behind_a_long_lived_one_runs_out_in_time,
    a_message_that_is_out_does_not_run_out_before_it_comes_back,
    a_message_acknowledged_after_its_time_is_acknowledged,
    a_message_stored_after_its_time_runs_out_all_the_same,
    what_ran_out_while_nothing_ran_is_told_of_at_the_start,
    feedback_that_runs_out_makes_no_feedback,
    what_ended_is_forgotten_after_thirty_days_and_what_waits_is_not,
);

async fn assert_told_once(world: &World, about: &[MeldingId]) {
    let told: Vec<_> = world.received_by(world.a).await;
    let answered: Vec<_> = told
        .iter()
        .filter_map(|melding| melding.spesifikasjon.svar_paa)
        .collect();
    assert_eq!(answered, about);
    for feedback in told {
        assert_eq!(feedback.spesifikasjon.melding_type, TIDSAVBRUDD);
        assert_eq!(feedback.svar_til_type.as_deref(), Some("ping"));
        assert_eq!(feedback.spesifikasjon.avsender, world.b);
    }
}

async fn who_waited_too_long_is_told_of_once_also_when_nobody_consumes(test: TestDatabase) {
    let world = World::new(test).await;
    let headere = [("klientKorrelasjonsId", "tråd"), ("klientMeldingId", "m")];
    let sent = world.send_with(Some(60_000), &headere).await;
    world.hand.advance(Duration::from_mins(2));
    world.until_ended(sent.id, Tilstand::Utlopt).await;
    assert_told_once(&world, &[sent.id]).await;
    let feedback = world.lytt(world.a).next().await;
    let correlation = crate::world::header(&feedback, "egendefinert-header.klientKorrelasjonsId");
    assert_eq!(correlation.as_deref(), Some("tråd"));
    assert_eq!(
        crate::world::header(&feedback, "egendefinert-header.klientMeldingId"),
        None
    );
    let after = world.send().await;
    assert_eq!(id_of(&world.lytt(world.b).next().await), after);
    world.hand.advance(HOUR);
    assert_told_once(&world, &[sent.id]).await;
}

async fn a_message_behind_a_long_lived_one_runs_out_in_time(test: TestDatabase) {
    let world = World::new(test).await;
    let first = world.send().await;
    let second = world.send_with(Some(60_000), &[]).await.id;
    world.hand.advance(Duration::from_mins(2));
    world.until_ended(second, Tilstand::Utlopt).await;
    assert_eq!(id_of(&world.lytt(world.b).next().await), first);
    assert_told_once(&world, &[second]).await;
}

async fn a_message_that_is_out_does_not_run_out_before_it_comes_back(test: TestDatabase) {
    let world = World::new(test).await;
    let out = world.send_with(Some(60_000), &[]).await.id;
    let mut mottak = world.lytt(world.b);
    let delivery = mottak.next().await;
    let waiting = world.send_with(Some(60_000), &[]).await.id;
    world.hand.advance(HOUR);
    // Looked at after the one that is out.
    world.until_ended(waiting, Tilstand::Utlopt).await;
    assert_eq!(world.known(out).await.unwrap().tilstand, Tilstand::IKo);
    assert_told_once(&world, &[waiting]).await;
    mottak.settle(Outcome::Requeued, &delivery);
    world.until_ended(out, Tilstand::Utlopt).await;
    assert_told_once(&world, &[waiting, out]).await;
}

async fn a_message_acknowledged_after_its_time_is_acknowledged(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_with(Some(60_000), &[]).await.id;
    let mut mottak = world.lytt(world.b);
    let delivery = mottak.next().await;
    world.hand.advance(HOUR);
    mottak.settle(Outcome::Acknowledged, &delivery);
    world.until_ended(sent, Tilstand::Kvittert).await;
    assert_told_once(&world, &[]).await;
}

/// The expiry has then passed the moment at which it should have looked at that message.
async fn a_message_stored_after_its_time_runs_out_all_the_same(test: TestDatabase) {
    let world = World::new(test).await;
    let earlier = world.send_with(Some(60_000), &[]).await.id;
    let (hand, spesifikasjon) = (world.hand.clone(), world.spesifikasjon(Some(1_000), &[]));
    let while_stored: fiks_fiksio::handle::InTransaction = Box::new(move |_, _| {
        Box::pin(async move {
            hand.advance(HOUR);
            Ok(())
        })
    });
    let late = world
        .fiksio
        .send(PLATFORM, spesifikasjon, None, Some(while_stored))
        .await
        .unwrap();
    world.until_ended(earlier, Tilstand::Utlopt).await;
    world.until_ended(late.id, Tilstand::Utlopt).await;
    assert_eq!(world.received_by(world.a).await.len(), 2);
}

async fn what_ran_out_while_nothing_ran_is_told_of_at_the_start(test: TestDatabase) {
    let mut world = World::new(test).await;
    let sent = world.send_with(Some(60_000), &[]).await.id;
    world.crash();
    world.hand.advance(HOUR);
    world.until_ended(sent, Tilstand::Utlopt).await;
    assert_told_once(&world, &[sent]).await;
}

async fn feedback_that_runs_out_makes_no_feedback(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_with(Some(60_000), &[]).await.id;
    world.hand.advance(HOUR);
    world.until_ended(sent, Tilstand::Utlopt).await;
    let feedback = world.received_by(world.a).await[0].id;
    world.hand.advance(Duration::from_hours(8 * 24) + SECOND);
    world.until_ended(feedback, Tilstand::Utlopt).await;
    assert_eq!(world.received_by(world.b).await.len(), 1);
    assert_eq!(world.received_by(world.a).await.len(), 1);
}

async fn what_ended_is_forgotten_after_thirty_days_and_what_waits_is_not(test: TestDatabase) {
    let world = World::new(test).await;
    let long = 100 * 24 * 3_600_000;
    let ended = world.send_with(Some(long), &[]).await.id;
    let waits = world.send_with(Some(long), &[]).await.id;
    let mut mottak = world.lytt(world.b);
    let delivery = mottak.next().await;
    mottak.settle(Outcome::Acknowledged, &delivery);
    world.until_ended(ended, Tilstand::Kvittert).await;
    world.hand.advance(jobs::ETTERTID.saturating_sub(HOUR));
    assert_eq!(jobs::glem(&world.fiksio).await.unwrap(), 0);
    world.hand.advance(2 * HOUR);
    assert_eq!(jobs::glem(&world.fiksio).await.unwrap(), 1);
    assert_eq!(world.known(ended).await, None);
    assert!(world.known(waits).await.is_some());
}
