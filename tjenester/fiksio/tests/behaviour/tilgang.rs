//! Who may do what (fiks-io §2, §3; auth-og-konfigurasjon §6, §7): every verb of the handle asks.

use fiks_core::id::KontoId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::KontoEndring;
use fiks_fiksio::model::adresse::{AdresseId, Dekning};
use fiks_fiksio::model::melding::Tilstand;
use fiks_identity::Caller;
use fiks_konfigurasjon::model::katalog::{FIKS_KONFIGURER, FIKSIO_MOTTA, FIKSIO_SENDE};
use uuid::Uuid;

use crate::support::{World, code, melding, ny_konto};

both_engines!(
    crate::support::services();
    administering_needs_the_privilege_to_configure,
    the_head_of_a_queue_needs_the_privilege_to_receive,
    sending_needs_the_privilege_to_send_on_the_sender,
    either_party_may_ask_whether_a_message_can_be_sent,
    any_privilege_shows_a_konto_and_others_are_not_found_in_a_search,
);

/// Someone with one privilege on a konto.
async fn with(world: &World, privilegium: &str, konto: KontoId) -> Caller {
    world.caller_with(world.bo.id, privilegium, konto).await
}

async fn administering_needs_the_privilege_to_configure(test: TestDatabase) {
    let world = World::new(test).await;
    let (fiksio, konto) = (&world.fiksio, world.konto(&world.bo).await);
    let adresse = AdresseId(Uuid::from_u128(1));
    let sender = with(&world, FIKSIO_SENDE, konto).await;
    for caller in [&world.nobody, &sender, &world.hol.caller] {
        let refusals = [
            code(fiksio.endre_konto(caller, konto, KontoEndring::default()).await),
            code(fiksio.slett_konto(caller, konto).await),
            code(fiksio.aksepterte(caller, konto).await),
            code(fiksio.sett_akseptert(caller, konto, konto, true).await),
            code(fiksio.adresser(caller, konto).await),
            code(fiksio.opprett_adresse(caller, konto, "Ny".to_owned()).await),
            code(fiksio.slett_adresse(caller, konto, adresse).await),
            code(fiksio.sett_adresse_aktiv(caller, konto, adresse, true).await),
            code(
                fiksio
                    .sett_beskrivelse(caller, konto, adresse, "Ny".to_owned())
                    .await,
            ),
            code(
                fiksio
                    .utvid_dekning(caller, konto, adresse, Dekning::default())
                    .await,
            ),
            code(
                fiksio
                    .innskrenk_dekning(caller, konto, adresse, Dekning::default())
                    .await,
            ),
            code(
                fiksio
                    .opprett_konto(caller, ny_konto(world.bo.id, "Ny konto"))
                    .await,
            ),
        ];
        assert_eq!(refusals, ["tilgang.mangler"; 12]);
    }
    let leder = with(&world, FIKS_KONFIGURER, konto).await;
    fiksio
        .endre_konto(&leder, konto, KontoEndring::default())
        .await
        .unwrap();
    assert_eq!(
        code(fiksio.sett_adresse_aktiv(&leder, konto, adresse, true).await),
        "adresse.ukjent"
    );
}

async fn the_head_of_a_queue_needs_the_privilege_to_receive(test: TestDatabase) {
    let world = World::new(test).await;
    let (fiksio, konto) = (&world.fiksio, world.konto(&world.bo).await);
    world.send(&world.bo, konto, konto).await;
    let leder = with(&world, FIKS_KONFIGURER, konto).await;
    for caller in [&world.nobody, &leder, &world.hol.caller] {
        let refusals = [
            code(fiksio.antall(caller, konto).await),
            code(fiksio.neste(caller, konto).await),
            code(fiksio.neste_data(caller, konto).await.map(|_| ())),
            code(fiksio.avslutt_neste(caller, konto, Tilstand::Kvittert).await),
            code(
                fiksio
                    .svar_og_kvitter(caller, konto, "pong".to_owned(), None)
                    .await,
            ),
        ];
        assert_eq!(refusals, ["tilgang.mangler"; 5]);
    }
    let mottaker = with(&world, FIKSIO_MOTTA, konto).await;
    assert_eq!(fiksio.antall(&mottaker, konto).await.unwrap(), 1);
    // To answer is to send.
    assert_eq!(
        code(
            fiksio
                .svar_og_kvitter(&mottaker, konto, "pong".to_owned(), None)
                .await
        ),
        "tilgang.mangler"
    );
    assert_eq!(fiksio.antall(&mottaker, konto).await.unwrap(), 1);
    fiksio
        .avslutt_neste(&mottaker, konto, Tilstand::Kvittert)
        .await
        .unwrap();
}

