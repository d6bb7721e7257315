//! The one clock of the platform.
//!
//! Invariant: every ttl, expiry, deadline and job reads time here and nowhere else, so that a test environment
//! can move it and see all of them react. Tokens and certificates are the exception: they are shared with
//! foreign programs and stay on the real clock ([`Timestamp::real`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A moment: milliseconds since 1970-01-01T00:00:00Z. On the wire an RFC 3339 text in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// What the operating system's clock says, whatever the platform's clock has been moved to.
    /// For tokens and certificates only.
    pub fn real() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// This moment plus a duration; the end of time when that overflows.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    /// This moment plus that many milliseconds; the end of time when that overflows.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This moment minus a duration; the beginning of time when that overflows.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(formatter, "{moment:.3}"),
            Err(_) => write!(formatter, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let moment: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(moment.as_millisecond()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// Reads the platform's time. Cheap to clone; all clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Face>);

#[derive(Debug)]
struct Face {
    offset_millis: AtomicI64,
    moved: watch::Sender<i64>,
}

/// Moves a [`Clock`]. Only a test environment ever holds one.
#[derive(Clone, Debug)]
pub struct ClockHand(Clock);

impl Clock {
    /// The operating system's time. Nobody can move it.
    pub fn system() -> Self {
        Self::with_offset(0)
    }

    /// A clock that runs `offset_millis` ahead of the operating system's, and the hand that moves it further.
    pub fn movable(offset_millis: i64) -> (Self, ClockHand) {
        let clock = Self::with_offset(offset_millis);
        (clock.clone(), ClockHand(clock))
    }

    fn with_offset(offset_millis: i64) -> Self {
        Self(Arc::new(Face {
            offset_millis: AtomicI64::new(offset_millis),
            moved: watch::Sender::new(offset_millis),
        }))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::real().plus_millis(self.offset_millis())
    }

    /// How far this clock runs ahead of the operating system's, in milliseconds.
    pub fn offset_millis(&self) -> i64 {
        self.0.offset_millis.load(Ordering::Acquire)
    }

    /// Returns once the time is `moment` or later, also when the clock is moved past it.
    pub async fn sleep_until(&self, moment: Timestamp) {
        let mut moved = self.0.moved.subscribe();
        loop {
            moved.mark_unchanged();
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Returns after `duration` on this clock.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().plus(duration)).await;
    }

    /// A receiver that changes whenever the clock is moved, for work that sorts many deadlines itself.
    pub fn moves(&self) -> watch::Receiver<i64> {
        self.0.moved.subscribe()
    }
}

impl ClockHand {
    /// Moves the clock forward and wakes everyone who waits for a moment. Returns the new offset in milliseconds.
    /// Time never goes back: what has expired stays expired.
    pub fn advance(&self, duration: Duration) -> i64 {
        let step = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let face = &self.0.0;
        let mut offset = 0;
        face.moved.send_modify(|shown| {
            *shown = shown.saturating_add(step);
            offset = *shown;
            face.offset_millis.store(offset, Ordering::Release);
        });
        offset
    }

    /// The clock that this hand moves.
    pub fn clock(&self) -> &Clock {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_back_what_it_writes() {
        let moment = Timestamp::from_millis(1_763_812_800_123);
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, "\"2025-11-22T12:00:00.123Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), moment);
    }

    #[test]
    fn a_timestamp_with_another_offset_is_the_same_moment() {
        let moment: Timestamp = serde_json::from_str("\"2025-11-22T13:00:00.123456789+01:00\"").unwrap();
        assert_eq!(moment, Timestamp::from_millis(1_763_812_800_123));
    }

    #[tokio::test]
    async fn moving_the_clock_wakes_a_sleeper_that_waits_for_days() {
        let (clock, hand) = Clock::movable(0);
        let moment = clock.now().plus(Duration::from_hours(48));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(moment).await;
                clock.now()
            }
        });
        hand.advance(Duration::from_hours(48));
        assert!(sleeper.await.unwrap() >= moment);
    }

    #[test]
    fn the_clock_does_not_wrap_around() {
        let (clock, hand) = Clock::movable(i64::MAX - 1);
        assert_eq!(hand.advance(Duration::MAX), i64::MAX);
        assert_eq!(clock.now().as_millis(), i64::MAX);
    }
}
