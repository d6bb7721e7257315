#![doc = include_str!("../README.md")]

mod code;
mod errors;
mod forklaring;
mod innsikt;
mod openapi;
mod oppsett;
mod pages;
#[cfg(test)]
mod testing;
mod trial;

pub use errors::{ERRORS, StartsideError, kinds};
pub use innsikt::{
    Del, Filter, Flyt, Helse, Innsikt, Klokkestand, Kontonavn, Kontostand, Meldingsspor, Tilstand,
};
pub use oppsett::{
    Adresse, Adresser, Integrasjon, Konto, Maskinporten, Nokkellager, Oppsett, Organisasjon, Tillit,
};
pub use pages::router;
