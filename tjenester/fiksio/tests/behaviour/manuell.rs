//! The head of a queue by hand (fiks-io §6).

use fiks_amqp::Outcome;
use fiks_core::id::KontoId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::KontoEndring;
use fiks_fiksio::model::melding::{Innhold, Spesifikasjon, Tilstand};

use crate::support::{PLATFORM, World, code, melding, payload, plass, whole};

both_engines!(
    crate::support::services();
    peeking_shows_the_oldest_and_does_not_advance,
    an_empty_queue_says_so,
    a_message_ended_by_hand_is_gone_and_nobody_is_told,
    what_is_with_a_consumer_is_passed_over,
    what_was_ended_by_hand_is_not_delivered,
    only_the_named_message_is_ended_and_not_from_under_its_consumer,
    an_answer_is_sent_and_ends_the_answered_message_alone,
    an_answer_that_is_refused_ends_nothing,
);

async fn next_id(world: &World, konto: KontoId) -> fiks_core::id::MeldingId {
    world
        .fiksio
        .neste(PLATFORM, konto)
        .await
        .unwrap()
        .unwrap()
        .melding
        .id
}

async fn peeking_shows_the_oldest_and_does_not_advance(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let first = world
        .send_with(&world.bo, melding(konto, konto), Some(payload(b"hei")))
        .await;
    world.send(&world.bo, konto, konto).await;
    for _ in 0..2 {
        assert_eq!(next_id(&world, konto).await, first.id);
        let data = world.fiksio.neste_data(PLATFORM, konto).await.unwrap().unwrap();
        assert_eq!(whole(data).await, b"hei");
        assert_eq!(world.antall(konto).await, 2);
    }
    let looked_at = world.lagret(&first).await;
    assert_eq!((looked_at.levert, looked_at.forsok), (false, 0));
}

async fn an_empty_queue_says_so(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    assert!(world.fiksio.neste(PLATFORM, konto).await.unwrap().is_none());
    let refusals = [
        code(world.fiksio.neste_data(PLATFORM, konto).await.map(|_| ())),
        code(
            world
                .fiksio
                .avslutt_neste(PLATFORM, konto, Tilstand::Kvittert)
                .await,
        ),
        code(
            world
                .fiksio
                .svar_og_kvitter(PLATFORM, konto, "pong".to_owned(), None)
                .await,
        ),
    ];
    assert_eq!(refusals, ["ko.tom"; 3]);
}

async fn a_message_ended_by_hand_is_gone_and_nobody_is_told(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    for slutt in [Tilstand::Kvittert, Tilstand::Avvist] {
        let sent = world.send(&world.bo, a, b).await;
        let ended = world.fiksio.avslutt_neste(PLATFORM, b, slutt).await.unwrap();
        assert_eq!(ended.melding, sent);
        assert_eq!(world.lagret(&sent).await.tilstand, slutt);
        assert_eq!((world.antall(a).await, world.antall(b).await), (0, 0));
    }
}

async fn what_is_with_a_consumer_is_passed_over(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let (first, second) = (
        world.send(&world.bo, konto, konto).await,
        world.send(&world.bo, konto, konto).await,
    );
    let mut consumer = world.konsument(konto);
    let delivery = consumer.next().await;
    assert_eq!(next_id(&world, konto).await, second.id);
    world
        .fiksio
        .avslutt_neste(PLATFORM, konto, Tilstand::Kvittert)
        .await
        .unwrap();
    assert_eq!(
        code(
            world
                .fiksio
                .avslutt_neste(PLATFORM, konto, Tilstand::Avvist)
                .await
        ),
        "ko.tom"
    );
    consumer.settle(Outcome::Requeued, &delivery);
    drop(consumer);
    world.settle().await;
    assert_eq!(next_id(&world, konto).await, first.id);
}

async fn what_was_ended_by_hand_is_not_delivered(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let mut consumer = world.konsument(konto);
    world.send(&world.bo, konto, konto).await;
    world.send(&world.bo, konto, konto).await;
    let third = world.send(&world.bo, konto, konto).await;
    consumer.next().await;
    world
        .fiksio
        .avslutt_neste(PLATFORM, konto, Tilstand::Avvist)
        .await
        .unwrap();
    assert_eq!(plass(&consumer.next().await), world.lagret(&third).await.plass);
}

async fn only_the_named_message_is_ended_and_not_from_under_its_consumer(test: TestDatabase) {
    let mut world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let first = world.send(&world.bo, konto, konto).await;
    let second = world.send(&world.bo, konto, konto).await;
    let place = world.lagret(&first).await.plass;
    let mut consumer = world.konsument(konto);
    consumer.next().await;
    let broker = world.fiksio.broker().clone();
    let end = async || {
        broker
            .avslutt_denne(konto, place, Tilstand::Kvittert)
            .await
            .unwrap()
    };
    assert!(!end().await, "a consumer had it");
    drop(consumer);
    world.settle().await;
    assert!(end().await);
    assert!(!end().await, "it had ended");
    assert_eq!(world.lagret(&first).await.tilstand, Tilstand::Kvittert);
    assert_eq!(next_id(&world, konto).await, second.id);
}

async fn an_answer_is_sent_and_ends_the_answered_message_alone(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let dialogue = [
        pair("klientKorrelasjonsId", "1"),
        pair("klientKorrelasjonId", "2"),
    ];
    let mut headere = Vec::from(dialogue.clone());
    headere.extend([pair("klientMeldingId", "3"), pair("annet", "4")]);
    let asked = Spesifikasjon {
        headere: headere.into_iter().collect(),
        ..melding(a, b)
    };
    let asked = world.send_with(&world.bo, asked, None).await;
    let next = world.send(&world.bo, a, b).await;
    let hol = &world.hol.caller;
    let ended = world
        .fiksio
        .svar_og_kvitter(hol, b, "pong".to_owned(), Some(5_000))
        .await
        .unwrap();
    assert_eq!(ended.melding.id, asked.id);
    assert_eq!(world.lagret(&asked).await.tilstand, Tilstand::Kvittert);
    assert_eq!(next_id(&world, b).await, next.id);
    let answer = world.fiksio.neste(PLATFORM, a).await.unwrap().unwrap().melding;
    let expected = Spesifikasjon {
        melding_type: "pong".to_owned(),
        svar_paa: Some(asked.id),
        ttl: 5_000,
        headere: dialogue.into(),
        ..melding(b, a)
    };
    assert_eq!((answer.spesifikasjon, answer.innhold), (expected, Innhold::Intet));
}

async fn an_answer_that_is_refused_ends_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let asked = world.send(&world.bo, a, b).await;
    let answer = async |typ: &str, ttl| {
        let outcome = world
            .fiksio
            .svar_og_kvitter(&world.hol.caller, b, typ.to_owned(), ttl)
            .await;
        code(outcome)
    };
    assert_eq!(answer("", None).await, "melding.ugyldig_type");
    assert_eq!(answer("pong", Some(999)).await, "melding.ttl_for_kort");
    let inaktiv = KontoEndring {
        aktiv: Some(false),
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, a, inaktiv).await.unwrap();
    assert_eq!(answer("pong", None).await, "mottaker.inaktiv");
    assert_eq!(next_id(&world, b).await, asked.id);
    assert_eq!(world.antall(a).await, 0);
}
