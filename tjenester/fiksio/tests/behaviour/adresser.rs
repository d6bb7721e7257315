//! Addresses: made, filled, found in look-ups (fiks-io §4, §5).

use fiks_core::id::KontoId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::handle::{KontoEndring, NyKonto, Oppslag};
use fiks_fiksio::model::adresse::{Adresse, AdresseId, Dekning, NyAdresse};
use uuid::Uuid;

use crate::support::{MINUTE, PLATFORM, World, code, dekning, ny_adresse, ny_konto};

both_engines!(
    crate::support::services();
    a_new_address_is_empty_and_inactive,
    addresses_are_listed_oldest_first,
    values_are_added_and_taken_away_without_doubles,
    a_change_is_noted_with_its_time,
    an_address_is_its_kontos_alone,
    a_wrong_value_is_refused_and_nothing_is_added,
    the_number_of_values_is_bounded,
    kontoer_are_made_with_their_addresses_or_not_at_all,
    a_lookup_finds_an_active_konto_through_an_active_address_only,
    a_lookup_names_one_of_each,
    matching_addresses_tell_what_they_share,
);

async fn adresse(world: &World, konto: KontoId) -> Adresse {
    let made = world.fiksio.opprett_adresse(PLATFORM, konto, "Hoved".to_owned());
    made.await.unwrap()
}

async fn a_new_address_is_empty_and_inactive(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let made = adresse(&world, konto).await;
    assert!(!made.aktiv && made.dekning == Dekning::default());
    assert_eq!((made.konto, made.beskrivelse.as_str()), (konto, "Hoved"));
    assert_eq!(world.fiksio.adresser(PLATFORM, konto).await.unwrap(), [made]);
}

async fn addresses_are_listed_oldest_first(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(adresse(&world, konto).await.id);
        world.hand.advance(MINUTE);
    }
    world
        .fiksio
        .slett_adresse(PLATFORM, konto, made.remove(1))
        .await
        .unwrap();
    let listed = world.fiksio.adresser(PLATFORM, konto).await.unwrap();
    assert_eq!(listed.iter().map(|adresse| adresse.id).collect::<Vec<_>>(), made);
}

async fn values_are_added_and_taken_away_without_doubles(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let id = adresse(&world, konto).await.id;
    for mer in [
        dekning(&["2", "1"], &[], &[]),
        dekning(&["1"], &["no.b", "no.a"], &[4]),
        dekning(&[], &["no.a"], &[3, 4]),
    ] {
        world
            .fiksio
            .utvid_dekning(PLATFORM, konto, id, mer)
            .await
            .unwrap();
    }
    let stored = async || {
        world
            .fiksio
            .adresser(PLATFORM, konto)
            .await
            .unwrap()
            .remove(0)
            .dekning
    };
    assert_eq!(stored().await, dekning(&["1", "2"], &["no.a", "no.b"], &[3, 4]));
    let bort = dekning(&["2", "9"], &["no.b"], &[1, 3]);
    let left = world
        .fiksio
        .innskrenk_dekning(PLATFORM, konto, id, bort)
        .await
        .unwrap();
    assert_eq!(left.dekning, dekning(&["1"], &["no.a"], &[4]));
    assert_eq!(stored().await, left.dekning);
}

async fn a_change_is_noted_with_its_time(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let before = adresse(&world, konto).await;
    world.hand.advance(MINUTE);
    let after = world
        .fiksio
        .sett_beskrivelse(&world.bo.caller, konto, before.id, "Ny".to_owned())
        .await
        .unwrap();
    assert_eq!(
        (after.beskrivelse.as_str(), after.opprettet),
        ("Ny", before.opprettet)
    );
    assert_eq!(after.opprettet_av, PLATFORM.name());
    assert_eq!(after.sist_endret_av, world.bo.caller.name());
    assert!(after.sist_endret >= before.sist_endret.plus(MINUTE));
    assert_eq!(world.fiksio.adresser(PLATFORM, konto).await.unwrap(), [after]);
}

