//! Writing down what happens, from many clients at once.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::event::{Action, Event, History};

/// Shared by all clients of a run. Events get the order in which they are noted.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    events: Mutex<Vec<Event>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self(Arc::new(Inner {
            start: Instant::now(),
            events: Mutex::default(),
        }))
    }
}

impl Recorder {
    /// Notes an attempt before it begins, an outcome once it is known.
    pub fn note(&self, action: Action) {
        let mut events = self.0.events.lock();
        // Read under the lock, so that times do not go back.
        let micros = u64::try_from(self.0.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        events.push(Event { micros, action });
    }

    /// What has been noted so far.
    pub fn history(&self) -> History {
        History(self.0.events.lock().clone())
    }
}
