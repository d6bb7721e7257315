#![doc = include_str!("../README.md")]

pub mod api;
pub mod errors;
mod handle;
mod memory;
pub mod model;
mod store;

pub use api::router;
pub use errors::{ERRORS, KonfigurasjonError};
pub use handle::{Konfigurasjon, OrganisasjonUtvalg, SynligUtvalg, TjenesteStatus};
pub use memory::{AccessChange, TRUST};
pub use store::tree::AutorisasjonUtvalg;

use sea_orm_migration::MigrationTrait;

/// The tables of this service, oldest first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    use store::migrations::{Integrasjoner, Organisasjoner, Ressurser, Tilganger};
    vec![
        Box::new(Organisasjoner),
        Box::new(Ressurser),
        Box::new(Integrasjoner),
        Box::new(Tilganger),
    ]
}
