//! How messages end, and who is told (fiks-io §8.5–8.7): exactly one feedback, or none.

use std::time::Duration;

use fiks_amqp::Outcome;
use fiks_core::id::KontoId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::jobs;
use fiks_fiksio::model::melding::{
    Innhold, Melding, SERVERFEIL, STANDARD_TTL, Spesifikasjon, TIDSAVBRUDD, Tilstand,
};

use crate::support::{PLATFORM, World, kort, melding, plass};

both_engines!(
    crate::support::services();
    a_message_that_runs_out_is_told_to_its_sender_once,
    what_has_run_out_is_not_delivered,
    what_ran_out_while_nobody_was_running_is_told_after_the_start,
    a_message_in_hand_runs_out_when_it_comes_back,
    an_acknowledged_message_does_not_run_out,
    three_failed_deliveries_are_told_to_the_sender_once,
    feedback_makes_no_feedback,
    nobody_is_told_when_the_sender_is_gone,
    feedback_reaches_a_sender_that_is_inactive,
    ended_messages_are_forgotten_in_time_and_waiting_ones_never,
);

/// Lets time pass, and returns once all that then has run out is ended.
async fn pass(world: &World, span: Duration) {
    let (from, to) = (world.konto(&world.hol).await, world.konto(&world.hol).await);
    let last = Spesifikasjon {
        ttl: i64::try_from(span.as_millis()).unwrap(),
        ..melding(from, to)
    };
    world.send_with(&world.hol, last, None).await;
    let mut told = world.konsument(from);
    world.hand.advance(span);
    let feedback = told.next().await;
    told.settle(Outcome::Acknowledged, &feedback);
}

const MINUTE: Duration = Duration::from_mins(1);

/// The feedback about a message that waits for its sender, and nothing else does.
async fn only_feedback(world: &World, about: &Melding) -> Melding {
    let waiting = world.ventende(about.spesifikasjon.avsender).await;
    assert_eq!(waiting.len(), 1, "{waiting:#?}");
    let feedback = waiting.into_iter().next().unwrap().melding;
    assert_eq!(feedback.spesifikasjon.svar_paa, Some(about.id));
    feedback
}

async fn a_message_that_runs_out_is_told_to_its_sender_once(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let headere = [("klientKorrelasjonId", "gammel"), ("klientMeldingId", "x")];
    let spesifikasjon = Spesifikasjon {
        headere: headere
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..kort(a, b)
    };
    let sent = world.send_with(&world.bo, spesifikasjon, None).await;
    pass(&world, MINUTE).await;
    assert_eq!(world.lagret(&sent).await.tilstand, Tilstand::Utlopt);
    assert_eq!(world.antall(b).await, 0);
    let feedback = only_feedback(&world, &sent).await;
    let kept = [("klientKorrelasjonId".to_owned(), "gammel".to_owned())];
    let expected = Spesifikasjon {
        avsender: b,
        mottaker: a,
        melding_type: TIDSAVBRUDD.to_owned(),
        svar_paa: Some(sent.id),
        ttl: STANDARD_TTL,
        headere: kept.into(),
    };
    assert_eq!(feedback.spesifikasjon, expected);
    assert_eq!(
        (feedback.svar_til_type.as_deref(), &feedback.innhold),
        (Some("ping"), &Innhold::Intet)
    );
    world.restart().await;
    pass(&world, MINUTE).await;
    only_feedback(&world, &sent).await;
}

async fn what_has_run_out_is_not_delivered(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    world.send_with(&world.bo, kort(a, b), None).await;
    let lives = world.send(&world.bo, a, b).await;
    world.hand.advance(MINUTE);
    let mut consumer = world.konsument(b);
    assert_eq!(plass(&consumer.next().await), world.lagret(&lives).await.plass);
    assert!(world.fiksio.neste(PLATFORM, b).await.unwrap().is_none());
}

async fn what_ran_out_while_nobody_was_running_is_told_after_the_start(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let short = world.send_with(&world.bo, kort(a, b), None).await;
    world.stop_for(MINUTE).await;
    let mut told = world.konsument(a);
    let feedback = told.next().await;
    assert_eq!(
        only_feedback(&world, &short).await.spesifikasjon.melding_type,
        TIDSAVBRUDD
    );
    told.settle(Outcome::Acknowledged, &feedback);
}

