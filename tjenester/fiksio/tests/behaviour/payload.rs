//! Payloads: in the queue or in dokumentlager, and back byte by byte (fiks-io §3, §9).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fiks_core::Problem;
use fiks_core::id::{DokumentId, KontoId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::FiksioError;
use fiks_fiksio::model::melding::{Innhold, Spesifikasjon, Tilstand};
use fiks_identity::Caller;
use fiks_konfigurasjon::model::katalog::FIKSIO_MOTTA;
use futures::stream::{self, StreamExt};

use crate::support::{PLATFORM, World, code, content, melding, payload, whole};

both_engines!(
    crate::support::services();
    payloads_over_the_limit_go_to_dokumentlager_and_all_come_back_whole,
    a_large_payload_flows_on_while_it_arrives,
    an_empty_payload_is_none,
    a_large_payload_is_for_whoever_receives,
    a_large_payload_outlives_its_message_by_a_day,
    an_upload_that_breaks_off_leaves_nothing,
    a_payload_goes_with_the_end_of_its_message,
);

const LIMIT: usize = 5_000_000;

async fn payloads_over_the_limit_go_to_dokumentlager_and_all_come_back_whole(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    for size in [1, 64 * 1024, LIMIT, LIMIT + 1, LIMIT + 70_000] {
        let bytes = content(size);
        let sent = world
            .send_with(&world.bo, melding(konto, konto), Some(payload(&bytes)))
            .await;
        assert_eq!(sent.innhold.storrelse(), u64::try_from(size).unwrap());
        let in_dokumentlager = matches!(sent.innhold, Innhold::Dokument(..));
        assert_eq!(in_dokumentlager, size > LIMIT, "{size}");
        let data = world.fiksio.neste_data(&world.bo.caller, konto).await.unwrap();
        assert!(whole(data.unwrap()).await == bytes, "{size}");
        let mut consumer = world.konsument(konto);
        let delivery = consumer.next().await;
        let body = if in_dokumentlager { &[][..] } else { &bytes };
        assert!(delivery.body == body, "{size}");
        consumer.settle(fiks_amqp::Outcome::Acknowledged, &delivery);
    }
}

/// Bytes in all files under a folder.
fn on_disk(folder: &Path) -> u64 {
    let sizes = std::fs::read_dir(folder).unwrap().map(|entry| {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type())).unwrap();
        if kind.unwrap().is_dir() {
            on_disk(&path)
        } else {
            std::fs::metadata(path).unwrap().len()
        }
    });
    sizes.sum()
}

async fn a_large_payload_flows_on_while_it_arrives(test: TestDatabase) {
    const PIECES: usize = 16;
    const PIECE: usize = 1024 * 1024;
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let (folder, at_the_end) = (world.folder.path().to_owned(), Arc::new(AtomicU64::new(0)));
    let note = at_the_end.clone();
    let pieces = (0..PIECES).map(move |index| {
        if index + 1 == PIECES {
            note.store(on_disk(&folder), Ordering::SeqCst);
        }
        Ok(Bytes::from(vec![1; PIECE]))
    });
    let pieces = stream::iter(pieces).boxed();
    world
        .send_with(&world.bo, melding(konto, konto), Some(pieces))
        .await;
    let stored = at_the_end.load(Ordering::SeqCst);
    // Of 15 MiB given so far, a few slabs are on their way.
    assert!(
        stored > 10 * 1024 * 1024,
        "{stored} bytes were stored when the last piece came"
    );
}

async fn an_empty_payload_is_none(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let sent = world
        .send_with(&world.bo, melding(konto, konto), Some(payload(b"")))
        .await;
    assert_eq!(sent.innhold, Innhold::Intet);
    assert!(world.fiksio.neste_data(PLATFORM, konto).await.unwrap().is_none());
}

async fn large(world: &World, avsender: KontoId, mottaker: KontoId, ttl: i64) -> DokumentId {
    let spesifikasjon = Spesifikasjon {
        ttl,
        ..melding(avsender, mottaker)
    };
    let sent = world
        .send_with(&world.bo, spesifikasjon, Some(payload(&content(LIMIT + 1))))
        .await;
    sent.innhold.dokument().unwrap()
}

/// What someone gets who asks for a document: nothing, or why not.
async fn asked(world: &World, caller: &Caller, document: DokumentId) -> Result<(), &'static str> {
    let opened = world.dokumentlager.hent(caller, document, None).await;
    opened.map(|_| ()).map_err(|error| error.kind().code)
}

async fn a_large_payload_is_for_whoever_receives(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let document = large(&world, a, b, 60_000).await;
    let mottaker = world.caller_with(world.hol.id, FIKSIO_MOTTA, b).await;
    for caller in [&world.hol.caller, &mottaker] {
        asked(&world, caller, document).await.unwrap();
    }
    for caller in [&world.bo.caller, &world.nobody] {
        assert_eq!(
            asked(&world, caller, document).await,
            Err("dokument.ikke_eksponert")
        );
    }
}

async fn a_large_payload_outlives_its_message_by_a_day(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let document = large(&world, a, b, 3_600_000).await;
    world.hand.advance(Duration::from_mins(25 * 60 - 5));
    asked(&world, &world.hol.caller, document).await.unwrap();
    world.hand.advance(Duration::from_mins(5));
    assert_eq!(
        asked(&world, &world.hol.caller, document).await,
        Err("dokument.borte")
    );
}

async fn an_upload_that_breaks_off_leaves_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    for size in [10, LIMIT + 100_000] {
        let broken = payload(&content(size)).chain(stream::iter([Err(FiksioError::AvbruttOpplasting)]));
        let sent = world
            .fiksio
            .send(
                &world.bo.caller,
                melding(konto, konto),
                Some(broken.boxed()),
                None,
            )
            .await;
        assert_eq!(code(sent), "sending.avbrutt", "{size}");
    }
    assert!(world.fiksio.siste_meldinger(None, 10).await.unwrap().is_empty());
}

async fn a_payload_goes_with_the_end_of_its_message(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    for slutt in [Tilstand::Kvittert, Tilstand::Avvist] {
        let sent = world
            .send_with(&world.bo, melding(konto, konto), Some(payload(b"hei")))
            .await;
        world.fiksio.avslutt_neste(PLATFORM, konto, slutt).await.unwrap();
        let kept = world.lagret(&sent).await;
        assert_eq!((kept.tilstand, kept.melding.innhold), (slutt, Innhold::IKo(3)));
        assert_eq!(
            code(world.fiksio.neste_data(PLATFORM, konto).await.map(|_| ())),
            "ko.tom"
        );
    }
    assert_eq!(rows(&world, "fiksio_innhold").await, 0);
    assert_eq!(rows(&world, "fiksio_melding").await, 2);
}

async fn rows(world: &World, table: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let reader = world.test.database.reader();
    let count = Statement::from_string(
        reader.get_database_backend(),
        format!("SELECT count(*) AS n FROM {table}"),
    );
    let row = reader.query_one_raw(count).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}
