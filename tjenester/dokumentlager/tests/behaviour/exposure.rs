//! Who may have a document (dokumentlager §4, §7).

use fiks_core::Problem;
use fiks_core::id::DokumentId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_dokumentlager::{Eksponering, NyttDokument};
use fiks_identity::Caller;
use uuid::Uuid;

use crate::support::{MAKS, MOTTA, PLATFORM, World, content, integrasjon};

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    whoever_may_take_from_the_receiving_konto_may_download,
    neither_sender_nor_stranger_may_download,
    a_withdrawn_grant_counts_at_once,
    a_grant_made_after_the_upload_counts,
    a_document_may_be_exposed_to_one_integration,
    any_one_of_several_exposures_suffices,
    a_document_exposed_to_nobody_is_for_the_platform_alone,
    an_unknown_document_is_unknown_to_everybody,
    a_stranger_does_not_learn_that_a_document_is_gone,
);

async fn lagret(world: &World, eksponert_for: Vec<Eksponering>) -> DokumentId {
    let nytt = NyttDokument {
        eksponert_for,
        ..world.nytt()
    };
    world.lagre_som(nytt, &content(10), MAKS).await.unwrap().id
}

/// Download and metadata go by the same rule.
async fn may(world: &World, caller: &Caller, id: DokumentId) -> bool {
    let metadata = world.service.metadata(caller, id).await;
    let downloaded = world.hent(caller, id).await;
    assert_eq!(metadata.is_ok(), downloaded.is_ok());
    if let Err(refusal) = &downloaded {
        assert_eq!(
            (refusal.kind().status, refusal.kind().code),
            (403, "dokument.ikke_eksponert")
        );
    }
    downloaded.is_ok()
}

async fn whoever_may_take_from_the_receiving_konto_may_download(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    let colleague = integrasjon();
    world.grants.give(&colleague, MOTTA, world.mottaker_konto);
    for caller in [&world.mottaker, &colleague, PLATFORM] {
        assert!(may(&world, caller, id).await);
    }
}

async fn neither_sender_nor_stranger_may_download(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    for caller in [&world.avsender, &integrasjon()] {
        assert!(!may(&world, caller, id).await);
    }
}

async fn a_withdrawn_grant_counts_at_once(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    assert!(may(&world, &world.mottaker, id).await);
    world.grants.take(&world.mottaker, MOTTA, world.mottaker_konto);
    assert!(!may(&world, &world.mottaker, id).await);
}

async fn a_grant_made_after_the_upload_counts(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    let newcomer = integrasjon();
    assert!(!may(&world, &newcomer, id).await);
    world.grants.give(&newcomer, MOTTA, world.mottaker_konto);
    assert!(may(&world, &newcomer, id).await);
}

async fn a_document_may_be_exposed_to_one_integration(test: TestDatabase) {
    let world = World::new(test).await;
    let one = integrasjon();
    let Caller::Integrasjon(known) = &one else {
        panic!("not an integration")
    };
    let id = lagret(&world, vec![Eksponering::Integrasjon { id: known.id }]).await;
    assert!(may(&world, &one, id).await);
    assert!(!may(&world, &world.mottaker, id).await);
}

async fn any_one_of_several_exposures_suffices(test: TestDatabase) {
    let world = World::new(test).await;
    let Caller::Integrasjon(avsender) = &world.avsender else {
        panic!("not an integration")
    };
    let both = vec![
        Eksponering::Integrasjon { id: avsender.id },
        Eksponering::Autorisasjon {
            privilegium: MOTTA.to_owned(),
            ressurs: world.mottaker_konto,
        },
    ];
    let id = lagret(&world, both).await;
    for (caller, expected) in [
        (&world.mottaker, true),
        (&world.avsender, true),
        (&integrasjon(), false),
    ] {
        assert_eq!(may(&world, caller, id).await, expected);
    }
}

async fn a_document_exposed_to_nobody_is_for_the_platform_alone(test: TestDatabase) {
    let world = World::new(test).await;
    let id = lagret(&world, Vec::new()).await;
    assert!(may(&world, PLATFORM, id).await);
    assert!(!may(&world, &world.mottaker, id).await);
}

async fn an_unknown_document_is_unknown_to_everybody(test: TestDatabase) {
    let world = World::new(test).await;
    for caller in [&world.mottaker, &integrasjon(), PLATFORM] {
        let refusal = world
            .hent(caller, DokumentId(Uuid::from_u128(3)))
            .await
            .unwrap_err();
        assert_eq!(
            (refusal.kind().status, refusal.kind().code),
            (404, "dokument.ukjent")
        );
    }
}

async fn a_stranger_does_not_learn_that_a_document_is_gone(test: TestDatabase) {
    let world = World::new(test).await;
    let id = world.lagre(&content(10)).await;
    world.service.forkast(id).await.unwrap();
    assert_eq!(
        world.refusal(&world.avsender, id).await,
        "dokument.ikke_eksponert"
    );
    assert_eq!(world.refusal(&world.mottaker, id).await, "dokument.borte");
}
