//! Integrations, their passwords, and who sees them.

use fiks_core::Problem;
use fiks_core::id::{IntegrasjonId, Orgnr, ROOT};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_identity::IntegrasjonSource;
use fiks_konfigurasjon::model::integrasjon::{
    IntegrasjonEndring, IntegrasjonRootEndring, IntegrasjonUtvalg, NyIntegrasjon,
};
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_SENDE};
use fiks_konfigurasjon::model::values::{Beskrivelse, Kode, Tag};
use uuid::Uuid;

use crate::support::{PLATFORM, World, hasher, id, ny_integrasjon, privilegium};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    a_new_password_replaces_the_earlier_one_at_once,
    an_integration_is_found_as_it_is_now,
    a_deleted_integration_leaves_nothing_behind,
    a_change_leaves_what_it_does_not_mention,
    only_the_owners_administrators_reach_an_integration,
    an_unknown_integration_is_refused_like_anothers,
    an_organisation_sees_its_own_and_global_integrations,
    ties_are_shown_to_their_organisation_only,
    an_integration_of_another_organisation_is_not_tied,
    a_code_belongs_to_one_integration,
    the_list_of_all_comes_in_pages,
    an_id_is_taken_once,
);

fn global(kode: &str) -> IntegrasjonRootEndring {
    IntegrasjonRootEndring {
        global: Some(true),
        kode: Some(Kode::parse(kode, "kode").unwrap()),
        forespurte_privilegier: Some(vec![privilegium(FIKSIO_SENDE)]),
        tags: Some(vec![
            Tag::parse("FIKSIO", "tags").unwrap(),
            Tag::parse("SVARUT", "tags").unwrap(),
        ]),
    }
}

async fn a_new_password_replaces_the_earlier_one_at_once(test: TestDatabase) {
    let world = World::new(test).await;
    let matches = async |passord: &str| {
        let stored = world.service.find(id(&world.nobody)).await.unwrap().unwrap();
        hasher().verify(passord, stored.passord_hash.as_deref())
    };
    assert!(!matches("").await);
    let first = world.passord(&world.nobody).await;
    assert!(matches(&first).await);
    let second = world.passord(&world.nobody).await;
    assert!(matches(&second).await && !matches(&first).await);
}

async fn an_integration_is_found_as_it_is_now(test: TestDatabase) {
    let world = World::new(test).await;
    let wanted = IntegrasjonId(Uuid::from_u128(5));
    assert!(world.service.find(wanted).await.unwrap().is_none());
    let ny = NyIntegrasjon {
        id: Some(wanted),
        ..ny_integrasjon(world.bo, "Sak")
    };
    world
        .service
        .opprett_integrasjon(&world.bo_admin, ny)
        .await
        .unwrap();
    assert_eq!(
        world
            .service
            .find(wanted)
            .await
            .unwrap()
            .unwrap()
            .integrasjon
            .fiks_org_id,
        world.bo
    );
    let other = Orgnr::synthetic(1);
    let endring = IntegrasjonEndring {
        autorisert_orgnr: Some(other),
        ..Default::default()
    };
    world
        .service
        .endre_integrasjon(&world.bo_admin, wanted, endring)
        .await
        .unwrap();
    assert_eq!(
        world
            .service
            .find(wanted)
            .await
            .unwrap()
            .unwrap()
            .integrasjon
            .autorisert_orgnr,
        other
    );
    world
        .service
        .slett_integrasjon(&world.bo_admin, wanted)
        .await
        .unwrap();
    assert!(world.service.find(wanted).await.unwrap().is_none());
}

async fn a_deleted_integration_leaves_nothing_behind(test: TestDatabase) {
    let world = World::new(test).await;
    let gone = id(&world.nobody);
    world.give(&world.nobody, ADMIN, world.bo.into()).await;
    world
        .service
        .endre_integrasjon_root(PLATFORM, gone, global("SAK"))
        .await
        .unwrap();
    world
        .service
        .knytt_ressurs(PLATFORM, gone, world.bo.into())
        .await
        .unwrap();
    world.passord(&world.nobody).await;
    world
        .service
        .slett_integrasjon(&world.bo_admin, gone)
        .await
        .unwrap();
    assert!(!world.holds(&world.nobody, ADMIN, world.bo.into()).await);
    let ny = NyIntegrasjon {
        id: Some(gone),
        ..ny_integrasjon(world.bo, "Ny")
    };
    let made = world.service.opprett_integrasjon(PLATFORM, ny).await.unwrap();
    assert_eq!(world.service.integrasjon(PLATFORM, gone).await.unwrap(), made);
    assert!(made.tags.is_empty() && made.tilknyttede_ressurser.is_empty());
    assert!(!world.holds(&world.nobody, ADMIN, world.bo.into()).await);
    assert!(
        world
            .service
            .find(gone)
            .await
            .unwrap()
            .unwrap()
            .passord_hash
            .is_none()
    );
}

