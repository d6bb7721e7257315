//! The tree of ressurser, also from another service's transaction.

use std::sync::Arc;

use fiks_core::Problem;
use fiks_core::id::{ROOT, RessursId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_SENDE};
use fiks_konfigurasjon::model::ressurs::{MAX_DEPTH, NyRessurs};
use fiks_konfigurasjon::{AccessChange, KonfigurasjonError};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{PLATFORM, World, aktor, navn, ny_ressurs, ressurstype, tilgang};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    a_ressurs_knows_its_way_to_the_root,
    removing_a_ressurs_removes_all_below_and_every_grant,
    managed_ressurser_follow_what_they_stand_for,
    the_tree_has_a_bottom,
    a_ressurs_needs_a_parent_and_an_id_of_its_own,
    whoever_lacks_access_is_not_told_what_exists,
    another_services_change_takes_its_ressurs_along,
    a_removal_counts_from_the_commit_and_not_before,
    what_is_being_removed_takes_nothing_new,
    a_removal_that_is_rolled_back_removes_nothing,
);

async fn a_ressurs_knows_its_way_to_the_root(test: TestDatabase) {
    let world = World::new(test).await;
    let tjeneste = world.ressurs(world.bo, "NOE").await;
    let konto = world.ressurs(tjeneste, "KONTO").await;
    let found = world.service.ressurs(&world.bo_admin, konto).await.unwrap();
    let path: Vec<_> = found.path.iter().map(|one| one.id).collect();
    assert_eq!(path, [tjeneste, world.bo.into(), ROOT]);
    let children = world
        .service
        .barn(&world.bo_admin, tjeneste, Some(&ressurstype("KONTO")))
        .await
        .unwrap();
    assert_eq!(children, [found]);
    assert!(
        world
            .service
            .barn(&world.bo_admin, tjeneste, Some(&ressurstype("X")))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(world.service.er_blad(&world.bo_admin, konto).await.unwrap());
    assert!(!world.service.er_blad(&world.bo_admin, tjeneste).await.unwrap());
    world
        .service
        .gi_ressurs_navn(&world.bo_admin, konto, navn("Nytt navn"))
        .await
        .unwrap();
    let renamed = world.service.ressurs(&world.bo_admin, konto).await.unwrap();
    assert_eq!(renamed.ressurs.navn, navn("Nytt navn"));
}

async fn removing_a_ressurs_removes_all_below_and_every_grant(test: TestDatabase) {
    let world = World::new(test).await;
    let tjeneste = world.ressurs(world.bo, "NOE").await;
    let konto = world.ressurs(tjeneste, "KONTO").await;
    world.give(&world.nobody, FIKSIO_SENDE, konto).await;
    assert!(world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    assert!(world.holds(&world.bo_admin, ADMIN, konto).await);
    world
        .service
        .slett_ressurs(&world.bo_admin, tjeneste)
        .await
        .unwrap();
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    assert!(!world.holds(&world.bo_admin, ADMIN, konto).await);
    let again = NyRessurs {
        id: Some(konto),
        ..ny_ressurs(world.bo, "KONTO")
    };
    world
        .service
        .opprett_ressurs(&world.bo_admin, again)
        .await
        .unwrap();
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    assert!(world.holds(&world.bo_admin, ADMIN, konto).await);
}

async fn managed_ressurser_follow_what_they_stand_for(test: TestDatabase) {
    let world = World::new(test).await;
    for (forelder, of_type) in [
        (ROOT, "FIKS_ORGANISASJON"),
        (world.bo.into(), "TJENESTE_FIKSIO"),
        (ROOT, "ROOT"),
    ] {
        let refusal = world
            .service
            .opprett_ressurs(PLATFORM, ny_ressurs(forelder, of_type))
            .await;
        assert_eq!(refusal.unwrap_err().kind().code, "ressurs.styrt", "{of_type}");
    }
    for id in [ROOT, world.bo.into()] {
        let refusal = world
            .service
            .gi_ressurs_navn(PLATFORM, id, navn("Nytt navn"))
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().code, "ressurs.styrt");
        let refusal = world.service.slett_ressurs(PLATFORM, id).await.unwrap_err();
        assert_eq!(refusal.kind().code, "ressurs.styrt");
    }
}

async fn the_tree_has_a_bottom(test: TestDatabase) {
    let world = World::new(test).await;
    let mut deepest: RessursId = world.bo.into();
    for _ in 2..MAX_DEPTH {
        deepest = world.ressurs(deepest, "NIVA").await;
    }
    let refusal = world
        .service
        .opprett_ressurs(PLATFORM, ny_ressurs(deepest, "NIVA"))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "ressurs.for_dyp");
    assert!(world.holds(&world.bo_admin, ADMIN, deepest).await);
}

async fn a_ressurs_needs_a_parent_and_an_id_of_its_own(test: TestDatabase) {
    let world = World::new(test).await;
    let nowhere = RessursId(Uuid::from_u128(3));
    let refusal = world
        .service
        .opprett_ressurs(PLATFORM, ny_ressurs(nowhere, "KONTO"))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "ressurs.ukjent");
    let taken = NyRessurs {
        id: Some(world.bo.into()),
        ..ny_ressurs(world.bo, "KONTO")
    };
    let refusal = world.service.opprett_ressurs(PLATFORM, taken).await.unwrap_err();
    assert_eq!(refusal.kind().code, "ressurs.finnes");
}

