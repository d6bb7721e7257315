//! Look-ups in the grants.

use fiks_core::Problem;
use fiks_core::id::{Aktor, ROOT, RessursId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_identity::Caller;
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_MOTTA, FIKSIO_SENDE};
use fiks_konfigurasjon::model::tilgang::{Autorisasjon, TypeTilgang};
use fiks_konfigurasjon::{AutorisasjonUtvalg, SynligUtvalg};
use uuid::Uuid;

use crate::support::{PLATFORM, World, aktor, privilegium, ressurstype};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    an_aktor_and_its_administrators_ask_what_it_holds,
    grants_on_a_ressurs_are_shown_without_inherited_ones,
    type_grants_are_shown_to_the_root_and_their_holder,
    a_caller_sees_what_leads_to_its_privileges,
    a_caller_finds_the_ressurser_that_it_can_use,
    the_map_of_authorisations_tells_where_each_grant_stands,
    the_map_of_authorisations_is_limited_as_asked,
);

/// bo → tjeneste → two kontoer
struct Tree {
    world: World,
    tjeneste: RessursId,
    first: RessursId,
    second: RessursId,
}

impl Tree {
    async fn new(test: TestDatabase) -> Self {
        let world = World::new(test).await;
        let tjeneste = world.ressurs(world.bo, "NOE").await;
        let first = world.ressurs(tjeneste, "KONTO").await;
        let second = world.ressurs(tjeneste, "KONTO").await;
        Self {
            world,
            tjeneste,
            first,
            second,
        }
    }

    async fn synlige(&self, caller: &Caller, utvalg: SynligUtvalg) -> Vec<RessursId> {
        let seen = self.world.service.synlige(caller, &utvalg).await.unwrap();
        sorted(seen.into_iter().map(|one| one.id))
    }
}

fn sorted(ids: impl IntoIterator<Item = RessursId>) -> Vec<RessursId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

fn everything(aktor: Option<Aktor>) -> AutorisasjonUtvalg {
    AutorisasjonUtvalg {
        aktor,
        privilegium: None,
        ressurstype: None,
        forelder: ROOT,
        arv: false,
        maks_dybde: None,
    }
}

async fn an_aktor_and_its_administrators_ask_what_it_holds(test: TestDatabase) {
    let Tree { world, first, .. } = Tree::new(test).await;
    world.give(&world.nobody, FIKSIO_SENDE, first).await;
    let who = aktor(&world.nobody);
    for caller in [&world.nobody, &world.bo_admin, &world.root, PLATFORM] {
        let answer = world
            .service
            .er_autorisert(caller, &who, privilegium(FIKSIO_SENDE), first)
            .await;
        assert!(answer.unwrap());
        let answer = world
            .service
            .er_autorisert(caller, &who, privilegium(FIKSIO_MOTTA), first)
            .await;
        assert!(!answer.unwrap());
    }
    let refusal = world
        .service
        .er_autorisert(&world.hol_admin, &who, privilegium(ADMIN), first)
        .await;
    assert_eq!(refusal.unwrap_err().kind().code, "tilgang.mangler");
    let unknown = RessursId(Uuid::from_u128(1));
    for caller in [&world.nobody, &world.root] {
        assert!(
            !world
                .service
                .er_autorisert(caller, &who, privilegium(ADMIN), unknown)
                .await
                .unwrap()
        );
    }
}

async fn grants_on_a_ressurs_are_shown_without_inherited_ones(test: TestDatabase) {
    let Tree { world, first, .. } = Tree::new(test).await;
    let other = world.caller_with(world.bo, FIKSIO_MOTTA, first).await;
    world.give(&world.nobody, FIKSIO_SENDE, first).await;
    let shown = world
        .service
        .tilganger_paa(&world.bo_admin, first, None)
        .await
        .unwrap();
    assert_eq!(shown.len(), 2);
    let own = world
        .service
        .tilganger_paa(&other, first, Some(&aktor(&other)))
        .await
        .unwrap();
    assert_eq!((own.len(), own[0].privilegium.as_str()), (1, FIKSIO_MOTTA));
    for whose in [None, Some(aktor(&world.nobody))] {
        let refusal = world
            .service
            .tilganger_paa(&other, first, whose.as_ref())
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().code, "tilgang.mangler");
    }
    let unknown = RessursId(Uuid::from_u128(1));
    for caller in [PLATFORM, &world.root] {
        let refusal = world
            .service
            .tilganger_paa(caller, unknown, None)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind().code, "ressurs.ukjent");
    }
}

