//! All SQL of the service. Rows become domain types here and nowhere else.

pub mod adresse;
pub mod konto;
pub mod melding;
mod migrations;

pub use migrations::migrations;
