//! What dokumentlager does for its own API and for other services.
//!
//! Order that must not change: bytes are on disk before their row; a row is marked before its bytes are removed; its
//! key is forgotten after them. Bytes are removed only when it is certain that no row has their key.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fiks_blobs::{BlobError, BlobId, BlobStore, Stored};
use fiks_core::id::{DokumentId, DokumentlagerKontoId, FiksOrgId};
use fiks_core::{Clock, Random};
use fiks_database::jobs::NewJob;
use fiks_database::{Database, DatabaseError, DatabaseTransaction, jobs};
use fiks_identity::{Access, Caller};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use crate::errors::DokumentlagerError;
use crate::jobs::SLETT_KONTO;
use crate::model::{Dokument, Eksponering, Konto, LagretDokument, NyttDokument};
use crate::store::{self, Ended};

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
    /// is on disk. When the stream fails, its own error comes back and nothing is stored. An empty document is
    /// refused (dokumentlager §1), and so is one whose konto was deleted before all of it had come.
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
        match self.keep(document, exposed).await {
            Ok(()) => Ok(LagretDokument {
                id,
                storrelse: stored.plain_size,
            }),
            Err(Unkept::Refused(error)) => {
                // Should this fail, the sweep finds them.
                let _ = self.0.blobs.delete(BlobId(id.0), &stored.key).await;
                Err(error.into())
            }
            // If there is a row after all, it must have its bytes; if not, the sweep finds them.
            Err(Unkept::Unsure(error)) => Err(DokumentlagerError::from(error).into()),
        }
    }

    async fn check_konto(&self, caller: &Caller, konto: DokumentlagerKontoId) -> Outcome<()> {
        // Integrations get the right to upload with the rest of the service; until then only services store.
        if !matches!(caller, Caller::Platform) {
            return Err(DokumentlagerError::UkjentKonto { konto });
        }
        usable(konto, store::konto(self.0.database.reader(), konto).await?)
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

    async fn keep(&self, document: Dokument, exposed: Vec<Eksponering>) -> Result<(), Unkept> {
        if document.storrelse == 0 {
            return Err(Unkept::Refused(DokumentlagerError::TomtDokument));
        }
        self.0
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let inserted = insert(transaction, &document, &exposed).await;
                    inserted.map_err(Unkept::Refused)
                })
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
        let ended = store::with_bytes_of(self.0.database.reader(), id).await?;
        self.remove_bytes(Vec::from_iter(ended)).await
    }

    /// What is known of a document, for a caller to whom it is exposed.
    pub async fn metadata(&self, caller: &Caller, id: DokumentId) -> Outcome<Dokument> {
        let found = store::find(self.0.database.reader(), id).await?;
        let document = found.ok_or(DokumentlagerError::UkjentDokument { dokument: id })?;
        if !self.is_exposed(caller, id).await? {
            return Err(DokumentlagerError::IkkeEksponert { dokument: id });
        }
        let konto = store::konto(self.0.database.reader(), document.konto).await?;
        // At once, though the job that empties a deleted konto may be late.
        let has_konto = usable(document.konto, konto).is_ok();
        if document.er_borte(self.0.clock.now()) || !has_konto {
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
        let opened = match self.0.blobs.get(BlobId(id.0), key, range).await {
            Ok(opened) => opened,
            Err(error) => return Err(self.unopened(caller, id, error).await),
        };
        let range = opened.range();
        Ok(Nedlasting {
            dokument,
            range,
            innhold: opened.map_err(DokumentlagerError::from).boxed(),
        })
    }

    /// Why a document that was there a moment ago does not open.
    async fn unopened(&self, caller: &Caller, id: DokumentId, error: BlobError) -> DokumentlagerError {
        match error {
            BlobError::Range { .. } => DokumentlagerError::UtenforDokumentet,
            // It may have ended in between, and its bytes with it.
            BlobError::NotFound => {
                let now = self.metadata(caller, id).await;
                now.err().unwrap_or_else(|| error.into())
            }
            other => other.into(),
        }
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

    /// Removes the bytes of documents that were marked, then their keys. One that fails does not stand in the way of
    /// the others; the first failure is told.
    pub(crate) async fn remove_bytes(&self, ended: Vec<Ended>) -> Outcome<()> {
        let (mut removed, mut failure) = (Vec::with_capacity(ended.len()), None);
        for document in ended {
            let id = document.id;
            match self.remove_one(document).await {
                Ok(()) => removed.push(id),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let forgotten: Outcome<()> = self
            .0
            .database
            .write(move |transaction| {
                Box::pin(async move { Ok(store::forget_keys(transaction, &removed).await?) })
            })
            .await;
        forgotten.and(failure.map_or(Ok(()), Err))
    }

    async fn remove_one(&self, ended: Ended) -> Outcome<()> {
        Ok(self.0.blobs.delete(BlobId(ended.id.0), &ended.nokkel?).await?)
    }
}

/// Why a document got no row.
enum Unkept {
    /// It was refused, or the change failed: there is none.
    Refused(DokumentlagerError),
    /// The change was made, and nobody knows whether its commit was: the connection may have been lost in it.
    Unsure(DatabaseError),
}

impl From<DatabaseError> for Unkept {
    fn from(error: DatabaseError) -> Self {
        Self::Unsure(error)
    }
}

/// Gives a document its row, unless its konto has been deleted while its bytes were on their way.
async fn insert(
    transaction: &DatabaseTransaction,
    document: &Dokument,
    exposed: &[Eksponering],
) -> Outcome<()> {
    usable(
        document.konto,
        store::hold_konto(transaction, document.konto).await?,
    )?;
    Ok(store::insert(transaction, document, exposed).await?)
}

fn usable(konto: DokumentlagerKontoId, found: Option<Konto>) -> Outcome<()> {
    match found {
        Some(Konto { slettet: None, .. }) => Ok(()),
        Some(_) => Err(DokumentlagerError::KontoSlettet { konto }),
        None => Err(DokumentlagerError::UkjentKonto { konto }),
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
