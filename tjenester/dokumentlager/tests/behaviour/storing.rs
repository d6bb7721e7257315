//! What is stored comes back, and what is refused leaves nothing.

use bytes::Bytes;
use fiks_core::Problem;
use fiks_core::id::DokumentlagerKontoId;
use fiks_database::testing::TestDatabase;
use fiks_database::{Migrations, both_engines};
use fiks_dokumentlager::DokumentlagerError;
use futures::{StreamExt, TryStreamExt, future, stream};
use uuid::Uuid;

use crate::support::{CHUNK, LONG, MAKS, PLATFORM, World, content, fed, integrasjon};

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    migrating_again_keeps_everything,
    a_document_comes_back_byte_by_byte,
    a_range_comes_back_byte_by_byte,
    what_is_known_of_a_document_is_what_was_told,
    an_empty_document_is_refused_and_leaves_nothing,
    a_document_of_the_limit_is_taken_and_one_byte_more_is_not,
    an_upload_that_is_cut_comes_back_as_its_own_error_and_leaves_nothing,
    an_upload_whose_caller_leaves_is_never_seen,
    many_downloads_of_one_document_at_once_are_all_whole,
    many_uploads_at_once_are_documents_of_their_own,
    only_services_store_until_integrations_have_the_right_to,
    a_konto_that_does_not_exist_takes_nothing,
    a_discarded_document_is_gone_and_so_are_its_bytes,
);

async fn migrating_again_keeps_everything(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    let all = [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    Migrations::new(all).run(&world.test.database).await.unwrap();
    assert_eq!(world.hent(PLATFORM, id).await.unwrap(), content(10));
}

async fn a_document_comes_back_byte_by_byte(test: TestDatabase) {
    let world = World::new(test).await;
    for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, LONG] {
        let innhold = content(size);
        let stored = world.lagre_som(world.nytt(), &innhold, MAKS).await.unwrap();
        assert_eq!(stored.storrelse, size as u64);
        assert!(
            world.hent(&world.mottaker, stored.id).await.unwrap() == innhold,
            "{size}"
        );
    }
}

async fn a_range_comes_back_byte_by_byte(test: TestDatabase) {
    let world = World::new(test).await;
    let innhold = content(3 * CHUNK);
    let id = world.lagre(&innhold).await;
    for (asked, given) in [
        (0..1, 0..1),
        (CHUNK - 1..CHUNK + 1, CHUNK - 1..CHUNK + 1),
        (2 * CHUNK..9 * CHUNK, 2 * CHUNK..3 * CHUNK),
    ] {
        let range = asked.start as u64..asked.end as u64;
        let opened = world
            .service
            .hent(&world.mottaker, id, Some(range))
            .await
            .unwrap();
        assert_eq!(opened.range, given.start as u64..given.end as u64);
        let pieces: Vec<Bytes> = opened.innhold.try_collect().await.unwrap();
        assert!(pieces.concat() == innhold[given], "{asked:?}");
    }
    let beyond = 3 * CHUNK as u64;
    let refusal = world.service.hent(PLATFORM, id, Some(beyond..beyond + 1)).await;
    assert_eq!(refusal.err().unwrap().kind().code, "dokument.utenfor");
}

async fn what_is_known_of_a_document_is_what_was_told(test: TestDatabase) {
    let world = World::new(test).await;
    let nytt = world.nytt();
    let stored = world.lagre_som(nytt.clone(), &content(100), MAKS).await.unwrap();
    let known = world.service.metadata(&world.mottaker, stored.id).await.unwrap();
    assert_eq!(
        (known.konto, known.navn, known.mimetype, known.korrelasjonsid),
        (world.konto, nytt.navn, nytt.mimetype, nytt.korrelasjonsid)
    );
    assert_eq!(
        (
            known.storrelse,
            known.lagret_storrelse,
            known.tilgjengelig_til,
            known.slettet
        ),
        (100, 116, nytt.tilgjengelig_til, None)
    );
}

async fn an_empty_document_is_refused_and_leaves_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    for pieces in [vec![], vec![Bytes::new(), Bytes::new()]] {
        let source = stream::iter(pieces.into_iter().map(Ok::<_, DokumentlagerError>)).boxed();
        let refusal = world
            .service
            .lagre(PLATFORM, world.konto, world.nytt(), source, MAKS)
            .await
            .unwrap_err();
        assert_eq!(
            (refusal.kind().status, refusal.kind().code),
            (400, "dokument.tomt")
        );
    }
    assert_eq!(world.stored().await, 0);
}

