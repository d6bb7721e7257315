//! The order of one konto's queue in memory.
//!
//! The table holds every waiting message; memory holds a window of the next ones, ready to deliver, and knows which
//! are with a consumer. Invariants:
//!
//! * A message is in at most one of: the window, with a consumer, on its way out.
//! * Deliveries go out in the order of places: nothing overtakes a message that came back.
//! * What is neither in one of these sets nor `returned` nor beyond `loaded_to` is not waiting.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use fiks_core::Timestamp;

/// A message's place in the queue; rises with time.
pub type Plass = i64;
/// Names one consumer within its queue.
pub type KonsumentId = u64;

/// Messages in the window at most.
const WINDOW: usize = 512;
/// Payload bytes in the window at most, one message excepted.
const WINDOW_BYTES: usize = 2 * 1024 * 1024;
/// Fewer messages than this in the window, and more are fetched.
const LOW: usize = WINDOW / 4;

/// A message ready to deliver.
#[derive(Clone, Debug)]
pub struct Klar<T> {
    /// When its lifetime ends.
    pub utloper: Timestamp,
    /// Deliveries that failed.
    pub forsok: i32,
    /// Payload bytes.
    pub bytes: usize,
    /// What is delivered.
    pub levering: T,
}

/// A message with a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ute {
    /// Who has it.
    pub konsument: KonsumentId,
    /// When its lifetime ends; counts again once it comes back.
    pub utloper: Timestamp,
    /// Deliveries that failed before this one.
    pub forsok: i32,
}

/// What should be fetched from the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behov {
    /// Messages that came back, by place.
    pub plasser: Vec<Plass>,
    /// Then those after this place.
    pub etter: Plass,
    /// At most so many.
    pub antall: usize,
    /// And so many payload bytes, one message excepted.
    pub bytes: usize,
    arrivals: u64,
}

/// One konto's queue.
#[derive(Debug)]
pub struct Ko<T> {
    window: BTreeMap<Plass, Klar<T>>,
    window_bytes: usize,
    returned: BTreeSet<Plass>,
    ute: HashMap<Plass, Ute>,
    ending: HashSet<Plass>,
    /// Those of `ending` that come back unless their last failure ends them: nothing may overtake them.
    returning: BTreeSet<Plass>,
    /// Places that ended while a fetch was under way: its rows may be older than that.
    ended_meanwhile: HashSet<Plass>,
    /// Places that arrived while a fetch was under way: it may have passed over them, when their transactions ended
    /// after those of later places.
    arrived_meanwhile: BTreeSet<Plass>,
    loaded_to: Plass,
    more: bool,
    arrivals: u64,
    fetching: bool,
}

impl<T> Default for Ko<T> {
    fn default() -> Self {
        Self {
            window: BTreeMap::new(),
            window_bytes: 0,
            returned: BTreeSet::new(),
            ute: HashMap::new(),
            ending: HashSet::new(),
            returning: BTreeSet::new(),
            ended_meanwhile: HashSet::new(),
            arrived_meanwhile: BTreeSet::new(),
            loaded_to: 0,
            more: true,
            arrivals: 0,
            fetching: false,
        }
    }
}

impl<T: Clone> Ko<T> {
    /// A message was stored at `plass`. Kept in memory when it is next in line and there is room, else fetched later.
    pub fn ankom(&mut self, plass: Plass, klar: Klar<T>, keep: bool) {
        if plass <= self.loaded_to {
            // Its transaction ended after that of a later message.
            self.returned.insert(plass);
        } else if keep && !self.more && !self.fetching && self.has_room(klar.bytes) {
            self.loaded_to = plass;
            self.insert(plass, klar);
        } else {
            self.more = true;
            self.arrivals += 1;
            if self.fetching {
                self.arrived_meanwhile.insert(plass);
            }
        }
    }

