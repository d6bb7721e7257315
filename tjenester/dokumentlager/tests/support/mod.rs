//! A small world to test in: one konto, a receiver who may take from a Fiks IO konto, and those who may not.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fiks_blobs::{BlobStore, KeyRing};
use fiks_core::id::{Aktor, DokumentId, DokumentlagerKontoId, FiksOrgId, IntegrasjonId, RessursId};
use fiks_core::{Clock, ClockHand, Problem, Random, Timestamp};
use fiks_database::jobs::Job;
use fiks_database::testing::TestDatabase;
use fiks_database::{DatabaseTransaction, Engine};
use fiks_dokumentlager::{
    Dokumentlager, DokumentlagerError, Eksponering, Grunn, LagretDokument, NyttDokument,
};
use fiks_identity::{Access, Authoriser, Caller, Integrasjon, StoreFailed};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;

pub const PLATFORM: &Caller = &Caller::Platform;
pub const MOTTA: &str = "FIKSIO.MOTTA";
/// Large enough for any document of the tests.
pub const MAKS: u64 = 100_000_000;
/// Plain bytes that are encrypted in one go, and how many bytes that makes in the store.
pub const CHUNK: usize = 64 * 1024;
pub const STRIDE: usize = CHUNK + 16;
/// Longer than the store reads ahead, so that what is wrong at its end is found midway.
pub const LONG: usize = 40 * CHUNK + 1_234;

pub type Outcome<T> = Result<T, DokumentlagerError>;
type Meanwhile = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// Who holds what, and what happens while somebody asks.
#[derive(Default)]
pub struct Grants {
    held: Mutex<HashSet<(Aktor, String, RessursId)>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl Grants {
    pub fn give(&self, caller: &Caller, privilegium: &str, ressurs: RessursId) {
        let grant = (caller.aktor().unwrap(), privilegium.to_owned(), ressurs);
        self.held.lock().unwrap().insert(grant);
    }

    pub fn take(&self, caller: &Caller, privilegium: &str, ressurs: RessursId) {
        let grant = (caller.aktor().unwrap(), privilegium.to_owned(), ressurs);
        assert!(self.held.lock().unwrap().remove(&grant));
    }

    /// Does this once, in the middle of the next question.
    pub fn meanwhile(&self, work: impl FnOnce() -> BoxFuture<'static, ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(work));
    }
}

#[async_trait]
impl Authoriser for Grants {
    async fn is_authorised(
        &self,
        aktor: &Aktor,
        privilegium: &str,
        ressurs: RessursId,
    ) -> Result<bool, StoreFailed> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(work) = meanwhile {
            work().await;
        }
        let grant = (aktor.clone(), privilegium.to_owned(), ressurs);
        Ok(self.held.lock().unwrap().contains(&grant))
    }
}

pub struct World {
    pub test: TestDatabase,
    pub service: Dokumentlager,
    pub clock: Clock,
    pub hand: ClockHand,
    pub grants: Arc<Grants>,
    pub blobs: BlobStore,
    pub konto: DokumentlagerKontoId,
    /// The Fiks IO konto that documents are sent to.
    pub mottaker_konto: RessursId,
    /// Holds `FIKSIO.MOTTA` on it.
    pub mottaker: Caller,
    /// Holds something else there, and `FIKSIO.MOTTA` elsewhere.
    pub avsender: Caller,
    pub folder: TempDir,
}

pub fn integrasjon() -> Caller {
    Caller::Integrasjon(Integrasjon {
        id: IntegrasjonId(Uuid::new_v4()),
        fiks_org_id: FiksOrgId(Uuid::new_v4()),
        autorisert_orgnr: "971032146".parse().unwrap(),
    })
}

