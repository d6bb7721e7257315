//! Active addresses are complete and never overlap (fiks-io §5).

use fiks_core::id::KontoId;
use fiks_core::{ErrorKind, Problem};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::FiksioError;
use fiks_fiksio::handle::{KontoEndring, NyKonto};
use fiks_fiksio::model::adresse::{AdresseId, Dekning, NyAdresse};
use serde_json::json;

use crate::support::{Kommune, PLATFORM, World, code, dekning, ny_adresse, ny_konto};

both_engines!(
    crate::support::services();
    an_incomplete_address_is_not_activated,
    an_active_address_keeps_one_of_each,
    overlapping_addresses_are_not_both_active,
    an_active_address_does_not_grow_into_another,
    every_address_in_the_way_is_told_with_what_is_shared,
    an_address_is_in_nobodys_way_by_itself,
);

/// A konto with one address.
async fn med_adresse(world: &World, of: &Kommune, navn: &str, adresse: NyAdresse) -> (KontoId, AdresseId) {
    let ny = NyKonto {
        adresser: vec![adresse],
        ..ny_konto(of.id, navn)
    };
    let konto = world.fiksio.opprett_konto(PLATFORM, ny).await.unwrap().id;
    (konto, world.fiksio.adresser(PLATFORM, konto).await.unwrap()[0].id)
}

fn hidden(dekning: Dekning) -> NyAdresse {
    NyAdresse {
        beskrivelse: "Skjult".to_owned(),
        dekning,
        aktiv: false,
    }
}

async fn an_incomplete_address_is_not_activated(test: TestDatabase) {
    let world = World::new(test).await;
    for missing in [
        dekning(&[], &["no.a"], &[3]),
        dekning(&["1"], &[], &[3]),
        dekning(&["1"], &["no.a"], &[]),
    ] {
        let (konto, id) = med_adresse(&world, &world.bo, "Arkiv", hidden(missing)).await;
        let activated = world.fiksio.sett_adresse_aktiv(PLATFORM, konto, id, true).await;
        assert_eq!(code(activated), "adresse.ufullstendig");
        assert!(!world.fiksio.adresser(PLATFORM, konto).await.unwrap()[0].aktiv);
    }
}

async fn an_active_address_keeps_one_of_each(test: TestDatabase) {
    let world = World::new(test).await;
    let whole = dekning(&["1"], &["no.a"], &[3]);
    let (konto, id) = med_adresse(&world, &world.bo, "Arkiv", ny_adresse(&["1"], &["no.a"], &[3])).await;
    for bort in [
        dekning(&["1"], &[], &[]),
        dekning(&[], &["no.a"], &[]),
        dekning(&[], &[], &[3]),
    ] {
        let shrunk = world.fiksio.innskrenk_dekning(PLATFORM, konto, id, bort).await;
        assert_eq!(code(shrunk), "adresse.ufullstendig");
        assert_eq!(
            world.fiksio.adresser(PLATFORM, konto).await.unwrap()[0].dekning,
            whole
        );
    }
    world
        .fiksio
        .sett_adresse_aktiv(PLATFORM, konto, id, false)
        .await
        .unwrap();
    let empty = world
        .fiksio
        .innskrenk_dekning(PLATFORM, konto, id, whole)
        .await
        .unwrap();
    assert_eq!(empty.dekning, Dekning::default());
}

async fn overlapping_addresses_are_not_both_active(test: TestDatabase) {
    let world = World::new(test).await;
    let (one, first) = med_adresse(&world, &world.bo, "En", ny_adresse(&["1", "2"], &["no.a"], &[3])).await;
    let (two, second) = med_adresse(
        &world,
        &world.hol,
        "To",
        hidden(dekning(&["2", "3"], &["no.a", "no.b"], &[3])),
    )
    .await;
    let activate = async |konto, id, aktiv| world.fiksio.sett_adresse_aktiv(PLATFORM, konto, id, aktiv).await;
    assert_eq!(code(activate(two, second, true).await), "adresse.konflikt");
    assert!(!world.fiksio.adresser(PLATFORM, two).await.unwrap()[0].aktiv);
    activate(one, first, false).await.unwrap();
    activate(two, second, true).await.unwrap();
    assert_eq!(code(activate(one, first, true).await), "adresse.konflikt");
    // Also an address whose konto is inactive: it would overlap once the konto is active again.
    let inaktiv = KontoEndring {
        aktiv: Some(false),
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, two, inaktiv).await.unwrap();
    assert_eq!(code(activate(one, first, true).await), "adresse.konflikt");
    world.fiksio.slett_adresse(PLATFORM, two, second).await.unwrap();
    activate(one, first, true).await.unwrap();
}

