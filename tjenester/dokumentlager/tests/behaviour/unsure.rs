//! A commit whose outcome nobody learns must not cost a document that may have been stored its bytes.

use std::fs::File;
use std::time::{Duration, SystemTime};

use fiks_core::Problem;
use fiks_database::testing::TestDatabase;
use fiks_database::{Engine, both_engines};

use crate::support::{MAKS, World, content};

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    bytes_are_left_to_the_sweep_when_the_commit_fails,
    bytes_are_left_to_the_sweep_when_the_connection_is_lost_in_the_commit,
    bytes_are_removed_when_the_row_is_refused,
);

/// From now on each change to the documents is fine until it is committed.
async fn break_commits(world: &World) {
    let engine = world.test.database.engine();
    for statement in match engine {
        Engine::Sqlite => vec![
            "CREATE TABLE forelder (id INTEGER PRIMARY KEY)",
            "CREATE TABLE barn (forelder INTEGER REFERENCES forelder DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TRIGGER brudd AFTER INSERT ON dokumentlager_dokument BEGIN INSERT INTO barn VALUES (1); END",
        ],
        Engine::Postgres => vec![
            "CREATE FUNCTION brudd() RETURNS trigger AS $$ BEGIN RAISE 'brudd'; END $$ LANGUAGE plpgsql",
            "CREATE CONSTRAINT TRIGGER brudd AFTER INSERT ON dokumentlager_dokument \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION brudd()",
        ],
    } {
        world.sql(statement).await;
    }
}

async fn mend_commits(world: &World) {
    world
        .sql(match world.test.database.engine() {
            Engine::Sqlite => "DROP TRIGGER brudd",
            Engine::Postgres => "DROP TRIGGER brudd ON dokumentlager_dokument",
        })
        .await;
}

async fn bytes_are_left_to_the_sweep_when_the_commit_fails(test: TestDatabase) {
    let world = World::new(test).await;
    break_commits(&world).await;
    let failure = world
        .lagre_som(world.nytt(), &content(10), MAKS)
        .await
        .unwrap_err();
    assert_eq!(failure.kind().code, "database.feil");
    assert_eq!((world.stored().await, world.rows().await), (1, 0));
    mend_commits(&world).await;
    let id = world.lagre(&content(20)).await;
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(20));
    for file in world.all_files() {
        let file = File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(25))
            .unwrap();
    }
    assert_eq!(world.service.fei_foreldrelose().await.unwrap(), 1);
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(20));
}

/// SQLite has no connection to lose.
async fn bytes_are_left_to_the_sweep_when_the_connection_is_lost_in_the_commit(test: TestDatabase) {
    let world = World::new(test).await;
    if world.test.database.engine() == Engine::Sqlite {
        return;
    }
    break_commits(&world).await;
    world
        .sql(
            "CREATE OR REPLACE FUNCTION brudd() RETURNS trigger AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$ LANGUAGE plpgsql",
        )
        .await;
    let failure = world
        .lagre_som(world.nytt(), &content(10), MAKS)
        .await
        .unwrap_err();
    assert_eq!(failure.kind().code, "database.feil");
    assert_eq!(world.stored().await, 1);
}

async fn bytes_are_removed_when_the_row_is_refused(test: TestDatabase) {
    let world = World::new(test).await;
    world
        .sql("CREATE UNIQUE INDEX ett_navn ON dokumentlager_dokument (navn)")
        .await;
    let id = world.lagre(&content(10)).await;
    let failure = world
        .lagre_som(world.nytt(), &content(20), MAKS)
        .await
        .unwrap_err();
    assert_eq!(failure.kind().code, "database.feil");
    assert_eq!((world.stored().await, world.rows().await), (1, 1));
    assert_eq!(world.hent(&world.mottaker, id).await.unwrap(), content(10));
}
