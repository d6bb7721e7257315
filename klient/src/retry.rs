//! When to try again, and how long to wait first.
//!
//! Invariant: a call is repeated a bounded number of times, and only when the failure itself says that a repeat is
//! safe. Pauses grow, have a cap, and are spread at random so that many clients don't return in step.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::Feil;

/// Repeats after the first attempt at a call.
const REPEATS: usize = 3;
/// A longer `Retry-After` is for the caller to wait out.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why an attempt failed, and whether another may follow.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Trying again would be unsafe or in vain.
    Final(Feil),
    /// Nothing was changed; trying again may help.
    Repeatable {
        /// Why.
        feil: Feil,
        /// How long the server wants us to wait (`Retry-After`).
        after: Option<Duration>,
    },
}

impl From<Feil> for Failure {
    fn from(feil: Feil) -> Self {
        Self::Final(feil)
    }
}

impl Failure {
    pub(crate) fn repeatable(feil: Feil) -> Self {
        Self::Repeatable { feil, after: None }
    }

    fn into_feil(self) -> Feil {
        match self {
            Self::Final(feil) | Self::Repeatable { feil, .. } => feil,
        }
    }
}

/// The repeats of one call.
#[derive(Debug)]
pub(crate) struct Retry(ExponentialBackoff);

impl Retry {
    /// Three repeats after about `pause`, two and four times that.
    pub(crate) fn new(pause: Duration) -> Self {
        Self(
            delays(pause, Duration::from_secs(10))
                .with_max_times(REPEATS)
                .build(),
        )
    }

    /// Waits until the next attempt. Gives the failure back when there is to be none.
    pub(crate) async fn wait(&mut self, failure: Failure) -> Result<(), Feil> {
        match self.pause(&failure) {
            Some(pause) => {
                tracing::debug!(pause_ms = pause.as_millis(), "call failed, trying again");
                tokio::time::sleep(pause).await;
                Ok(())
            }
            None => Err(failure.into_feil()),
        }
    }

    fn pause(&mut self, failure: &Failure) -> Option<Duration> {
        let Failure::Repeatable { after, .. } = failure else {
            return None;
        };
        let asked = after.unwrap_or_default();
        if asked > LONGEST_RETRY_AFTER {
            return None;
        }
        Some(self.0.next()?.max(asked))
    }
}

/// Pauses between attempts to connect, without end: from half a second up to 30 s, each stretched by a random part of
/// itself.
#[derive(Debug)]
pub(crate) struct Reconnect(ExponentialBackoff);

impl Reconnect {
    pub(crate) fn new() -> Self {
        let delays = delays(Duration::from_millis(500), Duration::from_secs(30));
        Self(delays.without_max_times().build())
    }

    /// The pause before the next attempt.
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next().unwrap_or(Duration::from_secs(30))
    }

    /// Starts with short pauses again.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

fn delays(first: Duration, longest: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_jitter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(after: Option<Duration>) -> Failure {
        Failure::Repeatable {
            feil: Feil::UtenInnhold,
            after,
        }
    }

    #[test]
    fn a_call_is_repeated_three_times_with_growing_pauses() {
        let mut retry = Retry::new(Duration::from_millis(100));
        for expected in [100, 200, 400] {
            let pause = retry.pause(&busy(None)).unwrap().as_millis();
            assert!(
                (expected..=2 * expected).contains(&pause),
                "{pause} for {expected}"
            );
        }
        assert_eq!(retry.pause(&busy(None)), None);
    }

    #[test]
    fn an_unsafe_repeat_is_not_made() {
        assert_eq!(
            Retry::new(Duration::ZERO).pause(&Failure::Final(Feil::UtenInnhold)),
            None
        );
    }

    #[test]
    fn the_servers_wish_is_respected_within_reason() {
        let pause = |seconds| Retry::new(Duration::ZERO).pause(&busy(Some(Duration::from_secs(seconds))));
        assert_eq!(pause(7), Some(Duration::from_secs(7)));
        assert_eq!(pause(31), None);
    }

    #[test]
    fn reconnection_never_gives_up_and_never_waits_more_than_a_minute() {
        let mut reconnect = Reconnect::new();
        let pauses: Vec<_> = (0..200).map(|_| reconnect.next()).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (500..=60_000).contains(&pause.as_millis()))
        );
        assert!(pauses.iter().skip(10).all(|pause| pause.as_secs() >= 30));
        reconnect.reset();
        assert!(reconnect.next().as_millis() <= 1000);
    }

    #[test]
    fn two_clients_do_not_return_in_step() {
        let pauses = |mut reconnect: Reconnect| (0..8).map(|_| reconnect.next()).collect::<Vec<_>>();
        assert_ne!(pauses(Reconnect::new()), pauses(Reconnect::new()));
    }
}
