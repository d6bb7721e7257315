//! Sending a message (fiks-io §3, §9).
//!
//! Order that must not change: the rules are checked before the payload is read; a large payload is in dokumentlager
//! before its message is stored; the message is stored before the queue hears of it and before the sender is told.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use fiks_core::id::{KontoId, MeldingId};
use fiks_database::{BoxFuture, DatabaseError, DatabaseTransaction};
use fiks_dokumentlager::{Eksponering, NyttDokument};
use fiks_identity::Caller;
use futures::stream::{self, BoxStream, StreamExt};

use super::{Fiksio, privilegium};
use crate::errors::FiksioError;
use crate::model::konto::{Konto, Sending};
use crate::model::melding::{
    DOKUMENT_ETTER_MELDING, Innhold, Melding, STORSTE_I_KO, STORSTE_INNHOLD, Spesifikasjon,
};
use crate::store::{konto as konto_store, melding as store};

/// A payload as it arrives.
pub type Payload = BoxStream<'static, Result<Bytes, FiksioError>>;

/// Something that must be stored together with the message, such as the answer to an idempotent request.
pub type InTransaction = Box<
    dyn for<'t> FnOnce(&'t DatabaseTransaction, &'t Melding) -> BoxFuture<'t, Result<(), DatabaseError>>
        + Send,
>;

impl Fiksio {
    /// Sends a message for a caller with [`privilegium::SENDE`] on the sending konto. Returns once it is on disk.
    pub async fn send(
        &self,
        caller: &Caller,
        spesifikasjon: Spesifikasjon,
        payload: Option<Payload>,
        together: Option<InTransaction>,
    ) -> Result<Melding, FiksioError> {
        let (avsender, mottaker) = (spesifikasjon.avsender, spesifikasjon.mottaker);
        let melding_type = spesifikasjon.melding_type.clone();
        let outcome = self.try_send(caller, spesifikasjon, payload, together).await;
        if let Err(error) = &outcome {
            self.0
                .avslag
                .note(self.grunn().clock.now(), avsender, mottaker, &melding_type, error);
        }
        outcome
    }

    async fn try_send(
        &self,
        caller: &Caller,
        spesifikasjon: Spesifikasjon,
        payload: Option<Payload>,
        together: Option<InTransaction>,
    ) -> Result<Melding, FiksioError> {
        let brudd = self
            .brudd(caller, spesifikasjon.avsender, spesifikasjon.mottaker)
            .await?;
        if let Some(first) = brudd.into_iter().next() {
            return Err(first);
        }
        let mottaker = self.konto(spesifikasjon.mottaker).await?;
        let (innhold, data) = self.receive(&mottaker, &spesifikasjon, payload).await?;
        let sendt = self.grunn().clock.now();
        let id = MeldingId(self.grunn().random.uuid_at(sendt)?);
        let melding = Melding {
            id,
            spesifikasjon,
            svar_til_type: None,
            innhold,
            sendt,
        };
        let stored = self.store(melding.clone(), data, together).await;
        if let (Err(Unstored::Refused(_)), Some(dokument)) = (&stored, melding.innhold.dokument()) {
            // Best effort: the document runs out by itself as well. That of a message which may be there must stay.
            let _ = self.grunn().dokumentlager.forkast(dokument).await;
        }
        stored?;
        Ok(melding)
    }

    /// Every rule that a message from one konto to another would break; the caller must hold
    /// [`privilegium::SENDE`] on the sender.
    pub(super) async fn brudd(
        &self,
        caller: &Caller,
        avsender: KontoId,
        mottaker: KontoId,
    ) -> Result<Vec<FiksioError>, FiksioError> {
        let avsender = self.konto_for(caller, avsender, privilegium::SENDE).await?;
        let mottaker = self.konto(mottaker).await?;
        self.brudd_mellom(&avsender, &mottaker).await
    }

