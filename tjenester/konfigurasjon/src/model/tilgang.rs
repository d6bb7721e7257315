//! Grants and what follows from them (auth-og-konfigurasjon §7).
//!
//! An aktor holds a privilege on a ressurs when it is active and has been given the privilege, or `ADMIN`, on the
//! ressurs or on one above it, or on the type of one of these.

use std::collections::HashSet;

use fiks_core::id::{Aktor, IntegrasjonId, RessursId};

use super::katalog::{ADMIN, Privilegium};
use super::ressurs::Node;
use super::values::{Ressurstype, is_plain};
use crate::errors::{AKTOR_UGYLDIG, KonfigurasjonError};

/// A grant: an aktor has a privilege on a ressurs and all below.
#[derive(Clone, Debug)]
pub struct Tilgang {
    /// Who.
    pub aktor: Aktor,
    /// May do what.
    pub privilegium: &'static Privilegium,
    /// Where.
    pub ressurs: RessursId,
}

/// A type grant: an aktor has a privilege on every ressurs of a type, and all below.
#[derive(Clone, Debug)]
pub struct TypeTilgang {
    /// Who.
    pub aktor: Aktor,
    /// May do what.
    pub privilegium: &'static Privilegium,
    /// On which type.
    pub ressurstype: Ressurstype,
}

/// A grant as stored. The privilege may be one that only a newer version of the program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GittTilgang {
    /// Who.
    pub aktor: Aktor,
    /// May do what.
    pub privilegium: String,
}

/// A line of the map of authorisations: an aktor's grant, seen from a ressurs that it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autorisasjon {
    /// Who.
    pub aktor: Aktor,
    /// May do what.
    pub privilegium: String,
    /// How far from the root the grant stands; the root is 0.
    pub privilegium_niva: usize,
    /// The ressurs that it holds for, and those above.
    pub ressurs: super::ressurs::RessursMedPath,
}

impl Autorisasjon {
    /// How far from the root the ressurs is; the root is 0.
    pub fn ressurs_niva(&self) -> usize {
        self.ressurs.path.len()
    }
}

