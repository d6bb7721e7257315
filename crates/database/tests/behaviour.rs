//! What both engines promise alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fiks_core::{Clock, Random};
use fiks_database::idempotency::{self, Attempt, IdempotencyError};
use fiks_database::jobs::{self, Handler, Job, JobError, NewJob, Runner};
use fiks_database::testing::TestDatabase;
use fiks_database::{Database, DatabaseError, Migrations, both_engines, settings};
use sea_orm::ConnectionTrait;
use tokio::sync::{Semaphore, watch};

both_engines!(
    [];
    a_change_that_fails_leaves_nothing_and_harms_nobody,
    a_change_that_panics_is_rolled_back,
    a_change_goes_on_when_its_caller_leaves,
    migrating_twice_changes_nothing,
    a_setting_is_replaced,
    a_repeat_gets_the_first_answer,
    a_repeat_of_a_request_at_work_is_told_to_wait,
    a_cut_off_request_is_reported_once_it_must_be_dead,
    a_job_enqueued_in_a_failed_change_never_runs,
    a_job_whose_worker_died_is_taken_over,
    a_failing_job_is_tried_again_and_then_given_up,
    a_job_waits_for_its_time,
);

async fn count(database: &Database, table: &str) -> i64 {
    let statement = sea_orm::Statement::from_string(
        database.reader().get_database_backend(),
        format!("SELECT COUNT(*) AS n FROM {table}"),
    );
    database
        .reader()
        .query_one_raw(statement)
        .await
        .unwrap()
        .unwrap()
        .try_get("", "n")
        .unwrap()
}

fn insert(key: &str) -> String {
    format!("INSERT INTO innstilling (nokkel, verdi) VALUES ('{key}', 'x')")
}

