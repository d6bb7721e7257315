//! Counters of an endpoint, cheap enough to be always on.
//!
//! Each connection adds up its own figures and publishes the differences, at most once per turn of its loop.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::connection::Counts;

macro_rules! metrics {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// Shared handle on the counters; read them with [`Metrics::snapshot`].
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(pub(crate) $name: AtomicU64,)+
        }

        /// The counters at one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Snapshot {
            $($(#[$meta])* pub $name: u64,)+
        }

        impl Metrics {
            /// Reads all counters. They are read one after the other, so sums may be off by what happens
            /// meanwhile.
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }
    };
}

metrics! {
    /// Connections open now, authenticated or not.
    connections,
    /// Channels open now.
    channels,
    /// Consumers now, cancelled ones with outstanding deliveries included.
    consumers,
    /// Deliveries without an answer now.
    unacked,
    /// Connections accepted since the start.
    connections_accepted,
    /// Sockets closed at once because of a bound on connections.
    connections_refused,
    /// Logins that the back end accepted.
    logins_accepted,
    /// Logins that the back end refused or could not check.
    logins_refused,
    /// Connections and channels closed by the endpoint with an error.
    faults,
    /// Messages handed to connections for sending.
    deliveries,
    /// Deliveries answered by clients, in whatever way; automatic acknowledgements included.
    settlements,
    /// Frames read.
    frames_received,
    /// Frames queued for sending.
    frames_sent,
    /// Bytes read, after TLS.
    bytes_received,
    /// Bytes written, before TLS.
    bytes_sent,
}

/// Adds one to a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Figures of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readings {
    pub(crate) counts: Counts,
    pub(crate) deliveries: u64,
    pub(crate) settlements: u64,
    pub(crate) frames_received: u64,
    pub(crate) frames_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
}

/// What one connection has published so far; withdraws its gauges when dropped.
#[derive(Debug)]
pub(crate) struct Tally {
    metrics: Arc<Metrics>,
    published: Readings,
}

impl Tally {
    /// Counts the connection.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        count(&metrics.connections);
        count(&metrics.connections_accepted);
        Self {
            metrics,
            published: Readings::default(),
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Publishes what has changed.
    pub(crate) fn publish(&mut self, now: Readings) {
        let (metrics, before) = (&*self.metrics, self.published);
        self.publish_gauges(now.counts, before.counts);
        for (counter, now, before) in [
            (&metrics.deliveries, now.deliveries, before.deliveries),
            (&metrics.settlements, now.settlements, before.settlements),
            (
                &metrics.frames_received,
                now.frames_received,
                before.frames_received,
            ),
            (&metrics.frames_sent, now.frames_sent, before.frames_sent),
            (&metrics.bytes_received, now.bytes_received, before.bytes_received),
            (&metrics.bytes_sent, now.bytes_sent, before.bytes_sent),
        ] {
            shift(counter, now, before);
        }
        self.published = now;
    }

    fn publish_gauges(&self, now: Counts, before: Counts) {
        let metrics = &*self.metrics;
        shift(&metrics.channels, now.channels as u64, before.channels as u64);
        shift(&metrics.consumers, now.consumers as u64, before.consumers as u64);
        shift(&metrics.unacked, now.unacked as u64, before.unacked as u64);
    }
}

/// Adds the difference; wrapping arithmetic makes a negative one come out right.
fn shift(counter: &AtomicU64, now: u64, before: u64) {
    if now != before {
        counter.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.publish_gauges(Counts::default(), self.published.counts);
        self.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_fall_back_and_totals_stay_when_a_connection_ends() {
        let metrics = Arc::<Metrics>::default();
        let mut tally = Tally::new(Arc::clone(&metrics));
        let other = Tally::new(Arc::clone(&metrics));
        let counts = Counts {
            channels: 2,
            consumers: 3,
            unacked: 5,
        };
        tally.publish(Readings {
            counts,
            deliveries: 5,
            ..Readings::default()
        });
        let counts = Counts { unacked: 1, ..counts };
        tally.publish(Readings {
            counts,
            deliveries: 7,
            ..Readings::default()
        });
        let snapshot = metrics.snapshot();
        assert_eq!(
            (snapshot.channels, snapshot.consumers, snapshot.unacked),
            (2, 3, 1)
        );
        assert_eq!((snapshot.connections, snapshot.deliveries), (2, 7));
        drop(tally);
        let snapshot = metrics.snapshot();
        assert_eq!(
            (snapshot.channels, snapshot.consumers, snapshot.unacked),
            (0, 0, 0)
        );
        assert_eq!(
            (
                snapshot.connections,
                snapshot.connections_accepted,
                snapshot.deliveries
            ),
            (1, 2, 7)
        );
        drop(other);
    }
}
