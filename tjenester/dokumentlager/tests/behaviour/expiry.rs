//! When a document is gone, and what is left of it (dokumentlager §1, §7).

use std::time::Duration;

use fiks_core::Problem;
use fiks_core::id::DokumentId;
use fiks_database::testing::TestDatabase;
use fiks_database::{Engine, both_engines};
use fiks_dokumentlager::NyttDokument;
use futures::TryStreamExt;
use tokio::sync::watch;

use crate::support::{LONG, MAKS, PLATFORM, World, content};

const HOUR: Duration = Duration::from_hours(1);

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    a_document_is_gone_when_its_time_comes_though_its_bytes_are_not,
    a_document_that_has_run_out_already_is_never_given_out,
    removal_takes_bytes_and_key_and_leaves_the_metadata,
    removal_leaves_what_has_not_run_out,
    more_documents_than_a_batch_are_removed_in_one_go,
    a_document_that_cannot_be_removed_does_not_keep_others,
    what_could_not_be_removed_is_removed_the_next_time,
    the_background_task_removes_what_runs_out,
    a_download_that_began_in_time_is_finished,
    a_document_that_ends_while_it_is_asked_for_is_gone,
);

async fn for_an_hour(world: &World) -> DokumentId {
    world.lagre(&content(100)).await
}

async fn for_ever(world: &World) -> DokumentId {
    let nytt = NyttDokument {
        tilgjengelig_til: None,
        ..world.nytt()
    };
    world.lagre_som(nytt, &content(200), MAKS).await.unwrap().id
}

async fn a_document_is_gone_when_its_time_comes_though_its_bytes_are_not(test: TestDatabase) {
    let world = World::new(test).await;
    let id = for_an_hour(&world).await;
    world.hand.advance(HOUR / 2);
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(100));
    world.hand.advance(HOUR / 2);
    for caller in [&world.mottaker, PLATFORM] {
        let refusal = world.hent(caller, id).await.unwrap_err();
        assert_eq!(
            (refusal.kind().status, refusal.kind().code),
            (410, "dokument.borte")
        );
        let refusal = world.service.metadata(caller, id).await.unwrap_err();
        assert_eq!(refusal.kind().code, "dokument.borte");
    }
    assert_eq!(
        (world.stored().await, world.keys().await),
        (1, 1),
        "nothing has removed them yet"
    );
}

async fn a_document_that_has_run_out_already_is_never_given_out(test: TestDatabase) {
    let world = World::new(test).await;
    let nytt = NyttDokument {
        tilgjengelig_til: Some(world.clock.now()),
        ..world.nytt()
    };
    let id = world.lagre_som(nytt, &content(1), MAKS).await.unwrap().id;
    assert_eq!(world.refusal(PLATFORM, id).await, "dokument.borte");
}

async fn removal_takes_bytes_and_key_and_leaves_the_metadata(test: TestDatabase) {
    let world = World::new(test).await;
    let id = for_an_hour(&world).await;
    let end = world
        .service
        .metadata(PLATFORM, id)
        .await
        .unwrap()
        .tilgjengelig_til
        .unwrap();
    world.hand.advance(2 * HOUR);
    for _ in 0..2 {
        world.service.fjern_utlopte().await.unwrap();
        assert_eq!(
            (world.stored().await, world.keys().await, world.rows().await),
            (0, 0, 1)
        );
    }
    assert_eq!(world.refusal(&world.mottaker, id).await, "dokument.borte");
    let kept = format!(
        "SELECT COUNT(*) FROM dokumentlager_dokument WHERE navn = 'brev.pdf' AND storrelse = 100 AND slettet = {}",
        end.as_millis()
    );
    assert_eq!(
        world.count(&kept).await,
        1,
        "name and size stay, and when it ended"
    );
}

async fn removal_leaves_what_has_not_run_out(test: TestDatabase) {
    let world = World::new(test).await;
    for_an_hour(&world).await;
    let kept = for_ever(&world).await;
    world.hand.advance(HOUR * 24 * 365 * 100);
    world.service.fjern_utlopte().await.unwrap();
    assert_eq!(world.hent(&world.mottaker, kept).await.unwrap(), content(200));
    assert_eq!((world.stored().await, world.keys().await), (1, 1));
}

