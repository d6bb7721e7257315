//! Who calls.

use fiks_core::id::{Aktor, FiksOrgId, IntegrasjonId, Orgnr};

/// A caller whose identity has been proved. Handles of services take it and check what it may do.
///
/// Persons (`PERSON`, `INTEGRASJON_PERSON`; auth-og-konfigurasjon §1) become variants of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// A machine with its own privileges.
    Integrasjon(Integrasjon),
    /// The program itself: start-up, jobs and follow-up work. May do everything; never made from a request.
    Platform,
}

/// The integration that calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrasjon {
    /// Its id, sent as `IntegrasjonId`.
    pub id: IntegrasjonId,
    /// The organisation that owns it.
    pub fiks_org_id: FiksOrgId,
    /// Whose Maskinporten tokens it is used with (`autorisertOrgnr`), often a supplier's.
    pub autorisert_orgnr: Orgnr,
}

impl Caller {
    /// How grants name this caller; `None` for the platform, which needs none.
    pub fn aktor(&self) -> Option<Aktor> {
        match self {
            Self::Integrasjon(integrasjon) => Some(integrasjon.id.into()),
            Self::Platform => None,
        }
    }

    /// How logs and histories name this caller: the aktor, or `plattformen`.
    pub fn name(&self) -> String {
        self.aktor()
            .map_or_else(|| "plattformen".to_owned(), |aktor| aktor.0)
    }
}
