//! Which grants have been used.
//!
//! Invariant: a grant is remembered for at least [`MEMORY`], which is longer than it can be valid, and no more than
//! two times [`LIMIT`] grants are remembered at once.

use std::collections::HashSet;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use fiks_core::Timestamp;
use parking_lot::Mutex;

use crate::errors::GrantError;

/// A grant is valid for at most 122 s from `iat`, which is at most 10 s ahead of our clock.
const MEMORY: Duration = Duration::from_secs(140);

/// 3,700 grants a second for all of [`MEMORY`], in some 20 MB.
pub(crate) const LIMIT: usize = 1 << 19;

/// Half a SHA-256: nobody can find another grant with the same one.
type Fingerprint = [u8; 16];

/// Remembers in two generations: the one being filled, and the one before it. When the first is [`MEMORY`] old it
/// becomes the second, so forgetting costs nothing per grant.
pub(crate) struct ReplayMemory {
    generations: Mutex<Generations>,
    limit: usize,
}

#[derive(Default)]
struct Generations {
    current: HashSet<Fingerprint>,
    previous: HashSet<Fingerprint>,
    turns_at: Timestamp,
}

impl ReplayMemory {
    /// Remembers at most so many grants per generation: [`LIMIT`], or less in a test.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            generations: Mutex::default(),
            limit,
        }
    }

    /// Notes that a grant is used. `id` names it among its client's grants: its `jti`, or what was signed. Fails when
    /// it was used before, and when there are too many grants to keep apart.
    pub(crate) fn note(&self, client_id: &str, id: &str, now: Timestamp) -> Result<(), GrantError> {
        let fingerprint = fingerprint(client_id, id);
        let mut generations = self.generations.lock();
        generations.turn(now);
        if generations.previous.contains(&fingerprint) {
            return Err(GrantError::Replayed);
        }
        if generations.current.len() >= self.limit {
            return Err(GrantError::Unavailable);
        }
        if generations.current.insert(fingerprint) {
            Ok(())
        } else {
            Err(GrantError::Replayed)
        }
    }
}

impl Generations {
    fn turn(&mut self, now: Timestamp) {
        if now < self.turns_at {
            return;
        }
        let quiet_for_long = now >= self.turns_at.plus(MEMORY);
        self.previous = if quiet_for_long {
            HashSet::new()
        } else {
            std::mem::take(&mut self.current)
        };
        self.current.clear();
        self.turns_at = now.plus(MEMORY);
    }
}

/// The same for the same client and id only: the length keeps the two apart.
fn fingerprint(client_id: &str, id: &str) -> Fingerprint {
    let mut hash = Context::new(&SHA256);
    hash.update(&(client_id.len() as u64).to_be_bytes());
    hash.update(client_id.as_bytes());
    hash.update(id.as_bytes());
    let digest = hash.finish();
    let mut fingerprint = Fingerprint::default();
    for (place, byte) in fingerprint.iter_mut().zip(digest.as_ref()) {
        *place = *byte;
    }
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn seconds(seconds: i64) -> Timestamp {
        START.plus_millis(seconds * 1000)
    }

    #[test]
    fn a_grant_counts_once() {
        let memory = ReplayMemory::new(LIMIT);
        assert!(memory.note("klient", "jti", START).is_ok());
        assert!(matches!(
            memory.note("klient", "jti", START),
            Err(GrantError::Replayed)
        ));
    }

    #[test]
    fn clients_do_not_get_into_each_others_way() {
        let memory = ReplayMemory::new(LIMIT);
        assert!(memory.note("klient", "jti", START).is_ok());
        assert!(memory.note("annen", "jti", START).is_ok());
        assert!(memory.note("klientj", "ti", START).is_ok());
    }

    #[test]
    fn after_a_long_silence_nothing_is_remembered() {
        let memory = ReplayMemory::new(LIMIT);
        assert!(memory.note("klient", "jti", START).is_ok());
        assert!(memory.note("klient", "jti", seconds(10_000)).is_ok());
    }

    #[test]
    fn more_grants_than_can_be_kept_apart_are_turned_away_for_a_while() {
        let memory = ReplayMemory::new(2);
        assert!(memory.note("klient", "1", START).is_ok());
        assert!(memory.note("klient", "2", START).is_ok());
        assert!(matches!(
            memory.note("klient", "3", START),
            Err(GrantError::Unavailable)
        ));
        assert!(memory.note("klient", "3", seconds(140)).is_ok());
        assert!(matches!(
            memory.note("klient", "2", seconds(140)),
            Err(GrantError::Replayed)
        ));
    }

    #[test]
    fn used_grants_are_forgotten_in_the_end() {
        let memory = ReplayMemory::new(LIMIT);
        assert!(memory.note("klient", "jti", START).is_ok());
        assert!(memory.note("klient", "annen", seconds(141)).is_ok());
        assert!(memory.note("klient", "tredje", seconds(282)).is_ok());
        assert!(memory.note("klient", "jti", seconds(283)).is_ok());
        let generations = memory.generations.lock();
        assert_eq!((generations.previous.len(), generations.current.len()), (1, 2));
    }

    proptest! {
        #[test]
        fn no_grant_counts_twice_while_it_can_be_valid(
            first in 0i64..1000, others in proptest::collection::vec(0i64..1000, 0..20), later in 0i64..140,
        ) {
            let memory = ReplayMemory::new(LIMIT);
            let mut others = others;
            others.sort_unstable();
            for (number, moment) in others.iter().enumerate().filter(|(_, moment)| **moment <= first) {
                let _ = memory.note("klient", &number.to_string(), seconds(*moment));
            }
            prop_assert!(memory.note("klient", "jti", seconds(first)).is_ok());
            for (number, moment) in
                others.iter().enumerate().filter(|(_, moment)| (first..first + later).contains(moment))
            {
                let _ = memory.note("annen", &number.to_string(), seconds(*moment));
            }
            prop_assert!(memory.note("klient", "jti", seconds(first + later)).is_err());
        }
    }
}