async fn a_change_that_fails_leaves_nothing_and_harms_nobody(test: TestDatabase) {
    let changes = (0..100).map(|number| {
        let database = test.database.clone();
        tokio::spawn(async move {
            let outcome: Result<(), DatabaseError> = database
                .write(move |transaction| {
                    Box::pin(async move {
                        transaction
                            .execute_unprepared(&insert(&number.to_string()))
                            .await?;
                        if number % 2 == 0 {
                            Err(DatabaseError::Address("refused".to_owned()))
                        } else {
                            Ok(())
                        }
                    })
                })
                .await;
            assert_eq!(outcome.is_ok(), number % 2 == 1);
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    assert_eq!(count(&test.database, "innstilling").await, 50);
}

async fn a_change_that_panics_is_rolled_back(test: TestDatabase) {
    let outcome: Result<(), DatabaseError> = test
        .database
        .write(|transaction| {
            Box::pin(async move {
                transaction.execute_unprepared(&insert("a")).await?;
                panic!("on purpose");
            })
        })
        .await;
    assert!(matches!(outcome, Err(DatabaseError::Panicked)));
    assert_eq!(count(&test.database, "innstilling").await, 0);
    settings::store(&test.database, "b", "still writing".to_owned())
        .await
        .unwrap();
}

async fn a_change_goes_on_when_its_caller_leaves(test: TestDatabase) {
    let (started, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (told, mut after) = watch::channel(false);
    let caller = tokio::spawn({
        let (database, started, gate) = (test.database.clone(), started.clone(), gate.clone());
        async move {
            let outcome: Result<(), DatabaseError> = database
                .write_then(
                    move |transaction| {
                        Box::pin(async move {
                            started.add_permits(1);
                            gate.acquire().await.unwrap().forget();
                            transaction.execute_unprepared(&insert("a")).await?;
                            Ok(())
                        })
                    },
                    move |()| {
                        let _ = told.send(true);
                    },
                )
                .await;
            outcome
        }
    });
    started.acquire().await.unwrap().forget();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    after.wait_for(|done| *done).await.unwrap();
    assert_eq!(count(&test.database, "innstilling").await, 1);
}

async fn migrating_twice_changes_nothing(test: TestDatabase) {
    settings::store(&test.database, "kept", "yes".to_owned())
        .await
        .unwrap();
    Migrations::new([]).run(&test.database).await.unwrap();
    assert_eq!(
        settings::read(&test.database, "kept").await.unwrap().as_deref(),
        Some("yes")
    );
}

async fn a_setting_is_replaced(test: TestDatabase) {
    for value in ["one", "two"] {
        settings::store(&test.database, "key", value.to_owned())
            .await
            .unwrap();
    }
    assert_eq!(
        settings::read(&test.database, "key").await.unwrap().as_deref(),
        Some("two")
    );
    assert_eq!(settings::read(&test.database, "other").await.unwrap(), None);
}

async fn a_repeat_gets_the_first_answer(test: TestDatabase) {
    let clock = Clock::system();
    let Attempt::First(claim) = idempotency::claim(&test.database, &clock, vec![1]).await.unwrap() else {
        panic!("an unused key was taken");
    };
    claim.answer(&test.database, b"answer".to_vec()).await.unwrap();
    let Attempt::Repeat(answer) = idempotency::claim(&test.database, &clock, vec![1]).await.unwrap() else {
        panic!("the repeat was run");
    };
    assert_eq!(answer, b"answer");
}

async fn a_repeat_of_a_request_at_work_is_told_to_wait(test: TestDatabase) {
    let clock = Clock::system();
    let Attempt::First(claim) = idempotency::claim(&test.database, &clock, vec![1]).await.unwrap() else {
        panic!("an unused key was taken");
    };
    let repeat = idempotency::claim(&test.database, &clock, vec![1]).await;
    assert!(matches!(repeat, Err(IdempotencyError::InUse)));
    claim.release(&test.database).await.unwrap();
    assert!(matches!(
        idempotency::claim(&test.database, &clock, vec![1]).await,
        Ok(Attempt::First(_))
    ));
}

async fn a_cut_off_request_is_reported_once_it_must_be_dead(test: TestDatabase) {
    let (clock, hand) = Clock::movable(0);
    idempotency::claim(&test.database, &clock, vec![1]).await.unwrap();
    hand.advance(Duration::from_hours(2));
    let repeat = idempotency::claim(&test.database, &clock, vec![1]).await;
    assert!(matches!(repeat, Err(IdempotencyError::AnswerLost)));
    hand.advance(idempotency::RETENTION);
    assert_eq!(idempotency::purge(&test.database, &clock).await.unwrap(), 1);
}

struct Counting {
    calls: AtomicU32,
    fail: bool,
    called: Semaphore,
}

#[async_trait]
impl Handler for Counting {
    async fn run(&self, _job: &Job) -> Result<(), JobError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.called.add_permits(1);
        if self.fail {
            Err("on purpose".into())
        } else {
            Ok(())
        }
    }
}

fn counting(fail: bool) -> Arc<Counting> {
    Arc::new(Counting {
        calls: AtomicU32::new(0),
        fail,
        called: Semaphore::new(0),
    })
}

async fn enqueue(database: &Database, clock: &Clock, job: NewJob, fail: bool) -> Result<(), DatabaseError> {
    let clock = clock.clone();
    database
        .write(move |transaction| {
            Box::pin(async move {
                jobs::enqueue(transaction, &clock, &Random::system(), job).await?;
                if fail {
                    Err(DatabaseError::Panicked)
                } else {
                    Ok(())
                }
            })
        })
        .await
}

fn start(
    database: &Database,
    clock: &Clock,
    handler: Arc<dyn Handler>,
) -> (watch::Sender<bool>, jobs::RunnerStatus) {
    let runner = Runner::new(database.clone(), clock.clone()).with("test", handler);
    let status = runner.status();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(runner.run(stopped));
    (stop, status)
}

async fn a_job_enqueued_in_a_failed_change_never_runs(test: TestDatabase) {
    let clock = Clock::system();
    let handler = counting(false);
    enqueue(&test.database, &clock, NewJob::new("test", &1).unwrap(), true)
        .await
        .unwrap_err();
    enqueue(&test.database, &clock, NewJob::new("test", &2).unwrap(), false)
        .await
        .unwrap();
    let (_stop, _) = start(&test.database, &clock, handler.clone());
    handler.called.acquire().await.unwrap().forget();
    while count(&test.database, "jobb").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(handler.calls.load(Ordering::SeqCst), 1);
}

struct Hanging(Semaphore);

#[async_trait]
impl Handler for Hanging {
    async fn run(&self, _job: &Job) -> Result<(), JobError> {
        self.0.add_permits(1);
        std::future::pending().await
    }
}

async fn a_job_whose_worker_died_is_taken_over(test: TestDatabase) {
    let (clock, hand) = Clock::movable(0);
    enqueue(&test.database, &clock, NewJob::new("test", &1).unwrap(), false)
        .await
        .unwrap();
    let dead = Arc::new(Hanging(Semaphore::new(0)));
    let (_dead_stop, _) = start(&test.database, &clock, dead.clone());
    dead.0.acquire().await.unwrap().forget();
    let heir = counting(false);
    let (_stop, _) = start(&test.database, &clock, heir.clone());
    hand.advance(Duration::from_mins(10));
    // The dead worker may lease it once more; only the heir ever finishes it.
    while heir.calls.load(Ordering::SeqCst) == 0 {
        hand.advance(Duration::from_mins(10));
        tokio::task::yield_now().await;
    }
    assert_eq!(heir.calls.load(Ordering::SeqCst), 1);
}

async fn a_failing_job_is_tried_again_and_then_given_up(test: TestDatabase) {
    let (clock, hand) = Clock::movable(0);
    let handler = counting(true);
    enqueue(&test.database, &clock, NewJob::new("test", &1).unwrap(), false)
        .await
        .unwrap();
    let (_stop, status) = start(&test.database, &clock, handler.clone());
    while status.given_up() == 0 {
        hand.advance(Duration::from_hours(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(
        handler.calls.load(Ordering::SeqCst),
        u32::try_from(jobs::MAX_ATTEMPTS).unwrap()
    );
    while count(
        &test.database,
        "jobb WHERE oppgitt IS NOT NULL AND feil = 'on purpose'",
    )
    .await
        == 0
    {
        tokio::task::yield_now().await;
    }
    hand.advance(jobs::GIVEN_UP_RETENTION + Duration::from_hours(1));
    assert_eq!(Runner::purge(&test.database, &clock).await.unwrap(), 1);
}

async fn a_job_waits_for_its_time(test: TestDatabase) {
    let (clock, hand) = Clock::movable(0);
    let handler = counting(false);
    let later = NewJob::new("test", &1)
        .unwrap()
        .not_before(clock.now().plus(Duration::from_hours(48)));
    enqueue(&test.database, &clock, later, false).await.unwrap();
    enqueue(&test.database, &clock, NewJob::new("test", &2).unwrap(), false)
        .await
        .unwrap();
    let (_stop, _) = start(&test.database, &clock, handler.clone());
    handler.called.acquire().await.unwrap().forget();
    assert_eq!(handler.calls.load(Ordering::SeqCst), 1);
    hand.advance(Duration::from_hours(49));
    handler.called.acquire().await.unwrap().forget();
    assert_eq!(handler.calls.load(Ordering::SeqCst), 2);
}
