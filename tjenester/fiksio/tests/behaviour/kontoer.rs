//! Kontoer: made, changed, found and deleted (fiks-io §1, §5).

use fiks_core::Problem;
use fiks_core::id::{KontoId, RessursId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::{KontoEndring, NyKonto};
use fiks_fiksio::model::adresse::AdresseId;
use fiks_konfigurasjon::model::katalog::FIKS_KONFIGURER;
use fiks_konfigurasjon::model::ressurs::NyRessurs;
use fiks_konfigurasjon::model::values::Ressurstype;
use uuid::Uuid;

use crate::support::{MINUTE, PLATFORM, World, code, identity, melding, navn, ny_adresse, ny_konto, payload};

both_engines!(
    crate::support::services();
    migrating_again_keeps_everything,
    a_konto_has_a_ressurs_with_its_id_and_name,
    a_konto_may_hang_under_a_ressurs_of_its_organisation,
    a_foreign_or_unknown_parent_is_refused,
    a_change_is_stored_and_leaves_the_rest,
    a_change_of_several_things_happens_whole_or_not_at_all,
    a_name_has_the_contracts_form,
    one_key_is_active_at_a_time,
    a_refused_key_leaves_the_one_before_it,
    the_status_tells_whether_a_konto_can_be_used,
    senders_are_accepted_once_and_by_name,
    a_deleted_konto_is_gone_with_everything_of_its_own,
);

async fn migrating_again_keeps_everything(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    fiks_database::Migrations::new(crate::support::services())
        .run(&world.test.database)
        .await
        .unwrap();
    assert_eq!(
        world.fiksio.hent_konto(PLATFORM, konto).await.unwrap().navn,
        "Arkiv"
    );
}

async fn a_konto_has_a_ressurs_with_its_id_and_name(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let made = world.konfigurasjon.ressurs(PLATFORM, konto.into()).await.unwrap();
    assert_eq!(made.ressurs.navn, navn("Arkiv"));
    assert_eq!(made.path[0].id, RessursId::from(world.bo.id));
    let endring = KontoEndring {
        navn: Some("Postmottak".to_owned()),
        ..KontoEndring::default()
    };
    world
        .fiksio
        .endre_konto(&world.bo.caller, konto, endring)
        .await
        .unwrap();
    let renamed = world.konfigurasjon.ressurs(PLATFORM, konto.into()).await.unwrap();
    assert_eq!(renamed.ressurs.navn, navn("Postmottak"));
}

async fn a_konto_may_hang_under_a_ressurs_of_its_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let avdeling = avdeling(&world, world.bo.id.into()).await;
    let leder = world.caller_with(world.bo.id, FIKS_KONFIGURER, avdeling).await;
    let ny = |forelderressurs| NyKonto {
        forelderressurs,
        ..ny_konto(world.bo.id, "Barnevern")
    };
    let made = world
        .fiksio
        .opprett_konto(&leder, ny(Some(avdeling)))
        .await
        .unwrap();
    let ressurs = world
        .konfigurasjon
        .ressurs(PLATFORM, made.id.into())
        .await
        .unwrap();
    assert_eq!(ressurs.path[0].id, avdeling);
    assert_eq!(
        code(world.fiksio.opprett_konto(&leder, ny(None)).await),
        "tilgang.mangler"
    );
}

async fn avdeling(world: &World, forelder: RessursId) -> RessursId {
    let ny = NyRessurs {
        id: None,
        forelder,
        ressurstype: Ressurstype::parse("AVDELING", "type").unwrap(),
        navn: navn("Avdeling"),
    };
    world
        .konfigurasjon
        .opprett_ressurs(PLATFORM, ny)
        .await
        .unwrap()
        .id
}

