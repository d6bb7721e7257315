//! Who may connect and consume, and what ends a connection that was let in (fiks-io §8.8, §8.9).

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fiks_amqp::{AuthenticateError, Closure, ConsumeError, ConsumeOptions, ReplyCode, SecretString, Session};
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::ko::Broker;

use crate::tilkobling::{Bruker, Tilkobling, bruker, consume, gi, mottaker, nytt_passord, ta};
use crate::world::{Mottak, PLATFORM, World, id_of};
use fiks_identity::testing::{good_token, token_of};

both_engines!(
    crate::TABLES;
    credentials_are_user_and_password_and_a_token_of_the_same_organisation,
    a_queue_is_open_to_who_may_receive_from_its_konto,
    a_queue_is_named_in_one_way,
    counts_of_a_queue_are_for_who_may_receive_from_it,
    a_withdrawn_privilege_ends_the_connections_that_use_it_and_no_others,
    a_deleted_integration_ends_its_connections,
    a_new_password_ends_what_the_old_one_opened,
    an_integration_that_is_switched_off_loses_its_consumers,
    a_deleted_konto_ends_no_connection,
    an_expired_token_ends_nothing,
    a_renewed_secret_is_verified,
    access_that_could_not_be_checked_is_checked_again,
);

fn refused<T>(outcome: &Result<T, AuthenticateError>) -> bool {
    matches!(outcome, Err(AuthenticateError::Refused(_)))
}

/// Waits for the order to close.
async fn closed(session: &Arc<dyn Session>) -> Closure {
    let revoked = tokio::time::timeout(Duration::from_secs(30), session.revoked());
    revoked.await.expect("the connection lives on")
}

fn is_pending<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(future.as_mut().poll(&mut context), Poll::Pending)
}

async fn credentials_are_user_and_password_and_a_token_of_the_same_organisation(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let own = good_token();
    assert!(door.logg_inn(&right, &own).await.is_ok());
    let other = bruker(&world, world.org).await;
    let wrong = Bruker {
        passord: other.passord,
        ..right.clone()
    };
    assert!(refused(&door.logg_inn(&wrong, &own).await));
    let nobody = Bruker {
        id: uuid::Uuid::from_u128(7).into(),
        ..right.clone()
    };
    assert!(refused(&door.logg_inn(&nobody, &own).await));
    assert!(refused(&door.logg_inn(&right, &token_of("910056077")).await));
    assert!(refused(&door.logg_inn(&right, "x.y.z").await));
    let id = right.id.to_string();
    assert!(refused(&door.logg_inn_med(&id, &right.passord).await));
    assert!(refused(&door.logg_inn_med(&id, &own).await));
    assert!(refused(&door.logg_inn_med("guest", "guest").await));
    door.source.fail(1);
    let unavailable = door.logg_inn(&right, &own).await.err();
    assert_eq!(unavailable, Some(AuthenticateError::Unavailable));
}

async fn a_queue_is_open_to_who_may_receive_from_its_konto(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    let sent = world.send().await;
    let mut mottak = Mottak(consume(&session, world.b).await.unwrap());
    assert_eq!(id_of(&mottak.next().await), sent);
    let foreign = consume(&session, world.a).await.err();
    assert_eq!(foreign, Some(ConsumeError::AccessRefused));
    let unknown = consume(&session, uuid::Uuid::from_u128(5).into()).await.err();
    assert_eq!(unknown, Some(ConsumeError::NotFound));
    assert_eq!(world.fiksio.broker().antall_konsumenter(world.a), 0);
    let exclusive = ConsumeOptions {
        exclusive: true,
        no_ack: false,
    };
    let refusal = session
        .consume(&Broker::queue_name(world.b), exclusive)
        .await
        .err();
    assert_eq!(refusal, Some(ConsumeError::ExclusiveUnsupported));
}

async fn a_queue_is_named_in_one_way(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    let plain = world.b.0.simple().to_string();
    let names = [
        world.b.to_string(),
        format!("fiksio.konto.{}", world.b.to_string().to_uppercase()),
        format!("fiksio.konto.{plain}"),
        format!("fiksio.konto.{} ", world.b),
        "fiksio.konto.".to_owned(),
        "amq.gen".to_owned(),
    ];
    for name in names {
        let refusal = session.consume(&name, ConsumeOptions::default()).await.err();
        assert_eq!(refusal, Some(ConsumeError::NotFound), "{name}");
    }
}

async fn counts_of_a_queue_are_for_who_may_receive_from_it(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    world.send_many(3).await;
    let mut mottak = world.lytt(world.b);
    mottak.next().await;
    let counts = session.inspect(&Broker::queue_name(world.b)).await.unwrap();
    assert_eq!((counts.messages, counts.consumers), (2, 1));
    let refusal = session.inspect(&Broker::queue_name(world.a)).await.err();
    assert_eq!(refusal, Some(ConsumeError::AccessRefused));
}

