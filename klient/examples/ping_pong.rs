//! Sends a ping with a file to a konto, answers it there, and waits for the answer.
//!
//! Needs a running `fiks dev`. Its `dev.json` is taken from FIKS_DEV_JSON, or else from `./data/dev.json`. The first two
//! kontoer in it play sender and receiver; if there is only one, it plays both.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use fiks_klient::{DevMiljo, Feil, Fil, Klient, Melding, Mottaker, MottattMelding};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sti = std::env::var("FIKS_DEV_JSON").unwrap_or_else(|_| "data/dev.json".to_owned());
    let klienter = klienter(&DevMiljo::les(sti)?)?;
    let (Some(avsender), Some(mottaker)) = (klienter.first(), klienter.last()) else {
        return Err("dev.json har ingen kontoer".into());
    };

    let mut svar = avsender.lytt().await?;
    let mut innkurv = mottaker.lytt().await?;
    let ping = Melding::ny(mottaker.konto(), "ping")
        .klient_korrelasjons_id("ping-pong-1")
        .ttl(Duration::from_mins(1))
        .fil(Fil::fra_bytes("hilsen.txt", "Hei fra Rust!"));
    let sendt = avsender.send(ping).await?;
    println!("sendt ping {} til {}", sendt.melding_id, sendt.mottaker);

    let ping = vent_pa(&mut innkurv, "ping").await?;
    for fil in ping.filer(1_000_000).await?.filer {
        println!("mottok {}: {}", fil.navn, String::from_utf8_lossy(&fil.innhold));
    }
    mottaker.svar(&ping.hode, "pong", []).await?;
    ping.ack().await?;

    // With one konto only, the answer may come to either consumer of its queue.
    let pong = tokio::select! {
        pong = vent_pa(&mut svar, "pong") => pong?,
        pong = vent_pa(&mut innkurv, "pong") => pong?,
    };
    println!(
        "mottok pong på {:?}, dialog {:?}",
        pong.hode.svar_til,
        pong.hode.klient_korrelasjons_id()
    );
    pong.ack().await?;
    svar.lukk().await;
    innkurv.lukk().await;
    Ok(())
}

/// Clients for the first two kontoer.
fn klienter(miljo: &DevMiljo) -> Result<Vec<Klient>, Feil> {
    let organisasjoner = miljo.organisasjoner().iter();
    let kontoer = organisasjoner.flat_map(|organisasjon| {
        organisasjon
            .kontoer
            .iter()
            .map(move |konto| (organisasjon.orgnr.clone(), konto.konto_id.to_string()))
    });
    let klient =
        |(organisasjon, konto): (String, String)| Klient::ny(miljo.konfigurasjon(&organisasjon, &konto)?);
    kontoer.take(2).map(klient).collect()
}

/// The next message of that type. Others are acknowledged and passed over.
async fn vent_pa(
    mottaker: &mut Mottaker,
    meldingstype: &str,
) -> Result<MottattMelding, Box<dyn std::error::Error>> {
    let ventet = async {
        loop {
            let melding = mottaker.neste().await?;
            if melding.hode.meldingstype == meldingstype {
                return Ok::<_, Feil>(melding);
            }
            println!("hoppet over {}", melding.hode.meldingstype);
            melding.ack().await?;
        }
    };
    Ok(tokio::time::timeout(PATIENCE, ventet).await??)
}
