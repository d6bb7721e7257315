//! Fetching the next messages from the table into memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::broker::{Broker, klar};
use super::konto_ko::{KontoKo, Levering};
use crate::errors::FiksioError;
use crate::model::ko::{Behov, Hentet, Klar, Plass};
use crate::model::melding::Innhold;
use crate::store::melding::{self as store, LagretMelding};

const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Fetches what is needed and wakes who waits for it.
pub(super) async fn hent(broker: Broker, ko: Arc<KontoKo>, behov: Behov) {
    match les(&broker, &ko, &behov).await {
        Ok((tilbake, nye)) => {
            let mut state = ko.state.lock();
            state.ko.hentet(&behov, tilbake, nye);
            state.wake_next();
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, konto = %ko.konto, "messages not fetched");
            tokio::time::sleep(AFTER_FAILURE).await;
            let mut state = ko.state.lock();
            state.ko.henting_slutt();
            state.wake_next();
        }
    }
    broker.forget_if_idle(ko.konto);
}

async fn les(
    broker: &Broker,
    ko: &KontoKo,
    behov: &Behov,
) -> Result<(Hentet<Levering>, Hentet<Levering>), FiksioError> {
    let reader = broker.database().reader();
    let mut budget = behov.bytes;
    let tilbake = match behov.plasser.as_slice() {
        [] => (Vec::new(), false),
        plasser => within(store::at(reader, plasser).await?, &mut budget),
    };
    let nye = if behov.antall == 0 || tilbake.1 {
        (Vec::new(), true)
    } else {
        let limit = u64::try_from(behov.antall).unwrap_or(u64::MAX);
        let rows = store::after(reader, ko.konto, behov.etter, limit).await?;
        let full = rows.len() == behov.antall;
        let (rows, cut) = within(rows, &mut budget);
        (rows, full || cut)
    };
    let mut data = payloads(broker, tilbake.0.iter().chain(&nye.0)).await?;
    Ok((ready(tilbake, &mut data), ready(nye, &mut data)))
}

/// As many rows as fit the budget, the very first one in any case; and whether some were left behind.
fn within(rows: Vec<LagretMelding>, budget: &mut usize) -> (Vec<LagretMelding>, bool) {
    let count = rows.len();
    let mut kept = Vec::with_capacity(count);
    for row in rows {
        let bytes = in_queue(&row);
        if bytes > *budget && !kept.is_empty() {
            break;
        }
        *budget = budget.saturating_sub(bytes.max(1));
        kept.push(row);
    }
    let cut = kept.len() < count;
    (kept, cut)
}

fn in_queue(row: &LagretMelding) -> usize {
    match row.melding.innhold {
        Innhold::IKo(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
        Innhold::Intet | Innhold::Dokument(..) => 0,
    }
}

async fn payloads(
    broker: &Broker,
    rows: impl Iterator<Item = &LagretMelding>,
) -> Result<BTreeMap<Plass, Bytes>, FiksioError> {
    let places: Vec<Plass> = rows
        .filter(|row| in_queue(row) > 0)
        .map(|row| row.plass)
        .collect();
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(store::data_at(broker.database().reader(), &places).await?)
}

fn ready((rows, flere): (Vec<LagretMelding>, bool), data: &mut BTreeMap<Plass, Bytes>) -> Hentet<Levering> {
    let funnet = rows.into_iter().filter_map(|row| {
        let payload = match row.melding.innhold {
            // Its payload went with its end, just now.
            Innhold::IKo(_) => data.remove(&row.plass)?,
            Innhold::Intet | Innhold::Dokument(..) => Bytes::new(),
        };
        Some((row.plass, encode(&row, payload)?))
    });
    Hentet {
        funnet: funnet.collect(),
        flere,
    }
}

/// A message that cannot be encoded was not accepted by this version: left in the table, and said.
fn encode(row: &LagretMelding, payload: Bytes) -> Option<Klar<Levering>> {
    match klar(&row.melding, payload, row.levert, row.forsok) {
        Ok(klar) => Some(klar),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                plass = row.plass,
                "message not encodable"
            );
            None
        }
    }
}
