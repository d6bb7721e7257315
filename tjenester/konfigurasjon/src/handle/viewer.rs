//! A caller with what it has been given, for readings that judge many rows.

use std::sync::Arc;

use fiks_core::id::{Aktor, FiksOrgId, ROOT, RessursId};
use fiks_identity::Caller;

use super::{Konfigurasjon, Outcome, bounded};
use crate::model::katalog::{ADMIN, PRIVILEGIER, TYPE_ROOT};
use crate::model::organisasjon::Organisasjon;
use crate::model::ressurs::{Node, Ressurs, path_of_organisasjon};
use crate::model::tilgang::Tilganger;
use crate::model::values::Ressurstype;
use crate::store::tree::{self, Holder, Hunt};

/// Who looks.
pub(super) struct Viewer {
    /// Its grants; `None` for the platform, which needs none.
    given: Option<(Aktor, Arc<Tilganger>)>,
    own: Option<FiksOrgId>,
}

/// Which ressurser a viewer looks for.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    /// By which privileges of the viewer's, any one of them; `None` for any at all.
    pub(super) privilegier: Option<&'a [&'static str]>,
    /// Whether a ressurs counts also when the viewer holds them only on something below it.
    pub(super) upwards: bool,
    /// Only those directly below this one.
    pub(super) forelder: Option<RessursId>,
    /// Only those of this type.
    pub(super) ressurstype: Option<&'a Ressurstype>,
}

impl Konfigurasjon {
    pub(super) async fn viewer(&self, caller: &Caller) -> Outcome<Viewer> {
        let given = match caller.aktor() {
            None => None,
            Some(aktor) => {
                let tilganger = self.0.memory.tilganger(&aktor).await?;
                Some((aktor, tilganger))
            }
        };
        Ok(Viewer {
            given,
            own: own_organisasjon(caller),
        })
    }

    /// The ressurser that are sought, by name.
    pub(super) async fn seek(&self, viewer: &Viewer, sought: Sought<'_>) -> Outcome<Vec<Ressurs>> {
        let Sought {
            forelder,
            ressurstype,
            ..
        } = sought;
        let from = match forelder {
            Some(forelder) => self.0.memory.path(forelder).await?.unwrap_or_default(),
            None => Arc::new([root()]),
        };
        // What holds on a ressurs holds on all below, which then need not be judged one by one.
        let holder = match &viewer.given {
            Some((_, given)) if given.is_inaktiv() => return Ok(Vec::new()),
            Some((aktor, given)) if !gives_any(given, sought.privilegier, &from) => Some(Holder {
                aktor,
                privilegier: sought.privilegier,
                upwards: sought.upwards,
            }),
            _ => None,
        };
        bounded(
            tree::hunt(
                self.0.database.reader(),
                Hunt {
                    holder,
                    forelder,
                    ressurstype,
                },
            )
            .await?,
        )
    }
}

impl Viewer {
    /// Whether the viewer is `ADMIN` on the organisation.
    pub(super) fn administers(&self, organisasjon: FiksOrgId) -> bool {
        self.gives(|given| given.gives(ADMIN, &path_of_organisasjon(organisasjon)))
    }

    /// Whether the viewer holds any privilege on the first ressurs of the path.
    pub(super) fn holds_anything(&self, path: &[Node]) -> bool {
        self.gives(|given| given.gives_anything(path))
    }

    /// The viewer's own organisation, for an integration.
    pub(super) fn own(&self) -> Option<FiksOrgId> {
        self.own
    }

    /// What the viewer may see of an organisation: an administrator all, others what is public, and that only when
    /// it is their own or visible.
    pub(super) fn view(&self, organisasjon: Organisasjon) -> Option<Organisasjon> {
        if self.administers(organisasjon.id) {
            return Some(organisasjon);
        }
        let visible = organisasjon.synlig || self.own == Some(organisasjon.id);
        visible.then(|| organisasjon.for_outsiders())
    }

    fn gives(&self, judge: impl FnOnce(&Tilganger) -> bool) -> bool {
        self.given.as_ref().is_none_or(|(_, given)| judge(given))
    }
}

/// The organisation that owns the calling integration.
pub(super) fn own_organisasjon(caller: &Caller) -> Option<FiksOrgId> {
    match caller {
        Caller::Integrasjon(integrasjon) => Some(integrasjon.fiks_org_id),
        _ => None,
    }
}

fn gives_any(given: &Tilganger, privilegier: Option<&[&'static str]>, path: &[Node]) -> bool {
    match privilegier {
        Some(names) => names.iter().any(|navn| given.gives(navn, path)),
        None => PRIVILEGIER
            .iter()
            .any(|privilegium| given.gives(privilegium.navn, path)),
    }
}

fn root() -> Node {
    Node {
        id: ROOT,
        ressurstype: Ressurstype::stored(TYPE_ROOT.to_owned()),
    }
}
