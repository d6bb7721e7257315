//! What can go wrong, with a code, a Norwegian text and a remedy.

use fiks_blobs::BlobError;
use fiks_core::id::{DokumentId, DokumentlagerKontoId};
use fiks_core::{ErrorKind, Problem};
use fiks_database::DatabaseError;
use fiks_identity::{AccessError, StoreFailed};

/// A failure of dokumentlager.
#[derive(Debug, thiserror::Error)]
pub enum DokumentlagerError {
    /// No konto has that id.
    #[error("unknown konto {konto}")]
    UkjentKonto {
        /// The id.
        konto: DokumentlagerKontoId,
    },
    /// The konto was deleted.
    #[error("konto {konto} is deleted")]
    KontoSlettet {
        /// The id.
        konto: DokumentlagerKontoId,
    },
    /// A document without a single byte.
    #[error("the document is empty")]
    TomtDokument,
    /// No document has that id.
    #[error("unknown document {dokument}")]
    UkjentDokument {
        /// The id.
        dokument: DokumentId,
    },
    /// The document was deleted or its time is up.
    #[error("document {dokument} is gone")]
    Borte {
        /// The id.
        dokument: DokumentId,
    },
    /// The document is not exposed to the caller.
    #[error("document {dokument} is not exposed to the caller")]
    IkkeEksponert {
        /// The id.
        dokument: DokumentId,
    },
    /// A `Range` header that the document cannot meet.
    #[error("range outside the document")]
    UtenforDokumentet,
    /// Access could not be checked.
    #[error(transparent)]
    Tilgang(#[from] AccessError),
    /// The bytes could not be stored or read.
    #[error(transparent)]
    Lager(#[from] BlobError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] fiks_core::random::NoRandomness),
    /// A job could not be written down.
    #[error("a job could not be written down")]
    Jobb(#[source] serde_json::Error),
}

impl From<StoreFailed> for DokumentlagerError {
    fn from(error: StoreFailed) -> Self {
        Self::Tilgang(error.into())
    }
}

/// The kinds, as the error reference lists them.
pub mod kinds {
    fiks_core::error_kinds! {
        /// Unknown konto.
        UKJENT_KONTO = 404 "dokumentlager.ukjent_konto", "Dokumentlagerkontoen finnes ikke",
            "Sjekk konto-id-en, og at den hører til organisasjonen.";
        /// Deleted konto.
        KONTO_SLETTET = 410 "dokumentlager.konto_slettet", "Dokumentlagerkontoen er slettet",
            "Bruk en annen konto, eller be den som eier kontoen om å opprette en ny.";
        /// Empty document.
        TOMT_DOKUMENT = 400 "dokument.tomt", "Dokumentet er tomt",
            "Send et dokument med minst én byte.";
        /// Unknown document.
        UKJENT_DOKUMENT = 404 "dokument.ukjent", "Dokumentet finnes ikke",
            "Sjekk dokument-id-en, og at den hører til dette miljøet.";
        /// Deleted or expired.
        BORTE = 410 "dokument.borte", "Dokumentet er slettet, eller tiden det skulle være tilgjengelig er ute",
            "Be avsenderen om å sende det på nytt.";
        /// Not exposed.
        IKKE_EKSPONERT = 403 "dokument.ikke_eksponert", "Dokumentet er ikke delt med deg",
            "Bruk integrasjonen som har tilgang til kontoen dokumentet ble sendt til.";
        /// Range.
        UTENFOR = 416 "dokument.utenfor", "Området det spørres etter, ligger utenfor dokumentet",
            "Spør uten Range-header, eller innenfor dokumentets størrelse.";
        /// Internal.
        INTERN = 500 "dokumentlager.intern", "Dokumentet kunne ikke behandles",
            "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.";
    }
}

impl Problem for DokumentlagerError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::UkjentKonto { .. } => &kinds::UKJENT_KONTO,
            Self::KontoSlettet { .. } => &kinds::KONTO_SLETTET,
            Self::TomtDokument => &kinds::TOMT_DOKUMENT,
            Self::UkjentDokument { .. } => &kinds::UKJENT_DOKUMENT,
            Self::Borte { .. } => &kinds::BORTE,
            Self::IkkeEksponert { .. } => &kinds::IKKE_EKSPONERT,
            Self::UtenforDokumentet => &kinds::UTENFOR,
            Self::Tilgang(error) => error.kind(),
            Self::Lager(error) => error.kind(),
            Self::Database(error) => error.kind(),
            Self::Random(_) | Self::Jobb(_) => &kinds::INTERN,
        }
    }

    fn text(&self) -> String {
        let text = self.kind().text;
        match self {
            Self::UkjentKonto { konto } | Self::KontoSlettet { konto } => format!("{text}: {konto}"),
            Self::UkjentDokument { dokument }
            | Self::Borte { dokument }
            | Self::IkkeEksponert { dokument } => {
                format!("{text}: {dokument}")
            }
            Self::Tilgang(error) => error.text(),
            Self::Lager(error) => error.text(),
            Self::Database(error) => error.text(),
            Self::TomtDokument | Self::UtenforDokumentet | Self::Random(_) | Self::Jobb(_) => text.to_owned(),
        }
    }
}
