use super::*;
use crate::backend::{ConsumeError, QueueStatus};

fn opening() -> channel::AMQPMethod {
    channel::AMQPMethod::Open(channel::Open {})
}

fn open_ok(id: u16) -> Seen {
    sent_channel(id, channel::AMQPMethod::OpenOk(channel::OpenOk {}))
}

fn declare(passive: bool, nowait: bool) -> AMQPClass {
    let declare = queue::Declare {
        queue: "q".into(),
        passive,
        nowait,
        ..queue::Declare::default()
    };
    AMQPClass::Queue(queue::AMQPMethod::Declare(declare))
}

#[test]
fn channels_open_close_and_open_again() {
    let mut peer = Peer::running();
    assert_eq!(peer.channel(7, opening()), [open_ok(7)]);
    let close = channel::AMQPMethod::Close(channel::Close::default());
    let close_ok = channel::AMQPMethod::CloseOk(channel::CloseOk {});
    assert_eq!(peer.channel(7, close), [sent_channel(7, close_ok)]);
    assert_eq!(peer.channel(7, opening()), [open_ok(7)]);
}

#[test]
fn opening_twice_is_a_channel_error() {
    let text = "CHANNEL_ERROR - second 'channel.open' seen";
    assert_eq!(
        Peer::running().channel(1, opening()),
        [connection_close(504, text, 20, 10)]
    );
}

#[test]
fn a_channel_that_is_not_open_takes_no_methods() {
    let text = "CHANNEL_ERROR - expected 'channel.open'";
    assert_eq!(
        Peer::running().ack(2, 1, false),
        [connection_close(504, text, 60, 80)]
    );
    let text = "CHANNEL_ERROR - frame on a channel that is not open";
    assert_eq!(
        Peer::running().frame(FrameKind::Body, 2, &[1][..]),
        [connection_close(504, text, 0, 0)]
    );
}

#[test]
fn channels_are_bounded_in_number_and_count() {
    let limits = Limits {
        max_channels: 2,
        ..Limits::default()
    };
    let text = "NOT_ALLOWED - channel 3 exceeds the negotiated channel_max (2)";
    assert_eq!(
        Peer::running_with(limits).channel(3, opening()),
        [connection_close(530, text, 20, 10)]
    );
}

#[test]
fn content_and_heartbeats_do_not_belong_on_channels() {
    for kind in [FrameKind::Header, FrameKind::Body] {
        let text = "UNEXPECTED_FRAME - expected method frame, got content frame instead";
        assert_eq!(
            Peer::running().frame(kind, 1, &[1][..]),
            [connection_close(505, text, 0, 0)]
        );
    }
    let text = "FRAME_ERROR - heartbeat on a channel other than 0";
    assert_eq!(
        Peer::running().frame(FrameKind::Heartbeat, 1, &[][..]),
        [connection_close(501, text, 0, 0)]
    );
}

#[test]
fn connection_methods_do_not_belong_on_channels() {
    let text = "COMMAND_INVALID - method does not belong on an open channel";
    let seen = Peer::running().method(1, &AMQPClass::Connection(open("/")));
    assert_eq!(seen, [connection_close(503, text, 10, 40)]);
}

#[test]
fn publishing_closes_the_channel_and_the_content_behind_it_is_void() {
    let mut peer = Peer::running();
    let publish = basic::AMQPMethod::Publish(basic::Publish::default());
    let text = "ACCESS_REFUSED - this endpoint only delivers; send messages over HTTP";
    assert_eq!(peer.basic(1, publish), [channel_close(1, 403, text, 60, 40)]);
    assert_eq!(peer.frame(FrameKind::Header, 1, &[0; 14][..]), []);
    assert_eq!(peer.frame(FrameKind::Body, 1, &b"body"[..]), []);
    assert_eq!(peer.ack(1, 99, false), []);
    assert_eq!(
        peer.channel(1, channel::AMQPMethod::CloseOk(channel::CloseOk {})),
        []
    );
    assert_eq!(peer.channel(1, opening()), [open_ok(1)]);
}

#[test]
fn closes_of_a_channel_that_cross_are_both_answered() {
    let mut peer = Peer::running();
    peer.ack(1, 99, false);
    let close = channel::AMQPMethod::Close(channel::Close::default());
    let close_ok = channel::AMQPMethod::CloseOk(channel::CloseOk {});
    assert_eq!(peer.channel(1, close), [sent_channel(1, close_ok.clone())]);
    assert_eq!(
        peer.channel(1, close_ok),
        [],
        "the answer to the server's close is still awaited"
    );
    assert_eq!(peer.channel(1, opening()), [open_ok(1)]);
}