async fn an_address_is_its_kontos_alone(test: TestDatabase) {
    let world = World::new(test).await;
    let (konto, other) = (world.konto(&world.bo).await, world.konto(&world.bo).await);
    let id = adresse(&world, konto).await.id;
    let unknown = AdresseId(Uuid::from_u128(1));
    for (konto, id) in [(other, id), (konto, unknown)] {
        let one = dekning(&["1"], &[], &[]);
        let refusals = [
            code(world.fiksio.slett_adresse(PLATFORM, konto, id).await),
            code(world.fiksio.sett_adresse_aktiv(PLATFORM, konto, id, false).await),
            code(
                world
                    .fiksio
                    .sett_beskrivelse(PLATFORM, konto, id, "Ny".to_owned())
                    .await,
            ),
            code(world.fiksio.utvid_dekning(PLATFORM, konto, id, one.clone()).await),
            code(world.fiksio.innskrenk_dekning(PLATFORM, konto, id, one).await),
        ];
        assert_eq!(refusals, ["adresse.ukjent"; 5]);
    }
    assert_eq!(world.fiksio.adresser(PLATFORM, konto).await.unwrap().len(), 1);
}

async fn a_wrong_value_is_refused_and_nothing_is_added(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let before = adresse(&world, konto).await;
    for (mer, expected) in [
        (
            dekning(&["1"], &["no.a", "a b"], &[]),
            "adresse.ugyldig_protokoll",
        ),
        (dekning(&["1"], &[], &[4, 5]), "adresse.ugyldig_niva"),
    ] {
        let outcome = world.fiksio.utvid_dekning(PLATFORM, konto, before.id, mer).await;
        assert_eq!(code(outcome), expected);
    }
    let wrong = "a:b".to_owned();
    let described = world
        .fiksio
        .sett_beskrivelse(PLATFORM, konto, before.id, wrong.clone())
        .await;
    assert_eq!(code(described), "adresse.ugyldig_beskrivelse");
    let made = world.fiksio.opprett_adresse(PLATFORM, konto, wrong).await;
    assert_eq!(code(made), "adresse.ugyldig_beskrivelse");
    assert_eq!(world.fiksio.adresser(PLATFORM, konto).await.unwrap(), [before]);
}

/// Numbers from `from` on.
fn many(from: usize, count: usize) -> Dekning {
    let numbers: Vec<String> = (from..from + count).map(|number| number.to_string()).collect();
    dekning(&numbers.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[])
}

async fn the_number_of_values_is_bounded(test: TestDatabase) {
    let world = World::new(test).await;
    let konto = world.konto(&world.bo).await;
    let id = adresse(&world, konto).await.id;
    let extend = async |mer| world.fiksio.utvid_dekning(PLATFORM, konto, id, mer).await;
    assert_eq!(code(extend(many(0, 1_001)).await), "adresse.for_mange_verdier");
    extend(many(0, 1_000)).await.unwrap();
    assert_eq!(code(extend(many(1_000, 1)).await), "adresse.for_mange_verdier");
    let stored = world.fiksio.adresser(PLATFORM, konto).await.unwrap().remove(0);
    assert_eq!(stored.dekning.identifikatorer.len(), 1_000);
    let asked = world.fiksio.matchende_adresser(&many(0, 40_000)).await;
    assert_eq!(code(asked), "adresse.for_mange_verdier");
}

async fn kontoer_are_made_with_their_addresses_or_not_at_all(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = |adresser| NyKonto {
        adresser,
        ..ny_konto(world.bo.id, "Arkiv")
    };
    let good = ny_adresse(&["1"], &["no.a"], &[3]);
    for (second, expected) in [
        (ny_adresse(&["2"], &["no.a"], &[]), "adresse.ufullstendig"),
        (ny_adresse(&["2"], &["no.a"], &[9]), "adresse.ugyldig_niva"),
        (good.clone(), "adresse.konflikt"),
    ] {
        let made = world
            .fiksio
            .opprett_konto(PLATFORM, ny(vec![good.clone(), second]))
            .await;
        assert_eq!(code(made), expected);
        assert!(
            world
                .fiksio
                .sok_kontoer(PLATFORM, None, None)
                .await
                .unwrap()
                .is_empty()
        );
    }
    let hidden = NyAdresse {
        aktiv: false,
        ..ny_adresse(&[], &[], &[])
    };
    let konto = world
        .fiksio
        .opprett_konto(PLATFORM, ny(vec![good, hidden]))
        .await
        .unwrap()
        .id;
    let mut aktive: Vec<_> = world.fiksio.adresser(PLATFORM, konto).await.unwrap();
    aktive.sort_by_key(|adresse| adresse.aktiv);
    assert_eq!(
        aktive.iter().map(|adresse| adresse.aktiv).collect::<Vec<_>>(),
        [false, true]
    );
}

