//! The failures of this service, with code, text and remedy.
//!
//! Invariant: whoever lacks access gets the same answer whether or not the thing exists: 403 `tilgang.mangler`
//! that repeats nothing but the id that was asked for. "Unknown" (404) is told only to callers who could have read
//! the thing had it existed: administrators of the root, and the platform.

use fiks_core::id::{FiksOrgId, IntegrasjonId, RessursId};
use fiks_core::random::NoRandomness;
use fiks_core::{ErrorKind, Problem};
use fiks_database::{DATABASE_FAILED, DatabaseError};
use fiks_identity::access::FORBIDDEN;
use fiks_identity::{AccessError, StoreFailed};

/// Why something was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum KonfigurasjonError {
    /// The caller lacks a privilege on a ressurs, or access could not be checked.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The caller may not see or change the integration, if there is one with that id.
    #[error("{caller} has no access to integration {integrasjon}")]
    IntegrasjonForbidden {
        /// Who asked.
        caller: String,
        /// The id as asked for.
        integrasjon: IntegrasjonId,
    },
    /// No organisation has that id.
    #[error("organisation {0} is unknown")]
    UnknownOrganisasjon(FiksOrgId),
    /// No integration has that id.
    #[error("integration {0} is unknown")]
    UnknownIntegrasjon(IntegrasjonId),
    /// No ressurs has that id.
    #[error("ressurs {0} is unknown")]
    UnknownRessurs(RessursId),
    /// A value does not have its form, or a name is not in the catalogue. Never repeats the value.
    #[error("{field}: {}", kind.code)]
    Invalid {
        /// Which rule.
        kind: &'static ErrorKind,
        /// Where, by its name on the wire.
        field: &'static str,
    },
    /// The request is well-formed but cannot be met as things stand.
    #[error("{}", .0.code)]
    Refused(&'static ErrorKind),
    /// No random bytes for an id or a password.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl KonfigurasjonError {
    /// `kind` about the field of that name.
    pub(crate) fn invalid(kind: &'static ErrorKind, field: &'static str) -> Self {
        Self::Invalid { kind, field }
    }
}

impl From<StoreFailed> for KonfigurasjonError {
    fn from(error: StoreFailed) -> Self {
        Self::Access(error.into())
    }
}

