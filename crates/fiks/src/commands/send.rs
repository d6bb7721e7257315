//! `fiks send`.

use anyhow::Context as _;
use fiks_core::id::{KontoId, MeldingId};
use fiks_klient::{DevMiljo, Fil, Klient, Melding};

use super::{environment, organisasjon, output::line};
use crate::cli;
use crate::dev::parse_span;

pub async fn run(flags: cli::Send) -> anyhow::Result<()> {
    let miljo = environment(&flags.environment)?;
    let avsender = organisasjon(&miljo, &flags.fra)?;
    let konto = avsender
        .kontoer
        .first()
        .context("organisasjonen har ingen konto å sende fra")?;
    let konfigurasjon =
        miljo.konfigurasjon(&avsender.fiks_org_id.to_string(), &konto.konto_id.to_string())?;
    let klient = Klient::ny(konfigurasjon)?;
    let melding = melding(&flags, mottaker(&miljo, &flags.til)?)?;
    let sendt = klient
        .send(melding)
        .await
        .map_err(|error| anyhow::anyhow!(error.forklaring()))?;
    line(&format!(
        "Sendt {} ({}) til {}",
        sendt.melding_id, flags.melding_type, flags.til
    ));
    Ok(())
}

fn mottaker(miljo: &DevMiljo, wanted: &str) -> anyhow::Result<KontoId> {
    if let Ok(konto) = wanted.parse() {
        return Ok(konto);
    }
    let organisasjon = organisasjon(miljo, wanted)?;
    let konto = organisasjon
        .kontoer
        .first()
        .context("organisasjonen har ingen konto å sende til")?;
    Ok(konto.konto_id)
}

fn melding(flags: &cli::Send, mottaker: KontoId) -> anyhow::Result<Melding> {
    let mut melding = Melding::ny(mottaker, &flags.melding_type);
    if let Some(text) = &flags.tekst {
        melding = melding.fil(Fil::fra_bytes("melding.txt", text.clone()));
    }
    for path in &flags.fil {
        melding = melding.fil(Fil::fra_disk(path)?);
    }
    if let Some(original) = flags.svar_pa {
        melding = melding.svar_pa_melding(MeldingId(original));
    }
    if let Some(ttl) = &flags.ttl {
        melding = melding.ttl(parse_span(ttl)?);
    }
    for header in &flags.header {
        let (navn, verdi) = header.split_once('=').context("skriv headere som NAVN=VERDI")?;
        melding = melding.header(navn, verdi);
    }
    Ok(melding)
}
