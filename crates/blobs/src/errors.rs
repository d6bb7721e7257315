//! Everything that can go wrong with a stored object, and what its caller and operator can do about it.

use fiks_core::random::NoRandomness;
use fiks_core::{ErrorKind, Problem};

use crate::keyring::{KeyFileFault, KeyId};

/// An error of any type, as handed over by a caller's stream or by the storage underneath.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a transfer may stand still, either way, before it is given up. As long as the platform's clients give a
/// whole transfer: uploads do stand still while their source encrypts others (dokumentlager §3, §12).
pub const SILENCE: std::time::Duration = std::time::Duration::from_hours(1);

/// The result of every call of this crate.
pub type Result<T, E = BlobError> = std::result::Result<T, E>;

/// Why an object could not be stored, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The source gave more than the caller's limit. Nothing is stored.
    #[error("the object is larger than {limit} bytes")]
    TooLarge {
        /// The caller's limit, in bytes of plain text.
        limit: u64,
    },
    /// No such object, or not with this key's generation.
    #[error("the object is not in the store")]
    NotFound,
    /// The range starts at or after the object's end, or ends before it starts.
    #[error("the range starts outside the object's {total} bytes")]
    Range {
        /// The object's size in bytes of plain text.
        total: u64,
    },
    /// The bytes are not those that were stored: flipped, cut, moved, or of another object.
    #[error("the stored object is damaged: {what}")]
    Damaged {
        /// Which check failed.
        what: &'static str,
    },
    /// The object's key is wrapped by a master key that the key ring lacks.
    #[error("master key {0} is not in the key ring")]
    UnknownMasterKey(KeyId),
    /// The caller's stream failed. Nothing is stored.
    #[error("the source of the object failed")]
    Source(#[source] BoxError),
    /// The caller's stream gave nothing for [`SILENCE`]. Nothing is stored.
    #[error("the source of the object fell silent")]
    Silence,
    /// No room is left on the disk. Nothing is stored.
    #[error("the disk is full")]
    Full(#[source] std::io::Error),
    /// The disk or the object store refused.
    #[error("the storage failed to {action}")]
    Storage {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// What the storage said.
        #[source]
        source: BoxError,
    },
    /// The object store did not answer in time.
    #[error("the storage took too long to {action}")]
    Deadline {
        /// What was attempted, as a verb phrase.
        action: &'static str,
    },
    /// The work was cut off because the program is stopping or a worker died.
    #[error("the transfer was interrupted")]
    Interrupted,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The cryptographic library refused to work.
    #[error("the cryptographic library failed")]
    Crypto,
    /// The file with the master keys cannot be used.
    #[error("the key ring {path} is unusable: {fault}")]
    KeyFile {
        /// The file's path, or what stands for it.
        path: String,
        /// What is wrong with it.
        fault: KeyFileFault,
    },
    /// An area's name, an address or an option is not usable.
    #[error("{what} is not usable")]
    Setting {
        /// The setting, named as its user knows it.
        what: &'static str,
        /// The underlying reason, where there is one.
        #[source]
        source: Option<BoxError>,
    },
}

impl BlobError {
    /// Turns an error of the file layer into ours; a full disk and a missing object have kinds of their own.
    pub(crate) fn from_io(action: &'static str, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full(source),
            _ => Self::storage(action, source),
        }
    }

    pub(crate) fn storage(action: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Storage {
            action,
            source: source.into(),
        }
    }

    pub(crate) const fn damaged(what: &'static str) -> Self {
        Self::Damaged { what }
    }

    /// The caller's own error when its stream failed with an `E`; otherwise this error unchanged.
    ///
    /// # Errors
    /// Gives `self` back when it is no [`BlobError::Source`] with an `E` inside.
    pub fn into_source<E: std::error::Error + 'static>(self) -> Result<E, Self> {
        match self {
            Self::Source(inner) => inner.downcast().map(|own| *own).map_err(Self::Source),
            other => Err(other),
        }
    }
}

