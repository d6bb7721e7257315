//! Organisations and their services.

use fiks_core::Problem;
use fiks_core::id::FiksOrgId;
use fiks_database::testing::TestDatabase;
use fiks_database::{Migrations, both_engines};
use fiks_konfigurasjon::OrganisasjonUtvalg;
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKS_KONFIGURER, FIKSIO_SENDE, Tjeneste};
use fiks_konfigurasjon::model::organisasjon::{
    NyOrganisasjon, OrganisasjonEndring, OrganisasjonRootEndring, Organisasjonstype,
};
use fiks_konfigurasjon::model::values::{Epost, Fodselsnummer, Kommunenr};
use uuid::Uuid;

use crate::support::{PLATFORM, World, aktor, navn, ny_organisasjon, ny_ressurs, tilgang};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    migrating_again_keeps_everything,
    an_organisation_has_a_ressurs_with_its_id_and_name,
    an_id_is_taken_once,
    a_change_is_stored_and_leaves_the_rest,
    only_its_administrators_change_an_organisation,
    outsiders_see_the_public_part_of_an_organisation,
    outsiders_do_not_see_a_hidden_organisation,
    a_caller_sees_the_organisations_where_it_holds_something,
    a_service_is_initialised_once_however_many_try,
    a_service_is_configured_after_it_is_initialised,
    a_service_is_for_some_types_of_organisations,
    a_service_whose_ressurs_is_removed_can_be_initialised_again,
);

fn fiksio() -> &'static Tjeneste {
    Tjeneste::with_kode("FIKSIO").unwrap()
}

async fn migrating_again_keeps_everything(test: TestDatabase) {
    let world = World::new(test).await;
    Migrations::new([fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations])
        .run(&world.test.database)
        .await
        .unwrap();
    assert_eq!(
        world.service.organisasjon(PLATFORM, world.bo).await.unwrap().navn,
        navn("Bø kommune")
    );
    assert!(world.holds(&world.bo_admin, ADMIN, world.bo.into()).await);
}

async fn an_organisation_has_a_ressurs_with_its_id_and_name(test: TestDatabase) {
    let world = World::new(test).await;
    let before = world
        .service
        .ressurs(&world.bo_admin, world.bo.into())
        .await
        .unwrap();
    assert_eq!((before.ressurs.navn, before.path.len()), (navn("Bø kommune"), 1));
    let endring = OrganisasjonEndring {
        navn: Some(navn("Nye Bø")),
        ..Default::default()
    };
    world
        .service
        .endre_organisasjon(&world.bo_admin, world.bo, endring)
        .await
        .unwrap();
    let after = world
        .service
        .ressurs(&world.bo_admin, world.bo.into())
        .await
        .unwrap();
    assert_eq!(after.ressurs.navn, navn("Nye Bø"));
}

async fn an_id_is_taken_once(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyOrganisasjon {
        id: Some(world.bo),
        ..ny_organisasjon("En annen", "0301")
    };
    let refusal = world
        .service
        .opprett_organisasjon(PLATFORM, ny)
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "organisasjon.finnes");
}

async fn a_change_is_stored_and_leaves_the_rest(test: TestDatabase) {
    let world = World::new(test).await;
    let before = world
        .service
        .organisasjon(&world.bo_admin, world.bo)
        .await
        .unwrap();
    let epost = |text| Epost::parse(text, "epost").unwrap();
    let endring = OrganisasjonEndring {
        epost: Some(vec![epost("en@bo.no"), epost("to@bo.no")]),
        avtaleadmin: Some(Fodselsnummer::parse("01010112345", "fnr").unwrap()),
        ..Default::default()
    };
    let changed = world
        .service
        .endre_organisasjon(&world.bo_admin, world.bo, endring)
        .await
        .unwrap();
    let root = OrganisasjonRootEndring {
        synlig: Some(false),
        ..Default::default()
    };
    let changed_again = world
        .service
        .endre_organisasjon_root(&world.root, world.bo, root)
        .await
        .unwrap();
    assert_eq!(
        world
            .service
            .organisasjon(&world.bo_admin, world.bo)
            .await
            .unwrap(),
        changed_again
    );
    assert_eq!(
        (changed.epost.len(), changed.opprettet, changed.navn),
        (2, before.opprettet, before.navn)
    );
    assert_eq!(
        (changed_again.epost, changed_again.synlig),
        (changed.epost, false)
    );
}