async fn sending_needs_the_privilege_to_send_on_the_sender(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let (sender, mottaker) = (
        with(&world, FIKSIO_SENDE, a).await,
        with(&world, FIKSIO_MOTTA, a).await,
    );
    world
        .fiksio
        .send(&sender, melding(a, b), None, None)
        .await
        .unwrap();
    for (caller, avsender, mottatt) in [
        (&mottaker, a, b),
        (&world.nobody, a, b),
        (&sender, b, a),
        (&world.hol.caller, a, b),
    ] {
        let sent = world
            .fiksio
            .send(caller, melding(avsender, mottatt), None, None)
            .await;
        assert_eq!(code(sent), "tilgang.mangler");
    }
    assert_eq!((world.antall(a).await, world.antall(b).await), (0, 1));
}

async fn either_party_may_ask_whether_a_message_can_be_sent(test: TestDatabase) {
    let world = World::new(test).await;
    let (a, b) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let sender = with(&world, FIKSIO_SENDE, a).await;
    let mottaker = world.caller_with(world.hol.id, FIKSIO_MOTTA, b).await;
    for caller in [&sender, &mottaker] {
        let brudd = world.fiksio.valider_melding(caller, b, a, "ping").await.unwrap();
        assert!(brudd.is_empty());
    }
    let asked = world.fiksio.valider_melding(&world.nobody, b, a, "ping").await;
    assert_eq!(code(asked), "tilgang.mangler");
}

async fn any_privilege_shows_a_konto_and_others_are_not_found_in_a_search(test: TestDatabase) {
    let world = World::new(test).await;
    let fiksio = &world.fiksio;
    let make = async |of: &crate::support::Kommune, navn, aktiv| {
        let ny = fiks_fiksio::handle::NyKonto {
            aktiv,
            ..ny_konto(of.id, navn)
        };
        fiksio.opprett_konto(&of.caller, ny).await.unwrap().id
    };
    let byggesak = make(&world.bo, "Byggesak", true).await;
    make(&world.bo, "Arkiv", false).await;
    make(&world.hol, "Skole", true).await;
    let found = async |caller: &Caller, of, aktiv| {
        let found = fiksio.sok_kontoer(caller, of, aktiv).await.unwrap();
        found.into_iter().map(|konto| konto.navn).collect::<Vec<_>>()
    };
    assert_eq!(found(&world.bo.caller, None, None).await, ["Arkiv", "Byggesak"]);
    assert_eq!(found(&world.bo.caller, None, Some(true)).await, ["Byggesak"]);
    assert_eq!(
        found(&world.bo.caller, Some(world.bo.id), Some(false)).await,
        ["Arkiv"]
    );
    assert!(found(&world.bo.caller, Some(world.hol.id), None).await.is_empty());
    assert!(found(&world.nobody, None, None).await.is_empty());
    assert_eq!(
        code(fiksio.hent_konto(&world.nobody, byggesak).await),
        "tilgang.mangler"
    );
    for privilegium in [FIKS_KONFIGURER, FIKSIO_SENDE, FIKSIO_MOTTA] {
        let caller = with(&world, privilegium, byggesak).await;
        assert_eq!(found(&caller, None, None).await, ["Byggesak"], "{privilegium}");
        assert_eq!(
            fiksio.hent_konto(&caller, byggesak).await.unwrap().navn,
            "Byggesak"
        );
    }
}
