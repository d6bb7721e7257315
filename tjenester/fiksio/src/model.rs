//! What Fiks IO is about, without any I/O: kontoer, addresses, messages and the order of a queue.

pub mod adresse;
pub mod ko;
pub mod konto;
pub mod melding;
pub mod protokollkatalog;
