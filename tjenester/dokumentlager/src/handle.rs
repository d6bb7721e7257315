//! What dokumentlager does for its own API and for other services.
//!
//! Order that must not change: bytes are on disk before their row; a row is marked before its bytes are removed; its
//! key is forgotten after them.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobId, BlobStore, Stored};
use fiks_core::id::{DokumentId, DokumentlagerKontoId, FiksOrgId};
use fiks_core::{Clock, Random};
use fiks_database::jobs::NewJob;
use fiks_database::{Database, DatabaseTransaction, jobs};
use fiks_identity::{Access, Caller};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use crate::errors::DokumentlagerError;
use crate::jobs::SLETT_KONTO;
use crate::model::{Dokument, Eksponering, LagretDokument, NyttDokument};
use crate::store;

type Outcome<T> = Result<T, DokumentlagerError>;

/// What dokumentlager stands on.
#[derive(Clone)]
pub struct Grunn {
    /// Its tables.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Ids.
    pub random: Random,
    /// Who may what.
    pub access: Access,
    /// The bytes.
    pub blobs: BlobStore,
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Dokumentlager(Arc<Grunn>);

/// A document being downloaded.
pub struct Nedlasting {
    /// What is known of it.
    pub dokument: Dokument,
    /// Which of its bytes follow.
    pub range: Range<u64>,
    /// The bytes. An error means that what was given so far is not the document: break the connection.
    pub innhold: BoxStream<'static, Outcome<Bytes>>,
}

impl Dokumentlager {
    /// Dokumentlager on that ground.
    pub fn new(grunn: Grunn) -> Self {
        Self(Arc::new(grunn))
    }

    pub(crate) fn grunn(&self) -> &Grunn {
        &self.0
    }

    /// Makes a konto in another service's change, which has checked its caller.
    pub async fn opprett_konto_in(
        &self,
        transaction: &DatabaseTransaction,
        id: DokumentlagerKontoId,
        fiks_org_id: FiksOrgId,
        navn: &str,
    ) -> Outcome<()> {
        Ok(store::insert_konto(transaction, id, fiks_org_id, navn, self.0.clock.now()).await?)
    }

    /// Deletes a konto in another service's change. Its documents are gone soon after.
    pub async fn slett_konto_in(
        &self,
        transaction: &DatabaseTransaction,
        id: DokumentlagerKontoId,
    ) -> Outcome<()> {
        store::delete_konto(transaction, id, self.0.clock.now()).await?;
        let job = NewJob::new(SLETT_KONTO, &id).map_err(DokumentlagerError::Jobb)?;
        jobs::enqueue(transaction, &self.0.clock, &self.0.random, job).await?;
        Ok(())
    }

    /// Stores a document of at most `maks` bytes for another service, which has checked its caller. Returns once it
    /// is on disk. When the stream fails, its own error comes back and nothing is stored.
    pub async fn lagre<E>(
        &self,
        caller: &Caller,
        konto: DokumentlagerKontoId,
        nytt: NyttDokument,
        innhold: BoxStream<'static, Result<Bytes, E>>,
        maks: u64,
    ) -> Result<LagretDokument, E>
    where
        E: From<DokumentlagerError> + std::error::Error + Send + Sync + 'static,
    {
        self.check_konto(caller, konto).await?;
        let id = DokumentId(self.0.random.uuid().map_err(DokumentlagerError::from)?);
        let stored = self
            .0
            .blobs
            .put(BlobId(id.0), innhold, maks)
            .await
            // Named, since `?` would else infer another type and lose the source's own error.
            .map_err(own_error::<E>)?;
        let exposed = nytt.eksponert_for.clone();
        let document = self.document(id, konto, nytt, &stored);
        let kept = self.keep(document, exposed).await;
        if let Err(error) = kept {
            // Else the sweep finds them in an hour.
            let _ = self.0.blobs.delete(BlobId(id.0), &stored.key).await;
            return Err(error.into());
        }
        Ok(LagretDokument {
            id,
            storrelse: stored.plain_size,
        })
    }

    async fn check_konto(&self, caller: &Caller, konto: DokumentlagerKontoId) -> Outcome<()> {
        // Integrations get the right to upload with the rest of the service; until then only services store.
        if !matches!(caller, Caller::Platform)
            || !store::konto_exists(self.0.database.reader(), konto).await?
        {
            return Err(DokumentlagerError::UkjentKonto { konto });
        }
        Ok(())
    }

