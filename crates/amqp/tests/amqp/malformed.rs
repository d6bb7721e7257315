//! Bytes that no client should send: each gets its code, none does harm.

use amq_protocol::{
    frame::AMQPFrame,
    protocol::{AMQPClass, connection},
    types::{AMQPValue, FieldArray},
};
use fiks_amqp::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
};

use crate::{
    memory::PASSWORD,
    raw::{self, HEADER, Peer},
    setup::{Running, server},
};

async fn logged_in() -> Peer<DuplexStream> {
    let (memory, server) = server(Limits::default());
    memory.queue("q");
    let (mut peer, _, _) = raw::in_memory(&server);
    peer.login().await;
    peer
}

/// Sends bytes on a running connection; the code and text of the close that follows, and that nothing follows
/// it.
async fn answer_to(bytes: &[u8]) -> (u16, String) {
    let mut peer = logged_in().await;
    peer.bytes(bytes).await;
    let closed = peer.closed().await;
    let _ = peer
        .stream
        .write_all(&raw::frame(&AMQPFrame::Method(0, raw::connection_close_ok())))
        .await;
    assert_eq!(peer.frame().await, None);
    closed
}

#[tokio::test]
async fn garbage_instead_of_a_header_gets_the_right_header_and_the_end() {
    let running = Running::start().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\x16\x03\x01",
        b"AMQP\x03\x01\x00\x00",
        b"x",
    ] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, HEADER);
    }
}

#[tokio::test]
async fn half_a_frame_and_then_nothing_is_forgotten() {
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    queue.publish("a");
    let mut peer = Peer::over(TcpStream::connect(running.address).await.unwrap());
    peer.login().await;
    peer.consume("q").await;
    peer.delivery().await;
    let whole = raw::frame(&AMQPFrame::Method(1, raw::ack(1)));
    peer.bytes(&whole[..whole.len() - 1]).await;
    drop(peer);
    queue.until(|ledger| ledger.consumers == 0).await;
    assert_eq!((queue.ledger().acknowledged, queue.ledger().ready), (0, 1));
}

#[tokio::test]
async fn a_frame_that_arrives_octet_by_octet_counts() {
    let (memory, server) = server(Limits::default());
    let queue = memory.queue("q");
    queue.publish("a");
    let (mut peer, _task, _stop) = raw::in_memory_with(&server, 1);
    peer.login().await;
    peer.consume("q").await;
    peer.delivery().await;
    peer.send(1, &raw::ack(1)).await;
    queue.until(|ledger| ledger.acknowledged == 1).await;
}

#[tokio::test]
async fn an_oversize_frame_is_refused_from_its_head() {
    let (code, text) = answer_to(&[1, 0, 1, 0, 2, 0, 0]).await;
    assert_eq!(
        (code, text.as_str()),
        (
            501,
            "FRAME_ERROR - frame of 131080 bytes exceeds frame-max 131072"
        )
    );
}

#[tokio::test]
async fn before_tuning_frames_are_smaller() {
    let (_, server) = server(Limits::default());
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    peer.bytes(&HEADER).await;
    assert_eq!(peer.method().await, (0, (10, 10)));
    peer.bytes(&[1, 0, 0, 0, 0, 0x40, 0]).await;
    assert_eq!(peer.closed().await.0, 501);
    assert_eq!(peer.frame().await, None);
}

#[tokio::test]
async fn frames_without_sense_are_frame_errors() {
    assert_eq!(answer_to(&[9]).await.0, 501);
    assert_eq!(answer_to(&[1, 0, 1, 0, 0, 0, 1, 7, 0]).await.0, 501);
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::InvalidHeartbeat(1))).await.0,
        501
    );
}

#[tokio::test]
async fn content_from_a_client_is_unexpected() {
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::Body(1, b"body".to_vec())))
            .await
            .0,
        505
    );
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::Body(0, b"body".to_vec())))
            .await
            .0,
        505
    );
}

#[tokio::test]
async fn methods_on_the_wrong_channel_are_told_apart() {
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::Method(0, raw::ack(1)))).await.0,
        504
    );
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::Method(7, raw::ack(1)))).await.0,
        504
    );
    let open = connection::AMQPMethod::Open(connection::Open {
        virtual_host: "/".into(),
    });
    assert_eq!(
        answer_to(&raw::frame(&AMQPFrame::Method(1, AMQPClass::Connection(open))))
            .await
            .0,
        503
    );
}

#[tokio::test]
async fn a_deeply_nested_table_is_a_syntax_error_and_not_a_crash() {
    let (_, server) = server(Limits::default());
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    peer.bytes(&HEADER).await;
    peer.method().await;
    let deepest = (0..2000).fold(AMQPValue::Boolean(true), |inner, _| {
        AMQPValue::FieldArray(FieldArray::from(vec![inner]))
    });
    let mut start_ok = connection::StartOk {
        response: format!("\0user\0{PASSWORD}").into(),
        ..<_>::default()
    };
    start_ok.client_properties.insert("deep".into(), deepest);
    let class = AMQPClass::Connection(connection::AMQPMethod::StartOk(start_ok));
    // The generator and the drop of the value recurse too: give them room.
    let bytes = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || raw::frame(&AMQPFrame::Method(0, class)))
        .unwrap()
        .join()
        .unwrap();
    peer.bytes(&bytes).await;
    assert_eq!(peer.closed().await.0, 502);
}

#[tokio::test]
async fn pipelined_frames_wait_for_the_back_end() {
    let (memory, server) = server(Limits::default());
    memory.queue("q").publish("a");
    let (mut peer, _task, _stop) = raw::in_memory(&server);
    peer.login().await;
    let consume = |tag: &str| {
        let consume = amq_protocol::protocol::basic::Consume {
            queue: "q".into(),
            consumer_tag: tag.into(),
            ..<_>::default()
        };
        raw::frame(&AMQPFrame::Method(
            1,
            AMQPClass::Basic(amq_protocol::protocol::basic::AMQPMethod::Consume(consume)),
        ))
    };
    let burst = [
        consume("a"),
        raw::frame(&AMQPFrame::Method(1, raw::qos(1))),
        consume("b"),
    ]
    .concat();
    peer.bytes(&burst).await;
    let mut methods = Vec::new();
    while methods.len() < 4 {
        if let Some(AMQPFrame::Method(_, class)) = peer.frame().await {
            methods.push(class.get_amqp_method_id());
        }
    }
    methods.retain(|method| *method != 60);
    assert_eq!(methods, [21, 11, 21]);
}
