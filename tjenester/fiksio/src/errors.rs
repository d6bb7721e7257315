//! What can go wrong, with a code, a Norwegian text and a remedy for whoever caused it.

use fiks_core::id::{KontoId, RessursId};
use fiks_core::{ErrorKind, Problem};
use fiks_database::DatabaseError;
use fiks_identity::AccessError;

use crate::model::adresse::{AdresseId, AdresseKonflikt};

/// A failure of Fiks IO.
#[derive(Debug, thiserror::Error)]
pub enum FiksioError {
    /// No konto has that id.
    #[error("unknown konto {konto}")]
    UkjentKonto {
        /// The id.
        konto: KontoId,
    },
    /// The sending konto is inactive.
    #[error("sender konto {konto} is inactive")]
    AvsenderInaktiv {
        /// The sender.
        konto: KontoId,
    },
    /// The sending konto may only receive.
    #[error("konto {konto} may only receive")]
    SendingDeaktivert {
        /// The sender.
        konto: KontoId,
    },
    /// The receiving konto is inactive.
    #[error("receiver konto {konto} is inactive")]
    MottakerInaktiv {
        /// The receiver.
        konto: KontoId,
    },
    /// The receiving konto accepts only listed senders.
    #[error("konto {konto} does not accept the sender")]
    AvsenderIkkeAkseptert {
        /// The receiver.
        konto: KontoId,
    },
    /// Lifetime below one second.
    #[error("ttl of {ttl} ms is too short")]
    TtlForKort {
        /// Milliseconds.
        ttl: i64,
    },
    /// The message type is empty, too long or has control characters.
    #[error("bad message type")]
    UgyldigMeldingstype,
    /// A header name is empty or too long.
    #[error("header name of {lengde} bytes")]
    HeaderForLang {
        /// Bytes.
        lengde: usize,
        /// Most bytes allowed.
        grense: usize,
    },
    /// The headers are too large together.
    #[error("headers of {storrelse} bytes")]
    HeadereForStore {
        /// Bytes.
        storrelse: usize,
        /// Most bytes allowed.
        grense: usize,
    },
    /// The ressurs that a konto should hang under is not the organisation's.
    #[error("ressurs {ressurs} is not the organisation's")]
    FremmedForelder {
        /// The ressurs.
        ressurs: RessursId,
    },
    /// An identifikator is not `ORG_NO.<digits>` or `NAVENHET_ID.<digits>`.
    #[error("bad identifikator")]
    UgyldigIdentifikator,
    /// The description of an address breaks the contract's rules.
    #[error("bad address description")]
    UgyldigBeskrivelse,
    /// A protocol's name breaks the contract's rules.
    #[error("bad protocol name")]
    UgyldigProtokoll,
    /// A security level is not 1–4.
    #[error("bad security level")]
    UgyldigNiva,
    /// The konto has no such address.
    #[error("unknown address {adresse}")]
    UkjentAdresse {
        /// The id.
        adresse: AdresseId,
    },
    /// An active address needs one of each.
    #[error("incomplete address")]
    UfullstendigAdresse,
    /// Other active addresses answer to the same.
    #[error("address conflicts with {}", konflikter.len())]
    AdresseKonflikt {
        /// Each with what it shares.
        konflikter: Vec<AdresseKonflikt>,
    },
    /// The konto has no public key.
    #[error("konto {konto} has no key")]
    IngenNokkel {
        /// The konto.
        konto: KontoId,
    },
    /// A look-up found nothing.
    #[error("no match")]
    IngenTreff,
    /// A list names more than an address may have.
    #[error("more than {grense} values")]
    ForMangeVerdier {
        /// Most values of one kind.
        grense: usize,
    },
    /// A list that must name something is empty.
    #[error("empty list")]
    TomListe,
    /// The form with a certificate file cannot be read.
    #[error("bad certificate form")]
    UgyldigSertifikatskjema,
    /// A certificate file of a format that is not known.
    #[error("unknown certificate format")]
    UgyldigFormat,
    /// A payload too large to be given inside JSON.
    #[error("too large for JSON")]
    ForStortForJson,
    /// No protocol of that name.
    #[error("unknown protocol")]
    UkjentProtokoll,
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Nokkel(#[from] fiks_crypto::Error),
    /// The request is not `multipart/form-data`.
    #[error("not multipart")]
    IkkeMultipart,
    /// The first part is not `metadata`, or it is missing.
    #[error("no metadata part")]
    ManglerMetadata,
    /// A part that should not be there.
    #[error("unexpected part")]
    UventetDel,
    /// The upload broke off or is malformed.
    #[error("the upload broke off")]
    AvbruttOpplasting,
    /// The metadata part is too large.
    #[error("metadata part too large")]
    MetadataForStor,
    /// The payload is over 5 GB.
    #[error("payload too large")]
    InnholdForStort,
    /// There is no message at the head of the queue.
    #[error("queue is empty")]
    TomKo,
    /// The caller may not.
    #[error(transparent)]
    Tilgang(#[from] AccessError),
    /// Dokumentlager refused.
    #[error(transparent)]
    Dokumentlager(#[from] fiks_dokumentlager::DokumentlagerError),
    /// Konfigurasjon refused.
    #[error(transparent)]
    Konfigurasjon(#[from] fiks_konfigurasjon::KonfigurasjonError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] fiks_core::random::NoRandomness),
}

/// The kinds, as the error reference lists them.
pub mod kinds {
    fiks_core::error_kinds! {
        /// Unknown konto.
        UKJENT_KONTO = 404 "konto.ukjent", "Kontoen finnes ikke",
            "Sjekk konto-id-en, og at den hører til dette miljøet.";
        /// Inactive sender.
        AVSENDER_INAKTIV = 400 "avsender.inaktiv", "Avsenderkontoen er ikke aktiv",
            "Aktiver kontoen, eller send fra en annen.";
        /// Receive-only sender.
        SENDING_DEAKTIVERT = 400 "avsender.sending_deaktivert", "Avsenderkontoen kan bare motta meldinger",
            "Be en administrator åpne kontoen for sending, eller send fra en annen.";
        /// Inactive receiver.
        MOTTAKER_INAKTIV = 400 "mottaker.inaktiv", "Mottakerkontoen er ikke aktiv",
            "Be eieren av kontoen aktivere den. Status står i katalogen.";
        /// Not an accepted sender.
        IKKE_AKSEPTERT = 400 "avsender.ikke_akseptert", "Mottakerkontoen tar bare imot fra avsendere den har godtatt",
            "Be eieren av mottakerkontoen legge avsenderkontoen til aksepterte avsendere.";
        /// ttl below one second.
        TTL_FOR_KORT = 400 "melding.ttl_for_kort", "Levetiden (ttl) er for kort",
            "Oppgi minst 1000 millisekunder, eller utelat ttl for 7 dager.";
        /// Bad type.
        UGYLDIG_TYPE = 400 "melding.ugyldig_type", "Meldingstypen er ikke gyldig",
            "Oppgi 1–255 tegn uten kontrolltegn og uten mellomrom først eller sist.";
        /// Header name.
        HEADER_FOR_LANG = 400 "melding.header_for_lang", "Navnet på en header er tomt eller for langt",
            "Bruk 1–235 byte i hvert headernavn.";
        /// Headers.
        HEADERE_FOR_STORE = 400 "melding.headere_for_store", "Headerne er for store til sammen",
            "Legg opplysningene i innholdet i stedet; headerne kan være 64 KiB til sammen.";
        /// Foreign parent.
        FREMMED_FORELDER = 400 "konto.fremmed_forelder", "Ressursen kontoen skal ligge under, hører ikke til organisasjonen",
            "Utelat forelderressurs, eller oppgi en ressurs under samme fiksOrgId.";
        /// Identifikator.
        UGYLDIG_IDENTIFIKATOR = 400 "adresse.ugyldig_identifikator", "Identifikatoren er ikke gyldig",
            "Skriv ORG_NO.<siffer> eller NAVENHET_ID.<siffer>.";
        /// Description.
        UGYLDIG_BESKRIVELSE = 400 "adresse.ugyldig_beskrivelse", "Beskrivelsen av adressen er ikke gyldig",
            "Bruk 1–200 bokstaver, tall, mellomrom og _ . , / -.";
        /// Protocol name.
        UGYLDIG_PROTOKOLL = 400 "adresse.ugyldig_protokoll", "Navnet på meldingsprotokollen er ikke gyldig",
            "Bruk bare bokstaver, tall og punktum.";
        /// Level.
        UGYLDIG_NIVA = 400 "adresse.ugyldig_niva", "Sikkerhetsnivået er ikke gyldig", "Oppgi et tall fra 1 til 4.";
        /// Unknown address.
        UKJENT_ADRESSE = 404 "adresse.ukjent", "Kontoen har ingen slik adresse",
            "Hent kontoens adresser og bruk adresseId derfra.";
        /// Incomplete.
        UFULLSTENDIG = 400 "adresse.ufullstendig", "Adressen kan ikke være aktiv",
            "Legg til minst én identifikator, én meldingsprotokoll og ett sikkerhetsnivå først, eller deaktiver adressen.";
        /// Conflict.
        KONFLIKT = 400 "adresse.konflikt", "En annen aktiv adresse svarer på det samme oppslaget",
            "Deaktiver den andre adressen, eller velg andre verdier. Konfliktene står i errorJson.";
        /// No key.
        INGEN_NOKKEL = 404 "konto.ingen_nokkel", "Kontoen har ingen offentlig nøkkel",
            "Eieren av kontoen må laste opp et sertifikat før noen kan kryptere til den.";
        /// No match.
        INGEN_TREFF = 404 "katalog.ingen_treff", "Ingen aktiv konto svarer på oppslaget",
            "Sjekk identifikator, meldingsprotokoll og sikkerhetsnivå, og at mottakerens adresse er aktiv.";
        /// Empty list.
        TOM_LISTE = 400 "adresse.tom_liste", "Listen er tom", "Oppgi minst én verdi.";
        /// Too many values.
        FOR_MANGE_VERDIER = 400 "adresse.for_mange_verdier", "Listen har flere verdier enn en adresse kan ha",
            "Fordel verdiene på flere adresser.";
        /// Certificate form.
        UGYLDIG_SERTIFIKATSKJEMA = 400 "sertifikat.ugyldig_skjema", "Skjemaet med sertifikatfilen lar seg ikke lese",
            "Send multipart/form-data med delen file, og etter behov format og passord; inntil 256 KiB til sammen.";
        /// Unknown format.
        UGYLDIG_FORMAT = 400 "sertifikat.ukjent_format", "Formatet på sertifikatfilen er ukjent", "Oppgi PEM eller P12.";
        /// Too large for JSON.
        FOR_STORT_FOR_JSON = 400 "ko.for_stort_for_json", "Innholdet er for stort til å gis som JSON",
            "Be om application/octet-stream i stedet.";
        /// Unknown protocol.
        UKJENT_PROTOKOLL = 404 "meldingsprotokoll.ukjent", "Meldingsprotokollen finnes ikke i katalogen",
            "Hent listen over meldingsprotokoller.";
        /// Not multipart.
        IKKE_MULTIPART = 400 "sending.ikke_multipart", "Forespørselen er ikke multipart/form-data",
            "Send delen metadata (application/json), og delen data når meldingen har innhold.";
        /// No metadata.
        MANGLER_METADATA = 400 "sending.mangler_metadata", "Delen metadata mangler eller kommer ikke først",
            "Send metadata som første del, med Content-Type application/json.";
        /// Extra part.
        UVENTET_DEL = 400 "sending.uventet_del", "Forespørselen har en del som ikke hører til her",
            "Send bare delene metadata og data, hver én gang.";
        /// Cut upload.
        AVBRUTT = 400 "sending.avbrutt", "Opplastingen ble avbrutt eller er feil formatert, og meldingen ble ikke sendt",
            "Send meldingen på nytt. Sjekk at siste skillelinje (boundary) er med.";
        /// Metadata size.
        METADATA_FOR_STOR = 413 "sending.metadata_for_stor", "Delen metadata er for stor",
            "Metadata kan være 256 KiB; store data hører hjemme i delen data.";
        /// Payload size.
        INNHOLD_FOR_STORT = 413 "sending.innhold_for_stort", "Innholdet er større enn 5 GB",
            "Del innholdet opp i flere meldinger.";
        /// Empty queue.
        TOM_KO = 404 "ko.tom", "Det er ingen melding i køen",
            "Spør etter antall først, eller vent til det kommer en melding.";
        /// Randomness.
        INTERN = 500 "fiksio.intern", "Noe gikk galt hos oss, og ingenting ble lagret",
            "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til driften.";
    }
}

impl Problem for FiksioError {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::UkjentKonto { .. } => &kinds::UKJENT_KONTO,
            Self::AvsenderInaktiv { .. } => &kinds::AVSENDER_INAKTIV,
            Self::SendingDeaktivert { .. } => &kinds::SENDING_DEAKTIVERT,
            Self::MottakerInaktiv { .. } => &kinds::MOTTAKER_INAKTIV,
            Self::AvsenderIkkeAkseptert { .. } => &kinds::IKKE_AKSEPTERT,
            Self::TtlForKort { .. } => &kinds::TTL_FOR_KORT,
            Self::UgyldigMeldingstype => &kinds::UGYLDIG_TYPE,
            Self::HeaderForLang { .. } => &kinds::HEADER_FOR_LANG,
            Self::HeadereForStore { .. } => &kinds::HEADERE_FOR_STORE,
            Self::FremmedForelder { .. } => &kinds::FREMMED_FORELDER,
            Self::UgyldigIdentifikator => &kinds::UGYLDIG_IDENTIFIKATOR,
            Self::UgyldigBeskrivelse => &kinds::UGYLDIG_BESKRIVELSE,
            Self::UgyldigProtokoll => &kinds::UGYLDIG_PROTOKOLL,
            Self::UgyldigNiva => &kinds::UGYLDIG_NIVA,
            Self::UkjentAdresse { .. } => &kinds::UKJENT_ADRESSE,
            Self::UfullstendigAdresse => &kinds::UFULLSTENDIG,
            Self::AdresseKonflikt { .. } => &kinds::KONFLIKT,
            Self::IngenNokkel { .. } => &kinds::INGEN_NOKKEL,
            Self::IngenTreff => &kinds::INGEN_TREFF,
            Self::TomListe => &kinds::TOM_LISTE,
            Self::ForMangeVerdier { .. } => &kinds::FOR_MANGE_VERDIER,
            Self::UgyldigSertifikatskjema => &kinds::UGYLDIG_SERTIFIKATSKJEMA,
            Self::UgyldigFormat => &kinds::UGYLDIG_FORMAT,
            Self::ForStortForJson => &kinds::FOR_STORT_FOR_JSON,
            Self::UkjentProtokoll => &kinds::UKJENT_PROTOKOLL,
            Self::Nokkel(error) => error.kind(),
            Self::IkkeMultipart => &kinds::IKKE_MULTIPART,
            Self::ManglerMetadata => &kinds::MANGLER_METADATA,
            Self::UventetDel => &kinds::UVENTET_DEL,
            Self::AvbruttOpplasting => &kinds::AVBRUTT,
            Self::MetadataForStor => &kinds::METADATA_FOR_STOR,
            Self::InnholdForStort => &kinds::INNHOLD_FOR_STORT,
            Self::TomKo => &kinds::TOM_KO,
            Self::Random(_) => &kinds::INTERN,
            Self::Tilgang(error) => error.kind(),
            Self::Dokumentlager(error) => error.kind(),
            Self::Konfigurasjon(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn text(&self) -> String {
        let text = self.kind().text;
        match self {
            Self::UkjentKonto { konto }
            | Self::AvsenderInaktiv { konto }
            | Self::SendingDeaktivert { konto }
            | Self::MottakerInaktiv { konto }
            | Self::IngenNokkel { konto }
            | Self::AvsenderIkkeAkseptert { konto } => format!("{text}: {konto}"),
            Self::TtlForKort { ttl } => format!("{text}: {ttl} ms"),
            Self::HeaderForLang { lengde, grense } => format!("{text}: {lengde} byte, grensen er {grense}"),
            Self::HeadereForStore { storrelse, grense } => {
                format!("{text}: {storrelse} byte, grensen er {grense}")
            }
            Self::ForMangeVerdier { grense } => format!("{text}: grensen er {grense}"),
            Self::Nokkel(error) => error.text(),
            Self::Tilgang(error) => error.text(),
            Self::Dokumentlager(error) => error.text(),
            Self::Konfigurasjon(error) => error.text(),
            _ => text.to_owned(),
        }
    }

    fn details(&self) -> Option<serde_json::Value> {
        match self {
            Self::AdresseKonflikt { konflikter } => serde_json::to_value(konflikter).ok(),
            Self::Dokumentlager(error) => error.details(),
            Self::Konfigurasjon(error) => error.details(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_makes_a_client_repeat_by_itself() {
        // KS' Java client repeats after 429 and 503, and follows a 307 (fiks-io §15).
        for kind in kinds::ALL {
            assert!([400, 404, 413, 500].contains(&kind.status), "{}", kind.code);
        }
    }
}
