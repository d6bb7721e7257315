//! Questions to the back end: at most one open per connection, each with a deadline.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::timeout;

use super::Driver;
use crate::{
    backend::{AuthenticateError, ConsumeError, Login, QueueStatus, Session, Subscription},
    connection::{Answer, Call, ConsumerId, LoginFault},
    metrics::count,
};

/// What a call brings back.
pub(super) enum Reply {
    Authenticated(Result<Arc<dyn Session>, AuthenticateError>),
    Renewed(Result<(), AuthenticateError>),
    Consumed(ConsumerId, Result<Box<dyn Subscription>, ConsumeError>),
    Inspected(Result<QueueStatus, ConsumeError>),
}

impl<S> Driver<S> {
    pub(super) fn start_call(&mut self, call: Call) {
        let limits = &self.shared.limits;
        let (login, other) = (limits.authenticate, limits.backend_call);
        let Some(session) = self.session.clone() else {
            if let Call::Authenticate { username, secret } = call {
                let backend = Arc::clone(&self.shared.backend);
                let attempt = Login {
                    username,
                    secret,
                    peer: self.peer,
                };
                self.call = Some(Box::pin(async move {
                    Reply::Authenticated(bounded(login, backend.authenticate(attempt)).await)
                }));
            }
            return;
        };
        self.call = match call {
            // The state machine authenticates once, before there is a session.
            Call::Authenticate { .. } => None,
            Call::Renew { secret } => Some(Box::pin(async move {
                Reply::Renewed(bounded(login, session.renew(secret)).await)
            })),
            Call::Consume {
                consumer,
                queue,
                options,
            } => Some(Box::pin(async move {
                Reply::Consumed(consumer, bounded(other, session.consume(&queue, options)).await)
            })),
            Call::Inspect { queue } => Some(Box::pin(async move {
                Reply::Inspected(bounded(other, session.inspect(&queue)).await)
            })),
        };
    }

    /// Passes an answer on; whether there was one.
    pub(super) fn poll_call(&mut self, context: &mut Context<'_>) -> bool {
        let Some(call) = &mut self.call else { return false };
        let Poll::Ready(reply) = call.as_mut().poll(context) else {
            return false;
        };
        self.call = None;
        let answer = self.answer(reply);
        self.machine.on_answer(answer);
        self.apply();
        self.backlog = true;
        true
    }

    fn answer(&mut self, reply: Reply) -> Answer {
        match reply {
            Reply::Authenticated(result) => Answer::Authenticated(self.logged_in(result)),
            Reply::Renewed(result) => Answer::Renewed(result),
            Reply::Consumed(consumer, result) => Answer::Consumed(result.map(|subscription| {
                self.subscriptions.insert(consumer, subscription);
            })),
            Reply::Inspected(result) => Answer::Inspected(result),
        }
    }

    fn logged_in(&mut self, result: Result<Arc<dyn Session>, AuthenticateError>) -> Result<(), LoginFault> {
        let session = result.map_err(|error| {
            count(&self.tally.metrics().logins_refused);
            LoginFault::Back(error)
        })?;
        count(&self.tally.metrics().logins_accepted);
        self.user = Some(
            self.shared
                .registry
                .enter(self.username())
                .map_err(LoginFault::TooManyConnections)?,
        );
        let watched = Arc::clone(&session);
        self.revoked = Some(Box::pin(async move { watched.revoked().await }));
        self.session = Some(session);
        Ok(())
    }
}

/// Back-end errors that have a word for "not now".
trait Unavailable {
    const UNAVAILABLE: Self;
}

impl Unavailable for AuthenticateError {
    const UNAVAILABLE: Self = Self::Unavailable;
}

impl Unavailable for ConsumeError {
    const UNAVAILABLE: Self = Self::Unavailable;
}

/// Waits for an answer, at most so long.
async fn bounded<T, E: Unavailable>(
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(limit, call).await.unwrap_or(Err(E::UNAVAILABLE))
}