async fn a_change_leaves_what_it_does_not_mention(test: TestDatabase) {
    let world = World::new(test).await;
    let one = id(&world.nobody);
    let passord = world.passord(&world.nobody).await;
    let before = world
        .service
        .endre_integrasjon_root(&world.root, one, global("SAK"))
        .await
        .unwrap();
    let text = Beskrivelse::parse("Ny tekst", "beskrivelse").unwrap();
    let endring = IntegrasjonEndring {
        beskrivelse: Some(text.clone()),
        ..Default::default()
    };
    let after = world
        .service
        .endre_integrasjon(&world.bo_admin, one, endring)
        .await
        .unwrap();
    assert_eq!(after.beskrivelse, Some(text));
    assert_eq!(
        (&after.tags, &after.kode, &after.navn),
        (&before.tags, &before.kode, &before.navn)
    );
    assert_eq!(world.service.integrasjon(PLATFORM, one).await.unwrap(), after);
    let stored = world.service.find(one).await.unwrap().unwrap();
    assert!(hasher().verify(&passord, stored.passord_hash.as_deref()));
}

async fn only_the_owners_administrators_reach_an_integration(test: TestDatabase) {
    let world = World::new(test).await;
    let one = id(&world.nobody);
    assert!(world.service.integrasjon(&world.nobody, one).await.is_ok());
    assert!(world.service.integrasjon(&world.bo_admin, one).await.is_ok());
    for caller in [&world.hol_admin, &world.nobody] {
        let refusals = [
            world
                .service
                .endre_integrasjon(caller, one, IntegrasjonEndring::default())
                .await
                .err(),
            world.service.lag_passord(caller, one).await.err(),
            world.service.slett_integrasjon(caller, one).await.err(),
            world
                .service
                .opprett_integrasjon(caller, ny_integrasjon(world.bo, "Ny"))
                .await
                .err(),
            world
                .service
                .integrasjoner_for(caller, world.bo, IntegrasjonUtvalg::default())
                .await
                .err(),
            world
                .service
                .endre_integrasjon_root(caller, one, global("SAK"))
                .await
                .err(),
            world.service.alle_integrasjoner(caller, None).await.err(),
            world
                .service
                .knytt_ressurs(caller, one, world.bo.into())
                .await
                .err(),
            world
                .service
                .losne_ressurs(caller, one, world.bo.into())
                .await
                .err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap().kind().code, "tilgang.mangler");
        }
    }
}

async fn an_unknown_integration_is_refused_like_anothers(test: TestDatabase) {
    let world = World::new(test).await;
    let unknown = IntegrasjonId(Uuid::from_u128(9));
    let anothers = id(&world.nobody);
    let mut texts = Vec::new();
    for one in [unknown, anothers] {
        let refusal = world
            .service
            .integrasjon(&world.hol_admin, one)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().status, 403);
        texts.push(refusal.text().replace(&one.to_string(), "?"));
    }
    assert_eq!(texts[0], texts[1]);
    let refusal = world.service.lag_passord(&world.root, unknown).await.unwrap_err();
    assert_eq!(refusal.kind().code, "integrasjon.ukjent");
    let refusal = world
        .service
        .slett_integrasjon(PLATFORM, unknown)
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "integrasjon.ukjent");
}

