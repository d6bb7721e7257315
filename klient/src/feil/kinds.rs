//! The kinds of failure, as the error reference lists them. Statuses are those a server should pass on when its own
//! use of this library fails.

fiks_core::error_kinds! {
    /// The configuration has faults.
    KONFIGURASJON = 500 "klient.konfigurasjon", "Konfigurasjonen av Fiks-klienten har feil.",
        "Rett feltene som er nevnt, og start på nytt.";
    /// `dev.json` can't be used.
    DEV_JSON = 500 "klient.dev_json", "Filen fra `fiks dev` kan ikke brukes.",
        "Start `fiks dev`, og pek FIKS_DEV_JSON på filen dev.json i datamappen dens.";
    /// The name is not in `dev.json`.
    DEV_JSON_UKJENT = 500 "klient.dev_json_ukjent", "Filen fra `fiks dev` har ikke det som ble spurt etter.",
        "Velg et av navnene eller numrene som finnes der.";
    /// TLS can't be set up.
    TLS = 500 "klient.tls", "Sikker forbindelse (TLS) kan ikke settes opp.",
        "Sjekk at maskinen har rotsertifikater (pakken ca-certificates), og at ekstra CA-sertifikater er gyldig PEM.";

    /// Maskinporten refused.
    MASKINPORTEN_AVVIST = 502 "maskinporten.avvist", "Maskinporten ga ikke token.",
        "Sjekk klient-id, sertifikat eller kid, audience, at scopet ks:fiks er tildelt, og at maskinens klokke går \
         riktig.";
    /// Maskinporten is out of reach.
    MASKINPORTEN_UTILGJENGELIG = 503 "maskinporten.utilgjengelig", "Fikk ikke kontakt med Maskinporten.",
        "Sjekk token-endepunktet og nettverket, og prøv igjen om litt.";
    /// Maskinporten's answer can't be used.
    MASKINPORTEN_SVAR = 502 "maskinporten.svar", "Svaret fra Maskinporten kan ikke brukes.",
        "Sjekk at token-endepunktet er riktig; det ender på /token.";
    /// The grant could not be signed.
    MASKINPORTEN_SIGNERING = 500 "maskinporten.signering", "Forespørselen til Maskinporten kan ikke signeres.",
        "Sjekk at nøkkelen er en RSA-nøkkel på minst 2048 bit.";

    /// 400 and its like.
    UGYLDIG = 502 "plattform.ugyldig", "Plattformen godtok ikke forespørselen.",
        "Rett det meldingen nevner, og send på nytt.";
    /// 401.
    IKKE_AUTENTISERT = 502 "plattform.ikke_autentisert", "Plattformen godtok ikke token eller integrasjon.",
        "Sjekk integrasjon-id og passord, og at integrasjonen er autorisert for organisasjonen i Maskinporten-tokenet.";
    /// 403.
    INGEN_TILGANG = 502 "plattform.ingen_tilgang", "Integrasjonen har ikke tilgang.",
        "Be en administrator gi integrasjonen tilgang til kontoen, eller mottakeren godta avsenderen.";
    /// 404.
    FINNES_IKKE = 502 "plattform.finnes_ikke", "Det som ble spurt etter, finnes ikke.",
        "Sjekk id-ene, og at de hører til dette miljøet.";
    /// 413.
    FOR_STORT = 502 "plattform.for_stort", "Innholdet er for stort.",
        "Del innholdet opp i flere meldinger; én melding kan ha 5 GB.";
    /// 429 and 503.
    OPPTATT = 503 "plattform.opptatt", "Plattformen tar ikke imot flere forespørsler nå.",
        "Vent litt og prøv igjen. Ingenting ble lagret.";
    /// 5xx.
    PLATTFORMFEIL = 502 "plattform.feil", "Noe gikk galt hos plattformen.",
        "Prøv igjen om litt. Vedvarer feilen, oppgi errorId til plattformens brukerstøtte.";
    /// No connection.
    UTILGJENGELIG = 503 "plattform.utilgjengelig", "Fikk ikke kontakt med plattformen.",
        "Sjekk adressen, nettverket og at plattformens sertifikat er klarert (ekstra CA i testmiljø).";
    /// Broken connection.
    BRUTT = 502 "plattform.brutt", "Forbindelsen til plattformen ble brutt.",
        "Ved sending er det uvisst om meldingen kom frem: send på nytt med samme idempotensnøkkel og klientMeldingId.";
    /// No answer in time.
    TIDSAVBRUDD = 504 "plattform.tidsavbrudd", "Plattformen svarte ikke i tide.",
        "Ved sending er det uvisst om meldingen kom frem: send på nytt med samme idempotensnøkkel og klientMeldingId. \
         Øk eventuelt tidsgrensene.";
    /// An answer of unexpected form.
    UVENTET_SVAR = 502 "plattform.uventet_svar", "Svaret har ikke den formen en Fiks-plattform gir.",
        "Sjekk at adressen er plattformens API-adresse.";

    /// The message breaks a rule.
    MELDING = 400 "sending.ugyldig_melding", "Meldingen kan ikke sendes slik den er.",
        "Rett det teksten nevner, og send på nytt.";
    /// The receiver has no public key.
    MANGLER_NOKKEL = 409 "sending.mottaker_mangler_nokkel", "Mottakerkontoen har ingen offentlig nøkkel, så filene kan ikke \
        krypteres.",
        "Be mottakeren laste opp nøkkelen sin, eller sjekk at konto-id-en er riktig.";
    /// The receiver's public key can't be used.
    NOKKEL_UBRUKELIG = 409 "sending.mottakers_nokkel_ubrukelig", "Mottakerkontoens offentlige nøkkel kan ikke brukes.",
        "Be mottakeren laste opp et X.509-sertifikat med RSA-nøkkel på minst 2048 bit.";
    /// No signing key.
    MANGLER_SIGNERING = 500 "sending.mangler_signering", "Filer må signeres, men klienten har ikke noe sertifikat å signere med.",
        "Sett virksomhetssertifikat for Maskinporten eller eget signeringssertifikat i konfigurasjonen.";
    /// A file can't be read.
    FIL = 400 "sending.fil", "En fil som skulle sendes, kan ikke leses.",
        "Sjekk at filen finnes og kan leses av programmet. Meldingen ble ikke sendt.";
    /// The caller's stream failed.
    KILDE = 500 "sending.kilde", "Datastrømmen som skulle sendes, ga feil.",
        "Se årsaken. Meldingen ble ikke sendt.";
    /// The caller's stream has been read already.
    INNHOLD_BRUKT = 400 "sending.innhold_brukt", "Datastrømmen er allerede lest og kan ikke sendes en gang til.",
        "Lag en ny strøm, eller send innholdet som bytes eller filer.";
    /// Packing failed.
    PAKKING = 500 "sending.pakking", "Filene kan ikke pakkes, signeres eller krypteres.",
        "Se årsaken. Filnavn skal være enkle navn uten mapper, og hvert navn kan bare brukes én gang.";
    /// The uploaded certificate fits none of the private keys.
    NOKKEL_PASSER_IKKE = 400 "konto.nokkel_passer_ikke", "Ingen av klientens private nøkler hører til sertifikatet.",
        "Legg den private nøkkelen inn i konfigurasjonen før sertifikatet lastes opp; ellers blir meldinger uleselige.";
    /// The uploaded certificate can't be used.
    SERTIFIKAT = 400 "konto.ugyldig_sertifikat", "Sertifikatet kan ikke være kontoens offentlige nøkkel.",
        "Bruk ett X.509-sertifikat i PEM med RSA-nøkkel på minst 2048 bit.";

    /// AMQP connection failed.
    AMQP = 503 "mottak.utilgjengelig", "Fikk ikke kontakt med meldingskøen.",
        "Sjekk AMQP-vert og -port, nettverket og at sertifikatet er klarert (ekstra CA i testmiljø).";
    /// AMQP login refused.
    AMQP_AVVIST = 502 "mottak.avvist", "Meldingskøen godtok ikke innloggingen.",
        "Sjekk integrasjon-id og passord, og at integrasjonen er autorisert for organisasjonen i Maskinporten-tokenet.";
    /// The konto's queue can't be consumed.
    AMQP_KONTO = 502 "mottak.konto", "Integrasjonen får ikke lese køen til kontoen.",
        "Sjekk konto-id-en, og be en administrator gi integrasjonen tilgang til kontoen.";
    /// A message lacks what every message has.
    UGYLDIG_LEVERANSE = 502 "mottak.ugyldig_melding", "En mottatt melding mangler det som alltid skal være med.",
        "Meldingen er levert tilbake til køen. Gi avsender eller plattformens brukerstøtte beskjed.";
    /// The message can no longer be settled.
    KVITTERING = 409 "mottak.kvittering", "Meldingen kan ikke kvitteres, fordi forbindelsen den kom på, er brutt.",
        "Den leveres på nytt med resendt = true. Gjør behandlingen trygg å gjenta.";
    /// There is no payload.
    UTEN_INNHOLD = 400 "mottak.uten_innhold", "Meldingen har ikke innhold.",
        "Se på har_innhold før innholdet leses.";
    /// No private key configured.
    MANGLER_PRIVAT_NOKKEL = 500 "mottak.mangler_privat_nokkel", "Klienten har ingen privat nøkkel å dekryptere med.",
        "Legg kontoens private nøkkel inn i konfigurasjonen.";
    /// Decryption failed.
    DEKRYPTERING = 422 "mottak.dekryptering", "Innholdet kan ikke dekrypteres.",
        "Er nøkkelen byttet, må den gamle private nøkkelen også stå i konfigurasjonen. Ukryptert innhold leses med \
         raa_strom.";
    /// The container is not valid.
    PAKKE = 422 "mottak.pakke", "Filene kan ikke leses ut av innholdet.",
        "Sjekk at riktig privat nøkkel er i bruk, eller be avsenderen sende på nytt. Ingenting av innholdet er til å stole på.";
    /// The content exceeds the caller's limit.
    INNHOLD_FOR_STORT = 413 "mottak.for_stort", "Innholdet er større enn grensen.",
        "Øk grensen, eller skriv filene til en mappe med skriv_til.";
    /// Writing to disk failed.
    SKRIVING = 500 "mottak.skriving", "Filene kan ikke skrives til mappen.",
        "Sjekk at mappen finnes, at det er plass, og at filene ikke finnes der fra før.";
}
