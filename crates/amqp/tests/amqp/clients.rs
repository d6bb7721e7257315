//! What a real client does and sees (contract fiks-io §8 and §13.4-6).

use fiks_amqp::{Closure, ReplyCode};
use futures::StreamExt;
use lapin::{
    ErrorKind,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicPublishOptions,
        BasicRecoverOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};

use crate::{
    memory::{Ledger, USER},
    setup::{Running, consume, next, prefetch},
};

/// Number and text of the protocol error that a call ended with.
fn protocol_error<T: std::fmt::Debug>(result: lapin::Result<T>) -> (u16, String) {
    let error = result.unwrap_err();
    match error.kind() {
        ErrorKind::ProtocolError(error) => (error.get_id(), error.get_message().to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_arrives_with_its_headers_and_is_gone_after_ack() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    queue.publish("payload");
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    prefetch(&channel, 10).await;
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    assert!(consumer.tag().as_str().starts_with("amq.ctag-"));
    let delivery = next(&mut consumer).await;
    assert_eq!(
        (delivery.exchange.as_str(), delivery.routing_key.as_str()),
        ("", "q")
    );
    assert_eq!((delivery.delivery_tag, delivery.redelivered), (1, false));
    assert_eq!(delivery.data, b"payload");
    let headers = delivery.properties.headers().as_ref().unwrap().inner();
    assert_eq!(
        headers.get("melding-id"),
        Some(&AMQPValue::LongString("0".into()))
    );
    assert_eq!(headers.get("type"), Some(&AMQPValue::LongString("ping".into())));
    assert_eq!(
        delivery.properties.expiration().as_ref().unwrap().as_str(),
        "1500"
    );
    assert_eq!(delivery.properties.delivery_mode(), &Some(2));
    delivery.ack(BasicAckOptions::default()).await.unwrap();
    queue.until(|ledger| ledger.acknowledged == 1).await;
    connection.close(200, "".into()).await.unwrap();
    queue
        .until(|ledger| {
            *ledger
                == Ledger {
                    acknowledged: 1,
                    ..Ledger::default()
                }
        })
        .await;
}

#[tokio::test]
async fn bodies_of_every_size_arrive_whole() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    let sizes = [0, 1, 8191, 8192, 131_064, 131_065, 1_000_000, 20_000_000];
    for size in sizes {
        queue.publish(
            (0..size)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect::<Vec<u8>>(),
        );
    }
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    for size in sizes {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.data.len(), size);
        assert!(
            delivery
                .data
                .iter()
                .enumerate()
                .all(|(at, octet)| usize::from(*octet) == at % 251)
        );
    }
}

#[tokio::test]
async fn nack_requeues_in_place_or_discards() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    for body in ["a", "b"] {
        queue.publish(body);
    }
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    prefetch(&channel, 1).await;
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    let first = next(&mut consumer).await;
    first
        .nack(BasicNackOptions {
            requeue: true,
            multiple: false,
        })
        .await
        .unwrap();
    let again = next(&mut consumer).await;
    assert_eq!(
        (&again.data[..], again.redelivered, again.delivery_tag),
        (&b"a"[..], true, 2)
    );
    again
        .nack(BasicNackOptions {
            requeue: false,
            multiple: false,
        })
        .await
        .unwrap();
    let second = next(&mut consumer).await;
    assert_eq!((&second.data[..], second.redelivered), (&b"b"[..], false));
    let ledger = queue.ledger();
    assert_eq!((ledger.requeued, ledger.discarded, ledger.held), (1, 1, 1));
}

#[tokio::test]
async fn prefetch_is_never_exceeded() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    (0..50).for_each(|_| queue.publish("x"));
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    prefetch(&channel, 10).await;
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    for _ in 0..50 {
        let delivery = next(&mut consumer).await;
        let held = queue.ledger().held;
        assert!((1..=10).contains(&held), "{held}");
        delivery.ack(BasicAckOptions::default()).await.unwrap();
    }
    queue.until(|ledger| ledger.acknowledged == 50).await;
}

#[tokio::test]
async fn a_lost_connection_gives_everything_back_to_the_same_tag() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    for body in ["a", "b", "c"] {
        queue.publish(body);
    }
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    prefetch(&channel, 2).await;
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    let tag = consumer.tag();
    next(&mut consumer).await;
    next(&mut consumer).await;
    connection.close(200, "".into()).await.unwrap();
    queue.until(|ledger| ledger.consumers == 0).await;
    assert_eq!(queue.ledger().ready, 3);

    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", tag.as_str()).await.unwrap();
    assert_eq!(consumer.tag(), tag);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let delivery = next(&mut consumer).await;
        seen.push((String::from_utf8(delivery.data).unwrap(), delivery.redelivered));
    }
    assert_eq!(
        seen,
        [("a".into(), true), ("b".into(), true), ("c".into(), false)]
    );
}

#[tokio::test]
async fn a_closed_channel_gives_everything_back_and_others_live_on() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    queue.publish("a");
    let connection = running.connect().await;
    let (one, two) = (
        connection.create_channel().await.unwrap(),
        connection.create_channel().await.unwrap(),
    );
    next(&mut consume(&one, "q", "t").await.unwrap()).await;
    one.close(200, "".into()).await.unwrap();
    let delivery = next(&mut consume(&two, "q", "t").await.unwrap()).await;
    assert!(delivery.redelivered);
}

#[tokio::test]
async fn recover_redelivers() {
    let running = Running::start().await;
    running.memory.queue("q").publish("a");
    let channel = running.connect().await.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    next(&mut consumer).await;
    channel
        .basic_recover(BasicRecoverOptions { requeue: true })
        .await
        .unwrap();
    assert!(next(&mut consumer).await.redelivered);
}

