//! The commands, one file each.

mod admin;
mod dev;
mod feilkoder;
mod lytt;
mod openapi;
mod output;
mod send;
mod tid;
pub mod token;

use fiks_klient::{DevMiljo, DevOrganisasjon};

use crate::cli::{Command, Environment};
pub use output::report;

/// Runs a command to its end.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(flags) => dev::run(flags).await,
        Command::Send(flags) => send::run(flags).await,
        Command::Lytt(flags) => lytt::run(flags).await,
        Command::Token(flags) => token::run(flags).await,
        Command::Tid(flags) => tid::run(flags).await,
        Command::Admin(flags) => admin::run(flags).await,
        Command::Openapi => openapi::run().await,
        Command::Feilkoder => {
            feilkoder::run();
            Ok(())
        }
    }
}

/// The running test environment.
fn environment(flags: &Environment) -> anyhow::Result<DevMiljo> {
    if !flags.dev_json.exists() {
        anyhow::bail!(
            "fant ikke {}. Kjører testmiljøet? Start det med «fiks dev», eller pek på filen med --dev-json.",
            flags.dev_json.display()
        );
    }
    Ok(DevMiljo::les(&flags.dev_json)?)
}

/// An organisation by the beginning of its name, its number or its id.
fn organisasjon<'a>(miljo: &'a DevMiljo, wanted: &str) -> anyhow::Result<&'a DevOrganisasjon> {
    let lower = wanted.to_lowercase();
    let fits = |one: &&DevOrganisasjon| {
        one.navn.to_lowercase().starts_with(&lower)
            || one.orgnr == wanted
            || one.fiks_org_id.to_string() == lower
    };
    let mut found = miljo.organisasjoner().iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            anyhow::bail!("flere organisasjoner begynner på «{wanted}»; skriv mer av navnet")
        }
        (None, _) => {
            let names: Vec<_> = miljo
                .organisasjoner()
                .iter()
                .map(|one| one.navn.as_str())
                .collect();
            anyhow::bail!(
                "testmiljøet har ingen organisasjon «{wanted}». Det har: {}",
                names.join(", ")
            )
        }
    }
}
