//! Random changes, judged after each by a model that knows nothing of databases and memory.

use std::collections::{BTreeMap, BTreeSet};

use fiks_core::id::{Aktor, ROOT, RessursId};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_identity::{Authoriser, Caller};
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_MOTTA, FIKSIO_SENDE};
use fiks_konfigurasjon::model::ressurs::NyRessurs;
use fiks_konfigurasjon::model::tilgang::TypeTilgang;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::support::{PLATFORM, World, aktor, ny_ressurs, privilegium, ressurstype, tilgang};

both_engines!(
    [fiks_konfigurasjon::migrations as fiks_database::ServiceMigrations];
    access_is_what_the_grants_say_after_every_change,
);

const NAMES: [&str; 3] = [ADMIN, FIKSIO_SENDE, FIKSIO_MOTTA];
const TYPES: [&str; 3] = ["A", "B", "C"];
const AKTORER: usize = 3;
/// Ids that ressurser are made with, again and again.
const IDS: usize = 6;

#[derive(Clone, Debug)]
enum Change {
    Make {
        id: usize,
        forelder: usize,
        of_type: usize,
    },
    Remove {
        id: usize,
    },
    Give {
        who: usize,
        name: usize,
        id: usize,
    },
    Take {
        who: usize,
        name: usize,
        id: usize,
    },
    GiveType {
        who: usize,
        name: usize,
        of_type: usize,
    },
    TakeType {
        who: usize,
        name: usize,
        of_type: usize,
    },
    Activate {
        who: usize,
        aktiv: bool,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let (who, name, id, of_type) = (0..AKTORER, 0..NAMES.len(), 0..IDS, 0..TYPES.len());
    let grant = (who.clone(), name.clone(), id.clone());
    let type_grant = (who.clone(), name, of_type.clone());
    prop_oneof![
        4 => (id.clone(), 0..=IDS, of_type).prop_map(|(id, forelder, of_type)| Change::Make { id, forelder, of_type }),
        1 => id.prop_map(|id| Change::Remove { id }),
        4 => grant.clone().prop_map(|(who, name, id)| Change::Give { who, name, id }),
        2 => grant.prop_map(|(who, name, id)| Change::Take { who, name, id }),
        1 => type_grant.clone().prop_map(|(who, name, of_type)| Change::GiveType { who, name, of_type }),
        1 => type_grant.prop_map(|(who, name, of_type)| Change::TakeType { who, name, of_type }),
        1 => (who, any::<bool>()).prop_map(|(who, aktiv)| Change::Activate { who, aktiv }),
    ]
}

/// What should be. `IDS` as parent stands for the organisation.
#[derive(Default)]
struct Model {
    tree: BTreeMap<usize, (usize, usize)>,
    grants: BTreeSet<(usize, usize, usize)>,
    types: BTreeSet<(usize, usize, usize)>,
    inactive: BTreeSet<usize>,
}

impl Model {
    fn path(&self, id: usize) -> Vec<(usize, usize)> {
        let mut path = Vec::new();
        let mut next = self
            .tree
            .get(&id)
            .map(|(forelder, of_type)| (id, *forelder, *of_type));
        while let Some((id, forelder, of_type)) = next {
            path.push((id, of_type));
            next = self
                .tree
                .get(&forelder)
                .map(|(above, of_type)| (forelder, *above, *of_type));
        }
        path
    }

    fn holds(&self, who: usize, name: usize, id: usize) -> bool {
        let names = [name, 0];
        !self.inactive.contains(&who)
            && self.path(id).iter().any(|(id, of_type)| {
                names.iter().any(|name| {
                    self.grants.contains(&(who, *name, *id)) || self.types.contains(&(who, *name, *of_type))
                })
            })
    }

