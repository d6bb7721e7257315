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

/// A konto as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Konto {
    /// Its id.
    pub id: DokumentlagerKontoId,
    /// When it was deleted, and all its documents with it.
    pub slettet: Option<Timestamp>,
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
    /// Whether it is gone at that time, whatever has become of its bytes. It is available until its end, and no
    /// longer in that very millisecond.
    pub fn er_borte(&self, now: Timestamp) -> bool {
        self.slettet.is_some() || self.nokkel.is_none() || self.tilgjengelig_til.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dokument() -> Dokument {
        let key = [[1, 16].as_slice(), &[0; SealedKey::LENGTH - 2]].concat();
        Dokument {
            id: DokumentId(Uuid::from_u128(1)),
            konto: DokumentlagerKontoId(Uuid::from_u128(2)),
            navn: "brev.pdf".to_owned(),
            mimetype: "application/pdf".to_owned(),
            korrelasjonsid: None,
            storrelse: 1,
            lagret_storrelse: 17,
            sha256: [0; 32],
            opprettet: Timestamp::from_millis(0),
            tilgjengelig_til: Some(Timestamp::from_millis(1_000)),
            slettet: None,
            nokkel: Some(SealedKey::from_bytes(&key).unwrap()),
        }
    }

    #[test]
    fn a_document_ends_at_the_stated_millisecond() {
        let dokument = dokument();
        for (now, er_borte) in [(0, false), (999, false), (1_000, true), (1_001, true)] {
            assert_eq!(dokument.er_borte(Timestamp::from_millis(now)), er_borte, "{now}");
        }
    }

    #[test]
    fn a_document_without_an_end_stays_until_it_is_deleted() {
        let endless = Dokument {
            tilgjengelig_til: None,
            ..dokument()
        };
        assert!(!endless.er_borte(Timestamp::from_millis(i64::MAX)));
        let slettet = Dokument {
            slettet: Some(Timestamp::from_millis(5)),
            ..endless.clone()
        };
        let without_key = Dokument {
            nokkel: None,
            ..endless
        };
        assert!(
            slettet.er_borte(Timestamp::from_millis(0)) && without_key.er_borte(Timestamp::from_millis(0))
        );
    }
}
