//! Giving and taking privileges: who may, and when it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fiks_core::Problem;
use fiks_core::id::{Aktor, IntegrasjonId, ROOT, RessursId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_identity::{Authoriser, IntegrasjonSource};
use fiks_konfigurasjon::model::integrasjon::IntegrasjonRootEndring;
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_MOTTA, FIKSIO_SENDE};
use fiks_konfigurasjon::model::tilgang::TypeTilgang;
use uuid::Uuid;

use crate::support::{PLATFORM, World, aktor, id, privilegium, ressurstype, tilgang};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    a_grant_holds_below_and_until_it_is_taken_back,
    giving_twice_is_giving_once,
    a_revocation_counts_from_the_moment_it_is_answered,
    a_type_grant_holds_in_every_organisation,
    an_inactive_aktor_keeps_its_grants_but_holds_nothing,
    only_administrators_of_a_ressurs_give_and_take_there,
    an_integration_of_another_organisation_counts_as_unknown,
    nobody_locks_out_another_organisations_integration,
    every_change_is_announced_once,
);

async fn a_grant_holds_below_and_until_it_is_taken_back(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    assert!(world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    assert!(!world.holds(&world.nobody, FIKSIO_MOTTA, konto).await);
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, world.hol.into()).await);
    world.take(&world.nobody, FIKSIO_SENDE, konto).await;
    assert!(world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    world.take(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    let made_later = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    assert!(world.holds(&world.bo_admin, FIKSIO_SENDE, made_later).await);
}

async fn giving_twice_is_giving_once(test: TestDatabase) {
    let world = World::new(test).await;
    for _ in 0..2 {
        world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    }
    world.take(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    world.take(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, world.bo.into()).await);
}

/// While others ask all the time, so that memory is filled again as fast as it can be.
async fn a_revocation_counts_from_the_moment_it_is_answered(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    let done = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..4)
        .map(|_| {
            let (service, who, done) = (world.service.clone(), aktor(&world.nobody), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    service.is_authorised(&who, FIKSIO_SENDE, konto).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..100 {
        world.give(&world.nobody, FIKSIO_SENDE, konto).await;
        assert!(world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
        world.take(&world.nobody, FIKSIO_SENDE, konto).await;
        assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    }
    done.store(true, Ordering::Relaxed);
    for asker in askers {
        asker.await.unwrap();
    }
}

async fn a_type_grant_holds_in_every_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let kontoer = [
        world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await,
        world.ressurs(world.hol, "TJENESTE_FIKSIO_KONTO").await,
    ];
    let given = || TypeTilgang {
        aktor: aktor(&world.nobody),
        privilegium: privilegium(FIKSIO_MOTTA),
        ressurstype: ressurstype("TJENESTE_FIKSIO_KONTO"),
    };
    let refusal = world
        .service
        .tildel_type(&world.bo_admin, given())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
    let unknown = TypeTilgang {
        aktor: IntegrasjonId(Uuid::from_u128(2)).into(),
        ..given()
    };
    let refusal = world.service.tildel_type(&world.root, unknown).await.unwrap_err();
    assert_eq!(refusal.kind().code, "aktor.ukjent");
    world.service.tildel_type(&world.root, given()).await.unwrap();
    for konto in kontoer {
        assert!(world.holds(&world.nobody, FIKSIO_MOTTA, konto).await);
    }
    assert!(!world.holds(&world.nobody, FIKSIO_MOTTA, world.bo.into()).await);
    world.service.fjern_type(&world.root, given()).await.unwrap();
    assert!(!world.holds(&world.nobody, FIKSIO_MOTTA, kontoer[0]).await);
}

async fn an_inactive_aktor_keeps_its_grants_but_holds_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    for (aktiv, holds) in [(false, false), (true, true), (false, false)] {
        world
            .service
            .sett_aktiv(&world.bo_admin, world.bo, aktor(&world.nobody), aktiv)
            .await
            .unwrap();
        assert_eq!(
            world.holds(&world.nobody, FIKSIO_SENDE, world.bo.into()).await,
            holds
        );
    }
    let kept = world
        .service
        .tilganger_paa(PLATFORM, world.bo.into(), Some(&aktor(&world.nobody)))
        .await;
    assert_eq!(kept.unwrap().len(), 1);
}

async fn only_administrators_of_a_ressurs_give_and_take_there(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    let given = |ressurs| tilgang(aktor(&world.nobody), FIKSIO_SENDE, ressurs);
    let unknown = RessursId(Uuid::from_u128(8));
    for caller in [&world.hol_admin, &world.nobody] {
        for ressurs in [konto, world.bo.into(), ROOT, unknown] {
            let refusals = [
                world.service.tildel(caller, given(ressurs)).await.err(),
                world.service.fjern(caller, given(ressurs)).await.err(),
            ];
            for refusal in refusals {
                assert_eq!(refusal.unwrap().kind().code, "tilgang.mangler");
            }
        }
    }
    let konto_admin = world.caller_with(world.bo, ADMIN, konto).await;
    world.service.tildel(&konto_admin, given(konto)).await.unwrap();
    let refusal = world
        .service
        .tildel(&konto_admin, given(world.bo.into()))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
    let refusal = world
        .service
        .tildel(&world.root, given(unknown))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "ressurs.ukjent");
}

async fn an_integration_of_another_organisation_counts_as_unknown(test: TestDatabase) {
    let world = World::new(test).await;
    let bo = world.bo;
    let anothers = aktor(&world.hol_admin);
    for who in [anothers.clone(), IntegrasjonId(Uuid::from_u128(6)).into()] {
        let refusal = world
            .service
            .tildel(&world.bo_admin, tilgang(who, FIKSIO_SENDE, bo))
            .await
            .unwrap_err();
        assert_eq!(
            refusal.text(),
            "Aktøren er ingen integrasjon som organisasjonen kan gi noe."
        );
    }
    let shared = IntegrasjonRootEndring {
        global: Some(true),
        ..Default::default()
    };
    world
        .service
        .endre_integrasjon_root(&world.root, id(&world.hol_admin), shared)
        .await
        .unwrap();
    world
        .service
        .tildel(&world.bo_admin, tilgang(anothers, FIKSIO_SENDE, bo))
        .await
        .unwrap();
    assert!(world.holds(&world.hol_admin, FIKSIO_SENDE, bo.into()).await);
    let person = Aktor("01010112345".to_owned());
    world
        .service
        .tildel(&world.bo_admin, tilgang(person, ADMIN, bo))
        .await
        .unwrap();
    let stranger = world.caller(world.hol).await;
    world
        .service
        .tildel(&world.root, tilgang(aktor(&stranger), FIKSIO_SENDE, bo))
        .await
        .unwrap();
}

async fn nobody_locks_out_another_organisations_integration(test: TestDatabase) {
    let world = World::new(test).await;
    let anothers = aktor(&world.hol_admin);
    for who in [anothers.clone(), Aktor("01010112345".to_owned())] {
        let refusal = world
            .service
            .sett_aktiv(&world.bo_admin, world.bo, who, false)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().code, "aktor.ukjent");
    }
    let refusal = world
        .service
        .sett_aktiv(&world.bo_admin, world.hol, anothers.clone(), false)
        .await;
    assert_eq!(refusal.unwrap_err().kind().code, "tilgang.mangler");
    world
        .service
        .sett_aktiv(&world.root, world.hol, anothers, false)
        .await
        .unwrap();
    assert!(!world.holds(&world.hol_admin, ADMIN, world.hol.into()).await);
}

async fn every_change_is_announced_once(test: TestDatabase) {
    let world = World::new(test).await;
    // The first look at another replica's changes is news as well.
    world.holds(&world.nobody, ADMIN, ROOT).await;
    let changes = world.service.changes();
    let mut seen = *changes.borrow();
    let mut announced = || {
        let now = *changes.borrow();
        now - std::mem::replace(&mut seen, now)
    };
    world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    assert_eq!(announced(), 1);
    world.passord(&world.nobody).await;
    assert_eq!(announced(), 1);
    world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    assert_eq!(announced(), 0);
    world
        .service
        .slett_integrasjon(PLATFORM, id(&world.nobody))
        .await
        .unwrap();
    assert_eq!(announced(), 1);
    world
        .service
        .slett_integrasjon(PLATFORM, id(&world.nobody))
        .await
        .unwrap_err();
    assert_eq!(announced(), 0);
}