    /// Hands the next message to a consumer. None that has run out by `now` is handed over: it is left to
    /// the expiry.
    pub fn lever(&mut self, konsument: KonsumentId, now: Timestamp) -> Option<(Plass, Klar<T>)> {
        loop {
            let (&plass, _) = self.window.first_key_value()?;
            if self.is_held_up(plass) {
                return None;
            }
            let klar = self.remove(plass)?;
            if klar.utloper <= now {
                continue;
            }
            self.ute.insert(
                plass,
                Ute {
                    konsument,
                    utloper: klar.utloper,
                    forsok: klar.forsok,
                },
            );
            return Some((plass, klar));
        }
    }

    /// Takes back a delivery that did not leave.
    pub fn angre(&mut self, plass: Plass, klar: Klar<T>) {
        if self.ute.remove(&plass).is_some() {
            self.insert(plass, klar);
        }
    }

    /// Takes a message from its consumer because it has ended; that is now being stored. `None` when that consumer
    /// does not have it.
    pub fn ta_fra(&mut self, plass: Plass, konsument: KonsumentId) -> Option<Ute> {
        let ute = self
            .ute
            .get(&plass)
            .copied()
            .filter(|ute| ute.konsument == konsument)?;
        self.ute.remove(&plass);
        self.ending.insert(plass);
        Some(ute)
    }

    /// Takes a message back from its consumer; that is now being stored, and until then nothing overtakes it.
    pub fn ta_tilbake(&mut self, plass: Plass, konsument: KonsumentId) -> Option<Ute> {
        let ute = self.ta_fra(plass, konsument)?;
        self.returning.insert(plass);
        Some(ute)
    }

    /// Takes back everything that a consumer has, in order.
    pub fn ta_alt_tilbake(&mut self, konsument: KonsumentId) -> Vec<(Plass, Ute)> {
        let mut taken: Vec<_> = self
            .ute
            .iter()
            .filter(|(_, ute)| ute.konsument == konsument)
            .map(|(plass, ute)| (*plass, *ute))
            .collect();
        taken.sort_unstable_by_key(|(plass, _)| *plass);
        for (plass, _) in &taken {
            self.ta_tilbake(*plass, konsument);
        }
        taken
    }

    /// Claims a waiting message for its end (expiry, or someone who ends it by hand). False when it is with a
    /// consumer or already on its way out.
    pub fn krev(&mut self, plass: Plass) -> bool {
        if self.ute.contains_key(&plass) || !self.ending.insert(plass) {
            return false;
        }
        self.remove(plass);
        self.returned.remove(&plass);
        true
    }

    /// The message's end is stored.
    pub fn avsluttet(&mut self, plass: Plass) {
        self.ending.remove(&plass);
        self.returning.remove(&plass);
        if self.fetching {
            self.ended_meanwhile.insert(plass);
        }
    }

    /// The message waits again: it came back, or its end could not be stored.
    pub fn tilbake(&mut self, plass: Plass) {
        self.returning.remove(&plass);
        if self.ending.remove(&plass) {
            self.returned.insert(plass);
        }
    }

    /// What to fetch now, if anything. A fetch is then under way until [`Self::hentet`].
    pub fn behov(&mut self) -> Option<Behov> {
        let wanted = !self.returned.is_empty() || self.more && self.window.len() < LOW;
        let room = WINDOW_BYTES.saturating_sub(self.window_bytes);
        if self.fetching || !wanted || (room == 0 && !self.blocked()) {
            return None;
        }
        self.fetching = true;
        Some(Behov {
            plasser: self.returned.iter().copied().take(WINDOW).collect(),
            etter: self.loaded_to,
            antall: WINDOW.saturating_sub(self.window.len()),
            bytes: room,
            arrivals: self.arrivals,
        })
    }

    /// Whether a message that came back or is about to must go out before that one.
    fn is_held_up(&self, plass: Plass) -> bool {
        let before = |places: &BTreeSet<Plass>| places.first().is_some_and(|first| *first < plass);
        before(&self.returned) || before(&self.returning)
    }

