//! A deleted konto takes its documents with it (dokumentlager §1, §3).

use std::pin::pin;

use fiks_core::Problem;
use fiks_core::id::DokumentlagerKontoId;
use fiks_database::testing::TestDatabase;
use fiks_database::{Engine, both_engines};
use fiks_dokumentlager::DokumentlagerError;
use futures::{StreamExt, stream};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::{CHUNK, MAKS, Outcome, PLATFORM, World, content, fed, slett_konto};

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    documents_of_a_deleted_konto_are_gone_at_once,
    the_job_removes_the_documents_of_its_konto_and_no_others,
    a_deleted_konto_takes_nothing_more,
    a_konto_deleted_during_an_upload_takes_nothing,
    a_deletion_under_way_is_waited_for,
    no_document_outlives_a_konto_that_is_deleted_at_the_same_time,
    deleting_a_konto_twice_is_fine,
    a_konto_deleted_in_a_change_that_fails_is_still_there,
);

async fn documents_of_a_deleted_konto_are_gone_at_once(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    world.slett_konto(world.konto).await;
    for caller in [&world.mottaker, PLATFORM] {
        assert_eq!(world.refusal(caller, id).await, "dokument.borte");
        assert!(world.service.metadata(caller, id).await.is_err());
    }
}

async fn the_job_removes_the_documents_of_its_konto_and_no_others(test: TestDatabase) {
    let mut world = World::new(test).await;
    for _ in 0..3 {
        world.lagre(&content(10)).await;
    }
    let emptied = std::mem::replace(&mut world.konto, DokumentlagerKontoId(Uuid::from_u128(6)));
    world.opprett_konto(world.konto).await;
    let kept = world.lagre(&content(20)).await;
    world.slett_konto(emptied).await;
    for _ in 0..2 {
        world.empty(emptied).await;
        assert_eq!(
            (world.stored().await, world.keys().await, world.rows().await),
            (1, 1, 4)
        );
    }
    assert_eq!(world.hent(&world.mottaker, kept).await.unwrap(), content(20));
}

async fn a_deleted_konto_takes_nothing_more(test: TestDatabase) {
    let world = World::new(test).await;
    world.slett_konto(world.konto).await;
    let refusal = world
        .lagre_som(world.nytt(), &content(10), MAKS)
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.kind().status, refusal.kind().code),
        (410, "dokumentlager.konto_slettet")
    );
    assert_eq!((world.stored().await, world.rows().await), (0, 0));
}

async fn a_konto_deleted_during_an_upload_takes_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let (pieces, source) = fed();
    let (service, konto, nytt) = (world.service.clone(), world.konto, world.nytt());
    let upload = tokio::spawn(async move { service.lagre(PLATFORM, konto, nytt, source, MAKS).await });
    // The second piece is taken after the konto was looked at for the first time.
    for _ in 0..2 {
        pieces.send(Ok(content(CHUNK))).await.unwrap();
    }
    world.slett_konto(world.konto).await;
    world.empty(world.konto).await;
    drop(pieces);
    let refusal = upload.await.unwrap().unwrap_err();
    assert_eq!(refusal.kind().code, "dokumentlager.konto_slettet");
    assert_eq!((world.stored().await, world.rows().await), (0, 0));
}

/// Else the document would get its row while the konto goes, and nobody would ever remove it.
async fn a_deletion_under_way_is_waited_for(test: TestDatabase) {
    let world = World::new(test).await;
    let ((held, is_held), (release, released)) = (oneshot::channel(), oneshot::channel());
    let (service, konto) = (world.service.clone(), world.konto);
    let database = world.test.database.clone();
    let deletion = tokio::spawn(async move {
        let deleted: Outcome<()> = database
            .write(move |transaction| {
                Box::pin(async move {
                    service.slett_konto_in(transaction, konto).await?;
                    held.send(()).unwrap();
                    released.await.unwrap();
                    Ok(())
                })
            })
            .await;
        deleted.unwrap();
    });
    is_held.await.unwrap();
    let innhold = content(10);
    let mut upload = pin!(world.lagre_som(world.nytt(), &innhold, MAKS));
    tokio::select! {
        outcome = &mut upload => panic!("not waited for: {outcome:?}"),
        () = until_somebody_waits(&world) => release.send(()).unwrap(),
    }
    let refusal = upload.await.unwrap_err();
    assert_eq!(refusal.kind().code, "dokumentlager.konto_slettet");
    deletion.await.unwrap();
    assert_eq!((world.stored().await, world.rows().await), (0, 0));
}

/// For a lock, that is; SQLite's one writer takes one change after the other.
async fn until_somebody_waits(world: &World) {
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while world.test.database.engine() == Engine::Postgres && world.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
}

/// Whichever comes first: after the job has run, nothing may be left that nobody will ever remove.
async fn no_document_outlives_a_konto_that_is_deleted_at_the_same_time(test: TestDatabase) {
    let mut world = World::new(test).await;
    for round in 0..20 {
        world.konto = DokumentlagerKontoId(Uuid::from_u128(100 + round));
        world.opprett_konto(world.konto).await;
        let uploads = (0..4).map(|_| {
            let (service, konto, nytt) = (world.service.clone(), world.konto, world.nytt());
            let source = stream::iter([Ok::<_, DokumentlagerError>(content(10))]).boxed();
            tokio::spawn(async move { service.lagre(PLATFORM, konto, nytt, source, MAKS).await })
        });
        let uploads: Vec<_> = uploads.collect();
        slett_konto(&world.service, &world.test, world.konto).await;
        world.empty(world.konto).await;
        for upload in uploads {
            if let Err(refusal) = upload.await.unwrap() {
                assert_eq!(refusal.kind().code, "dokumentlager.konto_slettet");
            }
        }
        assert_eq!((world.stored().await, world.keys().await), (0, 0), "{round}");
    }
}

async fn deleting_a_konto_twice_is_fine(test: TestDatabase) {
    let world = World::new(test).await;
    for _ in 0..2 {
        world.slett_konto(world.konto).await;
    }
    world.empty(world.konto).await;
}

async fn a_konto_deleted_in_a_change_that_fails_is_still_there(test: TestDatabase) {
    let world = World::new(test).await;
    let (service, konto) = (world.service.clone(), world.konto);
    let failed = world
        .change::<()>(move |transaction| {
            Box::pin(async move {
                service.slett_konto_in(transaction, konto).await?;
                Err(DokumentlagerError::UkjentKonto { konto })
            })
        })
        .await;
    assert!(failed.is_err());
    let id = world.lagre(&content(10)).await;
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(10));
}
