//! What organisations, integrations, ressurser and grants are, and the rules that hold for them. No I/O.

pub mod integrasjon;
pub mod katalog;
pub mod organisasjon;
pub mod ressurs;
pub mod tilgang;
pub mod values;