/// Declares the kinds and the list of all of them together, so that none is forgotten.
macro_rules! error_kinds {
    ($($(#[$meta:meta])* $name:ident = $status:literal $code:literal, $text:literal, $remedy:literal;)+) => {
        $($(#[$meta])* pub const $name: ErrorKind =
            ErrorKind { code: $code, status: $status, text: $text, remedy: $remedy };)+
        /// Every kind of failure of this service that a caller can see, for the error reference.
        pub const ERRORS: &[&ErrorKind] = &[$(&$name),+];
    };
}

error_kinds! {
    /// No organisation has that id.
    ORGANISASJON_UKJENT = 404 "organisasjon.ukjent", "Organisasjonen finnes ikke.",
        "Kontroller fiksOrgId. Id-er fra et annet miljø gjelder ikke her.";
    /// An organisation with that id exists.
    ORGANISASJON_FINNES = 409 "organisasjon.finnes", "Det finnes alt en organisasjon med denne id-en.",
        "Endre den som finnes, eller la plattformen velge id.";
    /// No integration has that id.
    INTEGRASJON_UKJENT = 404 "integrasjon.ukjent", "Integrasjonen finnes ikke.",
        "Kontroller integrasjonens id. En slettet integrasjon kommer ikke tilbake; lag en ny.";
    /// An integration with that id exists.
    INTEGRASJON_FINNES = 409 "integrasjon.finnes", "Det finnes alt en integrasjon med denne id-en.",
        "Endre den som finnes, eller la plattformen velge id.";
    /// Another integration has the code.
    INTEGRASJON_KODE_OPPTATT = 409 "integrasjon.kode_opptatt", "En annen integrasjon har denne koden.",
        "Velg en annen kode. Koder er unike på tvers av organisasjoner.";
    /// No ressurs has that id.
    RESSURS_UKJENT = 404 "ressurs.ukjent", "Ressursen finnes ikke.",
        "Kontroller ressursens id. Den kan være slettet sammen med en ressurs over den.";
    /// A ressurs with that id exists.
    RESSURS_FINNES = 409 "ressurs.finnes", "Det finnes alt en ressurs med denne id-en.",
        "Bruk den som finnes, eller velg en annen id.";
    /// The ressurs follows something else and cannot be made, renamed or removed by itself.
    RESSURS_STYRT = 400 "ressurs.styrt", "Ressurser av denne typen lages og endres ikke direkte.",
        "Roten er fast. Endre organisasjonen eller initialiser tjenesten; ressursen følger med.";
    /// The tree would become too deep.
    RESSURS_FOR_DYP = 400 "ressurs.for_dyp", "Ressurstreet kan ikke bli dypere her.",
        "Legg ressursen under en ressurs høyere opp i treet.";
    /// No such privilege.
    PRIVILEGIUM_UKJENT = 400 "privilegium.ukjent", "Privilegiet finnes ikke.",
        "Navnene står i /konfigurasjon/api/v1/privilegier/{ressursType}, med store bokstaver.";
    /// No such service.
    TJENESTE_UKJENT = 404 "tjeneste.ukjent", "Tjenesten finnes ikke.",
        "Kodene står i /konfigurasjon/api/v1/tjenester, med store bokstaver.";
    /// The organisation has not initialised the service.
    TJENESTE_IKKE_INITIALISERT = 409 "tjeneste.ikke_initialisert", "Tjenesten er ikke initialisert for organisasjonen.",
        "Kall initialiser for tjenesten først.";
    /// The service is for other types of organisations.
    TJENESTE_IKKE_TILGJENGELIG = 400 "tjeneste.ikke_tilgjengelig",
        "Tjenesten er ikke tilgjengelig for denne typen organisasjon.",
        "Feltet tilgjengeligFor viser hvilke typer den er for. Rett organisasjonens type om den er feil.";
    /// The aktor is an integration that cannot be given anything here.
    AKTOR_UKJENT = 400 "aktor.ukjent", "Aktøren er ingen integrasjon som organisasjonen kan gi noe.",
        "Bruk id-en til en av organisasjonens egne integrasjoner eller en global integrasjon.";
    /// Not the form of an aktor.
    AKTOR_UGYLDIG = 400 "aktor.ugyldig", "Aktøren har feil form.",
        "En aktør er en integrasjons UUID, et fødselsnummer, SDB_<uuid> eller SDG_<uuid>.";
    /// Not the form of a name.
    NAVN_UGYLDIG = 400 "navn.ugyldig", "Navnet har feil lengde eller tegn som ikke er tillatt.",
        "Et navn har 2–200 tegn (integrasjoner 1–200): bokstaver, sifre, mellomrom og vanlige skilletegn, uten \
         mellomrom først eller sist.";
    /// No organisation number.
    ORGNR_UGYLDIG = 400 "orgnr.ugyldig", "Organisasjonsnummeret er ikke gyldig.",
        "Et organisasjonsnummer har ni sifre, og det siste er kontrollsiffer.";
    /// No municipality number.
    KOMMUNENR_UGYLDIG = 400 "kommunenr.ugyldig", "Kommunenummeret er ikke gyldig.",
        "Et kommunenummer har fire sifre.";
    /// No e-mail address.
    EPOST_UGYLDIG = 400 "epost.ugyldig", "E-postadressen er ikke gyldig.",
        "Skriv adressen på formen navn@domene.no, uten mellomrom.";
    /// Not the form of a fødselsnummer.
    FNR_UGYLDIG = 400 "fodselsnummer.ugyldig", "Fødselsnummeret er ikke gyldig.",
        "Et fødselsnummer har elleve sifre.";
    /// Not the form of a code.
    KODE_UGYLDIG = 400 "kode.ugyldig", "Koden har feil form.",
        "En kode har 1–100 tegn: store bokstaver A–Z, sifre, punktum og understrek.";
    /// Not the form of a tag.
    TAG_UGYLDIG = 400 "tag.ugyldig", "Taggen har feil form.",
        "En tag har 1–100 tegn: bokstaver, sifre, mellomrom og tegnene _ . , / -.";
    /// Not the form of a description.
    BESKRIVELSE_UGYLDIG = 400 "beskrivelse.ugyldig", "Beskrivelsen er for lang eller har styretegn.",
        "En beskrivelse har høyst 2000 tegn.";
    /// A query parameter has the wrong form.
    PARAMETER_UGYLDIG = 400 "parameter.ugyldig", "Parameteren mangler, er gitt flere ganger eller har feil form.",
        "Formen står i API-dokumentasjonen.";
    /// A list in the request has too many elements.
    LISTE_FOR_LANG = 400 "liste.for_lang", "Listen har for mange elementer.",
        "Del forespørselen i flere.";
    /// The answer would be too large.
    TREFF_FOR_MANGE = 400 "sok.for_mange_treff", "Søket gir flere enn 10000 treff.",
        "Avgrens søket med flere parametere, for eksempel type eller en ressurs lenger nede i treet.";
    /// No random bytes.
    TILFELDIGHET_MANGLER = 500 "tilfeldighet.mangler", "Det kunne ikke lages en id eller et passord nå.",
        "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.";
}

impl Problem for KonfigurasjonError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Access(error) => error.kind(),
            Self::IntegrasjonForbidden { .. } => &FORBIDDEN,
            Self::UnknownOrganisasjon(_) => &ORGANISASJON_UKJENT,
            Self::UnknownIntegrasjon(_) => &INTEGRASJON_UKJENT,
            Self::UnknownRessurs(_) => &RESSURS_UKJENT,
            Self::Invalid { kind, .. } | Self::Refused(kind) => kind,
            Self::Randomness(_) => &TILFELDIGHET_MANGLER,
            Self::Database(_) => &DATABASE_FAILED,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Access(error) => error.text(),
            Self::IntegrasjonForbidden { caller, integrasjon } => {
                format!("{caller} har ikke privilegiet ADMIN på organisasjonen til integrasjon {integrasjon}")
            }
            Self::UnknownOrganisasjon(id) => format!("Organisasjonen {id} finnes ikke."),
            Self::UnknownIntegrasjon(id) => format!("Integrasjonen {id} finnes ikke."),
            Self::UnknownRessurs(id) => format!("Ressursen {id} finnes ikke."),
            Self::Invalid { kind, field } => format!("{field}: {}", kind.text),
            Self::Refused(_) | Self::Randomness(_) | Self::Database(_) => self.kind().text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_declared_once() {
        let mut codes: Vec<_> = ERRORS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ERRORS.len());
    }

    #[test]
    fn an_invalid_value_is_named_and_not_repeated() {
        let error = KonfigurasjonError::invalid(&FNR_UGYLDIG, "avtaleadminFnr");
        assert_eq!(error.text(), "avtaleadminFnr: Fødselsnummeret er ikke gyldig.");
    }
}