async fn a_document_of_the_limit_is_taken_and_one_byte_more_is_not(test: TestDatabase) {
    let world = World::new(test).await;
    for limit in [1, CHUNK, LONG] {
        let bytes = content(limit + 1);
        let exact = bytes.slice(..limit);
        let taken = world.lagre_som(world.nytt(), &exact, limit as u64).await.unwrap();
        assert!(world.hent(PLATFORM, taken.id).await.unwrap() == exact);
        let refusal = world
            .lagre_som(world.nytt(), &bytes, limit as u64)
            .await
            .unwrap_err();
        assert_eq!(
            (refusal.kind().status, refusal.kind().code),
            (413, "lagring.for_stort")
        );
    }
    assert_eq!(world.stored().await, 3);
}

#[derive(Debug, thiserror::Error)]
enum Upload {
    #[error("the client has gone")]
    Gone,
    #[error(transparent)]
    Refused(#[from] DokumentlagerError),
}

async fn an_upload_that_is_cut_comes_back_as_its_own_error_and_leaves_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    for size in [0, 10, LONG] {
        let source = stream::iter([Ok(content(size)), Err(Upload::Gone)]).boxed();
        let failure = world
            .service
            .lagre(PLATFORM, world.konto, world.nytt(), source, MAKS)
            .await;
        assert!(matches!(failure, Err(Upload::Gone)), "{size}: {failure:?}");
    }
    assert_eq!(world.stored().await, 0);
    assert_eq!(world.rows().await, 0);
}

async fn an_upload_whose_caller_leaves_is_never_seen(test: TestDatabase) {
    let world = World::new(test).await;
    let (pieces, source) = fed();
    let (service, konto, nytt) = (world.service.clone(), world.konto, world.nytt());
    let upload = tokio::spawn(async move { service.lagre(PLATFORM, konto, nytt, source, MAKS).await });
    for _ in 0..LONG / CHUNK {
        pieces.send(Ok(content(CHUNK))).await.unwrap();
    }
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    assert!(pieces.is_closed());
    assert_eq!((world.stored().await, world.rows().await), (0, 0));
}

async fn many_downloads_of_one_document_at_once_are_all_whole(test: TestDatabase) {
    let world = World::new(test).await;
    let innhold = content(LONG);
    let id = world.lagre(&innhold).await;
    let downloads = (0..16).map(|_| world.hent(&world.mottaker, id));
    for downloaded in future::join_all(downloads).await {
        assert!(downloaded.unwrap() == innhold);
    }
}

async fn many_uploads_at_once_are_documents_of_their_own(test: TestDatabase) {
    let world = World::new(test).await;
    let all: Vec<_> = (0..8).map(|nth| content(CHUNK + nth)).collect();
    let ids = future::join_all(all.iter().map(|innhold| world.lagre(innhold))).await;
    for (id, innhold) in ids.into_iter().zip(&all) {
        assert!(world.hent(&world.mottaker, id).await.unwrap() == *innhold);
    }
    assert_eq!((world.stored().await, world.rows().await), (8, 8));
}

async fn only_services_store_until_integrations_have_the_right_to(test: TestDatabase) {
    let world = World::new(test).await;
    for caller in [&world.mottaker, &world.avsender, &integrasjon()] {
        let source = stream::iter([Ok::<_, DokumentlagerError>(content(10))]).boxed();
        let refusal = world
            .service
            .lagre(caller, world.konto, world.nytt(), source, MAKS)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().code, "dokumentlager.ukjent_konto");
    }
    assert_eq!((world.stored().await, world.rows().await), (0, 0));
}

async fn a_konto_that_does_not_exist_takes_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let unknown = DokumentlagerKontoId(Uuid::from_u128(5));
    let source = stream::iter([Ok::<_, DokumentlagerError>(content(10))]).boxed();
    let refusal = world
        .service
        .lagre(PLATFORM, unknown, world.nytt(), source, MAKS)
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.kind().status, refusal.kind().code),
        (404, "dokumentlager.ukjent_konto")
    );
    assert_eq!(world.stored().await, 0);
}

async fn a_discarded_document_is_gone_and_so_are_its_bytes(test: TestDatabase) {
    let world = World::new(test).await;
    let (id, other) = (world.lagre(&content(10)).await, world.lagre(&content(20)).await);
    for _ in 0..2 {
        world.service.forkast(id).await.unwrap();
        assert_eq!(world.refusal(&world.mottaker, id).await, "dokument.borte");
    }
    assert_eq!((world.stored().await, world.rows().await), (1, 2));
    assert_eq!(world.hent(&world.mottaker, other).await.unwrap(), content(20));
}