async fn an_organisation_sees_its_own_and_global_integrations(test: TestDatabase) {
    let world = World::new(test).await;
    let shared = world.caller(world.hol).await;
    world
        .service
        .endre_integrasjon_root(&world.root, id(&shared), global("INDEKS"))
        .await
        .unwrap();
    let ids = async |utvalg| {
        let found = world
            .service
            .integrasjoner_for(&world.bo_admin, world.bo, utvalg)
            .await
            .unwrap();
        let mut ids: Vec<_> = found.into_iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids
    };
    let mut expected = vec![
        id(&world.root),
        id(&world.bo_admin),
        id(&world.nobody),
        id(&shared),
    ];
    expected.sort_unstable();
    assert_eq!(ids(IntegrasjonUtvalg::default()).await, expected);
    let tag = Some(Tag::parse("SVARUT", "tag").unwrap());
    assert_eq!(
        ids(IntegrasjonUtvalg {
            tag,
            ..Default::default()
        })
        .await,
        [id(&shared)]
    );
    let koder = vec![Kode::parse("INDEKS", "kode").unwrap()];
    let mut both = [id(&shared), id(&world.nobody)];
    both.sort_unstable();
    let utvalg = IntegrasjonUtvalg {
        ids: vec![id(&world.nobody), id(&world.hol_admin)],
        koder,
        tag: None,
    };
    assert_eq!(ids(utvalg).await, both);
    assert!(
        world
            .service
            .integrasjon(&world.nobody, id(&shared))
            .await
            .unwrap()
            .global
    );
}

async fn ties_are_shown_to_their_organisation_only(test: TestDatabase) {
    let world = World::new(test).await;
    let service = &world.service;
    let shared = id(&world.caller(world.hol).await);
    service
        .endre_integrasjon_root(&world.root, shared, global("INDEKS"))
        .await
        .unwrap();
    let konto = world.ressurs(world.bo, "TJENESTE_FIKSIO_KONTO").await;
    for _ in 0..2 {
        service
            .knytt_ressurs(&world.bo_admin, shared, konto)
            .await
            .unwrap();
    }
    service
        .knytt_ressurs(&world.hol_admin, shared, world.hol.into())
        .await
        .unwrap();
    let tied = async |caller| {
        let seen = service.integrasjon(caller, shared).await.unwrap();
        Vec::from_iter(seen.tilknyttede_ressurser)
    };
    assert_eq!(tied(&world.nobody).await, [konto]);
    assert_eq!(tied(&world.hol_admin).await.len(), 2);
    let utvalg = IntegrasjonUtvalg {
        ids: vec![shared],
        ..Default::default()
    };
    let listed = service
        .integrasjoner_for(&world.bo_admin, world.bo, utvalg)
        .await
        .unwrap();
    assert_eq!(Vec::from_iter(listed[0].tilknyttede_ressurser.clone()), [konto]);
    service
        .losne_ressurs(&world.bo_admin, shared, konto)
        .await
        .unwrap();
    assert!(tied(&world.nobody).await.is_empty());
}

async fn an_integration_of_another_organisation_is_not_tied(test: TestDatabase) {
    let world = World::new(test).await;
    let anothers = id(&world.hol_admin);
    let refusal = world
        .service
        .knytt_ressurs(&world.bo_admin, anothers, world.bo.into())
        .await;
    assert_eq!(refusal.unwrap_err().kind().code, "aktor.ukjent");
}

async fn a_code_belongs_to_one_integration(test: TestDatabase) {
    let world = World::new(test).await;
    let (one, two) = (id(&world.nobody), id(&world.hol_admin));
    world
        .service
        .endre_integrasjon_root(&world.root, one, global("SAK"))
        .await
        .unwrap();
    let refusal = world
        .service
        .endre_integrasjon_root(&world.root, two, global("SAK"))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "integrasjon.kode_opptatt");
    assert!(!world.service.integrasjon(PLATFORM, two).await.unwrap().global);
}

async fn the_list_of_all_comes_in_pages(test: TestDatabase) {
    let world = World::new(test).await;
    for _ in 0..600 {
        world.caller(world.bo).await;
    }
    let first = world.service.alle_integrasjoner(&world.root, None).await.unwrap();
    let last = first.last().unwrap().id;
    let second = world
        .service
        .alle_integrasjoner(&world.root, Some(last))
        .await
        .unwrap();
    let mut all: Vec<_> = first.iter().chain(&second).map(|one| one.id).collect();
    assert!(all.is_sorted());
    all.dedup();
    assert_eq!(all.len(), 604);
    let end = world
        .service
        .alle_integrasjoner(&world.root, all.last().copied())
        .await
        .unwrap();
    assert!(end.is_empty());
}

async fn an_id_is_taken_once(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyIntegrasjon {
        id: Some(id(&world.nobody)),
        ..ny_integrasjon(world.bo, "Sak")
    };
    let refusal = world.service.opprett_integrasjon(PLATFORM, ny).await.unwrap_err();
    assert_eq!(refusal.kind().code, "integrasjon.finnes");
    assert!(world.holds(&world.root, ADMIN, ROOT).await);
}