async fn a_withdrawn_privilege_ends_the_connections_that_use_it_and_no_others(test: TestDatabase) {
    let world = World::new(test).await;
    let other_konto = world.konto().await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    gi(&world, &right, other_konto).await;
    let neighbour = mottaker(&world, world.b).await;
    let (using, other) = (door.session(&right).await, door.session(&right).await);
    let third = door.session(&neighbour).await;
    let (_b, _o, _n) = (
        consume(&using, world.b).await.unwrap(),
        consume(&other, other_konto).await.unwrap(),
        consume(&third, world.b).await.unwrap(),
    );
    let (mut others, mut neighbours) = (other.revoked(), third.revoked());
    ta(&world, &right, world.b).await;
    let order = closed(&using).await;
    assert_eq!(order.code, ReplyCode::AccessRefused);
    assert!(is_pending(&mut others) && is_pending(&mut neighbours));
    assert_eq!(
        consume(&using, world.b).await.err(),
        Some(ConsumeError::AccessRefused)
    );
    // The privilege may also come from above the konto.
    let from_above = mottaker(&world, world.org).await;
    let session = door.session(&from_above).await;
    let _consumer = consume(&session, world.b).await.unwrap();
    ta(&world, &from_above, world.org).await;
    assert_eq!(closed(&session).await.code, ReplyCode::AccessRefused);
    assert!(is_pending(&mut others) && is_pending(&mut neighbours));
}

async fn a_deleted_integration_ends_its_connections(test: TestDatabase) {
    let world = World::new(test).await;
    let door = Tilkobling::new(&world);
    let (right, neighbour) = (mottaker(&world, world.b).await, mottaker(&world, world.b).await);
    // It need not consume from anything.
    let (session, other) = (door.session(&right).await, door.session(&neighbour).await);
    let mut others = other.revoked();
    world
        .konfigurasjon
        .slett_integrasjon(PLATFORM, right.id)
        .await
        .unwrap();
    assert_eq!(closed(&session).await.code, ReplyCode::AccessRefused);
    assert!(is_pending(&mut others));
    assert!(refused(&door.logg_inn(&right, &good_token()).await));
}

async fn a_new_password_ends_what_the_old_one_opened(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, old) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&old).await;
    let passord = nytt_passord(&world, old.id).await;
    assert_eq!(closed(&session).await.code, ReplyCode::AccessRefused);
    assert!(refused(&door.logg_inn(&old, &good_token()).await));
    let renewed = Bruker { passord, ..old };
    let session = door.session(&renewed).await;
    gi(&world, &renewed, world.org).await;
    assert!(is_pending(&mut session.revoked()));
}

async fn an_integration_that_is_switched_off_loses_its_consumers(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    let _consumer = consume(&session, world.b).await.unwrap();
    let off = world
        .konfigurasjon
        .sett_aktiv(PLATFORM, world.org, right.id.into(), false);
    off.await.unwrap();
    assert_eq!(closed(&session).await.code, ReplyCode::AccessRefused);
}

async fn a_deleted_konto_ends_no_connection(test: TestDatabase) {
    let world = World::new(test).await;
    let other_konto = world.konto().await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.org).await);
    let session = door.session(&right).await;
    let gone = consume(&session, world.b).await.unwrap();
    let mut other = Mottak(consume(&session, other_konto).await.unwrap());
    let mut revoked = session.revoked();
    world.fiksio.slett_konto(PLATFORM, world.b).await.unwrap();
    Mottak(gone).cancelled().await;
    assert!(is_pending(&mut revoked));
    assert_eq!(
        consume(&session, world.b).await.err(),
        Some(ConsumeError::NotFound)
    );
    let sent = world.send_from_to(world.a, other_konto).await.unwrap();
    assert_eq!(id_of(&other.next().await), sent.id);
}

async fn an_expired_token_ends_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let old = good_token();
    let session = door.logg_inn(&right, &old).await.unwrap();
    let mut revoked = session.revoked();
    assert!(is_pending(&mut revoked));
    door.token_time.advance(Duration::from_hours(24));
    assert!(refused(&door.logg_inn(&right, &old).await));
    // Any change makes the connection look at itself.
    gi(&world, &right, world.org).await;
    for _ in 0..100 {
        assert!(is_pending(&mut revoked));
        tokio::task::yield_now().await;
    }
    let mut mottak = Mottak(consume(&session, world.b).await.unwrap());
    let sent = world.send().await;
    assert_eq!(id_of(&mottak.next().await), sent);
}

async fn a_renewed_secret_is_verified(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    let secret = |passord: &str| SecretString::from(format!("{passord} {}", good_token()));
    assert!(session.renew(secret(&right.passord)).await.is_ok());
    assert!(refused(&session.renew(secret("feil")).await));
    let mut revoked = session.revoked();
    let passord = nytt_passord(&world, right.id).await;
    // Renewed before the connection looks at itself, it goes on.
    session.renew(secret(&passord)).await.unwrap();
    for _ in 0..100 {
        assert!(is_pending(&mut revoked));
        tokio::task::yield_now().await;
    }
}

async fn access_that_could_not_be_checked_is_checked_again(test: TestDatabase) {
    let world = World::new(test).await;
    let (door, right) = (Tilkobling::new(&world), mottaker(&world, world.b).await);
    let session = door.session(&right).await;
    let mut revoked = pin!(session.revoked());
    assert!(
        revoked
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    door.source.fail(1);
    nytt_passord(&world, right.id).await;
    let order = tokio::time::timeout(Duration::from_secs(30), revoked).await;
    assert_eq!(order.expect("never checked again").code, ReplyCode::AccessRefused);
}
