//! Documents, without any I/O: who may have one, and when it is gone (dokumentlager §1, §4).

use fiks_blobs::SealedKey;
use fiks_core::Timestamp;
use fiks_core::id::{DokumentId, DokumentlagerKontoId, IntegrasjonId, RessursId};
use uuid::Uuid;

/// Who may download a document; any one of several entries suffices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Eksponering {
    /// Whoever holds a privilege on a ressurs.
    Autorisasjon {
        /// The privilege.
        privilegium: String,
        /// The ressurs.
        ressurs: RessursId,
    },
    /// One integration.
    Integrasjon {
        /// Its id.
        id: IntegrasjonId,
    },
}

/// A document to be stored.
#[derive(Clone, Debug)]
pub struct NyttDokument {
    /// File name offered at download.
    pub navn: String,
    /// MIME type.
    pub mimetype: String,
    /// When it ends; `None` for never.
    pub tilgjengelig_til: Option<Timestamp>,
    /// Groups documents.
    pub korrelasjonsid: Option<Uuid>,
    /// Who may download it.
    pub eksponert_for: Vec<Eksponering>,
}

/// A document that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagretDokument {
    /// Its id.
    pub id: DokumentId,
    /// Bytes of plain text.
    pub storrelse: u64,
}

/// A document as known.
#[derive(Clone, Debug)]
pub struct Dokument {
    /// Its id.
    pub id: DokumentId,
    /// Whose it is.
    pub konto: DokumentlagerKontoId,
    /// File name.
    pub navn: String,
    /// MIME type.
    pub mimetype: String,
    /// Group.
    pub korrelasjonsid: Option<Uuid>,
    /// Bytes of plain text.
    pub storrelse: u64,
    /// Bytes in the store.
    pub lagret_storrelse: u64,
    /// SHA-256 of the plain text.
    pub sha256: [u8; 32],
    /// When it was stored.
    pub opprettet: Timestamp,
    /// When it ends.
    pub tilgjengelig_til: Option<Timestamp>,
    /// When it was deleted.
    pub slettet: Option<Timestamp>,
    /// Its key in locked form, until its bytes are gone.
    pub nokkel: Option<SealedKey>,
}

impl Dokument {
    /// Whether it is gone at that time, whatever has become of its bytes.
    pub fn er_borte(&self, now: Timestamp) -> bool {
        self.slettet.is_some() || self.nokkel.is_none() || self.tilgjengelig_til.is_some_and(|end| end <= now)
    }
}
