//! Sending: what is stored, what is refused, and in which order that is found out (fiks-io §3, §10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fiks_core::Problem;
use fiks_core::id::{KontoId, MeldingId};
use fiks_database::testing::TestDatabase;
use fiks_database::{DatabaseError, both_engines};
use fiks_fiksio::handle::{InTransaction, KontoEndring, Payload};
use fiks_fiksio::model::melding::{Innhold, Spesifikasjon, Tilstand};
use futures::stream::{self, StreamExt};
use uuid::Uuid;

use crate::support::{Kommune, PLATFORM, World, code, ids, melding, payload};

both_engines!(
    crate::support::services();
    a_message_is_stored_as_it_was_sent,
    every_send_is_a_message_of_its_own,
    a_konto_may_write_to_itself,
    the_rules_are_checked_before_the_payload_is_read,
    the_pre_check_tells_what_a_send_would,
    only_accepted_senders_may_send_once_the_list_counts,
    what_must_be_stored_with_a_message_is_stored_with_it_or_not_at_all,
    refusals_are_remembered_newest_first,
    what_is_sent_at_once_is_queued_in_one_order,
);

fn full(avsender: KontoId, mottaker: KontoId) -> Spesifikasjon {
    let headere = [
        ("klientMeldingId", "æøå\u{0}\n"),
        ("klientKorrelasjonsId", ""),
        ("x", "€"),
    ];
    let headere = headere.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Spesifikasjon::new(
        avsender,
        mottaker,
        "no.ks.fiks.arkiv.v1.ærlig".to_owned(),
        Some(MeldingId(Uuid::from_u128(7))),
        Some(1_000),
        headere.into(),
    )
    .unwrap()
}

async fn a_message_is_stored_as_it_was_sent(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let before = world.hand.clock().now();
    let sent = world
        .send_with(&world.bo, full(a, b), Some(payload(b"hei")))
        .await;
    assert_eq!(sent.spesifikasjon, full(a, b));
    assert!(sent.sendt >= before && sent.utloper() == sent.sendt.plus_millis(1_000));
    let stored = world.lagret(&sent).await;
    assert_eq!(stored.melding, sent);
    assert_eq!(stored.melding.innhold, Innhold::IKo(3));
    assert_eq!(
        (stored.tilstand, stored.levert, stored.forsok, stored.avsluttet),
        (Tilstand::IKo, false, 0, None)
    );
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 1));
}

async fn every_send_is_a_message_of_its_own(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let (one, two) = (
        world.send_with(&world.bo, full(konto, konto), None).await,
        world.send_with(&world.bo, full(konto, konto), None).await,
    );
    assert_ne!(one.id, two.id);
    assert_eq!(
        ids(&world.ventende(konto).await),
        [&*one.id.to_string(), &*two.id.to_string()].map(Arc::from)
    );
}

async fn a_konto_may_write_to_itself(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let sent = world.send(&world.bo, konto, konto).await;
    let mut consumer = world.konsument(konto);
    let delivery = consumer.next().await;
    assert_eq!(crate::support::plass(&delivery), world.lagret(&sent).await.plass);
}

/// A payload that notes whether anyone looked at it.
fn watched() -> (Payload, Arc<AtomicBool>) {
    let seen = Arc::new(AtomicBool::new(false));
    let note = seen.clone();
    let stream = stream::once(async move {
        note.store(true, Ordering::SeqCst);
        Ok(bytes::Bytes::from_static(b"hei"))
    });
    (stream.boxed(), seen)
}

async fn endre(world: &World, of: &Kommune, konto: KontoId, endring: KontoEndring) {
    world
        .fiksio
        .endre_konto(&of.caller, konto, endring)
        .await
        .unwrap();
}

fn aktiv(aktiv: bool) -> KontoEndring {
    KontoEndring {
        aktiv: Some(aktiv),
        ..KontoEndring::default()
    }
}

fn bare_aksepterte(bare_aksepterte: bool) -> KontoEndring {
    KontoEndring {
        bare_aksepterte: Some(bare_aksepterte),
        ..KontoEndring::default()
    }
}

async fn the_rules_are_checked_before_the_payload_is_read(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b, inaktiv) = (
        world.konto(&world.bo).await,
        world.konto(&world.hol).await,
        world.konto(&world.bo).await,
    );
    endre(&world, &world.bo, inaktiv, aktiv(false)).await;
    let unknown = KontoId(Uuid::from_u128(1));
    for (avsender, mottaker, expected) in [
        (unknown, b, "konto.ukjent"),
        (a, unknown, "konto.ukjent"),
        (b, a, "tilgang.mangler"),
        (inaktiv, b, "avsender.inaktiv"),
        (a, inaktiv, "mottaker.inaktiv"),
    ] {
        let (payload, seen) = watched();
        let sent = world
            .fiksio
            .send(&world.bo.caller, melding(avsender, mottaker), Some(payload), None)
            .await;
        assert_eq!(code(sent), expected);
        assert!(!seen.load(Ordering::SeqCst), "{expected}: the payload was read");
    }
    assert!(world.fiksio.siste_meldinger(None, 10).await.unwrap().is_empty());
    let (payload, seen) = watched();
    world.send_with(&world.bo, melding(a, b), Some(payload)).await;
    assert!(seen.load(Ordering::SeqCst));
}

