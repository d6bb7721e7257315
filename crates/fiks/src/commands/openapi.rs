//! `fiks openapi`: one document of everything that is published.

use std::sync::Arc;

use fiks_blobs::{BlobStore, KeyFile};
use fiks_core::{Clock, Random, Timestamp};
use fiks_database::Database;
use fiks_identity::{PasswordHasher, TokenRules, TokenValidator};
use fiks_maskinporten::{InMemoryRegistry, Issuer, IssuerConfig, SigningKey};

use super::output::line;
use crate::dev;
use crate::openapi::complete;
use crate::platform::{Ground, Platform};

pub async fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let random = Random::system();
    let keys = KeyFile::at(folder.path().join("keys")).open_or_create(&random, Timestamp::real())?;
    let blobs = BlobStore::on_disk(folder.path(), "dokumentlager".parse()?, keys, random.clone()).await?;
    let address = format!("sqlite:{}", folder.path().join("empty.db").display());
    let platform = Platform::new(Ground {
        database: Database::open(&address, &fiks_database::Options::default()).await?,
        clock: Clock::system(),
        random: random.clone(),
        blobs,
        passwords: PasswordHasher::new(&[0; 32]),
        tokens: TokenValidator::new(Vec::new(), TokenRules::default()),
    });
    let config = IssuerConfig::new("http://localhost/maskinporten/");
    let issuer = Issuer::new(
        config,
        SigningKey::generate()?,
        Arc::new(InMemoryRegistry::new()),
        random,
    )?;
    let document = dev::published(&platform, Arc::new(issuer)).into_openapi();
    line(&complete(document).to_pretty_json()?);
    Ok(())
}