async fn only_its_administrators_change_an_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let unknown = FiksOrgId(Uuid::from_u128(7));
    for (caller, id, code) in [
        (&world.hol_admin, world.bo, "tilgang.mangler"),
        (&world.nobody, world.bo, "tilgang.mangler"),
        (&world.hol_admin, unknown, "tilgang.mangler"),
        (&world.root, unknown, "organisasjon.ukjent"),
        (PLATFORM, unknown, "organisasjon.ukjent"),
    ] {
        let refusal = world
            .service
            .endre_organisasjon(caller, id, OrganisasjonEndring::default())
            .await;
        assert_eq!(refusal.unwrap_err().kind().code, code);
    }
    let refusal = world
        .service
        .opprett_organisasjon(&world.bo_admin, ny_organisasjon("Ny", "0301"))
        .await;
    assert_eq!(refusal.unwrap_err().kind().code, "tilgang.mangler");
    let refusal = world.service.alle_organisasjoner(&world.bo_admin).await;
    assert_eq!(refusal.unwrap_err().kind().code, "tilgang.mangler");
}

fn both(world: &World) -> OrganisasjonUtvalg {
    let kommunenr = vec![Kommunenr::parse("3815", "kommunenr").unwrap()];
    OrganisasjonUtvalg {
        ids: vec![world.hol],
        kommunenr,
    }
}

async fn outsiders_see_the_public_part_of_an_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let endring = OrganisasjonEndring {
        epost: Some(vec![Epost::parse("en@bo.no", "epost").unwrap()]),
        avtaleadmin: Some(Fodselsnummer::parse("01010112345", "fnr").unwrap()),
        ..Default::default()
    };
    world
        .service
        .endre_organisasjon(PLATFORM, world.bo, endring)
        .await
        .unwrap();
    for (caller, is_outsider) in [
        (&world.hol_admin, true),
        (&world.nobody, true),
        (&world.bo_admin, false),
    ] {
        let seen = world.service.organisasjoner(caller, both(&world)).await.unwrap();
        assert_eq!(
            seen.iter().map(|one| one.id).collect::<Vec<_>>(),
            [world.bo, world.hol]
        );
        assert_eq!(
            (seen[0].epost.is_empty(), seen[0].avtaleadmin.is_none()),
            (is_outsider, is_outsider)
        );
    }
}

async fn outsiders_do_not_see_a_hidden_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let hidden = OrganisasjonRootEndring {
        synlig: Some(false),
        ..Default::default()
    };
    world
        .service
        .endre_organisasjon_root(PLATFORM, world.bo, hidden)
        .await
        .unwrap();
    for (caller, count) in [(&world.hol_admin, 1), (&world.nobody, 2), (&world.root, 2)] {
        let seen = world.service.organisasjoner(caller, both(&world)).await.unwrap();
        assert_eq!(seen.len(), count);
    }
    let refusal = world
        .service
        .organisasjon(&world.hol_admin, world.bo)
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
}

async fn a_caller_sees_the_organisations_where_it_holds_something(test: TestDatabase) {
    let world = World::new(test).await;
    let ids = async |caller| {
        let seen = world.service.synlige_organisasjoner(caller).await.unwrap();
        seen.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&world.nobody).await, [world.bo]);
    assert_eq!(ids(&world.root).await, [world.bo, world.hol]);
    assert_eq!(ids(PLATFORM).await, [world.bo, world.hol]);
    let konto = world.ressurs(world.hol, "TJENESTE_FIKSIO_KONTO").await;
    world.give(&world.nobody, FIKSIO_SENDE, konto).await;
    assert_eq!(ids(&world.nobody).await, [world.bo, world.hol]);
    world
        .service
        .sett_aktiv(PLATFORM, world.bo, aktor(&world.nobody), false)
        .await
        .unwrap();
    assert_eq!(ids(&world.nobody).await, [world.bo]);
}

