//! All SQL of the service. Rows become domain types here and nowhere else.
//!
//! | table (owner: this service) | row | kept until |
//! |---|---|---|
//! | `konfigurasjon_organisasjon` | an organisation | for ever: no operation removes one |
//! | `konfigurasjon_integrasjon`, `_integrasjon_tag` | an integration, a tag of one | the integration is deleted |
//! | `konfigurasjon_ressurs` | a node of the tree | it or one above it is deleted |
//! | `konfigurasjon_integrasjon_ressurs` | a tie between the two | either is deleted |
//! | `konfigurasjon_tilgang` | a grant | it is taken back, or its ressurs or integration deleted |
//! | `konfigurasjon_typetilgang` | a type grant | it is taken back, or its integration deleted |
//! | `konfigurasjon_aktor` | an aktor that was made inactive or active again | its integration is deleted |
//! | `konfigurasjon_tjeneste` | a service that an organisation has initialised | its ressurs is deleted |
//! | `konfigurasjon_versjon` | how many changes to access there have been | for ever: one row |

pub(crate) mod integrasjon;
pub(crate) mod migrations;
pub(crate) mod organisasjon;
pub(crate) mod ressurs;
mod sql;
pub(crate) mod tilgang;
pub(crate) mod tjeneste;
pub(crate) mod tree;
pub(crate) mod versjon;

/// Most rows that a search gives; one more tells that there are too many.
pub(crate) const MOST_HITS: usize = 10_000;