async fn whoever_lacks_access_is_not_told_what_exists(test: TestDatabase) {
    let world = World::new(test).await;
    let unknown = RessursId(Uuid::from_u128(3));
    let anothers = world.ressurs(world.hol, "KONTO").await;
    for id in [unknown, anothers] {
        let refusals = [
            world.service.ressurs(&world.bo_admin, id).await.err(),
            world.service.barn(&world.bo_admin, id, None).await.err(),
            world.service.er_blad(&world.bo_admin, id).await.err(),
            world
                .service
                .opprett_ressurs(&world.bo_admin, ny_ressurs(id, "KONTO"))
                .await
                .err(),
            world
                .service
                .gi_ressurs_navn(&world.bo_admin, id, navn("Nytt navn"))
                .await
                .err(),
            world.service.slett_ressurs(&world.bo_admin, id).await.err(),
        ];
        for refusal in refusals.into_iter().map(Option::unwrap) {
            let text = refusal.text();
            assert_eq!(refusal.kind().code, "tilgang.mangler");
            assert!(
                text.ends_with(&format!("har ikke privilegiet ADMIN på ressurs {id}")),
                "{text}"
            );
        }
    }
    let refusal = world.service.ressurs(&world.root, unknown).await.unwrap_err();
    assert_eq!(refusal.kind().code, "ressurs.ukjent");
}

async fn another_services_change_takes_its_ressurs_along(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = RessursId(Uuid::from_u128(4));
    for succeeds in [false, true] {
        let service = world.service.clone();
        let ny = NyRessurs {
            id: Some(konto),
            ..ny_ressurs(world.bo, "TJENESTE_FIKSIO_KONTO")
        };
        let outcome: Result<(), KonfigurasjonError> = world
            .test
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    service.opprett_ressurs_in(transaction, ny).await?;
                    if succeeds {
                        Ok(())
                    } else {
                        Err(KonfigurasjonError::UnknownRessurs(konto))
                    }
                })
            })
            .await;
        assert_eq!(
            (outcome.is_ok(), world.holds(&world.bo_admin, ADMIN, konto).await),
            (succeeds, succeeds)
        );
    }
}

/// A removal in another service's transaction that waits before its commit.
struct Removal {
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
    task: JoinHandle<Result<(), KonfigurasjonError>>,
}

impl Removal {
    fn start(world: &World, ressurs: RessursId) -> Self {
        let (database, service) = (world.test.database.clone(), world.service.clone());
        let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (tell, wait) = (begun.clone(), go_on.clone());
        let task = tokio::spawn(async move {
            let change = database.write_then(
                move |transaction| {
                    Box::pin(async move {
                        let change = service.slett_ressurs_in(transaction, ressurs).await?;
                        tell.add_permits(1);
                        wait.acquire().await.unwrap().forget();
                        Ok::<_, KonfigurasjonError>(change)
                    })
                },
                AccessChange::apply,
            );
            change.await.map(drop)
        });
        Self { begun, go_on, task }
    }

    async fn until_begun(&self) {
        self.begun.acquire().await.unwrap().forget();
    }

    async fn finish(self) {
        self.go_on.add_permits(1);
        self.task.await.unwrap().unwrap();
    }
}

async fn a_removal_counts_from_the_commit_and_not_before(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    assert!(world.holds(&world.bo_admin, ADMIN, konto).await);
    let removal = Removal::start(&world, konto);
    removal.until_begun().await;
    assert!(world.holds(&world.bo_admin, ADMIN, konto).await);
    removal.finish().await;
    assert!(!world.holds(&world.bo_admin, ADMIN, konto).await);
}

/// Whichever comes first: nothing is left standing on what has been removed.
async fn what_is_being_removed_takes_nothing_new(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    let removal = Removal::start(&world, konto);
    removal.until_begun().await;
    let (service, given) = (
        world.service.clone(),
        tilgang(aktor(&world.nobody), FIKSIO_SENDE, konto),
    );
    let give = tokio::spawn(async move { service.tildel(PLATFORM, given).await });
    let (service, ny) = (world.service.clone(), ny_ressurs(konto, "NOE"));
    let make = tokio::spawn(async move { service.opprett_ressurs(PLATFORM, ny).await });
    removal.finish().await;
    assert_eq!(give.await.unwrap().unwrap_err().kind().code, "ressurs.ukjent");
    assert_eq!(make.await.unwrap().unwrap_err().kind().code, "ressurs.ukjent");
}

async fn a_removal_that_is_rolled_back_removes_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    world.give(&world.nobody, FIKSIO_SENDE, konto).await;
    let service = world.service.clone();
    let outcome: Result<AccessChange, KonfigurasjonError> = world
        .test
        .database
        .write(move |transaction| {
            Box::pin(async move {
                let change = service.slett_ressurs_in(transaction, konto).await?;
                drop(change);
                Err(KonfigurasjonError::UnknownRessurs(konto))
            })
        })
        .await;
    assert!(outcome.is_err());
    assert!(world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    world.take(&world.nobody, FIKSIO_SENDE, konto).await;
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
}
