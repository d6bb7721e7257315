#![doc = include_str!("../README.md")]

mod api;
mod feil;
mod fil;
mod http;
mod katalog;
mod klient;
mod konfigurasjon;
mod maskinporten;
mod melding;
mod mottak;
mod nedlasting;
mod retry;
mod sending;
#[cfg(test)]
mod testing;

pub use feil::{ALL as ERROR_KINDS, Avvisning, Feil, Feltfeil, Handling};
pub use fiks_core::id::{DokumentId, FiksOrgId, IntegrasjonId, KontoId, MeldingId};
pub use fiks_core::{ErrorKind, ExposeSecret, Problem, SecretString};
pub use fiks_crypto::cms::Signer;
pub use fil::Fil;
pub use katalog::{KatalogKonto, KontoStatus, OffentligNokkel, Oppslag};
pub use klient::Klient;
pub use konfigurasjon::{
    DevKonto, DevMiljo, DevOrganisasjon, Konfigurasjon, KonfigurasjonBuilder, Miljo, Tidsgrenser,
};
pub use maskinporten::TokenSource;
pub use melding::{Melding, SendtMelding};
pub use mottak::{Meldingshode, Mottaker, MottattFil, MottattMelding, MottatteFiler, SkrevneFiler};

/// A stream of bytes.
pub type Bytestrom = futures::stream::BoxStream<'static, Result<bytes::Bytes, Feil>>;