#[test]
fn a_close_ok_that_nobody_asked_for_is_invalid() {
    let close_ok = channel::AMQPMethod::CloseOk(channel::CloseOk {});
    let text = "COMMAND_INVALID - method does not belong on an open channel";
    assert_eq!(
        Peer::running().channel(1, close_ok),
        [connection_close(503, text, 20, 41)]
    );
}

#[test]
fn topology_is_refused_on_the_channel() {
    let text = "ACCESS_REFUSED - this endpoint only delivers; queues and bindings are managed over HTTP";
    for (class, method) in [
        (40u8, 10u8),
        (40, 20),
        (40, 30),
        (40, 40),
        (50, 20),
        (50, 30),
        (50, 40),
        (50, 50),
    ] {
        let seen = Peer::running().frame(FrameKind::Method, 1, vec![0, class, 0, method]);
        assert_eq!(seen, [channel_close(1, 403, text, class.into(), method.into())]);
    }
    assert_eq!(
        Peer::running().method(1, &declare(false, false)),
        [channel_close(1, 403, text, 50, 10)]
    );
}

#[test]
fn what_the_endpoint_lacks_is_not_implemented() {
    for (class, method, text) in [
        (
            60,
            70,
            "this endpoint only pushes; use basic.consume, not basic.get",
        ),
        (
            85,
            10,
            "this endpoint only delivers; send over HTTP, open channels without confirms",
        ),
        (90, 10, "this endpoint only delivers; there are no transactions"),
    ] {
        let seen = Peer::running().frame(FrameKind::Method, 1, vec![0, class, 0, method]);
        let text = format!("NOT_IMPLEMENTED - {text}");
        assert_eq!(seen, [connection_close(540, &text, class.into(), method.into())]);
    }
}

#[test]
fn a_passive_declare_answers_with_counts() {
    let mut peer = Peer::running();
    assert_eq!(peer.method(1, &declare(true, false)), [Seen::Inspect("q".into())]);
    let seen = peer.answer(Answer::Inspected(Ok(QueueStatus {
        messages: 3,
        consumers: 2,
    })));
    let ok = queue::DeclareOk {
        queue: "q".into(),
        message_count: 3,
        consumer_count: 2,
    };
    assert_eq!(seen, [sent_queue(1, queue::AMQPMethod::DeclareOk(ok))]);
    peer.method(1, &declare(true, true));
    assert_eq!(peer.answer(Answer::Inspected(Ok(QueueStatus::default()))), []);
}

#[test]
fn a_passive_declare_of_nothing_is_not_found() {
    let mut peer = Peer::running();
    peer.method(1, &declare(true, false));
    let seen = peer.answer(Answer::Inspected(Err(ConsumeError::NotFound)));
    assert_eq!(
        seen,
        [channel_close(
            1,
            404,
            "NOT_FOUND - no queue 'q' in vhost '/'",
            50,
            10
        )]
    );
}

#[test]
fn flow_pauses_and_resumes_a_channel() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    let flow = |active| channel::AMQPMethod::Flow(channel::Flow { active });
    let flow_ok = |active| sent_channel(1, channel::AMQPMethod::FlowOk(channel::FlowOk { active }));
    assert_eq!(peer.channel(1, flow(false)), [flow_ok(false)]);
    assert_eq!(peer.deliver(consumer, 1), [0u64; 0]);
    assert_eq!(
        peer.channel(1, flow(true)),
        [flow_ok(true), Seen::Replenished(consumer)]
    );
    assert_eq!(peer.deliver(consumer, 1), [1]);
}

#[test]
fn closing_a_channel_drops_its_consumers_only() {
    let mut peer = Peer::with(Limits::default());
    peer.handshake(2);
    let (one, two) = (peer.consume(1, "a"), peer.consume(2, "a"));
    peer.deliver(one, 3);
    peer.deliver(two, 1);
    let close = channel::AMQPMethod::Close(channel::Close::default());
    let close_ok = channel::AMQPMethod::CloseOk(channel::CloseOk {});
    assert_eq!(
        peer.channel(1, close),
        [Seen::Drop(one), sent_channel(1, close_ok)]
    );
    assert_eq!(peer.machine.counts().unacked, 1);
    assert_eq!(peer.settlements(), [], "dropping gives them back");
}
