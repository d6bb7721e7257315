//! What a [`Mottaker`](super::Mottaker) needs of the AMQP side. A trait, so that tests can break connections at will.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use lapin::message::Delivery;

use crate::Feil;

/// A connection that lived this long, or delivered anything, was a good one: the next pause is short again.
const PROVEN_AFTER: Duration = Duration::from_secs(30);

/// Makes connections.
#[async_trait]
pub(crate) trait Broker: Send + Sync {
    /// Connects, logs in with a valid token, and starts to consume.
    async fn connect(&self) -> Result<Session, Feil>;

    /// Waits before the next attempt.
    async fn pause(&self, duration: Duration);
}

/// Keeps a connection open for as long as anybody holds it.
#[async_trait]
pub(crate) trait Link: Send + Sync {
    /// Closes politely.
    async fn close(&self);
}

/// An open connection with its consumer.
pub(crate) struct Session {
    deliveries: BoxStream<'static, lapin::Result<Delivery>>,
    link: Arc<dyn Link>,
    since: Instant,
    has_delivered: bool,
}

impl Session {
    pub(crate) fn new(deliveries: BoxStream<'static, lapin::Result<Delivery>>, link: Arc<dyn Link>) -> Self {
        Self {
            deliveries,
            link,
            since: Instant::now(),
            has_delivered: false,
        }
    }

    /// The next delivery; `None` when the server has cancelled the consumer. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<lapin::Result<Delivery>> {
        let next = self.deliveries.next().await;
        self.has_delivered |= matches!(next, Some(Ok(_)));
        next
    }

    pub(super) fn link(&self) -> &Arc<dyn Link> {
        &self.link
    }

    /// Whether this was more than a connection that breaks at once.
    pub(super) fn is_proven(&self) -> bool {
        self.has_delivered || self.since.elapsed() >= PROVEN_AFTER
    }
}