    fn apply(&mut self, change: &Change) {
        match *change {
            Change::Make {
                id,
                forelder,
                of_type,
            } => {
                let possible = forelder == IDS || self.tree.contains_key(&forelder);
                if possible && !self.tree.contains_key(&id) {
                    self.tree.insert(id, (forelder, of_type));
                }
            }
            Change::Remove { id } => {
                let gone: BTreeSet<_> = self
                    .tree
                    .keys()
                    .copied()
                    .filter(|one| self.is_below(*one, id))
                    .collect();
                self.tree.retain(|one, _| !gone.contains(one));
                self.grants.retain(|(_, _, one)| !gone.contains(one));
            }
            Change::Give { who, name, id } if self.tree.contains_key(&id) => {
                self.grants.insert((who, name, id));
            }
            Change::Give { .. } => {}
            Change::Take { who, name, id } => {
                self.grants.remove(&(who, name, id));
            }
            Change::GiveType { who, name, of_type } => {
                self.types.insert((who, name, of_type));
            }
            Change::TakeType { who, name, of_type } => {
                self.types.remove(&(who, name, of_type));
            }
            Change::Activate { who, aktiv: true } => {
                self.inactive.remove(&who);
            }
            Change::Activate { who, aktiv: false } => {
                self.inactive.insert(who);
            }
        }
    }

    fn is_below(&self, one: usize, id: usize) -> bool {
        self.path(one).iter().any(|(above, _)| *above == id)
    }
}

struct Real {
    world: World,
    callers: Vec<Caller>,
}

impl Real {
    fn who(&self, who: usize) -> Aktor {
        aktor(&self.callers[who])
    }

    fn id(&self, id: usize) -> RessursId {
        match id {
            IDS => self.world.bo.into(),
            _ => RessursId(Uuid::from_u128(100 + id as u128)),
        }
    }

    fn type_grant(&self, who: usize, name: usize, of_type: usize) -> TypeTilgang {
        TypeTilgang {
            aktor: self.who(who),
            privilegium: privilegium(NAMES[name]),
            ressurstype: ressurstype(TYPES[of_type]),
        }
    }

    /// Changes that cannot be are refused; the model passes them over.
    async fn apply(&self, change: &Change) {
        let service = &self.world.service;
        let _ = match *change {
            Change::Make {
                id,
                forelder,
                of_type,
            } => {
                let ny = NyRessurs {
                    id: Some(self.id(id)),
                    ..ny_ressurs(self.id(forelder), TYPES[of_type])
                };
                service.opprett_ressurs(PLATFORM, ny).await.map(drop)
            }
            Change::Remove { id } => service.slett_ressurs(PLATFORM, self.id(id)).await,
            Change::Give { who, name, id } => {
                service
                    .tildel(PLATFORM, tilgang(self.who(who), NAMES[name], self.id(id)))
                    .await
            }
            Change::Take { who, name, id } => {
                service
                    .fjern(PLATFORM, tilgang(self.who(who), NAMES[name], self.id(id)))
                    .await
            }
            Change::GiveType { who, name, of_type } => {
                service
                    .tildel_type(PLATFORM, self.type_grant(who, name, of_type))
                    .await
            }
            Change::TakeType { who, name, of_type } => {
                service
                    .fjern_type(PLATFORM, self.type_grant(who, name, of_type))
                    .await
            }
            Change::Activate { who, aktiv } => {
                service
                    .sett_aktiv(PLATFORM, self.world.bo, self.who(who), aktiv)
                    .await
            }
        };
    }
}

async fn access_is_what_the_grants_say_after_every_change(test: TestDatabase) {
    let world = World::new(test).await;
    let mut callers = Vec::new();
    for _ in 0..AKTORER {
        callers.push(world.caller(world.bo).await);
    }
    let (real, mut model) = (Real { world, callers }, Model::default());
    let mut runner = TestRunner::deterministic();
    let changes = prop::collection::vec(change(), 120)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let mut held = 0;
    for (step, change) in changes.iter().enumerate() {
        model.apply(change);
        real.apply(change).await;
        for (who, name, id) in (0..AKTORER)
            .flat_map(|who| (0..NAMES.len()).map(move |name| (who, name)))
            .flat_map(|(who, name)| (0..IDS).map(move |id| (who, name, id)))
        {
            let answer = real
                .world
                .service
                .is_authorised(&real.who(who), NAMES[name], real.id(id))
                .await
                .unwrap();
            assert_eq!(
                answer,
                model.holds(who, name, id),
                "step {step}: {change:?}; {who} {name} {id}"
            );
            held += usize::from(answer);
        }
    }
    // The walk has been worth its while: neither nothing nor everything was held.
    let asked = changes.len() * AKTORER * NAMES.len() * IDS;
    assert!((asked / 20..asked * 19 / 20).contains(&held), "{held} of {asked}");
    assert!(!real.world.holds(&real.callers[0], ADMIN, ROOT).await);
}
