//! Questions to the back end: at most one open per connection, each with a deadline.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::time::timeout;

use super::Driver;
use crate::{
    backend::{AuthenticateError, ConsumeError, Login, QueueStatus, Session, Subscription},
    connection::{Answer, Call, ConsumerId, LoginFault},
    limits::Limits,
    metrics::count,
};

/// What a call brings back.
pub(super) enum Reply {
    /// With the user name that was checked.
    Authenticated(String, Result<Arc<dyn Session>, AuthenticateError>),
    Renewed(Result<(), AuthenticateError>),
    Consumed(ConsumerId, Result<Box<dyn Subscription>, ConsumeError>),
    Inspected(Result<QueueStatus, ConsumeError>),
}

impl<S> Driver<S> {
    pub(super) fn start_call(&mut self, call: Call) {
        // There is a session: the state machine asks for nothing before somebody has logged in.
        let session = self.session.clone();
        self.call = session.map(|session| ask(session, call, &self.shared.limits));
    }

    pub(super) fn authenticate(&mut self, username: String, secret: SecretString) {
        let (backend, limit) = (Arc::clone(&self.shared.backend), self.shared.limits.authenticate);
        let login = Login {
            username: username.clone(),
            secret,
            peer: self.peer,
        };
        self.call = Some(Box::pin(async move {
            Reply::Authenticated(username, bounded(limit, backend.authenticate(login)).await)
        }));
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
            Reply::Authenticated(username, result) => {
                Answer::Authenticated(self.logged_in(&username, result))
            }
            Reply::Renewed(result) => Answer::Renewed(result),
            Reply::Consumed(consumer, result) => Answer::Consumed(result.map(|subscription| {
                self.subscriptions.insert(consumer, subscription);
            })),
            Reply::Inspected(result) => Answer::Inspected(result),
        }
    }

    fn logged_in(
        &mut self,
        username: &str,
        result: Result<Arc<dyn Session>, AuthenticateError>,
    ) -> Result<(), LoginFault> {
        let session = result.map_err(|error| {
            count(&self.tally.metrics().logins_refused);
            let unavailable = error == AuthenticateError::Unavailable;
            tracing::info!(peer = %self.peer, unavailable, "amqp login refused");
            LoginFault::Back(error)
        })?;
        count(&self.tally.metrics().logins_accepted);
        self.user = Some(
            self.shared
                .registry
                .enter(username)
                .map_err(LoginFault::TooManyConnections)?,
        );
        let watched = Arc::clone(&session);
        self.revoked = Some(Box::pin(async move { watched.revoked().await }));
        self.session = Some(session);
        Ok(())
    }
}

fn ask(session: Arc<dyn Session>, call: Call, limits: &Limits) -> BoxFuture<'static, Reply> {
    let (login, other) = (limits.authenticate, limits.backend_call);
    Box::pin(async move {
        match call {
            Call::Renew { secret } => Reply::Renewed(bounded(login, session.renew(secret)).await),
            Call::Consume {
                consumer,
                queue,
                options,
            } => Reply::Consumed(consumer, bounded(other, session.consume(&queue, options)).await),
            Call::Inspect { queue } => Reply::Inspected(bounded(other, session.inspect(&queue)).await),
        }
    })
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
