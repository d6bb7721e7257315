#![doc = include_str!("../README.md")]

mod api;
pub mod errors;
mod handle;
pub mod jobs;
pub mod model;
mod store;

pub use api::router;
pub use errors::{DokumentlagerError, kinds::ALL as ERRORS};
pub use handle::{Dokumentlager, Grunn, Nedlasting};
pub use jobs::jobs;
pub use model::{Dokument, Eksponering, LagretDokument, NyttDokument};
pub use store::migrations;
