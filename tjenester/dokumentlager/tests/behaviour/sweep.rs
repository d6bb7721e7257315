//! Bytes that no row knows are removed, once they are old enough that none is about to be written.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fiks_blobs::BlobId;
use fiks_core::id::DokumentId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use futures::stream;
use uuid::Uuid;

use crate::support::{World, content};

const DAY: Duration = Duration::from_hours(24);

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    bytes_without_a_row_are_removed_after_a_day,
    bytes_younger_than_a_day_are_left_however_the_clock_is_moved,
    bytes_of_documents_are_left_however_old,
    bytes_that_a_document_has_no_longer_are_removed,
    bytes_that_cannot_be_removed_do_not_keep_others,
);

/// Bytes as an upload leaves them whose row was never written.
async fn orphan(world: &World, id: Uuid) -> DokumentId {
    let source = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    world.blobs.put(BlobId(id), source, 1).await.unwrap();
    DokumentId(id)
}

fn age(file: &Path, by: Duration) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - by).unwrap();
}

async fn bytes_without_a_row_are_removed_after_a_day(test: TestDatabase) {
    let world = World::new(test).await;
    let (old, young) = (
        orphan(&world, Uuid::from_u128(1)).await,
        orphan(&world, Uuid::from_u128(2)).await,
    );
    age(&world.file(old), DAY + Duration::from_mins(1));
    age(&world.file(young), Duration::from_mins(24 * 60 - 1));
    assert_eq!(world.service.fei_foreldrelose().await.unwrap(), 1);
    assert_eq!(world.stored().await, 1);
    assert!(world.file(young).exists());
}

/// An upload under way does not grow older by it.
async fn bytes_younger_than_a_day_are_left_however_the_clock_is_moved(test: TestDatabase) {
    let world = World::new(test).await;
    orphan(&world, Uuid::from_u128(1)).await;
    world.hand.advance(100 * DAY);
    assert_eq!(world.service.fei_foreldrelose().await.unwrap(), 0);
    assert_eq!(world.stored().await, 1);
}

async fn bytes_of_documents_are_left_however_old(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    age(&world.file(id), 1_000 * DAY);
    assert_eq!(world.service.fei_foreldrelose().await.unwrap(), 0);
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(10));
}

/// As when a power cut brings a removed file back, or an id was stored under twice.
async fn bytes_that_a_document_has_no_longer_are_removed(test: TestDatabase) {
    let world = World::new(test).await;
    let ended = world.lagre(&content(10)).await;
    world.service.forkast(ended).await.unwrap();
    orphan(&world, ended.0).await;
    age(&world.file(ended), 2 * DAY);
    let kept = world.lagre(&content(20)).await;
    age(&world.file(kept), 2 * DAY);
    let second = orphan(&world, kept.0).await;
    for file in world.files(second) {
        age(&file, 2 * DAY);
    }
    assert_eq!(world.service.fei_foreldrelose().await.unwrap(), 2);
    assert_eq!(world.stored().await, 1);
    assert_eq!(world.hent(&world.mottaker, kept).await.unwrap(), content(20));
}

async fn bytes_that_cannot_be_removed_do_not_keep_others(test: TestDatabase) {
    let world = World::new(test).await;
    let unreadable = world.lagre(&content(10)).await;
    world.spoil_key(unreadable).await;
    age(&world.file(unreadable), 2 * DAY);
    for nth in 0..3 {
        let id = orphan(&world, Uuid::from_u128(nth)).await;
        age(&world.file(id), 2 * DAY);
    }
    assert!(
        world.service.fei_foreldrelose().await.is_err(),
        "failures are told"
    );
    assert_eq!(
        world.stored().await,
        1,
        "bytes of a row that nobody understands are left"
    );
}
