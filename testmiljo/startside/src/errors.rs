//! What can go wrong on these pages.

use fiks_core::{ErrorKind, Problem};

/// Every kind of failure of this crate that a person can see.
pub const ERRORS: &[&ErrorKind] = kinds::ALL;

/// Failures of the start page.
#[derive(Debug, thiserror::Error)]
pub enum StartsideError {
    /// The platform's inside could not be read or moved.
    #[error("the platform's state is out of reach")]
    Innsikt(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The clock was asked to stand still, go back, or run further than [`crate::Klokkestand::LENGSTE_FLYTT`].
    #[error("the clock can't be moved so")]
    Klokkeflytt,
    /// No operation with that id in the published documents.
    #[error("there is no such operation")]
    UkjentOperasjon,
    /// No ready-made organisation with that name.
    #[error("there is no such organisation")]
    UkjentOrganisasjon,
    /// A parameter that the operation can't do without is empty.
    #[error("a parameter is missing")]
    ManglerVerdi(String),
    /// What was typed can't be sent as a request.
    #[error("the request can't be built")]
    UgyldigKall(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The platform's own API did not answer the trial call in time.
    #[error("the trial call got no answer")]
    KallFeilet(#[source] reqwest::Error),
    /// No HTTP client for trial calls could be made.
    #[error("no client for trial calls")]
    Klient(#[source] reqwest::Error),
}

impl StartsideError {
    /// Wraps what went wrong inside the platform.
    pub fn innsikt(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Innsikt(cause.into())
    }
}

impl Problem for StartsideError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Innsikt(_) => &kinds::INNSIKT,
            Self::Klokkeflytt => &kinds::KLOKKE,
            Self::UkjentOperasjon => &kinds::OPERASJON,
            Self::UkjentOrganisasjon => &kinds::ORGANISASJON,
            Self::ManglerVerdi(_) => &kinds::MANGLER,
            Self::UgyldigKall(_) => &kinds::UGYLDIG_KALL,
            Self::KallFeilet(_) | Self::Klient(_) => &kinds::KALL,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::ManglerVerdi(name) => format!("Operasjonen trenger en verdi for «{name}»"),
            _ => self.kind().text.to_owned(),
        }
    }
}

/// The kinds of failure on these pages.
pub mod kinds {
    use fiks_core::ErrorKind;

    /// Declares the constants and the list of all of them together, so that none is forgotten.
    macro_rules! error_kinds {
        ($($(#[$meta:meta])* $name:ident = $status:literal $code:literal, $text:literal, $remedy:literal;)+) => {
            $($(#[$meta])* pub const $name: ErrorKind =
                ErrorKind { code: $code, status: $status, text: $text, remedy: $remedy };)+
            /// All of them.
            pub const ALL: &[&ErrorKind] = &[$(&$name),+];
        };
    }

    error_kinds! {
        /// The platform's inside can't be read.
        INNSIKT = 503 "startside.innsikt", "Plattformens tilstand kan ikke leses akkurat nå",
            "Se loggen i vinduet der «fiks dev» kjører, og prøv igjen.";
        /// A move of the clock that can't be done.
        KLOKKE = 400 "startside.klokke", "Klokka kan ikke flyttes slik",
            "Den kan bare flyttes framover, minst ett sekund og høyst ti år om gangen.";
        /// An operation that is not published.
        OPERASJON = 404 "startside.operasjon", "Operasjonen finnes ikke",
            "Finn den i listen på API-siden.";
        /// An organisation that is not made ready.
        ORGANISASJON = 404 "startside.organisasjon", "Organisasjonen finnes ikke i testmiljøet",
            "Velg en av organisasjonene på forsiden.";
        /// A parameter without a value.
        MANGLER = 400 "startside.verdi", "Operasjonen trenger flere verdier",
            "Fyll ut feltet og kjør på nytt.";
        /// A trial call that can't be built.
        UGYLDIG_KALL = 400 "startside.ugyldig_kall", "Det som er fylt ut, kan ikke sendes som en forespørsel",
            "Sjekk at verdiene til headerne bare har vanlige tegn.";
        /// A trial call without an answer.
        KALL = 502 "startside.kall", "API-et svarte ikke i tide",
            "Se statusen på forsiden, og prøv igjen.";
    }
}