/// Everything that one aktor has been given. An aktor without grants has an empty one.
#[derive(Clone, Debug, Default)]
pub struct Tilganger {
    inaktiv: bool,
    ressurser: HashSet<(RessursId, &'static str)>,
    typer: Vec<(Ressurstype, &'static str)>,
}

impl Tilganger {
    /// An aktor that is inactive holds nothing, whatever it has been given.
    pub fn inaktiv() -> Self {
        Self {
            inaktiv: true,
            ..Self::default()
        }
    }

    /// The grants of an active aktor. Privileges that the catalogue lacks are passed over: nothing asks for them.
    pub fn new(
        ressurser: impl IntoIterator<Item = (RessursId, String)>,
        typer: impl IntoIterator<Item = (Ressurstype, String)>,
    ) -> Self {
        let known = |navn: &str| Privilegium::find(navn).map(|privilegium| privilegium.navn);
        Self {
            inaktiv: false,
            ressurser: ressurser
                .into_iter()
                .filter_map(|(id, navn)| Some((id, known(&navn)?)))
                .collect(),
            typer: typer
                .into_iter()
                .filter_map(|(one, navn)| Some((one, known(&navn)?)))
                .collect(),
        }
    }

    /// Whether the aktor holds the privilege on the first ressurs of a path that goes on to the root. An empty path,
    /// that of a ressurs that does not exist, gives nothing.
    pub fn gives(&self, privilegium: &str, path: &[Node]) -> bool {
        path.iter()
            .any(|node| self.is_given(privilegium, node) || self.is_given(ADMIN, node))
    }

    /// Whether the aktor holds any privilege at all there.
    pub fn gives_anything(&self, path: &[Node]) -> bool {
        super::katalog::PRIVILEGIER
            .iter()
            .any(|privilegium| self.gives(privilegium.navn, path))
    }

    fn is_given(&self, privilegium: &str, node: &Node) -> bool {
        !self.inaktiv
            && (self.ressurser.contains(&(node.id, privilegium))
                || self
                    .typer
                    .iter()
                    .any(|(one, navn)| *one == node.ressurstype && *navn == privilegium))
    }

    /// Whether the aktor has been made inactive.
    pub fn is_inaktiv(&self) -> bool {
        self.inaktiv
    }

    /// How many grants it holds, for the bound on memory.
    pub fn len(&self) -> usize {
        self.ressurser.len() + self.typer.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Longest name of an aktor.
const LONGEST_AKTOR: usize = 200;

/// The aktor that is written so; `aktor.ugyldig` about the field of that name when it is none. The id of an
/// integration may be written in capitals too.
pub fn aktor(text: &str, field: &'static str) -> Result<Aktor, KonfigurasjonError> {
    if !is_plain(text, LONGEST_AKTOR) {
        return Err(KonfigurasjonError::invalid(&AKTOR_UGYLDIG, field));
    }
    let written = Aktor(text.to_owned());
    Ok(integrasjon_of(&written).map_or(written, Aktor::from))
}

/// The integration that the aktor is, if it is one: its name is a UUID with hyphens.
pub fn integrasjon_of(aktor: &Aktor) -> Option<IntegrasjonId> {
    const HYPHENATED: usize = uuid::fmt::Hyphenated::LENGTH;
    (aktor.0.len() == HYPHENATED)
        .then(|| aktor.0.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::katalog::{FIKS_KONFIGURER, FIKSIO_MOTTA, FIKSIO_SENDE, PRIVILEGIER};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn node(id: u128, ressurstype: &str) -> Node {
        Node {
            id: RessursId(Uuid::from_u128(id)),
            ressurstype: Ressurstype::stored(ressurstype.to_owned()),
        }
    }

    /// konto → service → organisation → root
    fn konto() -> Vec<Node> {
        vec![
            node(3, "KONTO"),
            node(2, "TJENESTE"),
            node(1, "FIKS_ORGANISASJON"),
            node(0, "ROOT"),
        ]
    }

    fn grants(given: &[(u128, &str)]) -> Tilganger {
        let given = given
            .iter()
            .map(|(id, navn)| (RessursId(Uuid::from_u128(*id)), (*navn).to_owned()));
        Tilganger::new(given, [])
    }

    #[test]
    fn a_grant_holds_on_the_ressurs_and_below_but_not_above() {
        let service = grants(&[(2, FIKSIO_SENDE)]);
        assert!(service.gives(FIKSIO_SENDE, &konto()));
        assert!(service.gives(FIKSIO_SENDE, &konto()[1..]));
        assert!(!service.gives(FIKSIO_SENDE, &konto()[2..]));
        assert!(!service.gives(FIKSIO_MOTTA, &konto()));
    }

    #[test]
    fn admin_implies_every_privilege() {
        let admin = grants(&[(1, ADMIN)]);
        assert!(PRIVILEGIER.iter().all(|one| admin.gives(one.navn, &konto())));
        assert!(!admin.gives(ADMIN, &konto()[3..]));
    }

    #[test]
    fn another_privilege_does_not_imply_admin() {
        assert!(!grants(&[(3, FIKS_KONFIGURER)]).gives(ADMIN, &konto()));
    }

    #[test]
    fn a_type_grant_holds_on_every_ressurs_of_the_type_and_below() {
        let service = Ressurstype::stored("TJENESTE".to_owned());
        let given = Tilganger::new([], [(service, FIKSIO_SENDE.to_owned())]);
        assert!(given.gives(FIKSIO_SENDE, &konto()));
        assert!(given.gives(FIKSIO_SENDE, &[node(99, "TJENESTE"), node(0, "ROOT")]));
        assert!(!given.gives(FIKSIO_SENDE, &konto()[2..]));
    }

    #[test]
    fn an_inactive_aktor_holds_nothing_and_neither_does_anyone_on_what_does_not_exist() {
        assert!(!Tilganger::inaktiv().gives_anything(&konto()));
        assert!(!grants(&[(0, ADMIN)]).gives(ADMIN, &[]));
    }

    #[test]
    fn the_id_of_an_integration_is_the_same_aktor_in_capitals() {
        let id = "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab";
        assert_eq!(aktor(&id.to_uppercase(), "aktor").unwrap(), Aktor(id.to_owned()));
        assert!(integrasjon_of(&Aktor(id.to_owned())).is_some());
        assert!(integrasjon_of(&Aktor(format!("SDB_{id}"))).is_none());
        assert!(integrasjon_of(&Aktor("6f2d1c4e0b7a4b439d0e0123456789ab".to_owned())).is_none());
        assert!(aktor("", "aktor").is_err() && aktor("a\nb", "aktor").is_err());
    }

    proptest! {
        #[test]
        fn a_privilege_is_held_exactly_when_it_or_admin_was_given_on_the_way_to_the_root(
            given in prop::collection::vec((0_u128..6, 0..PRIVILEGIER.len()), 0..6),
            types in prop::collection::vec((0_usize..3, 0..PRIVILEGIER.len()), 0..3),
            path in prop::collection::vec((0_u128..6, 0_usize..3), 0..5),
            asked in 0..PRIVILEGIER.len(),
        ) {
            let names = ["A", "B", "C"];
            let navn = |index: usize| PRIVILEGIER[index].navn;
            let tilganger = Tilganger::new(
                given.iter().map(|(id, one)| (RessursId(Uuid::from_u128(*id)), navn(*one).to_owned())),
                types.iter().map(|(one, two)| (Ressurstype::stored(names[*one].to_owned()), navn(*two).to_owned())),
            );
            let enough = |one: usize| navn(one) == navn(asked) || navn(one) == ADMIN;
            let expected = given.iter().any(|(id, one)| enough(*one) && path.iter().any(|(node, _)| node == id))
                || types.iter().any(|(kind, one)| enough(*one) && path.iter().any(|(_, of)| of == kind));
            let path: Vec<_> = path.iter().map(|(id, kind)| node(*id, names[*kind])).collect();
            prop_assert_eq!(tilganger.gives(navn(asked), &path), expected);
        }
    }
}