async fn a_service_is_initialised_once_however_many_try(test: TestDatabase) {
    let world = World::new(test).await;
    let tries = (0..8).map(|_| {
        let (service, caller, bo) = (world.service.clone(), world.bo_admin.clone(), world.bo);
        tokio::spawn(async move { service.initialiser_tjeneste(&caller, bo, fiksio()).await.unwrap() })
    });
    let mut ids = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        ids.push(one.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    let children = world
        .service
        .barn(&world.bo_admin, world.bo.into(), None)
        .await
        .unwrap();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].ressurs.ressurstype.as_str(), "TJENESTE_FIKSIO");
    let status = world
        .service
        .tjenester_for(&world.nobody, world.bo)
        .await
        .unwrap();
    let initialised: Vec<_> = status
        .iter()
        .map(|one| (one.tjeneste.kode, one.ressurs.is_some()))
        .collect();
    assert_eq!(initialised, [("FIKSIO", true), ("DOKUMENTLAGER", false)]);
}

async fn a_service_is_configured_after_it_is_initialised(test: TestDatabase) {
    let world = World::new(test).await;
    let refusal = world
        .service
        .konfigurer_tjeneste(&world.bo_admin, world.bo, fiksio())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tjeneste.ikke_initialisert");
    let ressurs = world
        .service
        .initialiser_tjeneste(&world.bo_admin, world.bo, fiksio())
        .await
        .unwrap();
    let refusal = world
        .service
        .konfigurer_tjeneste(&world.nobody, world.bo, fiksio())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
    world.give(&world.nobody, FIKS_KONFIGURER, ressurs).await;
    let status = world
        .service
        .konfigurer_tjeneste(&world.nobody, world.bo, fiksio())
        .await
        .unwrap();
    assert!(status.konfigurert);
    assert!(
        world
            .service
            .tjeneste_for(&world.nobody, world.bo, fiksio())
            .await
            .unwrap()
            .konfigurert
    );
    let refusal = world
        .service
        .tjeneste_for(&world.hol_admin, world.bo, fiksio())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
}

async fn a_service_is_for_some_types_of_organisations(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyOrganisasjon {
        organisasjonstype: Organisasjonstype::Ukjent,
        ..ny_organisasjon("Ukjent", "0301")
    };
    let made = world.service.opprett_organisasjon(PLATFORM, ny).await.unwrap();
    let refusal = world
        .service
        .initialiser_tjeneste(PLATFORM, made.id, fiksio())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tjeneste.ikke_tilgjengelig");
}

async fn a_service_whose_ressurs_is_removed_can_be_initialised_again(test: TestDatabase) {
    let world = World::new(test).await;
    let first = world
        .service
        .initialiser_tjeneste(&world.bo_admin, world.bo, fiksio())
        .await
        .unwrap();
    let konto = ny_ressurs(first, "TJENESTE_FIKSIO_KONTO");
    let konto = world
        .service
        .opprett_ressurs(&world.bo_admin, konto)
        .await
        .unwrap()
        .id;
    world
        .service
        .tildel(PLATFORM, tilgang(aktor(&world.nobody), FIKSIO_SENDE, konto))
        .await
        .unwrap();
    world.service.slett_ressurs(&world.bo_admin, first).await.unwrap();
    assert!(!world.holds(&world.nobody, FIKSIO_SENDE, konto).await);
    let second = world
        .service
        .initialiser_tjeneste(&world.bo_admin, world.bo, fiksio())
        .await
        .unwrap();
    assert_ne!(first, second);
    assert!(
        world
            .service
            .barn(&world.bo_admin, second, None)
            .await
            .unwrap()
            .is_empty()
    );
}