/// Rows are made by hand: as many documents would be slow, and their bytes have nothing to do with it.
async fn more_documents_than_a_batch_are_removed_in_one_go(test: TestDatabase) {
    let world = World::new(test).await;
    let id = for_an_hour(&world).await;
    let new_id = match world.test.database.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    let columns =
        "konto, navn, mimetype, storrelse, lagret_storrelse, sha256, opprettet, tilgjengelig_til, nokkel";
    world
        .sql(&format!(
            "INSERT INTO dokumentlager_dokument (id, {columns}) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450) \
             SELECT {new_id}, {columns} FROM dokumentlager_dokument, n"
        ))
        .await;
    assert_eq!(world.keys().await, 451);
    world.hand.advance(2 * HOUR);
    world.service.fjern_utlopte().await.unwrap();
    assert_eq!((world.keys().await, world.stored().await), (0, 0));
    assert_eq!(world.refusal(PLATFORM, id).await, "dokument.borte");
}

/// A folder that is not empty stands where the bytes were, and cannot be removed as a file.
fn obstruct(world: &World, id: DokumentId) -> std::path::PathBuf {
    let file = world.file(id);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("x"), "x").unwrap();
    file
}

async fn a_document_that_cannot_be_removed_does_not_keep_others(test: TestDatabase) {
    let world = World::new(test).await;
    let (first, unreadable) = (for_an_hour(&world).await, for_an_hour(&world).await);
    for _ in 0..3 {
        for_an_hour(&world).await;
    }
    obstruct(&world, first);
    world.spoil_key(unreadable).await;
    world.hand.advance(2 * HOUR);
    assert!(world.service.fjern_utlopte().await.is_err(), "failures are told");
    assert_eq!(world.keys().await, 2, "the three others are removed");
}

async fn what_could_not_be_removed_is_removed_the_next_time(test: TestDatabase) {
    let world = World::new(test).await;
    let id = for_an_hour(&world).await;
    let obstacle = obstruct(&world, id);
    world.hand.advance(2 * HOUR);
    assert!(world.service.fjern_utlopte().await.is_err());
    assert_eq!(world.keys().await, 1);
    std::fs::remove_dir_all(obstacle).unwrap();
    world.service.fjern_utlopte().await.unwrap();
    assert_eq!(world.keys().await, 0);
}

async fn the_background_task_removes_what_runs_out(test: TestDatabase) {
    let world = World::new(test).await;
    for_an_hour(&world).await;
    let (stop, stopped) = watch::channel(false);
    let service = world.service.clone();
    let task = tokio::spawn(async move { service.run(stopped).await });
    world.hand.advance(2 * HOUR);
    // Only so that a fault shows as a failure and not as a test that never ends.
    let removed = tokio::time::timeout(Duration::from_mins(2), async {
        while world.keys().await > 0 {
            tokio::task::yield_now().await;
        }
    });
    removed.await.unwrap();
    stop.send(true).unwrap();
    task.await.unwrap();
}

async fn a_download_that_began_in_time_is_finished(test: TestDatabase) {
    let world = World::new(test).await;
    let innhold = content(LONG);
    let id = world.lagre(&innhold).await;
    let opened = world.service.hent(&world.mottaker, id, None).await.unwrap();
    world.hand.advance(2 * HOUR);
    world.service.fjern_utlopte().await.unwrap();
    let pieces: Vec<bytes::Bytes> = opened.innhold.try_collect().await.unwrap();
    assert!(pieces.concat() == innhold);
}

async fn a_document_that_ends_while_it_is_asked_for_is_gone(test: TestDatabase) {
    let world = World::new(test).await;
    let id = for_an_hour(&world).await;
    let service = world.service.clone();
    world
        .grants
        .meanwhile(move || Box::pin(async move { service.forkast(id).await.unwrap() }));
    assert_eq!(world.refusal(&world.mottaker, id).await, "dokument.borte");
}