async fn the_pre_check_tells_what_a_send_would(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let check = async |typ| {
        let brudd = world
            .fiksio
            .valider_melding(&world.bo.caller, b, a, typ)
            .await
            .unwrap();
        brudd.iter().map(|error| error.kind().code).collect::<Vec<_>>()
    };
    let send = async || {
        world
            .fiksio
            .send(&world.bo.caller, melding(a, b), None, None)
            .await
    };
    assert!(check("ping").await.is_empty());
    send().await.unwrap();
    endre(&world, &world.hol, b, bare_aksepterte(true)).await;
    assert_eq!(check("ping").await, [code(send().await)]);
    endre(&world, &world.hol, b, aktiv(false)).await;
    assert_eq!(
        check("ping").await,
        ["mottaker.inaktiv", "avsender.ikke_akseptert"]
    );
    assert_eq!(code(send().await), "mottaker.inaktiv");
    endre(&world, &world.bo, a, aktiv(false)).await;
    assert_eq!(
        check("").await,
        [
            "avsender.inaktiv",
            "mottaker.inaktiv",
            "avsender.ikke_akseptert",
            "melding.ugyldig_type"
        ]
    );
    assert_eq!(code(send().await), "avsender.inaktiv");
    let unknown = KontoId(Uuid::from_u128(1));
    let asked = world.fiksio.valider_melding(PLATFORM, b, unknown, "ping").await;
    assert_eq!(code(asked), "konto.ukjent");
    let asked = world.fiksio.valider_melding(PLATFORM, unknown, a, "ping").await;
    assert_eq!(code(asked), "konto.ukjent");
}

async fn only_accepted_senders_may_send_once_the_list_counts(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let send = async || {
        world
            .fiksio
            .send(&world.bo.caller, melding(a, b), None, None)
            .await
    };
    let accept = async |akseptert| {
        let outcome = world
            .fiksio
            .sett_akseptert(&world.hol.caller, b, a, akseptert)
            .await;
        outcome.unwrap();
    };
    send().await.unwrap();
    endre(&world, &world.hol, b, bare_aksepterte(true)).await;
    assert_eq!(code(send().await), "avsender.ikke_akseptert");
    accept(true).await;
    send().await.unwrap();
    accept(false).await;
    assert_eq!(code(send().await), "avsender.ikke_akseptert");
    endre(&world, &world.hol, b, bare_aksepterte(false)).await;
    send().await.unwrap();
    // The list is the receiver's: it says nothing of the way back.
    endre(&world, &world.hol, b, bare_aksepterte(true)).await;
    world.send(&world.hol, b, a).await;
}

async fn what_must_be_stored_with_a_message_is_stored_with_it_or_not_at_all(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let refuse: InTransaction = Box::new(|_, _| Box::pin(async { Err(DatabaseError::Stopped) }));
    let large = vec![1; 5_000_001];
    let sent = world
        .fiksio
        .send(
            &world.bo.caller,
            melding(konto, konto),
            Some(payload(&large)),
            Some(refuse),
        )
        .await;
    assert_eq!(code(sent), "database.feil");
    assert_eq!(world.antall(konto).await, 0);
    let seen = Arc::new(AtomicBool::new(false));
    let note = seen.clone();
    let agree: InTransaction = Box::new(move |_, melding| {
        note.store(melding.spesifikasjon.melding_type == "ping", Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    });
    let spesifikasjon = melding(konto, konto);
    world
        .fiksio
        .send(&world.bo.caller, spesifikasjon, None, Some(agree))
        .await
        .unwrap();
    assert!(seen.load(Ordering::SeqCst));
    assert_eq!(world.antall(konto).await, 1);
}

async fn refusals_are_remembered_newest_first(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let unknown = KontoId(Uuid::from_u128(1));
    let send = async |avsender, mottaker| {
        let outcome = world
            .fiksio
            .send(&world.bo.caller, melding(avsender, mottaker), None, None)
            .await;
        outcome.map(|_| ())
    };
    send(a, unknown).await.unwrap_err();
    send(b, a).await.unwrap_err();
    send(a, b).await.unwrap();
    let avslag = world.fiksio.siste_avslag();
    let told: Vec<_> = avslag
        .iter()
        .map(|one| (one.avsender, one.mottaker, one.kode))
        .collect();
    assert_eq!(told, [(b, a, "tilgang.mangler"), (a, unknown, "konto.ukjent")]);
}

async fn what_is_sent_at_once_is_queued_in_one_order(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let sends = (0..50).map(|_| world.send(&world.bo, konto, konto));
    let mut sent: Vec<_> = futures::future::join_all(sends).await;
    let mut consumer = world.konsument(konto);
    let mut delivered = Vec::new();
    for _ in 0..50 {
        delivered.push(crate::support::plass(&consumer.next().await));
    }
    assert!(delivered.is_sorted());
    let waiting = world.ventende(konto).await;
    assert_eq!(
        delivered,
        waiting.iter().map(|lagret| lagret.plass).collect::<Vec<_>>()
    );
    let mut stored: Vec<_> = waiting.into_iter().map(|lagret| lagret.melding.id).collect();
    stored.sort();
    sent.sort_by_key(|melding| melding.id);
    assert_eq!(
        stored,
        sent.into_iter().map(|melding| melding.id).collect::<Vec<_>>()
    );
}
