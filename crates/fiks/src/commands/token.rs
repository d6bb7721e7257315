//! `fiks token`: a Maskinporten token, for curl and the like.

use fiks_core::{ExposeSecret as _, SecretString};
use fiks_klient::{DevMiljo, Klient};

use super::{environment, organisasjon, output::line};
use crate::cli;

pub async fn run(flags: cli::Token) -> anyhow::Result<()> {
    let miljo = environment(&flags.environment)?;
    let token = fetch(&miljo, &flags.organisasjon).await?;
    line(token.expose_secret());
    Ok(())
}

/// A token for that organisation of the test environment.
pub async fn fetch(miljo: &DevMiljo, wanted: &str) -> anyhow::Result<SecretString> {
    let organisasjon = organisasjon(miljo, wanted)?;
    let konto = organisasjon
        .kontoer
        .first()
        .map(|konto| konto.konto_id.to_string())
        .unwrap_or_default();
    let konfigurasjon = miljo.konfigurasjon(&organisasjon.fiks_org_id.to_string(), &konto)?;
    let klient = Klient::ny(konfigurasjon)?;
    klient
        .tokens()
        .token()
        .await
        .map_err(|error| anyhow::anyhow!(error.forklaring()))
}