impl World {
    pub async fn new(test: TestDatabase) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyRing::in_memory(&Random::system(), Timestamp::real()).unwrap();
        let area = "dokumentlager".parse().unwrap();
        let blobs = BlobStore::on_disk(folder.path(), area, keys, Random::system())
            .await
            .unwrap();
        let ((clock, hand), grants) = (Clock::movable(0), Arc::new(Grants::default()));
        let service = Dokumentlager::new(Grunn {
            database: test.database.clone(),
            clock: clock.clone(),
            random: Random::system(),
            access: Access::new(grants.clone()),
            blobs: blobs.clone(),
        });
        let world = Self {
            test,
            service,
            clock,
            hand,
            grants,
            blobs,
            konto: DokumentlagerKontoId(Uuid::new_v4()),
            mottaker_konto: RessursId(Uuid::new_v4()),
            mottaker: integrasjon(),
            avsender: integrasjon(),
            folder,
        };
        world.opprett_konto(world.konto).await;
        let elsewhere = RessursId(Uuid::new_v4());
        world.grants.give(&world.mottaker, MOTTA, world.mottaker_konto);
        world
            .grants
            .give(&world.avsender, "FIKSIO.SENDE", world.mottaker_konto);
        world.grants.give(&world.avsender, MOTTA, elsewhere);
        world
    }

    pub async fn opprett_konto(&self, konto: DokumentlagerKontoId) {
        let service = self.service.clone();
        let owner = FiksOrgId(Uuid::new_v4());
        self.change(move |transaction| {
            Box::pin(async move { service.opprett_konto_in(transaction, konto, owner, "Post").await })
        })
        .await
        .unwrap();
    }

    pub async fn slett_konto(&self, konto: DokumentlagerKontoId) {
        slett_konto(&self.service, &self.test, konto).await;
    }

    /// What follows on a deleted konto.
    pub async fn empty(&self, konto: DokumentlagerKontoId) {
        let job = Job {
            id: Uuid::new_v4(),
            content: serde_json::to_string(&konto).unwrap(),
            attempt: 1,
        };
        for (_, handler) in fiks_dokumentlager::jobs(&self.service) {
            handler.run(&job).await.unwrap();
        }
    }

    pub async fn change<T: Send + 'static>(
        &self,
        change: impl for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Outcome<T>> + Send + 'static,
    ) -> Outcome<T> {
        self.test.database.write(change).await
    }

    /// SQL that no service has a call for.
    pub async fn sql(&self, statement: &str) {
        use sea_orm::ConnectionTrait as _;
        let statement = statement.to_owned();
        let done: Result<(), fiks_database::DatabaseError> = self
            .test
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.execute_unprepared(&statement).await?;
                    Ok(())
                })
            })
            .await;
        done.unwrap();
    }

    /// A document's id, as the engine's SQL has it.
    pub fn literal(&self, id: DokumentId) -> String {
        match self.test.database.engine() {
            Engine::Sqlite => format!("x'{}'", id.0.simple()),
            Engine::Postgres => format!("'{id}'::uuid"),
        }
    }

    /// Writes something into a document's row that is no key.
    pub async fn spoil_key(&self, id: DokumentId) {
        let bad = match self.test.database.engine() {
            Engine::Sqlite => "x'00'",
            Engine::Postgres => "'\\x00'::bytea",
        };
        let id = self.literal(id);
        self.sql(&format!(
            "UPDATE dokumentlager_dokument SET nokkel = {bad} WHERE id = {id}"
        ))
        .await;
    }

    /// A document for whoever may take from the receiving konto, for an hour.
    pub fn nytt(&self) -> NyttDokument {
        NyttDokument {
            navn: "brev.pdf".to_owned(),
            mimetype: "application/pdf".to_owned(),
            tilgjengelig_til: Some(self.clock.now().plus(Duration::from_hours(1))),
            korrelasjonsid: Some(Uuid::from_u128(9)),
            eksponert_for: vec![Eksponering::Autorisasjon {
                privilegium: MOTTA.to_owned(),
                ressurs: self.mottaker_konto,
            }],
        }
    }

    pub async fn lagre(&self, innhold: &Bytes) -> DokumentId {
        self.lagre_som(self.nytt(), innhold, MAKS).await.unwrap().id
    }

    pub async fn lagre_som(&self, nytt: NyttDokument, innhold: &Bytes, maks: u64) -> Outcome<LagretDokument> {
        let pieces: Vec<_> = innhold
            .chunks(50_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let source = stream::iter(pieces).boxed();
        self.service.lagre(PLATFORM, self.konto, nytt, source, maks).await
    }

    /// The whole document, or the first error on the way.
    pub async fn hent(&self, caller: &Caller, id: DokumentId) -> Outcome<Vec<u8>> {
        let opened = self.service.hent(caller, id, None).await?;
        let pieces: Vec<Bytes> = opened.innhold.try_collect().await?;
        Ok(pieces.concat())
    }

    /// The code with which a document is refused.
    pub async fn refusal(&self, caller: &Caller, id: DokumentId) -> &'static str {
        self.hent(caller, id).await.unwrap_err().kind().code
    }

    /// How many objects the store holds.
    pub async fn stored(&self) -> usize {
        self.blobs.list().try_collect::<Vec<_>>().await.unwrap().len()
    }

    /// How many documents have a row, gone or not.
    pub async fn rows(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM dokumentlager_dokument").await
    }

    /// How many rows still have a key.
    pub async fn keys(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM dokumentlager_dokument WHERE nokkel IS NOT NULL")
            .await
    }

    pub async fn count(&self, query: &str) -> i64 {
        use sea_orm::ConnectionTrait as _;
        let row = self
            .test
            .database
            .reader()
            .query_one_raw(sea_orm::Statement::from_string(
                self.test.database.reader().get_database_backend(),
                query,
            ));
        row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// The files of a document's bytes.
    pub fn files(&self, id: DokumentId) -> Vec<PathBuf> {
        let is_its = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(&id.to_string())
        };
        self.all_files().into_iter().filter(is_its).collect()
    }

    /// The one file of a document's bytes.
    pub fn file(&self, id: DokumentId) -> PathBuf {
        let mut files = self.files(id);
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    pub fn all_files(&self) -> Vec<PathBuf> {
        files_below(&self.folder.path().join("dokumentlager/objects"))
    }
}

pub async fn slett_konto(service: &Dokumentlager, test: &TestDatabase, konto: DokumentlagerKontoId) {
    let service = service.clone();
    let deleted: Outcome<()> = test
        .database
        .write(move |transaction| Box::pin(async move { service.slett_konto_in(transaction, konto).await }))
        .await;
    deleted.unwrap();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files
}

/// Bytes whose chunks all differ.
pub fn content(size: usize) -> Bytes {
    (0..size)
        .map(|position| (position % 251 + position / CHUNK).to_le_bytes()[0])
        .collect()
}

/// A source that is fed by the test, piece by piece.
pub fn fed() -> (
    mpsc::Sender<Outcome<Bytes>>,
    stream::BoxStream<'static, Outcome<Bytes>>,
) {
    let (sender, receiver) = mpsc::channel(1);
    let source = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    (sender, source.boxed())
}
