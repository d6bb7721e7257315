//! What the endpoint asks of whoever owns the queues.
//!
//! A [`Backend`] checks credentials and gives a [`Session`] per connection; a session gives a
//! [`Subscription`] per consumer. Every future may be dropped before it is done (deadline, lost connection):
//! it must then leave nothing behind.

use std::{
    borrow::Cow,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;
pub use secrecy::{ExposeSecret, SecretString};

use crate::{
    delivery::{Batch, DeliveryId, Outcome},
    reply::Closure,
};

/// Checks who connects.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Called once per connection, with a deadline of [`crate::Limits::authenticate`].
    async fn authenticate(&self, login: Login) -> Result<Arc<dyn Session>, AuthenticateError>;
}

/// What a client showed (SASL PLAIN).
#[derive(Debug, Clone)]
pub struct Login {
    /// User name, not yet verified.
    pub username: String,
    /// Password.
    pub secret: SecretString,
    /// Where the connection comes from.
    pub peer: SocketAddr,
}

/// Why nobody was let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// Wrong credentials: 403 ACCESS_REFUSED with this explanation, which the client's developer reads.
    #[error("login refused: {0}")]
    Refused(Cow<'static, str>),
    /// They could not be checked: 541 INTERNAL_ERROR, clients try again.
    #[error("credentials could not be checked")]
    Unavailable,
}

impl AuthenticateError {
    /// A refusal that tells no more than RabbitMQ does.
    pub const fn refused() -> Self {
        Self::Refused(Cow::Borrowed("login was refused: check user name and password"))
    }
}

/// One authenticated connection. Dropped when the connection has ended, after all its subscriptions.
#[async_trait]
pub trait Session: Send + Sync + 'static {
    /// Starts consuming from `queue`, with a deadline of [`crate::Limits::backend_call`].
    async fn consume(
        &self,
        queue: &str,
        options: ConsumeOptions,
    ) -> Result<Box<dyn Subscription>, ConsumeError>;

    /// Counts of an existing queue, for a passive `queue.declare`. Same errors and deadline as
    /// [`Session::consume`].
    async fn inspect(&self, queue: &str) -> Result<QueueStatus, ConsumeError>;

    /// Checks a renewed password (`connection.update-secret`). An error closes the connection.
    async fn renew(&self, secret: SecretString) -> Result<(), AuthenticateError>;

    /// Resolves when the connection must be closed, for example because access was withdrawn. Called once.
    async fn revoked(&self) -> Closure;
}

/// How a client wants to consume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsumeOptions {
    /// Nothing will be acknowledged by the client; the endpoint settles each delivery when it queues it for
    /// sending.
    pub no_ack: bool,
    /// The consumer wants the queue for itself.
    pub exclusive: bool,
}

/// What is known about a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueStatus {
    /// Messages ready for delivery.
    pub messages: u32,
    /// Consumers on the queue.
    pub consumers: u32,
}

/// Why there is no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConsumeError {
    /// 404 NOT_FOUND, closes the channel.
    #[error("no such queue")]
    NotFound,
    /// 403 ACCESS_REFUSED, closes the channel.
    #[error("no access to the queue")]
    AccessRefused,
    /// 405 RESOURCE_LOCKED, closes the channel.
    #[error("the queue is used exclusively by someone else")]
    ResourceLocked,
    /// 540 NOT_IMPLEMENTED, closes the connection: exclusive consumers are not offered.
    #[error("exclusive consumers are not supported")]
    ExclusiveUnsupported,
    /// 541 INTERNAL_ERROR, closes the connection: clients reconnect and try again.
    #[error("the queue is unavailable at the moment")]
    Unavailable,
}

/// The queue is gone; nothing more will be delivered. The client gets `basic.cancel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// One consumer's view of a queue.
///
/// For each delivery that was handed over, the endpoint does exactly one of: settle it once, or drop the
/// subscription without having settled it. Dropping means: back to the front of the queue in the old order,
/// redelivered. Neither the methods nor the drop may block: they run in the connection's task.
pub trait Subscription: Send {
    /// Puts deliveries into `batch` until it is full or none are left, and answers `Ready` when there is at
    /// least one. `Pending` when there is none; then `context`'s waker must be woken when that changes.
    /// Answering `Ready(Ok)` with an empty batch only costs time. Not called again after [`Cancelled`] or
    /// [`Subscription::stop`].
    fn poll_deliveries(
        &mut self,
        context: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Result<(), Cancelled>>;

    /// It was woken but can take nothing now: it has no credit, or its peer does not read. It is polled again when that
    /// changes. A back end that wakes one of several for a delivery must wake another one in its place.
    fn pass(&mut self) {}

    /// Ends deliveries that were handed over. Must not block: AMQP has no answer to an acknowledgement, so
    /// the work is only noted here and made durable in batches. What waits is bounded by the back end itself,
    /// which can stop delivering: never more settlements arrive than it has handed over deliveries. May be
    /// called after [`Cancelled`] or [`Subscription::stop`].
    fn settle(&mut self, outcome: Outcome, deliveries: &[DeliveryId]);

    /// The consumer was cancelled but still holds deliveries that it may settle: it no longer counts as a
    /// consumer.
    fn stop(&mut self);
}
