//! `fiks lytt`.

use anyhow::Context as _;
use fiks_core::Timestamp;
use fiks_klient::{Klient, Melding, MottattMelding};
use serde_json::json;

use super::output::{line, remark};
use super::{environment, organisasjon};
use crate::cli;

/// Payload shown on the terminal is at most this large, in bytes.
const SHOWN: u64 = 64 * 1024;

pub async fn run(flags: cli::Lytt) -> anyhow::Result<()> {
    let miljo = environment(&flags.environment)?;
    let mottaker = organisasjon(&miljo, &flags.organisasjon)?;
    let konto = mottaker
        .kontoer
        .first()
        .context("organisasjonen har ingen konto å lytte på")?;
    let konfigurasjon =
        miljo.konfigurasjon(&mottaker.fiks_org_id.to_string(), &konto.konto_id.to_string())?;
    let klient = Klient::ny(konfigurasjon)?;
    let mut lytter = klient
        .lytt()
        .await
        .map_err(|error| anyhow::anyhow!(error.forklaring()))?;
    remark(&format!(
        "Lytter på {} ({}). Stopp med Ctrl-C.",
        konto.navn, konto.konto_id
    ));
    let mut left = flags.antall.unwrap_or(u64::MAX);
    while left > 0 {
        let melding = tokio::select! {
            neste = lytter.neste() => neste.map_err(|error| anyhow::anyhow!(error.forklaring()))?,
            _ = tokio::signal::ctrl_c() => break,
        };
        receive(&flags, &klient, melding).await?;
        left -= 1;
    }
    lytter.lukk().await;
    Ok(())
}

/// Shows and stores first, then acknowledges: what failed comes again.
async fn receive(flags: &cli::Lytt, klient: &Klient, melding: MottattMelding) -> anyhow::Result<()> {
    let filer = if melding.hode.har_innhold {
        files(flags, &melding).await?
    } else {
        Vec::new()
    };
    show(flags, &melding, &filer);
    if let Some(meldingstype) = &flags.svar {
        let svar = Melding::svar_pa(&melding.hode, meldingstype);
        let sendt = klient
            .send(svar)
            .await
            .map_err(|error| anyhow::anyhow!(error.forklaring()))?;
        remark(&format!("  svarte med {} ({meldingstype})", sendt.melding_id));
    }
    melding
        .ack()
        .await
        .map_err(|error| anyhow::anyhow!(error.forklaring()))
}

/// Where each file was stored, or its text when it is short and no folder was named.
async fn files(flags: &cli::Lytt, melding: &MottattMelding) -> anyhow::Result<Vec<String>> {
    let Some(folder) = &flags.mappe else {
        return match melding.filer(SHOWN).await {
            Ok(found) => Ok(found
                .filer
                .iter()
                .map(|fil| preview(&fil.navn, &fil.innhold))
                .collect()),
            Err(error) => Ok(vec![error.forklaring()]),
        };
    };
    let folder = folder.join(melding.hode.melding_id.to_string());
    tokio::fs::create_dir_all(&folder).await?;
    let written = melding
        .skriv_til(&folder)
        .await
        .map_err(|error| anyhow::anyhow!(error.forklaring()))?;
    Ok(written
        .stier
        .iter()
        .map(|path| path.display().to_string())
        .collect())
}

fn preview(navn: &str, innhold: &[u8]) -> String {
    match std::str::from_utf8(innhold) {
        Ok(text) if innhold.len() <= 2_000 => format!("{navn}: {}", text.trim_end()),
        _ => format!("{navn}: {} byte (lagre med --mappe)", innhold.len()),
    }
}

fn show(flags: &cli::Lytt, melding: &MottattMelding, filer: &[String]) {
    let hode = &melding.hode;
    if flags.json {
        let value = json!({
            "meldingId": hode.melding_id,
            "meldingType": hode.meldingstype,
            "avsenderKontoId": hode.avsender,
            "mottakerKontoId": hode.mottaker,
            "svarTil": hode.svar_til,
            "svarTilType": hode.svar_til_type,
            "ttl": hode.ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
            "resendt": hode.resendt,
            "headere": hode.headere,
            "harInnhold": hode.har_innhold,
            "filer": filer,
        });
        return line(&value.to_string());
    }
    let again = if hode.resendt { ", levert på nytt" } else { "" };
    line(&format!(
        "{}  {}  {}  fra {}{again}",
        Timestamp::real(),
        hode.melding_id,
        hode.meldingstype,
        hode.avsender
    ));
    if let Some(original) = hode.svar_til {
        line(&format!("  svar på {original}"));
    }
    for fil in filer {
        line(&format!("  {fil}"));
    }
}
