//! A konto: who owns it, whether it takes part, and whom it accepts (fiks-io §1, §5).

use fiks_core::Timestamp;
use fiks_core::id::{DokumentlagerKontoId, FiksOrgId, KontoId};

use crate::errors::FiksioError;

/// A Fiks IO konto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Konto {
    /// Also the id of its ressurs in the authorisation tree.
    pub id: KontoId,
    /// Owner.
    pub fiks_org_id: FiksOrgId,
    /// Shown in the katalog.
    pub navn: String,
    /// An inactive konto neither sends nor receives.
    pub aktiv: bool,
    /// May only receive.
    pub send_deaktivert: bool,
    /// Whether only the listed senders may send to it.
    pub bare_aksepterte: bool,
    /// Where its large payloads lie.
    pub dokumentlager_konto: DokumentlagerKontoId,
    /// PEM of the certificate to encrypt with.
    pub offentlig_nokkel: Option<String>,
    /// When it was made.
    pub opprettet: Timestamp,
    /// By whom.
    pub opprettet_av: String,
    /// When it was last changed.
    pub sist_endret: Timestamp,
    /// By whom.
    pub sist_endret_av: String,
}

/// What decides whether one konto may send to another, apart from the caller's access (fiks-io §3).
pub struct Sending<'a> {
    /// Sender.
    pub avsender: &'a Konto,
    /// Receiver.
    pub mottaker: &'a Konto,
    /// Whether the receiver lists the sender among those it accepts.
    pub akseptert: bool,
}

impl Sending<'_> {
    /// Every rule that the sending breaks, in the order in which they are told.
    pub fn brudd(&self) -> Vec<FiksioError> {
        let mut brudd = Vec::new();
        if !self.avsender.aktiv {
            brudd.push(FiksioError::AvsenderInaktiv {
                konto: self.avsender.id,
            });
        }
        if self.avsender.send_deaktivert {
            brudd.push(FiksioError::SendingDeaktivert {
                konto: self.avsender.id,
            });
        }
        if !self.mottaker.aktiv {
            brudd.push(FiksioError::MottakerInaktiv {
                konto: self.mottaker.id,
            });
        }
        if self.mottaker.bare_aksepterte && !self.akseptert {
            brudd.push(FiksioError::AvsenderIkkeAkseptert {
                konto: self.mottaker.id,
            });
        }
        brudd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn konto() -> Konto {
        Konto {
            id: KontoId(Uuid::from_u128(1)),
            fiks_org_id: FiksOrgId(Uuid::from_u128(2)),
            navn: "Arkiv".to_owned(),
            aktiv: true,
            send_deaktivert: false,
            bare_aksepterte: false,
            dokumentlager_konto: DokumentlagerKontoId(Uuid::from_u128(3)),
            offentlig_nokkel: None,
            opprettet: Timestamp::default(),
            opprettet_av: String::new(),
            sist_endret: Timestamp::default(),
            sist_endret_av: String::new(),
        }
    }

    fn codes(avsender: &Konto, mottaker: &Konto, akseptert: bool) -> Vec<&'static str> {
        use fiks_core::Problem;
        let brudd = Sending {
            avsender,
            mottaker,
            akseptert,
        }
        .brudd();
        brudd.iter().map(|error| error.kind().code).collect()
    }

    #[test]
    fn active_kontoer_may_exchange_messages_also_with_themselves() {
        assert!(codes(&konto(), &konto(), false).is_empty());
    }

    #[test]
    fn every_broken_rule_is_told() {
        let avsender = Konto {
            aktiv: false,
            send_deaktivert: true,
            ..konto()
        };
        let mottaker = Konto {
            aktiv: false,
            bare_aksepterte: true,
            ..konto()
        };
        let expected = [
            "avsender.inaktiv",
            "avsender.sending_deaktivert",
            "mottaker.inaktiv",
            "avsender.ikke_akseptert",
        ];
        assert_eq!(codes(&avsender, &mottaker, false), expected);
    }

    #[test]
    fn a_listed_sender_is_accepted() {
        let mottaker = Konto {
            bare_aksepterte: true,
            ..konto()
        };
        assert!(codes(&konto(), &mottaker, true).is_empty());
        assert_eq!(codes(&konto(), &mottaker, false), ["avsender.ikke_akseptert"]);
    }
}
