//! `fiks tid`: the test environment's clock.

use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use super::{environment, output::line};
use crate::cli;
use crate::dev::{DevJson, parse_span};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tid {
    klokke: fiks_core::Timestamp,
    forskyvning_ms: u64,
}

pub async fn run(flags: cli::Tid) -> anyhow::Result<()> {
    environment(&flags.environment)?;
    let dev: DevJson = serde_json::from_slice(&std::fs::read(&flags.environment.dev_json)?)?;
    let address = format!("{}/testmiljo/api/v1/tid", dev.api.http);
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()?;
    let request = match &flags.fram {
        None => client.get(address),
        Some(text) => {
            let span = parse_span(text)?;
            client
                .post(address)
                .json(&serde_json::json!({ "fram": format!("PT{}S", span.as_secs()) }))
        }
    };
    let answer = request
        .send()
        .await
        .context("testmiljøet svarer ikke; kjører «fiks dev»?")?;
    let tid: Tid = answer.error_for_status()?.json().await?;
    line(&format!(
        "{}  ({})",
        tid.klokke,
        ahead(Duration::from_millis(tid.forskyvning_ms))
    ));
    Ok(())
}

fn ahead(span: Duration) -> String {
    let hours = span.as_secs() / 3600;
    match (hours / 24, hours % 24, span.as_secs() % 3600 / 60) {
        (0, 0, 0) => "virkelig tid".to_owned(),
        (0, 0, minutes) => format!("{minutes} min foran virkelig tid"),
        (0, hours, _) => format!("{hours} timer foran virkelig tid"),
        (days, 0, _) => format!("{days} døgn foran virkelig tid"),
        (days, hours, _) => format!("{days} døgn og {hours} timer foran virkelig tid"),
    }
}
