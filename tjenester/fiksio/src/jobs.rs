//! Upkeep: what is known of messages that ended is forgotten in time.

use std::time::Duration;

use tokio::sync::watch;

use crate::errors::FiksioError;
use crate::handle::Fiksio;
use crate::store::melding as store;

/// How long a message that ended stays in the message flow, without its payload.
pub const ETTERTID: Duration = Duration::from_hours(30 * 24);
const EVERY: Duration = Duration::from_hours(1);
const BATCH: u64 = 1_000;

/// Forgets old messages once an hour until `stop` becomes true.
pub async fn glem_gamle(fiksio: Fiksio, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match glem(&fiksio).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "ended messages forgotten"),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "ended messages not forgotten"
            ),
        }
        tokio::select! {
            () = fiksio.grunn().clock.sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Forgets all that ended before [`ETTERTID`]. Returns how many.
pub async fn glem(fiksio: &Fiksio) -> Result<u64, FiksioError> {
    let oldest = fiksio.grunn().clock.now().minus(ETTERTID);
    let mut gone = 0;
    loop {
        let count: u64 = fiksio
            .grunn()
            .database
            .write(move |transaction| {
                Box::pin(async move { Ok::<_, FiksioError>(store::purge(transaction, oldest, BATCH).await?) })
            })
            .await?;
        gone += count;
        if count < BATCH {
            return Ok(gone);
        }
    }
}
