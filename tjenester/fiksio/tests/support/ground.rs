//! What Fiks IO stands on, over one test database: documents on disk in a folder, and a clock to be moved.

use fiks_blobs::{BlobStore, KeyRing};
use fiks_core::{Clock, Random, Timestamp};
use fiks_database::testing::TestDatabase;
use fiks_dokumentlager::Dokumentlager;
use fiks_fiksio::Grunn;
use fiks_identity::testing::hasher;
use fiks_konfigurasjon::Konfigurasjon;
use tempfile::TempDir;

pub async fn grunn(test: &TestDatabase, clock: &Clock, folder: &TempDir) -> Grunn {
    let random = Random::system();
    let keys = KeyRing::in_memory(&random, Timestamp::real()).unwrap();
    let area = "dokumentlager".parse().unwrap();
    let blobs = BlobStore::on_disk(folder.path(), area, keys, random.clone()).await;
    let konfigurasjon = Konfigurasjon::new(test.database.clone(), clock.clone(), random.clone(), hasher());
    let dokumentlager = Dokumentlager::new(fiks_dokumentlager::Grunn {
        database: test.database.clone(),
        clock: clock.clone(),
        random: random.clone(),
        access: konfigurasjon.access(),
        blobs: blobs.unwrap(),
    });
    Grunn {
        database: test.database.clone(),
        clock: clock.clone(),
        random,
        access: konfigurasjon.access(),
        konfigurasjon,
        dokumentlager,
    }
}