    /// Whether a message that came back holds up the window.
    fn blocked(&self) -> bool {
        match (self.returned.first(), self.window.first_key_value()) {
            (Some(returned), Some((first, _))) => returned < first,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// What a fetch found: those that came back, those after `behov.etter`, and whether there may be more of them.
    pub fn hentet(&mut self, behov: &Behov, tilbake: Hentet<T>, nye: Hentet<T>) {
        let arrived = std::mem::take(&mut self.arrived_meanwhile);
        if self.loaded_to != behov.etter {
            // The window was forgotten meanwhile; what was found may be old.
            return self.henting_slutt();
        }
        for (plass, klar) in tilbake.funnet {
            self.returned.remove(&plass);
            self.take_in(plass, klar);
        }
        if !tilbake.flere {
            // What was asked for and is not there has ended.
            for plass in &behov.plasser {
                self.returned.remove(plass);
            }
        }
        for (plass, klar) in nye.funnet {
            self.loaded_to = self.loaded_to.max(plass);
            self.take_in(plass, klar);
        }
        let passed_over = arrived.range(..=self.loaded_to);
        let waits = |plass: &&Plass| !self.window.contains_key(plass) && !self.opptatt(**plass);
        let passed_over: Vec<Plass> = passed_over.filter(waits).copied().collect();
        self.returned.extend(passed_over);
        self.more = nye.flere || self.arrivals != behov.arrivals;
        self.henting_slutt();
    }

    /// The fetch is over, and brought nothing more; another one may be tried.
    pub fn henting_slutt(&mut self) {
        self.fetching = false;
        self.ended_meanwhile.clear();
        self.arrived_meanwhile.clear();
    }

    /// Forgets what waits, which the table knows as well: nobody consumes any more.
    pub fn tom_vindu(&mut self) {
        self.window.clear();
        self.window_bytes = 0;
        self.returned.clear();
        self.loaded_to = 0;
        self.more = true;
        self.arrivals += 1;
    }

    /// Messages with a consumer or on their way out: a reader of the table passes over them.
    pub fn opptatt(&self, plass: Plass) -> bool {
        self.ute.contains_key(&plass) || self.ending.contains(&plass)
    }

    /// How many messages are with a consumer.
    pub fn antall_ute(&self) -> usize {
        self.ute.len()
    }

    /// Messages that have ended though that is still being stored.
    pub fn avsluttes(&self) -> Vec<Plass> {
        self.ending
            .iter()
            .filter(|plass| !self.returning.contains(plass))
            .copied()
            .collect()
    }

    /// Whether that message is with a consumer.
    pub fn er_ute(&self, plass: Plass) -> bool {
        self.ute.contains_key(&plass)
    }

    /// Whether nothing is with a consumer, on its way out or being fetched.
    pub fn er_i_ro(&self) -> bool {
        self.ute.is_empty() && self.ending.is_empty() && !self.fetching
    }

    fn take_in(&mut self, plass: Plass, klar: Klar<T>) {
        let known = self.window.contains_key(&plass) || self.returned.contains(&plass);
        if !known && !self.opptatt(plass) && !self.ended_meanwhile.contains(&plass) {
            self.insert(plass, klar);
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.window.is_empty() || self.window.len() < WINDOW && self.window_bytes + bytes <= WINDOW_BYTES
    }

    fn insert(&mut self, plass: Plass, klar: Klar<T>) {
        self.window_bytes += klar.bytes;
        self.window.insert(plass, klar);
    }

    fn remove(&mut self, plass: Plass) -> Option<Klar<T>> {
        let klar = self.window.remove(&plass)?;
        self.window_bytes = self.window_bytes.saturating_sub(klar.bytes);
        Some(klar)
    }
}

/// Messages that a fetch found, and whether it may have left some behind.
#[derive(Debug)]
pub struct Hentet<T> {
    /// In the order of their places.
    pub funnet: Vec<(Plass, Klar<T>)>,
    /// There may be more.
    pub flere: bool,
}

#[cfg(test)]
mod tests;