async fn a_message_in_hand_runs_out_when_it_comes_back(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let (kept, back) = (
        world.send_with(&world.bo, kort(a, b), None).await,
        world.send_with(&world.bo, kort(a, b), None).await,
    );
    let mut consumer = world.konsument(b);
    let (first, second) = (consumer.next().await, consumer.next().await);
    pass(&world, MINUTE).await;
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 2));
    consumer.settle(Outcome::Acknowledged, &first);
    consumer.settle(Outcome::Requeued, &second);
    world.settle().await;
    assert_eq!(world.lagret(&kept).await.tilstand, Tilstand::Kvittert);
    assert_eq!(world.lagret(&back).await.tilstand, Tilstand::Utlopt);
    assert_eq!(
        only_feedback(&world, &back).await.spesifikasjon.melding_type,
        TIDSAVBRUDD
    );
}

async fn an_acknowledged_message_does_not_run_out(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    world.send_with(&world.bo, kort(a, b), None).await;
    let mut consumer = world.konsument(b);
    let delivery = consumer.next().await;
    consumer.settle(Outcome::Acknowledged, &delivery);
    world.settle().await;
    pass(&world, 2 * MINUTE).await;
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 0));
}

async fn fail_three_times(world: &World, konto: KontoId) {
    let mut consumer = world.konsument(konto);
    for failed in 0..3 {
        let delivery = consumer.next().await;
        assert_eq!(delivery.redelivered, failed > 0);
        consumer.settle(Outcome::Requeued, &delivery);
    }
}

async fn three_failed_deliveries_are_told_to_the_sender_once(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let (sent, next) = (
        world.send(&world.bo, a, b).await,
        world.send(&world.bo, a, b).await,
    );
    fail_three_times(&world, b).await;
    world.settle().await;
    let ended = world.lagret(&sent).await;
    assert_eq!(
        (ended.tilstand, ended.avsluttet.is_some()),
        (Tilstand::Feilet, true)
    );
    let feedback = only_feedback(&world, &sent).await;
    assert_eq!(feedback.spesifikasjon.melding_type, SERVERFEIL);
    assert_eq!(feedback.svar_til_type.as_deref(), Some("ping"));
    world.restart().await;
    only_feedback(&world, &sent).await;
    assert_eq!(world.lagret(&next).await.tilstand, Tilstand::IKo);
    assert_eq!(world.antall(b).await, 1);
}

async fn feedback_makes_no_feedback(test: TestDatabase) {
    let mut world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let (one, two) = (
        world.send(&world.bo, a, b).await,
        world.send(&world.bo, a, b).await,
    );
    fail_three_times(&world, b).await;
    world.settle().await;
    fail_three_times(&world, a).await;
    world.settle().await;
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 1));
    // The other way: feedback that nobody fetches runs out in silence.
    fail_three_times(&world, b).await;
    world.settle().await;
    only_feedback(&world, &two).await;
    pass(
        &world,
        Duration::from_millis(STANDARD_TTL.unsigned_abs()) + MINUTE,
    )
    .await;
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 0));
    assert_eq!(world.lagret(&one).await.tilstand, Tilstand::Feilet);
}

async fn nobody_is_told_when_the_sender_is_gone(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let sent = world.send_with(&world.bo, kort(a, b), None).await;
    world.fiksio.slett_konto(PLATFORM, a).await.unwrap();
    pass(&world, MINUTE).await;
    assert_eq!(world.lagret(&sent).await.tilstand, Tilstand::Utlopt);
    assert!(world.ventende(a).await.is_empty());
}

async fn feedback_reaches_a_sender_that_is_inactive(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let sent = world.send_with(&world.bo, kort(a, b), None).await;
    let endring = fiks_fiksio::handle::KontoEndring {
        aktiv: Some(false),
        ..Default::default()
    };
    world.fiksio.endre_konto(PLATFORM, a, endring).await.unwrap();
    pass(&world, MINUTE).await;
    only_feedback(&world, &sent).await;
}

async fn ended_messages_are_forgotten_in_time_and_waiting_ones_never(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    world.send(&world.bo, konto, konto).await;
    world
        .fiksio
        .avslutt_neste(PLATFORM, konto, Tilstand::Kvittert)
        .await
        .unwrap();
    let long = Spesifikasjon {
        ttl: i64::MAX,
        ..melding(konto, konto)
    };
    let waiting = world.send_with(&world.bo, long, None).await;
    world.hand.advance(Duration::from_mins(30 * 24 * 60 - 1));
    assert_eq!(jobs::glem(&world.fiksio).await.unwrap(), 0);
    world.hand.advance(2 * MINUTE);
    assert_eq!(jobs::glem(&world.fiksio).await.unwrap(), 1);
    let left = world.fiksio.siste_meldinger(None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].lagret.melding.id, waiting.id);
}
