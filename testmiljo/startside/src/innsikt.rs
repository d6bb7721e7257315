//! What the pages want to know of the platform, and the one thing they change: the clock.
//!
//! Invariant: nothing here holds payload or the content of a message, only what the platform itself wrote about it.

use std::time::Duration;

use async_trait::async_trait;
use fiks_core::id::{FiksOrgId, KontoId, MeldingId};
use fiks_core::{SecretString, Timestamp};

use crate::StartsideError;

/// The composition's answers to the pages.
#[async_trait]
pub trait Innsikt: Send + Sync + 'static {
    /// Each part of the platform and how it is. Must answer within a second or two: a part that does not, is
    /// [`Helse::Nede`].
    async fn helse(&self) -> Vec<Del>;

    /// The newest messages that the filter lets through, newest first, and all kontoer whatever the filter.
    async fn flyt(&self, filter: &Filter) -> Result<Flyt, StartsideError>;

    /// Moves the platform's clock forward. Returns when everything that waited for a moment up to the new time has
    /// been woken (not when it has finished).
    async fn flytt_klokke(&self, framover: Duration) -> Result<(), StartsideError>;

    /// What the platform's clock shows.
    fn klokke(&self) -> Klokkestand;

    /// A valid Maskinporten token for that ready-made organisation.
    async fn token(&self, organisasjon: FiksOrgId) -> Result<SecretString, StartsideError>;
}

/// One part of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Del {
    /// What it is called: `Fiks IO`, `Database`.
    pub navn: String,
    /// Where it is reached or lies, when that makes sense.
    pub adresse: Option<String>,
    /// How it is.
    pub status: Helse,
    /// One sentence about it, such as why it is not well; may be empty.
    pub melding: String,
}

/// How a part of the platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Helse {
    /// Well.
    Oppe,
    /// Works, but something needs attention.
    Redusert,
    /// Does not work.
    Nede,
}

/// Which messages to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only messages to or from this konto.
    pub konto: Option<KontoId>,
    /// Only messages in this state.
    pub tilstand: Option<Tilstand>,
    /// At most so many.
    pub antall: usize,
}

/// The flow of messages at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flyt {
    /// The newest ones first.
    pub meldinger: Vec<Meldingsspor>,
    /// Whether there are older ones that the filter lets through.
    pub har_flere: bool,
    /// Every konto, whatever the filter.
    pub kontoer: Vec<Kontostand>,
}

/// A konto's id and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kontonavn {
    /// Its id.
    pub id: KontoId,
    /// What people call it.
    pub navn: String,
}

/// The trace of one message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Meldingsspor {
    /// Its id; none when it was refused before it got one.
    pub melding_id: Option<MeldingId>,
    /// `meldingType`, as the sender wrote it.
    pub melding_type: String,
    /// Who sent it.
    pub avsender: Kontonavn,
    /// Who is to have it.
    pub mottaker: Kontonavn,
    /// Bytes of payload.
    pub storrelse: u64,
    /// Whether the payload lies in dokumentlager (fiks-io §9).
    pub har_dokumentlager: bool,
    /// Where it has come.
    pub tilstand: Tilstand,
    /// When `send` took it.
    pub sendt: Timestamp,
    /// When it got its present state.
    pub sist_endret: Timestamp,
    /// When its ttl runs out.
    pub utloper: Timestamp,
    /// Deliveries begun so far (fiks-io §8.5: three at most).
    pub forsok: u32,
    /// Whether the latest delivery was marked as redelivered.
    pub resendt: bool,
    /// Which message it answers.
    pub svar_pa: Option<MeldingId>,
    /// What only the platform knows about why it stands where it does, such as the reason for a refusal; a whole
    /// sentence, or empty.
    pub forklaring: String,
}

/// Where a message has come on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tilstand {
    /// In the receiver's queue.
    IKo,
    /// With a consumer that has not answered yet.
    LevertUkvittert,
    /// Acknowledged: done.
    Kvittert,
    /// Refused by the receiver with nack (fiks-io §8.5).
    Avvist,
    /// The ttl passed first (fiks-io §8.6).
    Utlopt,
    /// Three deliveries without acknowledgement (fiks-io §8.5).
    LeveringFeilet,
    /// Refused by `send`; it never reached a queue (fiks-io §3).
    SendingAvvist,
}

/// How one konto's queue is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kontostand {
    /// Which konto.
    pub konto: Kontonavn,
    /// Whose it is.
    pub organisasjon: String,
    /// Messages ready in the queue.
    pub i_ko: u64,
    /// Messages with consumers that have not answered.
    pub ukvitterte: u64,
    /// Consumers attached now.
    pub konsumenter: u32,
    /// How many unacknowledged messages those consumers together allow; none when there is no limit.
    pub prefetch: Option<u64>,
    /// Whether the konto has a public key that senders can encrypt to.
    pub har_offentlig_nokkel: bool,
    /// What else someone should know, whole sentences.
    pub advarsler: Vec<String>,
}

/// What the platform's clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Klokkestand {
    /// The platform's time.
    pub na: Timestamp,
    /// How far it runs ahead of the real one.
    pub foran: Duration,
}

impl Klokkestand {
    /// The furthest that the clock can be moved at once: ten years.
    pub const LENGSTE_FLYTT: Duration = Duration::from_hours(10 * 366 * 24);
}

impl Tilstand {
    /// All of them, in the order of a message's life.
    pub const ALL: [Self; 7] = [
        Self::IKo,
        Self::LevertUkvittert,
        Self::Kvittert,
        Self::Avvist,
        Self::Utlopt,
        Self::LeveringFeilet,
        Self::SendingAvvist,
    ];

    /// The code in addresses: `I_KO`.
    pub fn code(self) -> &'static str {
        match self {
            Self::IKo => "I_KO",
            Self::LevertUkvittert => "LEVERT_UKVITTERT",
            Self::Kvittert => "KVITTERT",
            Self::Avvist => "AVVIST",
            Self::Utlopt => "UTLOPT",
            Self::LeveringFeilet => "LEVERING_FEILET",
            Self::SendingAvvist => "SENDING_AVVIST",
        }
    }

    /// The state with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tilstand| tilstand.code() == code)
    }
}
