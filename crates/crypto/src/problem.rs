//! The errors as callers see them: code, Norwegian text, remedy.

use fiks_core::{ErrorKind, Problem};

use crate::Error;

/// Declares the kinds, all with status 400 unless said otherwise, and the list of them for the reference page.
macro_rules! kinds {
    ($($name:ident $(($status:literal))? = $code:literal, $text:literal, $remedy:literal;)+) => {
        $(const $name: ErrorKind = ErrorKind {
            code: $code,
            status: [$($status,)? 400][0],
            text: $text,
            remedy: $remedy,
        };)+

        /// Every kind of failure that this crate can show to a caller.
        pub const ERROR_KINDS: &[&ErrorKind] = &[$(&$name),+];
    };
}

kinds! {
    TRUNCATED = "krypto.avkortet", "Innholdet slutter for tidlig.",
        "Send hele innholdet på nytt.";
    TRAILING = "krypto.overflodig", "Det følger noe etter slutten på innholdet.",
        "Send konvolutten eller pakken alene, uten noe etter.";
    NOT_CMS = "krypto.ugyldig_cms", "Innholdet er ikke en gyldig CMS-struktur.",
        "Krypter eller signer innholdet som CMS (RFC 5652), for eksempel med et av KS' klientbiblioteker.";
    TOO_LARGE = "krypto.for_stort", "En del av innholdet er større enn det som kan leses.",
        "Del opp innholdet, eller gjør den delen mindre.";
    ALGORITHM = "krypto.algoritme", "Innholdet er kryptert med en algoritme som ikke støttes.",
        "Bruk AES-CBC for innholdet og RSA-OAEP med SHA-256 for nøkkelen.";
    WRONG_KEY = "krypto.feil_nokkel", "Innholdet er kryptert for en annen nøkkel.",
        "Krypter for mottakers gjeldende sertifikat. Mottaker må beholde gamle private nøkler en tid etter bytte.";
    DAMAGED = "krypto.skadet", "Innholdet lar seg ikke dekryptere.",
        "Send innholdet på nytt, kryptert for mottakers gjeldende sertifikat.";
    INTERNAL(500) = "krypto.intern", "Kryptering eller signering feilet.",
        "Prøv igjen. Meld fra hvis feilen varer.";
    SIGNATURE = "signatur.ugyldig", "Signaturen stemmer ikke.",
        "Signer på nytt med den private nøkkelen som hører til sertifikatet.";
    NOT_ASICE = "asice.ugyldig", "Innholdet er ikke en gyldig ASiC-E-pakke.",
        "Lag pakken med et bibliotek for ASiC-E med CAdES, for eksempel et av KS' klientbiblioteker.";
    FILE_NAME = "asice.filnavn", "En fil i pakken har et navn som ikke er tillatt.",
        "Bruk forskjellige filnavn uten mappe. Navn i META-INF er forbeholdt pakken selv.";
    EMPTY = "asice.tom", "Pakken har ingen filer.",
        "Legg minst én fil i pakken.";
    XADES = "asice.xades", "Pakken er signert med XAdES, som ikke støttes.",
        "Signer pakken med CAdES.";
    CHANGED = "asice.endret", "Filene i pakken er ikke de som ble signert.",
        "Lag og signer pakken på nytt.";
    UNSIGNED = "asice.usignert", "Pakken er ikke signert.",
        "Signer pakken. Klienter uten signeringssertifikat lager usignerte pakker.";
    NOT_PEM = "sertifikat.ikke_pem", "Teksten er ikke PEM.",
        "Last opp sertifikatet som PEM, fra og med -----BEGIN CERTIFICATE----- til og med -----END CERTIFICATE-----.";
    NOT_CERTIFICATE = "sertifikat.ikke_sertifikat", "PEM-teksten er ikke et sertifikat.",
        "Last opp et X.509-sertifikat, ikke bare den offentlige nøkkelen eller en sertifikatforespørsel.";
    SEVERAL = "sertifikat.flere", "Teksten har mer enn én PEM-blokk.",
        "Last opp bare mottakers eget sertifikat, uten utstedernes.";
    PRIVATE_KEY_UPLOADED = "sertifikat.privat_nokkel", "Du har lastet opp en privat nøkkel.",
        "Den private nøkkelen skal aldri deles. Lag et nytt nøkkelpar og last opp sertifikatet.";
    MALFORMED_CERTIFICATE = "sertifikat.uleselig", "Sertifikatet lar seg ikke lese.",
        "Hent sertifikatet på nytt fra der det ble laget, og last opp hele.";
    NOT_RSA = "sertifikat.ikke_rsa", "Sertifikatet har ikke en RSA-nøkkel.",
        "Lag et sertifikat med en RSA-nøkkel på minst 2048 bit.";
    WEAK_KEY = "sertifikat.svak_nokkel", "Nøkkelen i sertifikatet er for kort.",
        "Lag et sertifikat med en RSA-nøkkel på minst 2048 bit.";
    UNUSABLE_PUBLIC_KEY = "sertifikat.ubrukelig_nokkel", "Nøkkelen i sertifikatet kan ikke brukes.",
        "Lag et sertifikat med en RSA-nøkkel på 2048 til 8192 bit.";
    UNUSABLE_PRIVATE_KEY = "nokkel.ubrukelig", "Den private nøkkelen kan ikke brukes.",
        "Bruk én RSA-nøkkel på minst 2048 bit, som PKCS#8 eller PKCS#1.";
    ENCRYPTED_KEY = "nokkel.kryptert", "Den private nøkkelen er beskyttet med passord.",
        "Fjern passordet: openssl pkey -in nokkel.pem -out uten-passord.pem.";
    MISMATCH = "nokkel.feil_sertifikat", "Den private nøkkelen hører ikke til sertifikatet.",
        "Kontroller at nøkkel og sertifikat er fra samme nøkkelpar.";
    KEY_STORE = "nokkellager.uleselig", "PKCS#12-filen lar seg ikke åpne.",
        "Kontroller passordet. Lagerets og nøkkelens passord må være like.";
    ALIAS = "nokkellager.ukjent_alias", "Nøkkellageret har ingen privat nøkkel med det navnet.",
        "Kontroller navnet, for eksempel med keytool -list.";
}