fn oppslag(number: &str, protokoll: &str, niva: i32) -> Oppslag {
    Oppslag {
        identifikator: format!("ORG_NO.{number}").parse().unwrap(),
        protokoll: protokoll.to_owned(),
        niva,
    }
}

async fn a_lookup_finds_an_active_konto_through_an_active_address_only(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyKonto {
        adresser: vec![ny_adresse(&["1"], &["no.a"], &[3])],
        ..ny_konto(world.bo.id, "Arkiv")
    };
    let konto = world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id;
    let adresse = world.fiksio.adresser(PLATFORM, konto).await.unwrap()[0].id;
    let found = async || world.fiksio.lookup(&oppslag("1", "no.a", 3)).await;
    let first = found().await.unwrap();
    assert_eq!((first.konto.id, first.organisasjon.id), (konto, world.bo.id));
    let aktiv = |aktiv| KontoEndring {
        aktiv: Some(aktiv),
        ..KontoEndring::default()
    };
    world
        .fiksio
        .endre_konto(PLATFORM, konto, aktiv(false))
        .await
        .unwrap();
    assert_eq!(code(found().await), "katalog.ingen_treff");
    world
        .fiksio
        .endre_konto(PLATFORM, konto, aktiv(true))
        .await
        .unwrap();
    found().await.unwrap();
    world
        .fiksio
        .sett_adresse_aktiv(PLATFORM, konto, adresse, false)
        .await
        .unwrap();
    assert_eq!(code(found().await), "katalog.ingen_treff");
    world
        .fiksio
        .sett_adresse_aktiv(PLATFORM, konto, adresse, true)
        .await
        .unwrap();
    found().await.unwrap();
    world
        .fiksio
        .slett_adresse(PLATFORM, konto, adresse)
        .await
        .unwrap();
    assert_eq!(code(found().await), "katalog.ingen_treff");
}

async fn a_lookup_names_one_of_each(test: TestDatabase) {
    let world = World::new(test).await;
    let make = async |of: &crate::support::Kommune, adresse| {
        let ny = NyKonto {
            adresser: vec![adresse],
            ..ny_konto(of.id, "Arkiv")
        };
        world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id
    };
    let a = make(&world.bo, ny_adresse(&["1", "2"], &["no.a", "no.b"], &[3])).await;
    let b = make(&world.hol, ny_adresse(&["1"], &["no.a"], &[4])).await;
    for (asked, expected) in [
        (oppslag("1", "no.a", 3), Some(a)),
        (oppslag("2", "no.b", 3), Some(a)),
        (oppslag("1", "no.a", 4), Some(b)),
        (oppslag("2", "no.a", 4), None),
        (oppslag("1", "no.b", 4), None),
        (oppslag("3", "no.a", 3), None),
        (oppslag("1", "no.A", 3), None),
    ] {
        let found = world.fiksio.lookup(&asked).await.ok().map(|found| found.konto.id);
        assert_eq!(found, expected, "{asked:?}");
    }
    let nav = Oppslag {
        identifikator: "NAVENHET_ID.1".parse().unwrap(),
        ..oppslag("1", "no.a", 3)
    };
    assert_eq!(code(world.fiksio.lookup(&nav).await), "katalog.ingen_treff");
}

async fn matching_addresses_tell_what_they_share(test: TestDatabase) {
    let world = World::new(test).await;
    let ny = NyKonto {
        adresser: vec![
            ny_adresse(&["1", "2"], &["no.a", "no.b"], &[3, 4]),
            ny_adresse(&["3"], &["no.a"], &[3]),
            NyAdresse {
                aktiv: false,
                ..ny_adresse(&["1"], &["no.c"], &[3])
            },
        ],
        ..ny_konto(world.bo.id, "Arkiv")
    };
    world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap();
    let asked = dekning(&["1", "9"], &["no.b", "no.c"], &[4]);
    let found = world.fiksio.matchende_adresser(&asked).await.unwrap();
    let shared: Vec<_> = found.into_iter().map(|found| found.dekning).collect();
    assert_eq!(shared, [dekning(&["1"], &["no.b"], &[4])]);
    assert!(
        world
            .fiksio
            .matchende_adresser(&dekning(&[], &["no.a"], &[3]))
            .await
            .unwrap()
            .is_empty()
    );
}