/// The kinds of failure, for the error reference.
pub mod kinds {
    fiks_core::error_kinds! {
        /// Over the limit.
        FOR_STORT = 413 "lagring.for_stort", "Innholdet er større enn tillatt.",
            "Del innholdet opp, eller be den som driver plattformen om å heve grensen.";
        /// Not in the store.
        FINNES_IKKE = 500 "lagring.finnes_ikke", "Innholdet finnes ikke i lageret.",
            "Den som driver plattformen må hente innholdet fra sikkerhetskopi.";
        /// A range outside the object.
        UGYLDIG_OMRADE = 416 "lagring.ugyldig_omrade", "Det forespurte området ligger utenfor innholdet.",
            "Be om et område som begynner før slutten av innholdet.";
        /// The bytes are not those that were stored.
        ODELAGT = 500 "lagring.odelagt", "Det lagrede innholdet er ødelagt eller endret.",
            "Den som driver plattformen må hente innholdet fra sikkerhetskopi og undersøke lageret.";
        /// The master key is not in the ring.
        UKJENT_HOVEDNOKKEL = 500 "lagring.ukjent_hovednokkel",
            "Hovednøkkelen som innholdet er låst med, finnes ikke i nøkkelringen.",
            "Den som driver plattformen må legge den gamle hovednøkkelen tilbake fra sikkerhetskopi.";
        /// The source failed.
        OPPLASTING_AVBRUTT = 400 "lagring.opplasting_avbrutt", "Innholdet kom ikke helt fram.",
            "Send innholdet på nytt.";
        /// The source fell silent.
        OPPLASTING_STANSET = 408 "lagring.opplasting_stanset", "Innholdet sluttet å komme.",
            "Send innholdet på nytt.";
        /// No room.
        FULLT = 507 "lagring.fullt", "Lageret er fullt, og ingenting ble lagret.",
            "Den som driver plattformen må frigjøre plass eller utvide lageret.";
        /// The storage failed.
        UTILGJENGELIG = 503 "lagring.utilgjengelig", "Lageret svarer ikke som det skal.",
            "Prøv igjen om litt. Vedvarer feilen, må den som driver plattformen undersøke lageret.";
        /// The storage was too slow.
        TIDSAVBRUDD = 503 "lagring.tidsavbrudd", "Lageret brukte for lang tid på å svare.",
            "Prøv igjen om litt.";
        /// The program is stopping, or could not work.
        AVBRUTT = 503 "lagring.avbrutt", "Overføringen ble avbrutt av plattformen.",
            "Prøv igjen.";
        /// The key file.
        NOKKELRING_UBRUKELIG = 503 "lagring.nokkelring_ubrukelig", "Nøkkelringen med hovednøkler kan ikke brukes.",
            "Rett det som er galt med filen, eller hent den fra sikkerhetskopi. Slett den aldri: uten den er alt lagret innhold tapt.";
        /// A setting.
        UGYLDIG_INNSTILLING = 500 "lagring.ugyldig_innstilling", "Lageret er satt opp feil.",
            "Rett innstillingene for lageret og start på nytt.";
    }
}

pub use kinds::ALL as ERRORS;

impl Problem for BlobError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::TooLarge { .. } => &kinds::FOR_STORT,
            Self::NotFound => &kinds::FINNES_IKKE,
            Self::Range { .. } => &kinds::UGYLDIG_OMRADE,
            Self::Damaged { .. } => &kinds::ODELAGT,
            Self::UnknownMasterKey(_) => &kinds::UKJENT_HOVEDNOKKEL,
            Self::Source(_) => &kinds::OPPLASTING_AVBRUTT,
            Self::Silence => &kinds::OPPLASTING_STANSET,
            Self::Full(_) => &kinds::FULLT,
            Self::Storage { .. } => &kinds::UTILGJENGELIG,
            Self::Deadline { .. } => &kinds::TIDSAVBRUDD,
            Self::Interrupted | Self::NoRandomness(_) | Self::Crypto => &kinds::AVBRUTT,
            Self::KeyFile { .. } => &kinds::NOKKELRING_UBRUKELIG,
            Self::Setting { .. } => &kinds::UGYLDIG_INNSTILLING,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::TooLarge { limit } => format!("Innholdet er større enn {limit} byte, som er grensen."),
            Self::Range { total } => {
                format!("Det forespurte området ligger utenfor innholdets {total} byte.")
            }
            Self::UnknownMasterKey(id) => {
                format!("Hovednøkkelen {id}, som innholdet er låst med, finnes ikke i nøkkelringen.")
            }
            Self::KeyFile { path, fault } => {
                format!("Nøkkelringen {path} kan ikke brukes: {}.", fault.text())
            }
            Self::Setting { what, .. } => format!("Lageret er satt opp feil: {what} kan ikke brukes."),
            _ => self.kind().text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let kind = BlobError::from_io("write", full).kind();
        assert_eq!((kind.status, kind.code), (507, "lagring.fullt"));
    }
}