async fn a_foreign_or_unknown_parent_is_refused(test: TestDatabase) {
    let world = World::new(test).await;
    let foreign = avdeling(&world, world.hol.id.into()).await;
    let ny = |forelder| NyKonto {
        forelderressurs: Some(forelder),
        ..ny_konto(world.bo.id, "Arkiv")
    };
    let made = world.fiksio.opprett_konto(&world.bo.caller, ny(foreign)).await;
    assert_eq!(code(made), "tilgang.mangler");
    // Also for whoever may at both.
    assert_eq!(
        code(world.fiksio.opprett_konto(PLATFORM, ny(foreign)).await),
        "konto.fremmed_forelder"
    );
    let unknown = ny(RessursId(Uuid::from_u128(1)));
    assert_eq!(
        world
            .fiksio
            .opprett_konto(PLATFORM, unknown)
            .await
            .unwrap_err()
            .kind()
            .status,
        404
    );
    assert!(
        world
            .fiksio
            .sok_kontoer(PLATFORM, None, None)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_change_is_stored_and_leaves_the_rest(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let before = world.fiksio.hent_konto(PLATFORM, konto).await.unwrap();
    assert_eq!(
        (before.opprettet, &before.opprettet_av),
        (before.sist_endret, &world.bo.caller.name())
    );
    world.hand.advance(MINUTE);
    let endring = KontoEndring {
        bare_aksepterte: Some(true),
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, konto, endring).await.unwrap();
    let after = world.fiksio.hent_konto(PLATFORM, konto).await.unwrap();
    assert!(after.sist_endret >= before.sist_endret.plus(MINUTE));
    assert_eq!(after.sist_endret_av, PLATFORM.name());
    let expected = fiks_fiksio::model::konto::Konto {
        bare_aksepterte: true,
        sist_endret: after.sist_endret,
        sist_endret_av: after.sist_endret_av.clone(),
        ..(*before).clone()
    };
    assert_eq!(*after, expected);
}

async fn a_change_of_several_things_happens_whole_or_not_at_all(test: TestDatabase) {
    let world = World::new(test).await;
    let (konto, other) = (world.konto(&world.bo).await, world.konto(&world.hol).await);
    let change = |navn: &str, nye_adresser, adresser_fjernes| KontoEndring {
        navn: Some(navn.to_owned()),
        aktiv: Some(false),
        offentlig_nokkel: Some(Some(identity(0).certificate().pem())),
        nye_adresser,
        adresser_fjernes,
        ..KontoEndring::default()
    };
    let taken = KontoEndring {
        nye_adresser: vec![ny_adresse(&["1"], &["a"], &[3])],
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, other, taken).await.unwrap();
    let before = world.fiksio.hent_konto(PLATFORM, konto).await.unwrap();
    let free = ny_adresse(&["2"], &["a"], &[3]);
    for (endring, expected) in [
        (
            change(
                "Nytt",
                vec![free.clone(), ny_adresse(&["1"], &["a"], &[3])],
                Vec::new(),
            ),
            "adresse.konflikt",
        ),
        (
            change("Nytt", vec![free.clone()], vec![AdresseId(Uuid::from_u128(1))]),
            "adresse.ukjent",
        ),
        (change("<b>", vec![free.clone()], Vec::new()), "navn.ugyldig"),
    ] {
        assert_eq!(
            code(world.fiksio.endre_konto(PLATFORM, konto, endring).await),
            expected
        );
        assert_eq!(
            world.fiksio.hent_konto(PLATFORM, konto).await.unwrap(),
            before,
            "{expected}"
        );
        assert!(
            world.fiksio.adresser(PLATFORM, konto).await.unwrap().is_empty(),
            "{expected}"
        );
    }
    let whole = change("Nytt navn", vec![free], Vec::new());
    let after = world.fiksio.endre_konto(PLATFORM, konto, whole).await.unwrap();
    assert_eq!((after.navn.as_str(), after.aktiv), ("Nytt navn", false));
    let adresser = world.fiksio.adresser(PLATFORM, konto).await.unwrap();
    assert_eq!(adresser.len(), 1);
    let gone = KontoEndring {
        adresser_fjernes: vec![adresser[0].id],
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, konto, gone).await.unwrap();
    assert!(world.fiksio.adresser(PLATFORM, konto).await.unwrap().is_empty());
}

async fn a_name_has_the_contracts_form(test: TestDatabase) {
    let world = World::new(test).await;
    for wrong in ["", "A", " Arkiv", "Arkiv ", "Ar_kiv", "Ar\nkiv", "<b>"] {
        let made = world
            .fiksio
            .opprett_konto(PLATFORM, ny_konto(world.bo.id, wrong))
            .await;
        assert_eq!(code(made), "navn.ugyldig", "{wrong:?}");
    }
    let ny = ny_konto(world.bo.id, "Å, nei! (50 % & mer)");
    assert_eq!(
        world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().navn,
        "Å, nei! (50 % & mer)"
    );
}

fn with_key(pem: Option<String>) -> KontoEndring {
    KontoEndring {
        offentlig_nokkel: Some(pem),
        ..KontoEndring::default()
    }
}

async fn one_key_is_active_at_a_time(test: TestDatabase) {
    let world = World::new(test).await;
    let (konto, own) = (world.konto(&world.bo).await, &world.bo.caller);
    assert_eq!(
        code(world.fiksio.offentlig_nokkel(konto).await),
        "konto.ingen_nokkel"
    );
    assert_eq!(
        code(world.fiksio.offentlig_nokkel(KontoId(Uuid::from_u128(1))).await),
        "konto.ukjent"
    );
    world
        .send_with(
            &world.bo,
            melding(konto, konto),
            Some(payload(b"kryptert til den gamle")),
        )
        .await;
    for number in [0, 1] {
        let certificate = identity(number).certificate();
        let endring = with_key(Some(format!("Bag Attributes\n{}", certificate.pem())));
        world.fiksio.endre_konto(own, konto, endring).await.unwrap();
        assert_eq!(&world.fiksio.offentlig_nokkel(konto).await.unwrap(), certificate);
    }
    let data = world.fiksio.neste_data(own, konto).await.unwrap().unwrap();
    assert_eq!(crate::support::whole(data).await, b"kryptert til den gamle");
    world
        .fiksio
        .endre_konto(own, konto, with_key(None))
        .await
        .unwrap();
    assert_eq!(
        code(world.fiksio.offentlig_nokkel(konto).await),
        "konto.ingen_nokkel"
    );
}

async fn a_refused_key_leaves_the_one_before_it(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyKonto {
        offentlig_nokkel: Some(identity(0).certificate().pem()),
        ..ny_konto(world.bo.id, "Arkiv")
    };
    let konto = world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id;
    let private = identity(1).key().to_pem().to_string();
    for (wrong, expected) in [
        ("tull".to_owned(), "sertifikat.ikke_pem"),
        (private.clone(), "sertifikat.privat_nokkel"),
        (
            identity(1).certificate().pem() + &private,
            "sertifikat.privat_nokkel",
        ),
    ] {
        let made = NyKonto {
            offentlig_nokkel: Some(wrong.clone()),
            ..ny_konto(world.bo.id, "Arkiv")
        };
        assert_eq!(code(world.fiksio.opprett_konto(PLATFORM, made).await), expected);
        let changed = world
            .fiksio
            .endre_konto(PLATFORM, konto, with_key(Some(wrong)))
            .await;
        assert_eq!(code(changed), expected);
    }
    assert_eq!(
        &world.fiksio.offentlig_nokkel(konto).await.unwrap(),
        identity(0).certificate()
    );
}

async fn the_status_tells_whether_a_konto_can_be_used(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyKonto {
        aktiv: false,
        ..ny_konto(world.bo.id, "Avslått")
    };
    let inaktiv = world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id;
    let mottak = ny_konto(world.bo.id, "Mottak");
    let mottak = world.fiksio.opprett_konto(PLATFORM, mottak).await.unwrap().id;
    world
        .sql("UPDATE fiksio_konto SET send_deaktivert = true WHERE navn = 'Mottak'")
        .await;
    let fresh = world.konto(&world.bo).await;
    let mut restarted = world;
    restarted.restart().await;
    let status = |konto| restarted.fiksio.katalog_status(konto);
    let valid = |status: fiks_fiksio::handle::KontoStatus| (status.gyldig_avsender, status.gyldig_mottaker);
    assert_eq!(valid(status(inaktiv).await.unwrap()), (false, false));
    assert_eq!(valid(status(mottak).await.unwrap()), (false, true));
    assert_eq!(valid(status(fresh).await.unwrap()), (true, true));
    assert_eq!(code(status(KontoId(Uuid::from_u128(1))).await), "konto.ukjent");
    let sent = restarted
        .fiksio
        .send(PLATFORM, melding(mottak, fresh), None, None)
        .await;
    assert_eq!(code(sent), "avsender.sending_deaktivert");
    restarted
        .fiksio
        .send(PLATFORM, melding(fresh, mottak), None, None)
        .await
        .unwrap();
}

async fn senders_are_accepted_once_and_by_name(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let make = async |name| {
        let ny = ny_konto(world.hol.id, name);
        world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id
    };
    let (skole, byggesak) = (make("Skole").await, make("Byggesak").await);
    let accept = async |avsender, akseptert| {
        world
            .fiksio
            .sett_akseptert(&world.bo.caller, konto, avsender, akseptert)
            .await
    };
    let listed = async || {
        let (aktivert, kontoer) = world.fiksio.aksepterte(&world.bo.caller, konto).await.unwrap();
        assert!(!aktivert, "the list took effect by itself");
        kontoer.into_iter().map(|konto| konto.navn).collect::<Vec<_>>()
    };
    for avsender in [skole, byggesak, skole] {
        accept(avsender, true).await.unwrap();
    }
    assert_eq!(listed().await, ["Byggesak", "Skole"]);
    assert_eq!(
        code(accept(KontoId(Uuid::from_u128(1)), true).await),
        "konto.ukjent"
    );
    accept(byggesak, false).await.unwrap();
    accept(byggesak, false).await.unwrap();
    assert_eq!(listed().await, ["Skole"]);
    world.fiksio.slett_konto(PLATFORM, skole).await.unwrap();
    assert!(listed().await.is_empty());
}

async fn a_deleted_konto_is_gone_with_everything_of_its_own(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyKonto {
        adresser: vec![ny_adresse(&["1"], &["a"], &[3])],
        ..ny_konto(world.bo.id, "Arkiv")
    };
    let konto = world.fiksio.opprett_konto(&world.bo.caller, ny).await.unwrap();
    let other = world.konto(&world.hol).await;
    let large = vec![1; 5_000_001];
    let large = world
        .send_with(&world.hol, melding(other, konto.id), Some(payload(&large)))
        .await;
    let sent = world.send(&world.bo, konto.id, other).await;
    let mut consumer = world.konsument(konto.id);
    consumer.next().await;
    world
        .fiksio
        .slett_konto(&world.bo.caller, konto.id)
        .await
        .unwrap();
    consumer.cancelled().await;
    drop(consumer);
    assert_eq!(
        code(world.fiksio.hent_konto(PLATFORM, konto.id).await),
        "konto.ukjent"
    );
    assert_eq!(code(world.fiksio.katalog_konto(konto.id).await), "konto.ukjent");
    assert_eq!(
        code(world.fiksio.slett_konto(PLATFORM, konto.id).await),
        "konto.ukjent"
    );
    assert!(
        world
            .konfigurasjon
            .ressurs(PLATFORM, konto.id.into())
            .await
            .is_err()
    );
    let document = large.innhold.dokument().unwrap();
    let opened = world.dokumentlager.hent(&world.bo.caller, document, None).await;
    assert_eq!(opened.err().unwrap().kind().code, "dokument.ikke_eksponert");
    // Its address is free, and what it sent to others stays theirs.
    let again = KontoEndring {
        nye_adresser: vec![ny_adresse(&["1"], &["a"], &[3])],
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, other, again).await.unwrap();
    assert_eq!(world.ventende(other).await[0].melding.id, sent.id);
    assert!(world.ventende(konto.id).await.is_empty());
}
