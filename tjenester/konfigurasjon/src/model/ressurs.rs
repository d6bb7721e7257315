//! The authorisation tree: ROOT → FIKS_ORGANISASJON → TJENESTE_x → … (auth-og-konfigurasjon §6).
//!
//! Invariant: a ressurs never moves, so its path from itself to the root is fixed for as long as it exists.

use fiks_core::id::{FiksOrgId, ROOT, RessursId};

use super::katalog::{TYPE_ORGANISASJON, TYPE_ROOT};
use super::values::{Navn, Ressurstype};

/// How many ressurser lie on the longest path, root included. Bounds every walk through the tree.
pub const MAX_DEPTH: usize = 32;

/// A node in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ressurs {
    /// Its id, often that of the thing it stands for.
    pub id: RessursId,
    /// The one above; `None` for the root.
    pub forelder: Option<RessursId>,
    /// Its type.
    pub ressurstype: Ressurstype,
    /// Its name.
    pub navn: Navn,
}

/// A ressurs to be made.
#[derive(Clone, Debug)]
pub struct NyRessurs {
    /// Its id; `None` for a random one. A service gives the id of the konto that the ressurs stands for.
    pub id: Option<RessursId>,
    /// The one above.
    pub forelder: RessursId,
    /// Its type.
    pub ressurstype: Ressurstype,
    /// Its name.
    pub navn: Navn,
}

/// A ressurs and all above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RessursMedPath {
    /// The ressurs.
    pub ressurs: Ressurs,
    /// Those above it, the nearest first, the root last.
    pub path: Vec<Ressurs>,
}

/// One step on the way from a ressurs to the root: what the rules of access need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The ressurs.
    pub id: RessursId,
    /// Its type.
    pub ressurstype: Ressurstype,
}

impl From<&Ressurs> for Node {
    fn from(ressurs: &Ressurs) -> Self {
        Self {
            id: ressurs.id,
            ressurstype: ressurs.ressurstype.clone(),
        }
    }
}

/// The path of an organisation's ressurs, which is the same for all of them and need not be looked up.
pub fn path_of_organisasjon(id: FiksOrgId) -> [Node; 2] {
    let node = |id, ressurstype: &str| Node {
        id,
        ressurstype: Ressurstype::stored(ressurstype.to_owned()),
    };
    [node(id.into(), TYPE_ORGANISASJON), node(ROOT, TYPE_ROOT)]
}

/// The organisation that a ressurs belongs to, from its path with itself first; `None` for the root.
pub fn organisasjon_of(path: &[Ressurs]) -> Option<FiksOrgId> {
    let found = path
        .iter()
        .find(|ressurs| ressurs.ressurstype.as_str() == TYPE_ORGANISASJON);
    found.map(|ressurs| FiksOrgId(ressurs.id.0))
}