#[tokio::test]
async fn a_cancelled_consumer_stops_counting_and_may_still_ack() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    (0..3).for_each(|_| queue.publish("x"));
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    prefetch(&channel, 1).await;
    let mut consumer = consume(&channel, "q", "t").await.unwrap();
    let delivery = next(&mut consumer).await;
    channel
        .basic_cancel("t".into(), BasicCancelOptions::default())
        .await
        .unwrap();
    assert_eq!(queue.ledger().stopped, 1);
    delivery.ack(BasicAckOptions::default()).await.unwrap();
    queue
        .until(|ledger| (ledger.acknowledged, ledger.consumers, ledger.ready) == (1, 0, 2))
        .await;
}

#[tokio::test]
async fn a_deleted_queue_cancels_its_consumers() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    let channel = running.connect().await.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "t").await.unwrap();
    queue.delete();
    assert!(consumer.next().await.is_none());
    assert!(channel.status().connected());
    queue.until(|ledger| ledger.consumers == 0).await;
}

#[tokio::test]
async fn deliveries_without_acknowledgement_are_settled() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    (0..300).for_each(|_| queue.publish("x"));
    let channel = running.connect().await.create_channel().await.unwrap();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let consumed = channel.basic_consume("q".into(), "".into(), options, FieldTable::default());
    let mut consumer = consumed.await.unwrap();
    for _ in 0..300 {
        next(&mut consumer).await;
    }
    assert_eq!(queue.ledger().acknowledged, 300);
}

#[tokio::test]
async fn wrong_credentials_and_vhosts_are_told() {
    let running = Running::start().await;
    let (code, text) = protocol_error(running.connect_as(USER, "wrong", "%2f").await);
    assert_eq!(code, 403);
    assert!(text.starts_with("ACCESS_REFUSED - login was refused"), "{text}");
    let (code, _) = protocol_error(running.connect_as(USER, "unavailable", "%2f").await);
    assert_eq!(code, 541);
    let (code, text) = protocol_error(running.connect_as(USER, crate::memory::PASSWORD, "other").await);
    assert_eq!(
        (code, text.as_str()),
        (530, "NOT_ALLOWED - vhost other not found, use /")
    );
    let snapshot = running.server.metrics().snapshot();
    assert_eq!((snapshot.logins_refused, snapshot.logins_accepted), (2, 1));
}

#[tokio::test]
async fn foreign_and_missing_queues_fail_the_channel_only() {
    let running = Running::start().await;
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let (code, text) = protocol_error(consume(&channel, "missing", "").await);
    assert_eq!(
        (code, text.as_str()),
        (404, "NOT_FOUND - no queue 'missing' in vhost '/'")
    );
    let channel = connection.create_channel().await.unwrap();
    let (code, _) = protocol_error(consume(&channel, "forbidden", "").await);
    assert_eq!(code, 403);
    assert!(connection.create_channel().await.is_ok());
}

#[tokio::test]
async fn publishing_is_refused_with_advice() {
    let running = Running::start().await;
    running.memory.queue("q");
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    let options = BasicPublishOptions::default();
    // The refusal may arrive before the call has ended or after it; the consumer hears it in any case.
    let _published = channel
        .basic_publish("".into(), "q".into(), options, &vec![7; 300_000], <_>::default())
        .await;
    let refused = protocol_error(consumer.next().await.unwrap());
    assert_eq!(refused.0, 403);
    assert!(refused.1.contains("send messages over HTTP"), "{}", refused.1);
    assert!(connection.create_channel().await.is_ok());
}

#[tokio::test]
async fn a_passive_declare_counts() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    (0..3).for_each(|_| queue.publish("x"));
    let channel = running.connect().await.create_channel().await.unwrap();
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel
        .queue_declare("q".into(), options, FieldTable::default())
        .await
        .unwrap();
    assert_eq!((declared.message_count(), declared.consumer_count()), (3, 0));
}

#[tokio::test]
async fn a_renewed_secret_is_checked() {
    let running = Running::start().await;
    let connection = running.connect().await;
    connection
        .update_secret(crate::memory::PASSWORD.into(), "renewed".into())
        .await
        .unwrap();
    let (code, _) = protocol_error(connection.update_secret("wrong".into(), "renewed".into()).await);
    assert_eq!(code, 403);
}

#[tokio::test]
async fn a_revoked_session_is_closed_and_gives_everything_back() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    queue.publish("a");
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    next(&mut consumer).await;
    running
        .memory
        .revoke(Closure::new(ReplyCode::AccessRefused, "access was withdrawn"));
    let ended = consumer.next().await;
    if let Some(error) = ended {
        assert_eq!(
            protocol_error(error),
            (403, "ACCESS_REFUSED - access was withdrawn".into())
        );
    }
    queue
        .until(|ledger| ledger.consumers == 0 && ledger.ready == 1)
        .await;
    assert!(!connection.status().connected());
}

#[tokio::test]
async fn shutdown_closes_every_connection_and_ends() {
    let mut running = Running::start().await;
    let queue = running.memory.queue("q");
    queue.publish("a");
    let connection = running.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    next(&mut consumer).await;
    running.stop();
    if let Some(error) = consumer.next().await {
        assert_eq!(protocol_error(error).0, 320);
    }
    let snapshot = running.stopped().await;
    assert_eq!(
        (snapshot.connections, snapshot.consumers, snapshot.unacked),
        (0, 0, 0)
    );
    assert_eq!(queue.ledger().ready, 1);
}
