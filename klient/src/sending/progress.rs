//! Gives up an upload that stands still.
//!
//! A fixed limit fits neither 1 kB nor 5 GB. So the clock runs from the last piece that the connection took.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// Noted by the body for each piece that was taken.
#[derive(Clone, Debug)]
pub(super) struct Progress(watch::Sender<u64>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(super) fn note(&self) {
        self.0.send_modify(|pieces| *pieces += 1);
    }

    /// The outcome of `work`; `Err` with the limit that was passed when nothing moved for `standstill`, or all of it
    /// took longer than `total`.
    pub(super) async fn watch<F: Future>(
        &self,
        work: F,
        standstill: Duration,
        total: Duration,
    ) -> Result<F::Output, Duration> {
        let mut pieces = self.0.subscribe();
        let watchdog = async move {
            // The sender lives in `self`, so a change is the only way in which `changed` ends.
            while let Ok(Ok(())) = timeout(standstill, pieces.changed()).await {}
        };
        tokio::select! {
            biased;
            outcome = timeout_at(Instant::now() + total, work) => outcome.map_err(|_| total),
            () = watchdog => Err(standstill),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn work_that_stands_still_is_given_up() {
        let outcome = Progress::new()
            .watch(pending::<()>(), Duration::from_mins(1), LONG)
            .await;
        assert_eq!(outcome, Err(Duration::from_mins(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_moves_may_take_longer_than_the_limit_on_standstill() {
        let progress = Progress::new();
        let work = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(59)).await;
                progress.note();
            }
        };
        assert_eq!(progress.watch(work, Duration::from_mins(1), LONG).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_moves_for_ever_is_given_up_too() {
        let progress = Progress::new();
        let work = async {
            loop {
                tokio::time::sleep(Duration::from_secs(59)).await;
                progress.note();
            }
        };
        let outcome: Result<(), _> = progress.watch(work, Duration::from_mins(1), LONG).await;
        assert_eq!(outcome, Err(LONG));
    }
}
