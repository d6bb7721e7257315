//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, Orgnr, RessursId};
use uuid::Uuid;

/// KS' Fiks-plattformen, åpen og til å drifte selv.
#[derive(Debug, Parser)]
#[command(name = "fiks", version, about, long_about = LONG, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const LONG: &str =
    "KS' Fiks-plattformen, åpen og til å drifte selv. Et uavhengig prosjekt, ikke KS' egen tjeneste.

Kom i gang:
  fiks dev                                   start et komplett testmiljø på denne maskinen
  fiks lytt --organisasjon Fjordvik          i en annen terminal: vent på meldinger
  fiks send --fra Bergheim --til Fjordvik    i en tredje: send en";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start et komplett testmiljø på denne maskinen
    Dev(Dev),
    /// Send en melding fra en av testmiljøets kontoer
    Send(Send),
    /// Vent på meldinger til en av testmiljøets kontoer
    Lytt(Lytt),
    /// Hent et Maskinporten-token for en av testmiljøets organisasjoner
    Token(Token),
    /// Vis testmiljøets klokke, eller flytt den framover
    #[command(allow_negative_numbers = true)]
    Tid(Tid),
    /// Administrer organisasjoner, integrasjoner og tilganger
    Admin(Admin),
    /// Skriv OpenAPI-dokumentet for alle tjenester
    Openapi,
    /// Skriv oversikten over alle feilkoder, som Markdown
    Feilkoder,
}

#[derive(Debug, Args)]
pub struct Dev {
    /// Mappen der alt lagres
    #[arg(long, value_name = "MAPPE", default_value = "data")]
    pub data: PathBuf,
    /// Begynn på nytt: slett alt testmiljøet har lagret i mappen
    #[arg(long)]
    pub fresh: bool,
    /// Port for HTTP; 0 gir en ledig port
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub http_port: u16,
    /// Port for HTTPS; 0 gir en ledig port
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    pub https_port: u16,
    /// Port for AMQP; 0 gir en ledig port
    #[arg(long, value_name = "PORT", default_value_t = 5672)]
    pub amqp_port: u16,
    /// Port for AMQP med TLS; 0 gir en ledig port
    #[arg(long, value_name = "PORT", default_value_t = 5671)]
    pub amqps_port: u16,
}

/// Hvilket kjørende testmiljø det gjelder.
#[derive(Debug, Args)]
pub struct Environment {
    /// Filen det kjørende testmiljøet skriver
    #[arg(
        long,
        value_name = "FIL",
        env = "FIKS_DEV_JSON",
        default_value = "data/dev.json"
    )]
    pub dev_json: PathBuf,
}

#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    pub environment: Environment,
    /// Organisasjonen som sender: navn (begynnelsen holder), orgnr eller fiksOrgId
    #[arg(long, value_name = "ORGANISASJON")]
    pub fra: String,
    /// Mottakeren: en konto-id, eller en av testmiljøets organisasjoner
    #[arg(long, value_name = "KONTO")]
    pub til: String,
    /// Meldingstypen
    #[arg(
        long = "type",
        value_name = "TYPE",
        default_value = "no.ks.fiks.eksempel.v1.hei"
    )]
    pub melding_type: String,
    /// Fil som skal med, signert og kryptert; kan gjentas
    #[arg(long, value_name = "FIL")]
    pub fil: Vec<PathBuf>,
    /// Tekst som skal med, som filen melding.txt
    #[arg(long, value_name = "TEKST")]
    pub tekst: Option<String>,
    /// Meldingen dette er svar på
    #[arg(long, value_name = "MELDING-ID")]
    pub svar_pa: Option<Uuid>,
    /// Hvor lenge meldingen skal leve, for eksempel 2d eller 30s
    #[arg(long, value_name = "TID")]
    pub ttl: Option<String>,
    /// Egen header, NAVN=VERDI; kan gjentas
    #[arg(long, value_name = "NAVN=VERDI")]
    pub header: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Lytt {
    #[command(flatten)]
    pub environment: Environment,
    /// Organisasjonen som lytter: navn (begynnelsen holder), orgnr eller fiksOrgId
    #[arg(long, value_name = "ORGANISASJON")]
    pub organisasjon: String,
    /// Stopp etter så mange meldinger
    #[arg(long, value_name = "ANTALL")]
    pub antall: Option<u64>,
    /// Lagre innholdet her, i en mappe per melding
    #[arg(long, value_name = "MAPPE")]
    pub mappe: Option<PathBuf>,
    /// Svar på hver melding med denne meldingstypen
    #[arg(long, value_name = "TYPE")]
    pub svar: Option<String>,
    /// Skriv hver melding som én linje JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Token {
    #[command(flatten)]
    pub environment: Environment,
    /// Organisasjonen: navn (begynnelsen holder), orgnr eller fiksOrgId
    #[arg(long, value_name = "ORGANISASJON")]
    pub organisasjon: String,
}

