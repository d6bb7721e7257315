//! The one writer of a SQLite database, with group commit.
//!
//! Invariant: nobody is told of success before the transaction that holds the change is committed, and changes are
//! answered in the order in which they were committed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking::Parking;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

use crate::error::DatabaseError;

/// Changes that may wait for the writer; further callers wait to hand theirs in.
const QUEUE: usize = 4096;
/// Changes that share one transaction at most, so that one flush never keeps the first of them waiting for long.
const BATCH: usize = 512;

/// What a change says once the fate of the whole transaction is known.
type Answer = Box<dyn FnOnce(Result<(), DatabaseError>) + Send>;
/// Runs a change inside a transaction. `Err` means: roll this one back, then answer.
type Change =
    Box<dyn for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<Answer, Answer>> + Send>;

pub(crate) struct Writer {
    queue: Parking<mpsc::Sender<Change>>,
    stopped: tokio::sync::watch::Receiver<bool>,
}

impl Writer {
    pub(crate) fn start(connection: DatabaseConnection, delay: Duration, commits: Arc<AtomicU64>) -> Self {
        let (queue, changes) = mpsc::channel(QUEUE);
        let (ended, stopped) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            Loop {
                connection,
                delay,
                commits,
            }
            .run(changes)
            .await;
            let _ = ended.send(true);
        });
        Self {
            queue: Parking::new(queue),
            stopped,
        }
    }

    pub(crate) async fn submit<T, E, F, A>(&self, change: F, after: A) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let queue = self.queue.get().ok_or(DatabaseError::Stopped)?;
        let (reply, replied) = oneshot::channel();
        queue
            .send(prepare(change, after, reply))
            .await
            .map_err(|_| DatabaseError::Stopped)?;
        replied.await.map_err(|_| DatabaseError::Stopped)?
    }

    /// Takes no more changes and returns when those handed in are done.
    pub(crate) async fn stop(&self) {
        self.queue.take();
        let mut stopped = self.stopped.clone();
        let _ = stopped.wait_for(|ended| *ended).await;
    }
}

fn prepare<T, E, F, A>(change: F, after: A, reply: oneshot::Sender<Result<T, E>>) -> Change
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    A: FnOnce(&T) + Send + 'static,
    T: Send + 'static,
    E: From<DatabaseError> + Send + 'static,
{
    Box::new(move |transaction| {
        Box::pin(async move {
            match AssertUnwindSafe(change(transaction)).catch_unwind().await {
                Ok(Ok(value)) => Ok(Box::new(move |committed: Result<(), DatabaseError>| {
                    let outcome = committed.map(|()| {
                        after(&value);
                        value
                    });
                    let _ = reply.send(outcome.map_err(E::from));
                }) as Answer),
                Ok(Err(error)) => Err(Box::new(move |_| drop(reply.send(Err(error)))) as Answer),
                Err(_) => {
                    Err(Box::new(move |_| drop(reply.send(Err(DatabaseError::Panicked.into())))) as Answer)
                }
            }
        })
    })
}

struct Loop {
    connection: DatabaseConnection,
    delay: Duration,
    commits: Arc<AtomicU64>,
}

impl Loop {
    async fn run(self, mut changes: mpsc::Receiver<Change>) {
        let mut batch = Vec::with_capacity(BATCH);
        while changes.recv_many(&mut batch, BATCH).await > 0 {
            let (answers, committed) = self.commit(batch.drain(..)).await;
            for answer in answers {
                answer(committed.clone());
            }
        }
        let _ = self.connection.close().await;
    }

    /// Runs the changes in one transaction. The answers are owed in either case.
    async fn commit(&self, batch: std::vec::Drain<'_, Change>) -> (Vec<Answer>, Result<(), DatabaseError>) {
        let mut answers = Vec::with_capacity(batch.len());
        let transaction = match self.connection.begin().await {
            Ok(transaction) => transaction,
            // The changes are dropped unrun; their callers see a closed channel.
            Err(error) => return (answers, Err(error.into())),
        };
        for change in batch {
            match in_savepoint(&transaction, change).await {
                Ok(Ok(answer)) => answers.push(answer),
                Ok(Err(refused)) => refused(Ok(())),
                Err(error) => return (answers, Err(error.into())),
            }
        }
        let committed = transaction.commit().await.map_err(DatabaseError::from);
        self.commits.fetch_add(1, Ordering::Relaxed);
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        (answers, committed)
    }
}

/// A change that fails leaves nothing behind, and the others stay.
async fn in_savepoint(outer: &DatabaseTransaction, change: Change) -> Result<Result<Answer, Answer>, DbErr> {
    let savepoint = outer.begin().await?;
    let outcome = change(&savepoint).await;
    match outcome {
        Ok(_) => savepoint.commit().await?,
        Err(_) => savepoint.rollback().await?,
    }
    Ok(outcome)
}

/// A value that is there until it is taken, readable by many.
mod parking {
    use std::sync::RwLock;

    pub(super) struct Parking<T>(RwLock<Option<T>>);

    impl<T: Clone> Parking<T> {
        pub(super) fn new(value: T) -> Self {
            Self(RwLock::new(Some(value)))
        }

        pub(super) fn get(&self) -> Option<T> {
            self.0.read().ok()?.clone()
        }

        pub(super) fn take(&self) {
            if let Ok(mut place) = self.0.write() {
                place.take();
            }
        }
    }
}