    fn document(
        &self,
        id: DokumentId,
        konto: DokumentlagerKontoId,
        nytt: NyttDokument,
        stored: &Stored,
    ) -> Dokument {
        Dokument {
            id,
            konto,
            navn: nytt.navn,
            mimetype: nytt.mimetype,
            korrelasjonsid: nytt.korrelasjonsid,
            storrelse: stored.plain_size,
            lagret_storrelse: stored.stored_size,
            sha256: stored.sha256,
            opprettet: self.0.clock.now(),
            tilgjengelig_til: nytt.tilgjengelig_til,
            slettet: None,
            nokkel: Some(stored.key.clone()),
        }
    }

    async fn keep(&self, document: Dokument, exposed: Vec<Eksponering>) -> Outcome<()> {
        self.0
            .database
            .write(move |transaction| {
                Box::pin(async move { Ok(store::insert(transaction, &document, &exposed).await?) })
            })
            .await
    }

    /// Removes a document that its service has no use for after all.
    pub async fn forkast(&self, id: DokumentId) -> Outcome<()> {
        let now = self.0.clock.now();
        let marked: Outcome<()> = self
            .0
            .database
            .write(move |transaction| {
                Box::pin(async move { Ok(store::mark_deleted(transaction, &[id], now).await?) })
            })
            .await;
        marked?;
        if let Some(document) = store::find(self.0.database.reader(), id).await? {
            self.remove_bytes(vec![document]).await?;
        }
        Ok(())
    }

    /// What is known of a document, for a caller to whom it is exposed.
    pub async fn metadata(&self, caller: &Caller, id: DokumentId) -> Outcome<Dokument> {
        let found = store::find(self.0.database.reader(), id).await?;
        let document = found.ok_or(DokumentlagerError::UkjentDokument { dokument: id })?;
        if !self.is_exposed(caller, id).await? {
            return Err(DokumentlagerError::IkkeEksponert { dokument: id });
        }
        if document.er_borte(self.0.clock.now()) {
            return Err(DokumentlagerError::Borte { dokument: id });
        }
        Ok(document)
    }

    /// Opens a document, or a range of it, for a caller to whom it is exposed.
    pub async fn hent(
        &self,
        caller: &Caller,
        id: DokumentId,
        range: Option<Range<u64>>,
    ) -> Outcome<Nedlasting> {
        let dokument = self.metadata(caller, id).await?;
        let key = dokument
            .nokkel
            .as_ref()
            .ok_or(DokumentlagerError::Borte { dokument: id })?;
        let opened = self
            .0
            .blobs
            .get(BlobId(id.0), key, range)
            .await
            .map_err(|error| match error {
                BlobError::Range { .. } => DokumentlagerError::UtenforDokumentet,
                other => other.into(),
            })?;
        let range = opened.range();
        Ok(Nedlasting {
            dokument,
            range,
            innhold: opened.map_err(DokumentlagerError::from).boxed(),
        })
    }

    async fn is_exposed(&self, caller: &Caller, id: DokumentId) -> Outcome<bool> {
        let own = match caller {
            Caller::Platform => return Ok(true),
            Caller::Integrasjon(integrasjon) => integrasjon.id,
            _ => return Ok(false),
        };
        for entry in store::exposed(self.0.database.reader(), id).await? {
            let allowed = match entry {
                Eksponering::Integrasjon { id } => id == own,
                Eksponering::Autorisasjon { privilegium, ressurs } => {
                    self.0.access.allows(caller, &privilegium, ressurs).await?
                }
            };
            if allowed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the bytes of documents that were marked or have run out, then their keys.
    pub(crate) async fn remove_bytes(&self, documents: Vec<Dokument>) -> Outcome<()> {
        let now = self.0.clock.now();
        let mut ids = Vec::with_capacity(documents.len());
        for document in documents {
            if let Some(key) = &document.nokkel {
                self.0.blobs.delete(BlobId(document.id.0), key).await?;
            }
            ids.push(document.id);
        }
        self.0
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    store::mark_deleted(transaction, &ids, now).await?;
                    Ok(store::forget_keys(transaction, &ids).await?)
                })
            })
            .await
    }
}

/// The source's own error, when it was the source that failed.
fn own_error<E>(error: BlobError) -> E
where
    E: From<DokumentlagerError> + std::error::Error + Send + Sync + 'static,
{
    error
        .into_source()
        .unwrap_or_else(|other| DokumentlagerError::Lager(other).into())
}