impl Problem for Error {
    fn kind(&self) -> &'static ErrorKind {
        match self {
            Self::Truncated => &TRUNCATED,
            Self::TrailingData => &TRAILING,
            Self::MalformedBer { .. } | Self::NotEnveloped | Self::MalformedSignature => &NOT_CMS,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::UnsupportedCipher(_) | Self::NoUsableRecipient => &ALGORITHM,
            Self::WrongKey => &WRONG_KEY,
            Self::ContentDamaged => &DAMAGED,
            Self::Crypto(_) | Self::OutOfOrder(_) | Self::NotIssued(_) | Self::Io(_) => &INTERNAL,
            Self::SignatureInvalid | Self::StraySignature { .. } => &SIGNATURE,
            Self::MalformedZip { .. }
            | Self::NotAsice
            | Self::UnknownMetadata { .. }
            | Self::MissingManifest
            | Self::MalformedManifest(_)
            | Self::UnsupportedDigest => &NOT_ASICE,
            Self::FileName { .. } | Self::DuplicateFile { .. } => &FILE_NAME,
            Self::NoFiles => &EMPTY,
            Self::XadesOnly => &XADES,
            Self::FileMissing { .. } | Self::DigestMismatch { .. } | Self::NotListed { .. } => &CHANGED,
            Self::Unsigned | Self::SignatureMissing => &UNSIGNED,
            Self::NotPem => &NOT_PEM,
            Self::NotCertificate => &NOT_CERTIFICATE,
            Self::SeveralPemBlocks => &SEVERAL,
            Self::PrivateKeyUploaded => &PRIVATE_KEY_UPLOADED,
            Self::CertificateMalformed => &MALFORMED_CERTIFICATE,
            Self::NotRsa => &NOT_RSA,
            Self::WeakKey { .. } => &WEAK_KEY,
            Self::PublicKeyUnusable => &UNUSABLE_PUBLIC_KEY,
            Self::PrivateKeyUnusable => &UNUSABLE_PRIVATE_KEY,
            Self::PrivateKeyEncrypted => &ENCRYPTED_KEY,
            Self::KeyMismatch => &MISMATCH,
            Self::KeyStore(_) => &KEY_STORE,
            Self::UnknownAlias => &ALIAS,
        }
    }

    fn text(&self) -> String {
        let text = self.kind().text;
        match self {
            Self::WeakKey { bits } => format!("{text} Den har {bits} bit."),
            Self::FileName { entry }
            | Self::DuplicateFile { entry }
            | Self::UnknownMetadata { entry }
            | Self::DigestMismatch { entry }
            | Self::NotListed { entry } => format!("{text} Det gjelder fil nummer {entry} i pakken."),
            Self::FileMissing { reference } => format!("{text} Fil nummer {reference} i manifestet mangler."),
            Self::UnsupportedCipher(algorithm) => format!("{text} Algoritmen er {algorithm}."),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let codes: HashSet<_> = ERROR_KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), ERROR_KINDS.len());
        let is_code = |code: &str| {
            code.bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))
        };
        assert!(codes.iter().all(|code| is_code(code) && code.contains('.')));
    }

    #[test]
    fn texts_tell_the_case() {
        assert_eq!(
            Error::WeakKey { bits: 1024 }.text(),
            "Nøkkelen i sertifikatet er for kort. Den har 1024 bit."
        );
        assert!(Error::DigestMismatch { entry: 3 }.text().contains("fil nummer 3"));
    }
}
