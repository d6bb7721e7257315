//! The head of a queue for a person without a client (fiks-io §6). Peeking does not advance the queue.

use bytes::Bytes;
use fiks_core::id::KontoId;
use fiks_identity::Caller;

use super::{Fiksio, Payload, privilegium};
use crate::errors::FiksioError;
use crate::model::melding::{Innhold, Melding, Spesifikasjon, Tilstand};
use crate::store::melding as store;
use crate::store::melding::LagretMelding;

impl Fiksio {
    /// How many messages wait, those with a consumer included.
    pub async fn antall(&self, caller: &Caller, konto: KontoId) -> Result<u64, FiksioError> {
        self.konto_for(caller, konto, privilegium::MOTTA).await?;
        self.broker().antall_meldinger(konto).await
    }

    /// The next message, if there is one.
    pub async fn neste(&self, caller: &Caller, konto: KontoId) -> Result<Option<LagretMelding>, FiksioError> {
        self.konto_for(caller, konto, privilegium::MOTTA).await?;
        self.broker().forste(konto).await
    }

    /// The next message's payload, wherever it lies; `None` when it has none.
    pub async fn neste_data(&self, caller: &Caller, konto: KontoId) -> Result<Option<Payload>, FiksioError> {
        let next = self.neste(caller, konto).await?.ok_or(FiksioError::TomKo)?;
        match next.melding.innhold {
            Innhold::Intet => Ok(None),
            Innhold::IKo(_) => {
                let data = store::data(self.grunn().database.reader(), next.plass).await?;
                Ok(Some(one_piece(data)))
            }
            Innhold::Dokument(dokument, _) => {
                let opened = self.grunn().dokumentlager.hent(caller, dokument, None).await?;
                Ok(Some(Box::pin(futures::TryStreamExt::map_err(
                    opened.innhold,
                    FiksioError::from,
                ))))
            }
        }
    }

    /// Ends the next message: [`Tilstand::Kvittert`] or [`Tilstand::Avvist`].
    pub async fn avslutt_neste(
        &self,
        caller: &Caller,
        konto: KontoId,
        slutt: Tilstand,
    ) -> Result<LagretMelding, FiksioError> {
        self.konto_for(caller, konto, privilegium::MOTTA).await?;
        self.broker()
            .avslutt_forste(konto, slutt)
            .await?
            .ok_or(FiksioError::TomKo)
    }

    /// Answers the next message without payload, then acknowledges that one. When the answer is refused, the message
    /// stays; when a consumer took it meanwhile, its acknowledgement is the consumer's.
    pub async fn svar_og_kvitter(
        &self,
        caller: &Caller,
        konto: KontoId,
        melding_type: String,
        ttl: Option<i64>,
    ) -> Result<LagretMelding, FiksioError> {
        let next = self.neste(caller, konto).await?.ok_or(FiksioError::TomKo)?;
        self.send(caller, svar_paa(&next.melding, melding_type, ttl)?, None, None)
            .await?;
        self.broker()
            .avslutt_denne(konto, next.plass, Tilstand::Kvittert)
            .await?;
        Ok(next)
    }
}

/// A dialogue's headers are copied into an answer, as the clients do (fiks-io §10).
fn svar_paa(melding: &Melding, melding_type: String, ttl: Option<i64>) -> Result<Spesifikasjon, FiksioError> {
    let original = &melding.spesifikasjon;
    let kept = original
        .headere
        .iter()
        .filter(|(key, _)| crate::model::melding::KORRELASJON.contains(&key.as_str()));
    let headere = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    Spesifikasjon::new(
        original.mottaker,
        original.avsender,
        melding_type,
        Some(melding.id),
        ttl,
        headere,
    )
}

fn one_piece(data: Bytes) -> Payload {
    Box::pin(futures::stream::once(async move { Ok(data) }))
}
