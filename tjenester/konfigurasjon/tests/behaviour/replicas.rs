//! Two replicas on one PostgreSQL database. Passed over, like the other suites there, where no server is named.

use fiks_core::id::ROOT;
use fiks_database::testing;
use fiks_database::{Database, Options};
use fiks_identity::{Authoriser, Caller, IntegrasjonSource};
use fiks_konfigurasjon::Konfigurasjon;
use fiks_konfigurasjon::model::katalog::{ADMIN, FIKSIO_SENDE};
use tokio::sync::watch;

use crate::support::{World, aktor, id, service};

/// A world, and another process' service on its database.
async fn two_replicas() -> Option<(World, Konfigurasjon)> {
    let found = testing::postgres(vec![fiks_konfigurasjon::migrations])
        .await
        .unwrap();
    let world = World::new(found?).await;
    let database = Database::open(&world.test.address, &Options::default())
        .await
        .unwrap();
    Some((world, service(&database)))
}

async fn holds(service: &Konfigurasjon, caller: &Caller, world: &World) -> bool {
    service
        .is_authorised(&aktor(caller), FIKSIO_SENDE, world.bo.into())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_change_by_another_replica_counts_after_catching_up() {
    let Some((world, other)) = two_replicas().await else {
        return;
    };
    for expected in [true, false] {
        if expected {
            world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
        } else {
            world.take(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
        }
        other.catch_up().await.unwrap();
        assert_eq!(holds(&other, &world.nobody, &world).await, expected);
    }
    assert!(other.find(id(&world.nobody)).await.unwrap().is_some());
    world
        .service
        .slett_integrasjon(&world.bo_admin, id(&world.nobody))
        .await
        .unwrap();
    other.catch_up().await.unwrap();
    assert!(other.find(id(&world.nobody)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_change_by_another_replica_counts_by_itself() {
    let Some((world, other)) = two_replicas().await else {
        return;
    };
    world.give(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    while !holds(&other, &world.nobody, &world).await {
        tokio::task::yield_now().await;
    }
    world.take(&world.nobody, FIKSIO_SENDE, world.bo.into()).await;
    while holds(&other, &world.nobody, &world).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_waits_for_changes_hears_of_those_by_another_replica() {
    let Some((world, other)) = two_replicas().await else {
        return;
    };
    let (stop, stopped) = watch::channel(false);
    let following = tokio::spawn({
        let other = other.clone();
        async move { other.follow_replicas(stopped).await }
    });
    other.catch_up().await.unwrap();
    let mut changes = other.changes();
    world.take(&world.root, ADMIN, ROOT).await;
    changes.changed().await.unwrap();
    assert!(!other.access().allows(&world.root, ADMIN, ROOT).await.unwrap());
    stop.send(true).unwrap();
    following.await.unwrap();
}