    pub(super) async fn brudd_mellom(
        &self,
        avsender: &Konto,
        mottaker: &Konto,
    ) -> Result<Vec<FiksioError>, FiksioError> {
        let reader = self.grunn().database.reader();
        let akseptert =
            mottaker.bare_aksepterte && konto_store::accepts(reader, mottaker.id, avsender.id).await?;
        Ok(Sending {
            avsender,
            mottaker,
            akseptert,
        }
        .brudd())
    }

    /// Reads the payload: up to [`STORSTE_I_KO`] bytes into memory, more into dokumentlager.
    async fn receive(
        &self,
        mottaker: &Arc<Konto>,
        spesifikasjon: &Spesifikasjon,
        payload: Option<Payload>,
    ) -> Result<(Innhold, Bytes), FiksioError> {
        let Some(mut payload) = payload else {
            return Ok((Innhold::Intet, Bytes::new()));
        };
        let mut small = BytesMut::new();
        while let Some(piece) = payload.next().await {
            small.extend_from_slice(&piece?);
            if small.len() > STORSTE_I_KO {
                return self
                    .to_dokumentlager(mottaker, spesifikasjon, small.freeze(), payload)
                    .await;
            }
        }
        let innhold = match u64::try_from(small.len()) {
            Ok(0) | Err(_) => Innhold::Intet,
            Ok(bytes) => Innhold::IKo(bytes),
        };
        Ok((innhold, small.freeze()))
    }

    async fn to_dokumentlager(
        &self,
        mottaker: &Konto,
        spesifikasjon: &Spesifikasjon,
        first: Bytes,
        rest: Payload,
    ) -> Result<(Innhold, Bytes), FiksioError> {
        let now = self.grunn().clock.now();
        let dokument = NyttDokument {
            navn: "payload".to_owned(),
            mimetype: "application/octet-stream".to_owned(),
            tilgjengelig_til: Some(
                now.plus_millis(spesifikasjon.ttl)
                    .plus_millis(DOKUMENT_ETTER_MELDING),
            ),
            korrelasjonsid: None,
            eksponert_for: vec![Eksponering::Autorisasjon {
                privilegium: privilegium::MOTTA.to_owned(),
                ressurs: mottaker.id.into(),
            }],
        };
        let bytes = stream::once(async { Ok(first) }).chain(rest).boxed();
        let stored = self
            .grunn()
            .dokumentlager
            .lagre(
                &Caller::Platform,
                mottaker.dokumentlager_konto,
                dokument,
                bytes,
                STORSTE_INNHOLD,
            )
            .await?;
        Ok((Innhold::Dokument(stored.id, stored.storrelse), Bytes::new()))
    }

    async fn store(
        &self,
        melding: Melding,
        data: Bytes,
        together: Option<InTransaction>,
    ) -> Result<(), Unstored> {
        let broker = self.broker().clone();
        let stored = Arc::new((melding, data));
        let after = {
            let stored = stored.clone();
            move |plass: &store::Plass| broker.ankom(*plass, &stored.0, stored.1.clone())
        };
        self.grunn()
            .database
            .write_then(
                move |transaction| {
                    Box::pin(async move {
                        let inserted = insert(transaction, &stored.0, &stored.1, together).await;
                        inserted.map_err(Unstored::Refused)
                    })
                },
                after,
            )
            .await?;
        Ok(())
    }
}

/// Why a message was not stored.
enum Unstored {
    /// The change failed: there is no message.
    Refused(DatabaseError),
    /// The change was made, and nobody knows whether its commit was: the connection may have been lost in it.
    Unsure(DatabaseError),
}

impl From<DatabaseError> for Unstored {
    fn from(error: DatabaseError) -> Self {
        Self::Unsure(error)
    }
}

impl From<Unstored> for FiksioError {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::Refused(error) | Unstored::Unsure(error) => error.into(),
        }
    }
}

async fn insert(
    transaction: &DatabaseTransaction,
    melding: &Melding,
    data: &Bytes,
    together: Option<InTransaction>,
) -> Result<store::Plass, DatabaseError> {
    let plass = store::insert(transaction, melding, data).await?;
    if let Some(together) = together {
        together(transaction, melding).await?;
    }
    Ok(plass)
}
