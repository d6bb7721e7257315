//! Who may do what: look-ups in the grants.

use std::collections::HashMap;

use fiks_core::id::{Aktor, RessursId};
use fiks_identity::Caller;

use super::ressurser::with_path;
use super::viewer::Sought;
use super::{Konfigurasjon, Outcome, bounded};
use crate::errors::KonfigurasjonError;
use crate::model::katalog::{ADMIN, Privilegium};
use crate::model::ressurs::Ressurs;
use crate::model::tilgang::{Autorisasjon, GittTilgang};
use crate::model::values::Ressurstype;
use crate::store::tree::{AutorisasjonUtvalg, Reach};
use crate::store::{self, tree};

/// Which ressurser a caller wants to see of those that it can.
#[derive(Clone, Debug, Default)]
pub struct SynligUtvalg {
    /// Only those directly below this one.
    pub forelder: Option<RessursId>,
    /// Only those of this type.
    pub ressurstype: Option<Ressurstype>,
    /// The privileges that count, any one of them; none means `ADMIN`.
    pub privilegier: Vec<&'static Privilegium>,
}

impl Konfigurasjon {
    /// Whether an aktor holds a privilege on a ressurs. For the aktor itself, and for `ADMIN` on the ressurs or the
    /// root. A ressurs that does not exist gives nobody anything.
    pub async fn er_autorisert(
        &self,
        caller: &Caller,
        aktor: &Aktor,
        privilegium: &'static Privilegium,
        ressurs: RessursId,
    ) -> Outcome<bool> {
        if !is_self(caller, Some(aktor)) && !self.is_root(caller).await? {
            self.require_admin_on(caller, ressurs).await?;
        }
        Ok(self.0.memory.holds(aktor, privilegium.navn, ressurs).await?)
    }

    /// What has been given on a ressurs itself, inherited and type grants apart: to everyone, or to one aktor. For
    /// that aktor itself, and for `ADMIN` on the ressurs.
    pub async fn tilganger_paa(
        &self,
        caller: &Caller,
        ressurs: RessursId,
        aktor: Option<&Aktor>,
    ) -> Outcome<Vec<GittTilgang>> {
        if !is_self(caller, aktor) {
            self.require_admin_on(caller, ressurs).await?;
            let path = self.0.memory.path(ressurs).await?;
            path.ok_or(KonfigurasjonError::UnknownRessurs(ressurs))?;
        }
        bounded(store::tilgang::on_ressurs(self.0.database.reader(), ressurs, aktor).await?)
    }

    /// The type grants, sorted by type: all of them for `ADMIN` on the root, else the caller's own.
    pub async fn typetilganger(&self, caller: &Caller) -> Outcome<Vec<(Ressurstype, GittTilgang)>> {
        let own = if self.is_root(caller).await? {
            None
        } else {
            caller.aktor()
        };
        bounded(store::tilgang::by_type(self.0.database.reader(), own.as_ref()).await?)
    }

    /// The ressurser that the caller sees: those where it holds one of the privileges asked for, on the ressurs or
    /// on anything below it (auth-og-konfigurasjon §7).
    pub async fn synlige(&self, caller: &Caller, utvalg: &SynligUtvalg) -> Outcome<Vec<Ressurs>> {
        let mut names: Vec<_> = utvalg
            .privilegier
            .iter()
            .map(|privilegium| privilegium.navn)
            .collect();
        if !names.contains(&ADMIN) {
            names.push(ADMIN);
        }
        let sought = Sought {
            privilegier: Some(&names),
            upwards: true,
            forelder: utvalg.forelder,
            ressurstype: utvalg.ressurstype.as_ref(),
        };
        self.seek(&self.viewer(caller).await?, sought).await
    }

    /// The map of authorisations on a ressurs and below it. For the aktor that is asked about, and for `ADMIN` on
    /// the ressurs. Type grants are not in it.
    pub async fn autorisasjoner(
        &self,
        caller: &Caller,
        utvalg: &AutorisasjonUtvalg,
    ) -> Outcome<Vec<Autorisasjon>> {
        if !is_self(caller, utvalg.aktor.as_ref()) {
            self.require_admin_on(caller, utvalg.forelder).await?;
        }
        let found = bounded(tree::reach(self.0.database.reader(), utvalg).await?)?;
        let mut ids: Vec<_> = found.iter().map(|one| one.ressurs).collect();
        ids.sort_unstable();
        ids.dedup();
        let paths = tree::paths(self.0.database.reader(), &ids).await?;
        let mut lines: Vec<_> = found.into_iter().filter_map(|one| line(one, &paths)).collect();
        lines.sort_unstable_by(|one, two| order(one).cmp(&order(two)));
        Ok(lines)
    }
}

fn is_self(caller: &Caller, aktor: Option<&Aktor>) -> bool {
    aktor.is_some() && caller.aktor().as_ref() == aktor
}

/// `None` when the ressurs has been removed between the two readings.
fn line(found: Reach, paths: &HashMap<RessursId, Vec<Ressurs>>) -> Option<Autorisasjon> {
    let path = paths.get(&found.ressurs)?;
    let above_source = path.iter().rev().position(|ressurs| ressurs.id == found.source)?;
    Some(Autorisasjon {
        aktor: found.aktor,
        privilegium: found.privilegium,
        privilegium_niva: above_source,
        ressurs: with_path(path.clone())?,
    })
}

fn order(line: &Autorisasjon) -> (usize, RessursId, &Aktor, &str, usize) {
    (
        line.ressurs_niva(),
        line.ressurs.ressurs.id,
        &line.aktor,
        &line.privilegium,
        line.privilegium_niva,
    )
}
