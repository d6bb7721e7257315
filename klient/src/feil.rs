//! What can go wrong, with a code, a Norwegian text and what to do about it.
//!
//! Invariant: no variant holds payload, passwords, tokens or names of sent and received files. `Display` is text,
//! remedy and code in one line; sources are reached through [`std::error::Error::source`] and not repeated.

mod avvisning;
mod kinds;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fiks_core::id::{KontoId, MeldingId};
use fiks_core::{ErrorKind, Problem};

pub use avvisning::Avvisning;
pub(crate) use avvisning::cut;
pub use kinds::ALL;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// A failure of the client. Cheap to clone.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Feil {
    /// The configuration has faults; all of them are listed.
    Konfigurasjon(Vec<Feltfeil>),
    /// `dev.json` is missing, unreadable, or points to files that are.
    DevJson {
        /// The file that can't be used.
        sti: PathBuf,
        /// Why.
        source: Source,
    },
    /// `dev.json` has no such organisation or konto.
    DevJsonUkjent {
        /// What was asked for.
        navn: String,
        /// What there is.
        finnes: Vec<String>,
    },
    /// TLS can't be set up.
    Tls(#[source] Source),

    /// Maskinporten refused the grant (4xx).
    MaskinportenAvvist {
        /// The HTTP status.
        status: u16,
        /// Maskinporten's own words, cut to a sensible length.
        svar: String,
    },
    /// Maskinporten could not be reached, or answered 5xx, each time it was tried.
    MaskinportenUtilgjengelig {
        /// The HTTP status, when there was one.
        status: Option<u16>,
        /// What failed, when there was no answer.
        source: Option<Source>,
    },
    /// Maskinporten's answer is not a token.
    MaskinportenSvar(#[source] Source),
    /// The grant could not be signed.
    MaskinportenSignering(#[source] Source),

    /// The platform refused a call.
    Avvist(Box<Avvisning>),
    /// No connection to the platform. Nothing was sent.
    Utilgjengelig {
        /// What was being done.
        handling: Handling,
        /// What failed.
        source: Source,
    },
    /// The connection broke underway. Whether a write was done is unknown.
    Brutt {
        /// What was being done.
        handling: Handling,
        /// What failed.
        source: Source,
    },
    /// No answer, or no progress, in time. Whether a write was done is unknown.
    Tidsavbrudd {
        /// What was being done.
        handling: Handling,
        /// The limit that was passed.
        grense: Duration,
    },
    /// The answer is not of the contract's form.
    UventetSvar {
        /// What was being done.
        handling: Handling,
        /// Why it can't be read.
        source: Source,
    },

    /// The message breaks a rule. Nothing was sent.
    UgyldigMelding(&'static str),
    /// Files can't be sent to a konto without a public key.
    ManglerOffentligNokkel(KontoId),
    /// The receiver's public key can't be used.
    UbrukeligNokkel {
        /// Whose.
        konto: KontoId,
        /// Why.
        source: Arc<fiks_crypto::Error>,
    },
    /// There is nothing to sign files with.
    ManglerSignering,
    /// A file can't be read. Files are told by their number in the message, from 1.
    Fil {
        /// Which one.
        nummer: usize,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The caller's own stream failed.
    Kilde(#[source] Source),
    /// The caller's own stream was read by an earlier attempt.
    InnholdBrukt,
    /// Packing, signing or encrypting failed.
    Pakking(#[source] Arc<fiks_crypto::Error>),
    /// No private key of the client belongs to the certificate that was to be uploaded.
    NokkelPasserIkke,
    /// The certificate that was to be uploaded can't be a konto's public key.
    UgyldigSertifikat(#[source] Arc<fiks_crypto::Error>),

    /// The AMQP connection failed or broke.
    Amqp(#[source] Source),
    /// The AMQP server didn't answer in time.
    AmqpTidsavbrudd(Duration),
    /// The AMQP server refused user or password.
    AmqpAvvist(#[source] Source),
    /// The konto's queue is unknown, or not for this integration.
    AmqpKonto {
        /// Whose queue.
        konto: KontoId,
        /// The server's words.
        source: Source,
    },
    /// A delivered message lacks a header. It was given back to the queue.
    UgyldigLeveranse {
        /// The header that is missing or malformed.
        header: &'static str,
        /// The message, when it has an id.
        melding: Option<MeldingId>,
    },
    /// The connection that the message came on is gone; it will be delivered again.
    Kvittering,
    /// The message has no payload.
    UtenInnhold,
    /// No private key is configured.
    ManglerPrivatNokkel,
    /// The payload can't be decrypted.
    Dekryptering(#[source] Arc<fiks_crypto::Error>),
    /// The decrypted payload is no valid, signed container.
    UgyldigPakke(#[source] Arc<fiks_crypto::Error>),
    /// The content is bigger than the caller allowed.
    ForStort {
        /// The limit in bytes.
        grense: u64,
    },
    /// Files can't be written to the folder.
    Skriving(#[source] Arc<io::Error>),
}

/// One fault of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feltfeil {
    /// The builder's method, which is also the field's name.
    pub felt: &'static str,
    /// What is wrong, in Norwegian.
    pub feil: String,
}

/// What was being done when a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handling {
    /// Sending a message.
    Sending,
    /// Asking the katalog.
    Katalog,
    /// Uploading a public key.
    Nokkelopplasting,
    /// Downloading a payload from dokumentlager.
    Nedlasting,
}

impl Handling {
    fn text(self) -> &'static str {
        match self {
            Self::Sending => "sending av melding",
            Self::Katalog => "oppslag i katalogen",
            Self::Nokkelopplasting => "opplasting av offentlig nøkkel",
            Self::Nedlasting => "nedlasting av innhold",
        }
    }
}

impl Feil {
    /// Whether the same call may well succeed a little later, without anybody changing anything.
    pub fn er_forbigaende(&self) -> bool {
        match self {
            Self::Avvist(avvisning) => avvisning.is_busy() || avvisning.status >= 500,
            Self::MaskinportenUtilgjengelig { .. }
            | Self::Utilgjengelig { .. }
            | Self::Brutt { .. }
            | Self::Tidsavbrudd { .. }
            | Self::Amqp(_)
            | Self::AmqpTidsavbrudd(_)
            | Self::Kvittering => true,
            _ => false,
        }
    }

    /// The readable code, the same for ever.
    pub fn kode(&self) -> &'static str {
        self.kind().code
    }

    /// What can be done. Empty where the platform's own text says it already.
    pub fn rad(&self) -> &'static str {
        match self {
            Self::Avvist(avvisning) if avvisning.has_remedy() => "",
            _ => self.kind().remedy,
        }
    }

    /// What is wrong and what can be done, for a person to read.
    pub fn forklaring(&self) -> String {
        format!("{} {}", self.text(), self.rad()).trim_end().to_owned()
    }

    pub(crate) fn source_of(error: impl std::error::Error + Send + Sync + 'static) -> Source {
        Arc::new(error)
    }
}

impl fmt::Display for Feil {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} [{}]", self.forklaring(), self.kode())
    }
}

impl Problem for Feil {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Konfigurasjon(_) => &kinds::KONFIGURASJON,
            Self::DevJson { .. } => &kinds::DEV_JSON,
            Self::DevJsonUkjent { .. } => &kinds::DEV_JSON_UKJENT,
            Self::Tls(_) => &kinds::TLS,
            Self::MaskinportenAvvist { .. } => &kinds::MASKINPORTEN_AVVIST,
            Self::MaskinportenUtilgjengelig { .. } => &kinds::MASKINPORTEN_UTILGJENGELIG,
            Self::MaskinportenSvar(_) => &kinds::MASKINPORTEN_SVAR,
            Self::MaskinportenSignering(_) => &kinds::MASKINPORTEN_SIGNERING,
            Self::Avvist(avvisning) => avvisning.kind(),
            Self::Utilgjengelig { .. } => &kinds::UTILGJENGELIG,
            Self::Brutt { .. } => &kinds::BRUTT,
            Self::Tidsavbrudd { .. } => &kinds::TIDSAVBRUDD,
            Self::UventetSvar { .. } => &kinds::UVENTET_SVAR,
            Self::UgyldigMelding(_) => &kinds::MELDING,
            Self::ManglerOffentligNokkel(_) => &kinds::MANGLER_NOKKEL,
            Self::UbrukeligNokkel { .. } => &kinds::NOKKEL_UBRUKELIG,
            Self::ManglerSignering => &kinds::MANGLER_SIGNERING,
            Self::Fil { .. } => &kinds::FIL,
            Self::Kilde(_) => &kinds::KILDE,
            Self::InnholdBrukt => &kinds::INNHOLD_BRUKT,
            Self::Pakking(_) => &kinds::PAKKING,
            Self::NokkelPasserIkke => &kinds::NOKKEL_PASSER_IKKE,
            Self::UgyldigSertifikat(_) => &kinds::SERTIFIKAT,
            Self::Amqp(_) | Self::AmqpTidsavbrudd(_) => &kinds::AMQP,
            Self::AmqpAvvist(_) => &kinds::AMQP_AVVIST,
            Self::AmqpKonto { .. } => &kinds::AMQP_KONTO,
            Self::UgyldigLeveranse { .. } => &kinds::UGYLDIG_LEVERANSE,
            Self::Kvittering => &kinds::KVITTERING,
            Self::UtenInnhold => &kinds::UTEN_INNHOLD,
            Self::ManglerPrivatNokkel => &kinds::MANGLER_PRIVAT_NOKKEL,
            Self::Dekryptering(_) => &kinds::DEKRYPTERING,
            Self::UgyldigPakke(_) => &kinds::PAKKE,
            Self::ForStort { .. } => &kinds::INNHOLD_FOR_STORT,
            Self::Skriving(_) => &kinds::SKRIVING,
        }
    }

    fn text(&self) -> String {
        let general = self.kind().text;
        match (self, self.detail()) {
            (Self::Avvist(avvisning), _) => avvisning.text(),
            (_, Some(detail)) => format!("{general} {detail}"),
            (_, None) => general.to_owned(),
        }
    }
}

impl Feil {
    /// What is to be said of this case beside the general text.
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Konfigurasjon(faults) => list_faults(faults),
            Self::DevJson { sti, .. } => format!("Det gjelder {}.", sti.display()),
            Self::DevJsonUkjent { navn, finnes } => {
                format!("«{navn}» finnes ikke; disse finnes: {}.", finnes.join(", "))
            }
            Self::MaskinportenAvvist { status, svar } => format!("Svaret var {status}: {svar}"),
            Self::MaskinportenUtilgjengelig { status, .. } => format!("Svaret var {}.", (*status)?),
            Self::Utilgjengelig { handling, .. }
            | Self::Brutt { handling, .. }
            | Self::UventetSvar { handling, .. } => format!("Det skjedde ved {}.", handling.text()),
            Self::Tidsavbrudd { handling, grense } => {
                format!("Grensen ved {} er {} s.", handling.text(), grense.as_secs())
            }
            Self::UgyldigMelding(why) => (*why).to_owned(),
            Self::ManglerOffentligNokkel(konto) | Self::AmqpKonto { konto, .. } => {
                format!("Kontoen er {konto}.")
            }
            Self::UbrukeligNokkel { konto, source } => format!("Kontoen er {konto}. {}", source.text()),
            Self::Pakking(source)
            | Self::Dekryptering(source)
            | Self::UgyldigPakke(source)
            | Self::UgyldigSertifikat(source) => source.text(),
            Self::Fil { nummer, .. } => format!("Det gjelder fil nummer {nummer}."),
            Self::AmqpTidsavbrudd(grense) => format!("Den svarte ikke innen {} s.", grense.as_secs()),
            Self::UgyldigLeveranse { header, melding } => describe_delivery(header, *melding),
            Self::ForStort { grense } => format!("Grensen er {grense} byte."),
            _ => return None,
        })
    }
}

fn list_faults(faults: &[Feltfeil]) -> String {
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.felt, fault.feil))
        .collect();
    faults.join(" ")
}

fn describe_delivery(header: &str, melding: Option<MeldingId>) -> String {
    match melding {
        Some(melding) => format!("Headeren {header} mangler eller er feil i melding {melding}."),
        None => format!("Headeren {header} mangler eller er feil."),
    }
}

#[cfg(test)]
mod tests;