#[derive(Debug, Args)]
pub struct Tid {
    #[command(flatten)]
    pub environment: Environment,
    /// Hvor langt fram, for eksempel +2d, +36h eller P40D; utelat for å se klokka
    #[arg(value_name = "TIDSROM", allow_hyphen_values = true)]
    pub fram: Option<String>,
}

#[derive(Debug, Args)]
pub struct Admin {
    #[command(flatten)]
    pub environment: Environment,
    #[command(subcommand)]
    pub command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Organisasjoner
    #[command(subcommand)]
    Organisasjon(OrganisasjonCommand),
    /// Integrasjoner
    #[command(subcommand)]
    Integrasjon(IntegrasjonCommand),
    /// Ressurser i autorisasjonstreet
    #[command(subcommand)]
    Ressurs(RessursCommand),
    /// Tilganger
    #[command(subcommand)]
    Tilgang(TilgangCommand),
    /// Fiks IO-kontoer
    #[command(subcommand)]
    Konto(KontoCommand),
    /// Privilegiene som finnes
    Privilegier,
}

#[derive(Debug, Subcommand)]
pub enum OrganisasjonCommand {
    /// Vis alle
    List,
    /// Opprett en
    Opprett {
        #[arg(long)]
        navn: String,
        #[arg(long)]
        orgnr: Orgnr,
        /// KOMMUNE, FYLKESKOMMUNE, KOMMUNAL_VIRKSOMHET, STATLIG_VIRKSOMHET eller LEVERANDOR
        #[arg(long = "type", default_value = "KOMMUNE")]
        organisasjonstype: String,
        /// Fire sifre, for kommuner
        #[arg(long)]
        kommunenr: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum IntegrasjonCommand {
    /// Vis en organisasjons integrasjoner
    List {
        #[arg(long)]
        fiks_org_id: FiksOrgId,
    },
    /// Opprett en; passordet lages for seg
    Opprett {
        #[arg(long)]
        fiks_org_id: FiksOrgId,
        #[arg(long)]
        navn: String,
        /// Organisasjonsnummeret i tokenet integrasjonen brukes med
        #[arg(long)]
        autorisert_orgnr: Orgnr,
    },
    /// Lag nytt passord; det gamle slutter å virke, og det nye vises bare nå
    LagPassord { id: IntegrasjonId },
    /// Slett en, med alle tilgangene den har
    Slett { id: IntegrasjonId },
}

#[derive(Debug, Subcommand)]
pub enum RessursCommand {
    /// Vis en ressurs og det som ligger under
    Vis { id: RessursId },
    /// Opprett en ressurs
    Opprett {
        #[arg(long)]
        forelder: RessursId,
        #[arg(long = "type")]
        ressurstype: String,
        #[arg(long)]
        navn: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TilgangCommand {
    /// Vis hvem som har fått tilgang på en ressurs
    List {
        #[arg(long)]
        ressurs: RessursId,
    },
    /// Gi en aktør et privilegium på en ressurs
    Gi(Tilgang),
    /// Ta et privilegium tilbake
    Fjern(Tilgang),
}

#[derive(Debug, Args)]
pub struct Tilgang {
    /// Integrasjonens id
    #[arg(long)]
    pub aktor: String,
    /// For eksempel FIKSIO.SENDE; se «fiks admin privilegier»
    #[arg(long)]
    pub privilegium: String,
    #[arg(long)]
    pub ressurs: RessursId,
}

#[derive(Debug, Subcommand)]
pub enum KontoCommand {
    /// Vis kontoer
    List {
        #[arg(long)]
        fiks_org_id: Option<FiksOrgId>,
    },
    /// Opprett en aktiv konto
    Opprett {
        #[arg(long)]
        fiks_org_id: FiksOrgId,
        #[arg(long)]
        navn: String,
        /// Sertifikat i PEM som andre skal kryptere til
        #[arg(long, value_name = "FIL")]
        sertifikat: Option<PathBuf>,
    },
    /// Slett en konto med kø og meldinger
    Slett { id: KontoId },
}
