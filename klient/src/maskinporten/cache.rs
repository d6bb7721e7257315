//! The token that is in use, and the last failure to get one.
//!
//! Invariant: whoever waits while another fetches gets that one's outcome, good or bad, instead of asking again.

use std::time::{Duration, Instant};

use fiks_core::SecretString;

use crate::Feil;

/// Taken off a token's lifetime: what it takes to travel, and clocks that differ (as in KS' clients).
const MARGIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Cache {
    token: Option<(SecretString, Instant)>,
    failure: Option<(Feil, Instant)>,
}

impl Cache {
    /// The outcome for a caller who came at `arrived` and looks at `now`, or `None` when a token must be fetched.
    pub(super) fn outcome(&self, arrived: Instant, now: Instant) -> Option<Result<SecretString, Feil>> {
        if let Some((token, until)) = &self.token
            && now < *until
        {
            return Some(Ok(token.clone()));
        }
        match &self.failure {
            Some((feil, at)) if *at >= arrived => Some(Err(feil.clone())),
            _ => None,
        }
    }

    /// Keeps a token that was asked for at `asked`.
    pub(super) fn keep(&mut self, token: SecretString, asked: Instant, lifetime: Duration) {
        self.token = Some((token, asked + lifetime.saturating_sub(MARGIN)));
        self.failure = None;
    }

    /// Notes that a fetch ended without a token.
    pub(super) fn fail(&mut self, feil: Feil, now: Instant) {
        self.failure = Some((feil, now));
    }

    /// Drops the token, so that the next caller gets a new one.
    pub(super) fn forget(&mut self) {
        self.token = None;
    }
}

#[cfg(test)]
mod tests {
    use fiks_core::ExposeSecret;

    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn token(outcome: Option<Result<SecretString, Feil>>) -> Option<String> {
        outcome.map(|token| token.unwrap().expose_secret().to_owned())
    }

    #[test]
    fn a_token_is_used_until_ten_seconds_before_its_end() {
        let start = Instant::now();
        let mut cache = Cache::default();
        cache.keep(SecretString::from("a"), start, seconds(120));
        let outcome = |now| token(cache.outcome(now, now));
        assert_eq!(outcome(start + seconds(109)).as_deref(), Some("a"));
        assert_eq!(outcome(start + seconds(110)), None);
    }

    #[test]
    fn a_token_that_lives_shorter_than_the_margin_is_not_reused() {
        let start = Instant::now();
        let mut cache = Cache::default();
        cache.keep(SecretString::from("a"), start, seconds(5));
        assert_eq!(token(cache.outcome(start, start)), None);
    }

    #[test]
    fn a_failure_is_shared_with_those_who_waited_and_nobody_else() {
        let start = Instant::now();
        let mut cache = Cache::default();
        cache.fail(Feil::UtenInnhold, start + seconds(5));
        let now = start + seconds(6);
        assert!(matches!(cache.outcome(start, now), Some(Err(Feil::UtenInnhold))));
        assert!(cache.outcome(now, now).is_none());
    }

    #[test]
    fn a_forgotten_token_is_fetched_anew() {
        let start = Instant::now();
        let mut cache = Cache::default();
        cache.keep(SecretString::from("a"), start, seconds(120));
        cache.forget();
        assert_eq!(token(cache.outcome(start, start)), None);
    }
}
