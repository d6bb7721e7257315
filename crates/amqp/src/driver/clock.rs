//! Everything a connection does by the clock: one timer, armed for whatever comes first.
//!
//! Reading and writing only note the time; the timer looks at the notes when it fires. So traffic never
//! touches it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Buffers of a connection without traffic are given back after so long.
const IDLE: Duration = Duration::from_secs(5);
/// The timer fires at least this often; keeps it simple where no deadline is set.
const REST: Duration = Duration::from_mins(5);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The handshake, or the closing, took too long.
    Deadline,
    /// The peer has been silent for two heartbeat intervals.
    Silence,
    /// The peer reads nothing.
    Stall,
    /// Send a heartbeat.
    Heartbeat,
    /// Give buffers back.
    Idle,
}

/// What the connection is doing, as far as the clock is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    /// Input is read now; otherwise silence is the server's own doing.
    pub(super) reading: bool,
    /// Bytes wait for the peer.
    pub(super) writing: bool,
    /// Buffers could be given back.
    pub(super) holds_memory: bool,
}

/// Times of one connection.
#[derive(Debug)]
pub(super) struct Clock {
    sleep: Pin<Box<Sleep>>,
    heartbeat: Option<Duration>,
    stall: Duration,
    deadline: Option<Instant>,
    last_read: Instant,
    last_write: Instant,
}

impl Clock {
    /// `deadline` is that of the handshake.
    pub(super) fn new(deadline: Instant, stall: Duration) -> Self {
        let now = Instant::now();
        Self {
            sleep: Box::pin(sleep_until(deadline)),
            heartbeat: None,
            stall,
            deadline: Some(deadline),
            last_read: now,
            last_write: now,
        }
    }

    pub(super) fn set_heartbeat(&mut self, seconds: u16) {
        self.heartbeat = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Bytes have arrived.
    pub(super) fn note_read(&mut self) {
        self.last_read = Instant::now();
    }

    /// Bytes have left, or the first ones were queued.
    pub(super) fn note_write(&mut self) {
        self.last_write = Instant::now();
    }

    /// What is due first, if its time has come; arms the timer for it otherwise.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, situation: Situation) -> Poll<Due> {
        if !situation.reading {
            self.last_read = Instant::now();
        }
        loop {
            let next = self.next(situation);
            if let Some((at, _)) = next.filter(|(at, _)| *at < self.sleep.deadline()) {
                self.sleep.as_mut().reset(at);
            }
            ready!(self.sleep.as_mut().poll(context));
            let now = Instant::now();
            self.sleep.as_mut().reset(now + REST);
            if let Some((_, due)) = next.filter(|(at, _)| *at <= now) {
                return Poll::Ready(due);
            }
        }
    }

    /// The next thing that will be due, and when.
    fn next(&self, situation: Situation) -> Option<(Instant, Due)> {
        let unless_writing = |at: Option<Instant>| at.filter(|_| !situation.writing);
        let due = [
            (self.deadline, Due::Deadline),
            (
                self.heartbeat.map(|interval| self.last_read + interval * 2),
                Due::Silence,
            ),
            (
                situation.writing.then(|| self.last_write + self.stall),
                Due::Stall,
            ),
            (
                unless_writing(self.heartbeat.map(|interval| self.last_write + interval / 2)),
                Due::Heartbeat,
            ),
            (
                unless_writing(
                    situation
                        .holds_memory
                        .then(|| self.last_read.max(self.last_write) + IDLE),
                ),
                Due::Idle,
            ),
        ];
        due.into_iter()
            .filter_map(|(at, due)| Some((at?, due)))
            .min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const IDLING: Situation = Situation {
        reading: true,
        writing: false,
        holds_memory: false,
    };

    async fn due(clock: &mut Clock, situation: Situation) -> Due {
        poll_fn(|context| clock.poll(context, situation)).await
    }

    fn running(heartbeat: u16) -> Clock {
        let mut clock = Clock::new(Instant::now() + Duration::from_secs(10), Duration::from_mins(1));
        clock.set_deadline(None);
        clock.set_heartbeat(heartbeat);
        clock
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_of_the_handshake_comes_first() {
        let start = Instant::now();
        let mut clock = Clock::new(start + Duration::from_secs(10), Duration::from_mins(1));
        assert_eq!(due(&mut clock, IDLING).await, Due::Deadline);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_are_due_twice_an_interval_and_silence_after_two() {
        let start = Instant::now();
        let mut clock = running(60);
        for round in 1..=3 {
            assert_eq!(due(&mut clock, IDLING).await, Due::Heartbeat);
            assert_eq!(start.elapsed().as_secs(), 30 * round);
            clock.note_write();
        }
        assert_eq!(due(&mut clock, IDLING).await, Due::Silence);
        assert_eq!(start.elapsed().as_secs(), 120);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_does_not_count_while_input_is_not_read() {
        let start = Instant::now();
        let mut clock = running(10);
        let paused = Situation {
            reading: false,
            writing: true,
            holds_memory: false,
        };
        assert_eq!(due(&mut clock, paused).await, Due::Stall);
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_buffers_are_due_soon_after_the_last_traffic() {
        let start = Instant::now();
        let mut clock = running(0);
        tokio::time::advance(Duration::from_secs(2)).await;
        clock.note_read();
        assert_eq!(
            due(
                &mut clock,
                Situation {
                    holds_memory: true,
                    ..IDLING
                }
            )
            .await,
            Due::Idle
        );
        assert_eq!(start.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_due_without_heartbeat_and_traffic() {
        let mut clock = running(0);
        let day = Duration::from_hours(24);
        assert!(tokio::time::timeout(day, due(&mut clock, IDLING)).await.is_err());
    }
}
