//! Time and memory: deadlines, heartbeats, slow readers, crowds. The clock stands still and jumps.

use std::time::Duration;

use amq_protocol::{
    frame::AMQPFrame,
    protocol::{AMQPClass, channel, connection},
};
use fiks_amqp::Limits;
use lapin::options::BasicQosOptions;
use tokio::{io::AsyncReadExt, net::TcpStream, time::Instant};

use crate::{
    memory::{PASSWORD, USER},
    raw::{self, HEADER, Peer},
    setup::{Running, consume, next, server},
};

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stops_anywhere_is_cut_after_ten_seconds() {
    let (_, server) = server(Limits::default());
    for progress in 0..3 {
        let started = Instant::now();
        let (mut peer, task, _stop) = raw::in_memory(&server);
        match progress {
            0 => {}
            1 => peer.bytes(&HEADER).await,
            _ => peer.start(PASSWORD).await,
        }
        task.await.unwrap();
        assert_eq!(started.elapsed().as_secs(), 10);
    }
    assert_eq!(server.metrics().snapshot().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn a_back_end_that_never_answers_is_answered_for_within_five_seconds() {
    let (_, server) = server(Limits::default());
    let started = Instant::now();
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    // This client does not know authentication_failure_close, so the socket ends instead.
    peer.start("never").await;
    assert_eq!(peer.frame().await, None);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_sent_and_silence_ends_the_connection() {
    let (_, server) = server(Limits::default());
    let (mut peer, task, _stop) = raw::in_memory(&server);
    peer.login_with(10).await;
    let started = Instant::now();
    for beat in 1..=3 {
        assert_eq!(peer.frame().await, Some(AMQPFrame::Heartbeat));
        assert_eq!(started.elapsed().as_secs(), beat * 5);
    }
    assert_eq!(peer.frame().await, None);
    task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn any_traffic_keeps_a_connection_alive() {
    let (_, server) = server(Limits::default());
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    peer.login_with(10).await;
    for round in 0u32..20 {
        tokio::time::advance(Duration::from_secs(9)).await;
        if round.is_multiple_of(2) {
            peer.bytes(&raw::frame(&AMQPFrame::Heartbeat)).await;
        } else {
            peer.send(1, &raw::qos(1)).await;
        }
        tokio::task::yield_now().await;
    }
    peer.send(0, &raw::connection_close()).await;
    while let Some(frame) = peer.frame().await {
        if let AMQPFrame::Method(0, class) = frame {
            assert_eq!(class.get_amqp_method_id(), 51);
            return;
        }
    }
    panic!("no close-ok");
}

#[tokio::test(start_paused = true)]
async fn without_heartbeats_a_silent_connection_lives() {
    let (memory, server) = server(Limits::default());
    let queue = memory.queue("q");
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    peer.login_with(0).await;
    peer.consume("q").await;
    tokio::time::advance(Duration::from_hours(24)).await;
    queue.publish("after a day");
    assert_eq!(peer.delivery().await.1, b"after a day");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_close_is_cut() {
    let (_, server) = server(Limits::default());
    let (mut peer, task, stop) = raw::in_memory(&server);
    peer.login().await;
    let started = Instant::now();
    stop.cancel();
    assert_eq!(peer.closed().await.0, 320);
    task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_gets_a_bounded_amount_and_is_cut_in_the_end() {
    let (memory, server) = server(Limits {
        max_outbound_bytes: 100_000,
        ..Limits::default()
    });
    let queue = memory.queue("q");
    (0..1000).for_each(|_| queue.publish(vec![1; 10_000]));
    let (mut peer, task, _stop) = raw::in_memory_with(&server, 4096);
    peer.login_with(0).await;
    peer.consume("q").await;
    let started = Instant::now();
    queue.until(|ledger| ledger.held > 0).await;
    task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 60);
    // Ten and a half messages of 10 kB are 100 kB with their headers; one more was begun below the bound.
    let delivered = server.metrics().snapshot().deliveries;
    assert!((9..=12).contains(&delivered), "{delivered}");
    queue.until(|ledger| ledger.ready == 1000).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_without_reading_answers_is_not_read_any_further() {
    let (_, server) = server(Limits::default());
    let (mut peer, task, _stop) = raw::in_memory_with(&server, 4096);
    peer.login_with(0).await;
    let flow = channel::AMQPMethod::Flow(channel::Flow { active: true });
    let question = raw::frame(&AMQPFrame::Method(1, AMQPClass::Channel(flow)));
    let mut asked = 0;
    while let Ok(()) = tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &question).await {
        asked += question.len();
        assert!(asked < 1_000_000, "questions are buffered without bound");
    }
    task.await.unwrap();
}

#[tokio::test]
async fn a_slow_consumer_does_not_slow_another() {
    let running = Running::start().await;
    let (slow, fast) = (running.memory.queue("slow"), running.memory.queue("fast"));
    (0..100).for_each(|_| slow.publish(vec![1; 1_000_000]));
    (0..100).for_each(|_| fast.publish("x"));
    let mut stuck = Peer::over(TcpStream::connect(running.address).await.unwrap());
    stuck.login().await;
    stuck.consume("slow").await;
    slow.until(|ledger| ledger.held > 0).await;
    let channel = running.connect().await.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "fast", "").await.unwrap();
    for _ in 0..100 {
        next(&mut consumer).await;
    }
    assert!(slow.ledger().ready > 0, "the slow one was given everything");
}

#[tokio::test]
async fn a_consumer_without_credit_lets_another_have_what_it_was_woken_for() {
    let running = Running::start().await;
    let (shared, other) = (running.memory.queue("shared"), running.memory.queue("other"));
    let full = running.connect().await.create_channel().await.unwrap();
    full.basic_qos(1, BasicQosOptions { global: true }).await.unwrap();
    let _first = consume(&full, "shared", "").await.unwrap();
    let mut taken = consume(&full, "other", "").await.unwrap();
    let free = running.connect().await.create_channel().await.unwrap();
    let mut second = consume(&free, "shared", "").await.unwrap();
    other.publish("fills the channel");
    next(&mut taken).await;
    shared.publish_to_one("for whoever can take it");
    assert_eq!(next(&mut second).await.data, b"for whoever can take it");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_lets_another_have_what_it_was_woken_for() {
    let (memory, server) = server(Limits::default());
    let (shared, flood) = (memory.queue("shared"), memory.queue("flood"));
    let (mut stuck, _task, _stop) = raw::in_memory_with(&server, 4096);
    let (mut reader, _other_task, _other_stop) = raw::in_memory(&server);
    stuck.login().await;
    stuck.consume("shared").await;
    stuck.consume("flood").await;
    reader.login().await;
    reader.consume("shared").await;
    (0..100).for_each(|_| flood.publish(vec![1; 100_000]));
    // The clock stands still until nobody has anything left to do: the buffers are full then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(flood.ledger().ready > 0, "nothing holds the peer up");
    shared.publish_to_one("x");
    assert_eq!(reader.delivery().await, (1, b"x".to_vec()));
}

#[tokio::test]
async fn a_thousand_connections_each_get_what_is_theirs() {
    let (memory, server) = server(Limits::default());
    (0..1000).for_each(|number| memory.queue(&number.to_string()).publish(number.to_string()));
    let peers = (0..1000).map(|number: u64| {
        let (mut peer, task, stop) = raw::in_memory_with(&server, 4096);
        async move {
            peer.login().await;
            peer.consume(&number.to_string()).await;
            assert_eq!(peer.delivery().await, (1, number.to_string().into_bytes()));
            (peer, task, stop)
        }
    });
    let _open = futures::future::join_all(peers).await;
    let snapshot = server.metrics().snapshot();
    assert_eq!((snapshot.connections, snapshot.consumers), (1000, 1000));
}

#[tokio::test]
async fn connections_over_the_bound_are_closed_at_once() {
    let running = Running::with(Limits {
        max_connections: 1,
        ..Limits::default()
    })
    .await;
    let first = running.connect().await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    assert!(matches!(second.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert_eq!(running.server.metrics().snapshot().connections_refused, 1);
    drop(second);
    assert!(first.create_channel().await.is_ok());
}

#[tokio::test]
async fn handshakes_are_bounded_without_harm_to_those_inside() {
    let running = Running::with(Limits {
        max_handshaking: 1,
        ..Limits::default()
    })
    .await;
    let inside = running.connect().await;
    let mut waiting = Peer::over(TcpStream::connect(running.address).await.unwrap());
    waiting.bytes(&HEADER).await;
    assert_eq!(waiting.method().await, (0, (10, 10)));
    let mut third = TcpStream::connect(running.address).await.unwrap();
    assert!(matches!(third.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert!(inside.create_channel().await.is_ok());
}

#[tokio::test]
async fn connections_of_one_user_are_bounded() {
    let running = Running::with(Limits {
        max_connections_per_user: 1,
        ..Limits::default()
    })
    .await;
    let first = running.connect().await;
    let refused = running.connect_as(USER, PASSWORD, "%2f").await.unwrap_err();
    assert!(
        refused.to_string().contains("limit of 1 connections reached"),
        "{refused}"
    );
    first.close(200, "".into()).await.unwrap();
}

#[tokio::test]
async fn properties_over_the_negotiated_frame_close_the_channel_and_go_back() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    let value = "x".repeat(10_000);
    let properties = fiks_amqp::Properties {
        headers: vec![("h", &value)],
        ..fiks_amqp::Properties::default()
    };
    queue.publish_with(properties.encode().unwrap(), "body");
    let mut peer = Peer::over(TcpStream::connect(running.address).await.unwrap());
    peer.start(PASSWORD).await;
    peer.method().await;
    let tune_ok = connection::TuneOk {
        channel_max: 0,
        frame_max: 4096,
        heartbeat: 0,
    };
    peer.send(0, &AMQPClass::Connection(connection::AMQPMethod::TuneOk(tune_ok)))
        .await;
    let open = connection::Open {
        virtual_host: "/".into(),
    };
    peer.send(0, &AMQPClass::Connection(connection::AMQPMethod::Open(open)))
        .await;
    peer.method().await;
    peer.send(
        1,
        &AMQPClass::Channel(channel::AMQPMethod::Open(channel::Open {})),
    )
    .await;
    peer.method().await;
    peer.consume("q").await;
    let Some(AMQPFrame::Method(1, AMQPClass::Channel(channel::AMQPMethod::Close(close)))) =
        peer.frame().await
    else {
        panic!("no close")
    };
    assert_eq!((close.reply_code, close.class_id, close.method_id), (311, 60, 60));
    queue
        .until(|ledger| (ledger.ready, ledger.consumers) == (1, 0))
        .await;
}

#[tokio::test]
async fn a_back_end_that_is_ready_with_nothing_costs_only_time() {
    let running = Running::start().await;
    running.memory.queue("hasty").publish("in the end");
    let channel = running.connect().await.create_channel().await.unwrap();
    let mut consumer = consume(&channel, "hasty", "").await.unwrap();
    assert_eq!(next(&mut consumer).await.data, b"in the end");
}

#[tokio::test]
async fn a_back_end_that_panics_ends_one_connection_only() {
    let running = Running::start().await;
    let other = running.connect().await;
    let mut peer = Peer::over(TcpStream::connect(running.address).await.unwrap());
    peer.login().await;
    peer.send(1, &raw::consume("panicking")).await;
    while peer.frame().await.is_some() {}
    assert!(other.create_channel().await.is_ok());
}