async fn type_grants_are_shown_to_the_root_and_their_holder(test: TestDatabase) {
    let Tree { world, .. } = Tree::new(test).await;
    for caller in [&world.nobody, &world.hol_admin] {
        let given = TypeTilgang {
            aktor: aktor(caller),
            privilegium: privilegium(FIKSIO_SENDE),
            ressurstype: ressurstype("KONTO"),
        };
        world.service.tildel_type(PLATFORM, given).await.unwrap();
    }
    assert_eq!(world.service.typetilganger(&world.root).await.unwrap().len(), 2);
    let own = world.service.typetilganger(&world.nobody).await.unwrap();
    assert_eq!((own.len(), &own[0].1.aktor), (1, &aktor(&world.nobody)));
    assert!(
        world
            .service
            .typetilganger(&world.bo_admin)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_caller_sees_what_leads_to_its_privileges(test: TestDatabase) {
    let tree = Tree::new(test).await;
    let Tree {
        world,
        tjeneste,
        first,
        second,
    } = &tree;
    let all = SynligUtvalg::default;
    assert!(tree.synlige(&world.nobody, all()).await.is_empty());
    world.give(&world.nobody, ADMIN, *first).await;
    let bo = world.bo.into();
    assert_eq!(
        tree.synlige(&world.nobody, all()).await,
        sorted([*first, *tjeneste, bo, ROOT])
    );
    let below = |forelder| SynligUtvalg {
        forelder: Some(forelder),
        ..all()
    };
    assert_eq!(tree.synlige(&world.nobody, below(bo)).await, [*tjeneste]);
    assert_eq!(tree.synlige(&world.nobody, below(*tjeneste)).await, [*first]);
    assert_eq!(
        tree.synlige(&world.bo_admin, below(*tjeneste)).await,
        sorted([*first, *second])
    );
    assert_eq!(
        tree.synlige(&world.bo_admin, all()).await,
        sorted([*first, *second, *tjeneste, bo, ROOT])
    );
    let kontoer = SynligUtvalg {
        ressurstype: Some(ressurstype("KONTO")),
        ..all()
    };
    assert_eq!(
        tree.synlige(&world.root, kontoer.clone()).await,
        sorted([*first, *second])
    );
    assert!(tree.synlige(&world.hol_admin, kontoer.clone()).await.is_empty());
    world.give(&world.nobody, FIKSIO_SENDE, *second).await;
    let privilegier = vec![privilegium(FIKSIO_SENDE)];
    let sending = SynligUtvalg {
        privilegier,
        ..kontoer.clone()
    };
    assert_eq!(
        tree.synlige(&world.nobody, sending).await,
        sorted([*first, *second])
    );
    world
        .service
        .sett_aktiv(PLATFORM, world.bo, aktor(&world.nobody), false)
        .await
        .unwrap();
    assert!(tree.synlige(&world.nobody, all()).await.is_empty());
}

async fn a_caller_finds_the_ressurser_that_it_can_use(test: TestDatabase) {
    let Tree {
        world,
        tjeneste,
        first,
        second,
    } = Tree::new(test).await;
    world.give(&world.nobody, FIKSIO_SENDE, first).await;
    let found = world.service.ressurser(&world.nobody, None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0],
        world.service.ressurs(&world.nobody, first).await.unwrap()
    );
    let kontoer = world
        .service
        .ressurser(&world.bo_admin, Some(&ressurstype("KONTO")))
        .await
        .unwrap();
    assert_eq!(
        sorted(kontoer.iter().map(|one| one.ressurs.id)),
        sorted([first, second])
    );
    assert!(
        kontoer
            .iter()
            .all(|one| one.path[0].id == tjeneste && one.path.len() == 3)
    );
    let given = TypeTilgang {
        aktor: aktor(&world.hol_admin),
        privilegium: privilegium(FIKSIO_MOTTA),
        ressurstype: ressurstype("NOE"),
    };
    world.service.tildel_type(PLATFORM, given).await.unwrap();
    let found = world
        .service
        .ressurser(&world.hol_admin, Some(&ressurstype("KONTO")))
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(world.service.ressurser(PLATFORM, None).await.unwrap().len(), 6);
}

fn levels(lines: &[Autorisasjon]) -> Vec<(RessursId, usize, usize)> {
    lines
        .iter()
        .map(|one| (one.ressurs.ressurs.id, one.privilegium_niva, one.ressurs_niva()))
        .collect()
}

async fn the_map_of_authorisations_tells_where_each_grant_stands(test: TestDatabase) {
    let Tree {
        world,
        tjeneste,
        first,
        second,
    } = Tree::new(test).await;
    world.give(&world.nobody, FIKSIO_SENDE, tjeneste).await;
    let own = everything(Some(aktor(&world.nobody)));
    let direct = world.service.autorisasjoner(&world.nobody, &own).await.unwrap();
    assert_eq!(levels(&direct), [(tjeneste, 2, 2)]);
    let path: Vec<_> = direct[0].ressurs.path.iter().map(|one| one.id).collect();
    assert_eq!(path, [world.bo.into(), ROOT]);
    let inherited = AutorisasjonUtvalg { arv: true, ..own };
    let inherited = world
        .service
        .autorisasjoner(&world.nobody, &inherited)
        .await
        .unwrap();
    let [one, two] = sorted([first, second])[..] else {
        panic!("two kontoer")
    };
    assert_eq!(levels(&inherited), [(tjeneste, 2, 2), (one, 2, 3), (two, 2, 3)]);
    let refusal = world
        .service
        .autorisasjoner(&world.nobody, &everything(None))
        .await
        .unwrap_err();
    assert_eq!(refusal.kind().code, "tilgang.mangler");
}

async fn the_map_of_authorisations_is_limited_as_asked(test: TestDatabase) {
    let Tree {
        world,
        tjeneste,
        first,
        ..
    } = Tree::new(test).await;
    world.give(&world.nobody, FIKSIO_SENDE, first).await;
    world.give(&world.nobody, FIKSIO_MOTTA, tjeneste).await;
    let bo = world.bo.into();
    let inherited_by_kontoer = |one: &mut AutorisasjonUtvalg| {
        (one.arv, one.ressurstype) = (true, Some(ressurstype("KONTO")));
    };
    for (utvalg, expected) in [
        (below(bo, |_| ()), 3),
        (below(tjeneste, |_| ()), 2),
        (below(bo, |one| one.maks_dybde = Some(1)), 2),
        (below(tjeneste, |one| one.maks_dybde = Some(0)), 1),
        (
            below(tjeneste, |one| one.ressurstype = Some(ressurstype("KONTO"))),
            1,
        ),
        (below(tjeneste, |one| one.privilegium = Some(FIKSIO_MOTTA)), 1),
        // ADMIN from the root and from bo, FIKSIO.MOTTA from the service, FIKSIO.SENDE from the konto itself.
        (below(first, inherited_by_kontoer), 4),
    ] {
        let lines = world.service.autorisasjoner(&world.bo_admin, &utvalg).await;
        assert_eq!(lines.unwrap().len(), expected, "{utvalg:?}");
        let refusal = world.service.autorisasjoner(&world.hol_admin, &utvalg).await;
        assert_eq!(refusal.unwrap_err().kind().code, "tilgang.mangler");
    }
}

fn below(forelder: RessursId, change: impl FnOnce(&mut AutorisasjonUtvalg)) -> AutorisasjonUtvalg {
    let mut utvalg = AutorisasjonUtvalg {
        forelder,
        ..everything(None)
    };
    change(&mut utvalg);
    utvalg
}