async fn an_active_address_does_not_grow_into_another(test: TestDatabase) {
    let world = World::new(test).await;
    let taken = ny_adresse(&["1", "2"], &["no.a", "no.b"], &[3, 4]);
    med_adresse(&world, &world.bo, "En", taken).await;
    for (own, mer) in [
        (ny_adresse(&["9"], &["no.a"], &[3]), dekning(&["1"], &[], &[])),
        (ny_adresse(&["1"], &["no.x"], &[3]), dekning(&[], &["no.b"], &[])),
        (ny_adresse(&["1"], &["no.a"], &[1]), dekning(&[], &[], &[4])),
    ] {
        let before = own.dekning.clone();
        let (konto, id) = med_adresse(&world, &world.hol, "To", own).await;
        let grown = world.fiksio.utvid_dekning(PLATFORM, konto, id, mer.clone()).await;
        assert_eq!(code(grown), "adresse.konflikt", "{mer:?}");
        assert_eq!(
            world.fiksio.adresser(PLATFORM, konto).await.unwrap()[0].dekning,
            before
        );
        world
            .fiksio
            .sett_adresse_aktiv(PLATFORM, konto, id, false)
            .await
            .unwrap();
        world
            .fiksio
            .utvid_dekning(PLATFORM, konto, id, mer)
            .await
            .unwrap();
    }
}

async fn every_address_in_the_way_is_told_with_what_is_shared(test: TestDatabase) {
    let world = World::new(test).await;
    let (one, first) = med_adresse(&world, &world.bo, "En", ny_adresse(&["1", "7"], &["no.a"], &[3])).await;
    let (two, second) = med_adresse(&world, &world.hol, "To", ny_adresse(&["2"], &["no.b"], &[3, 4])).await;
    // Shares a number, but no look-up finds both.
    med_adresse(&world, &world.hol, "Tre", ny_adresse(&["1"], &["no.c"], &[3])).await;
    let wide = hidden(dekning(&["1", "2"], &["no.a", "no.b"], &[3, 4]));
    let (konto, id) = med_adresse(&world, &world.bo, "Fire", wide).await;
    let refusal = world
        .fiksio
        .sett_adresse_aktiv(PLATFORM, konto, id, true)
        .await
        .unwrap_err();
    let ErrorKind { status, code, .. } = refusal.kind();
    assert_eq!((*status, *code), (400, "adresse.konflikt"));
    let FiksioError::AdresseKonflikt { konflikter } = &refusal else {
        panic!("{refusal}");
    };
    let mut konflikter = konflikter.clone();
    konflikter.sort_by_key(|konflikt| konflikt.konto_navn.clone());
    let bo = json!({
        "fiksOrgId": world.bo.id, "fiksOrgVisningsnavn": "Bø kommune", "kontoId": one, "kontoNavn": "En",
        "adresseId": first, "beskrivelse": "Hoved", "identifikatorer": ["ORG_NO.1"],
        "meldingsprotokoller": ["no.a"], "sikkerhetsnivaer": [3],
    });
    let hol = json!({
        "fiksOrgId": world.hol.id, "fiksOrgVisningsnavn": "Hol kommune", "kontoId": two, "kontoNavn": "To",
        "adresseId": second, "beskrivelse": "Hoved", "identifikatorer": ["ORG_NO.2"],
        "meldingsprotokoller": ["no.b"], "sikkerhetsnivaer": [3, 4],
    });
    assert_eq!(serde_json::to_value(&konflikter).unwrap(), json!([bo, hol]));
    assert_eq!(refusal.details().unwrap().as_array().unwrap().len(), 2);
}

async fn an_address_is_in_nobodys_way_by_itself(test: TestDatabase) {
    let world = World::new(test).await;
    let (konto, id) = med_adresse(&world, &world.bo, "En", ny_adresse(&["1"], &["no.a"], &[3])).await;
    let again = world
        .fiksio
        .sett_adresse_aktiv(PLATFORM, konto, id, true)
        .await
        .unwrap();
    assert!(again.aktiv);
    let mer = dekning(&["1"], &["no.a"], &[3]);
    world
        .fiksio
        .utvid_dekning(PLATFORM, konto, id, mer)
        .await
        .unwrap();
    let swap = KontoEndring {
        adresser_fjernes: vec![id],
        nye_adresser: vec![ny_adresse(&["1"], &["no.a"], &[3])],
        ..KontoEndring::default()
    };
    world.fiksio.endre_konto(PLATFORM, konto, swap).await.unwrap();
}
