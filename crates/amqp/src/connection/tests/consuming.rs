use super::*;
use crate::backend::ConsumeError;

fn cancel(tag: &str, nowait: bool) -> basic::AMQPMethod {
    basic::AMQPMethod::Cancel(basic::Cancel {
        consumer_tag: tag.into(),
        nowait,
    })
}

fn cancel_ok(tag: &str) -> Seen {
    sent_basic(
        1,
        basic::AMQPMethod::CancelOk(basic::CancelOk {
            consumer_tag: tag.into(),
        }),
    )
}

fn consume_ok(tag: &str) -> Seen {
    sent_basic(
        1,
        basic::AMQPMethod::ConsumeOk(basic::ConsumeOk {
            consumer_tag: tag.into(),
        }),
    )
}

fn refused(error: ConsumeError) -> Vec<Seen> {
    let mut peer = Peer::running();
    peer.basic(1, basic::AMQPMethod::Consume(consume("q")));
    peer.answer(Answer::Consumed(Err(error)))
}

#[test]
fn a_consumer_keeps_the_tag_that_the_client_chose() {
    let mut peer = Peer::running();
    let consume = basic::Consume {
        consumer_tag: "mine".into(),
        ..consume("q")
    };
    let seen = peer.basic(1, basic::AMQPMethod::Consume(consume));
    assert_eq!(seen, [Seen::Consume(ConsumerId(1), "q".into(), false)]);
    assert!(peer.machine.is_waiting());
    assert_eq!(peer.answer(Answer::Consumed(Ok(()))), [consume_ok("mine")]);
}

#[test]
fn generated_tags_are_shaped_as_rabbitmqs_and_differ() {
    let mut peer = Peer::running();
    peer.basic(1, basic::AMQPMethod::Consume(consume("q")));
    let first = peer.answer(Answer::Consumed(Ok(())));
    peer.basic(1, basic::AMQPMethod::Consume(consume("q")));
    let second = peer.answer(Answer::Consumed(Ok(())));
    assert_eq!(first, [consume_ok("amq.ctag-00000000000000000000000000000abc.1")]);
    assert_eq!(
        second,
        [consume_ok("amq.ctag-00000000000000000000000000000abc.2")]
    );
}

#[test]
fn a_tag_in_use_is_not_allowed() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    let again = basic::Consume {
        consumer_tag: "t".into(),
        ..consume("other")
    };
    let seen = peer.basic(1, basic::AMQPMethod::Consume(again));
    let text = "NOT_ALLOWED - attempt to reuse consumer tag 't'";
    assert_eq!(seen, [Seen::Drop(consumer), connection_close(530, text, 60, 20)]);
}

#[test]
fn a_tag_is_free_again_after_cancel_and_on_other_channels() {
    let mut peer = Peer::with(Limits::default());
    peer.handshake(2);
    peer.consume(1, "t");
    peer.consume(2, "t");
    peer.basic(1, cancel("t", false));
    peer.consume(1, "t");
}

#[test]
fn nowait_consumes_and_cancels_silently() {
    let mut peer = Peer::running();
    let consume = basic::Consume {
        consumer_tag: "t".into(),
        nowait: true,
        ..consume("q")
    };
    peer.basic(1, basic::AMQPMethod::Consume(consume));
    assert_eq!(peer.answer(Answer::Consumed(Ok(()))), []);
    assert_eq!(peer.basic(1, cancel("t", true)), [Seen::Drop(ConsumerId(1))]);
}

#[test]
fn refusals_of_the_back_end_have_rabbitmqs_codes() {
    let text = "NOT_FOUND - no queue 'q' in vhost '/'";
    assert_eq!(
        refused(ConsumeError::NotFound),
        [channel_close(1, 404, text, 60, 20)]
    );
    let text = "ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'user'";
    assert_eq!(
        refused(ConsumeError::AccessRefused),
        [channel_close(1, 403, text, 60, 20)]
    );
    let text = "RESOURCE_LOCKED - queue 'q' in vhost '/' in exclusive use";
    assert_eq!(
        refused(ConsumeError::ResourceLocked),
        [channel_close(1, 405, text, 60, 20)]
    );
    let text = "NOT_IMPLEMENTED - exclusive consumers are not supported, use exclusive=false";
    assert_eq!(
        refused(ConsumeError::ExclusiveUnsupported),
        [connection_close(540, text, 60, 20)]
    );
    let text = "INTERNAL_ERROR - queue 'q' is unavailable now, connect again";
    assert_eq!(
        refused(ConsumeError::Unavailable),
        [connection_close(541, text, 60, 20)]
    );
}

#[test]
fn a_queue_must_be_named() {
    let text = "NOT_FOUND - no previously declared queue";
    let seen = Peer::running().basic(1, basic::AMQPMethod::Consume(consume("")));
    assert_eq!(seen, [channel_close(1, 404, text, 60, 20)]);
}

#[test]
fn consumers_are_bounded_per_channel_and_connection() {
    let limits = Limits {
        max_consumers_per_channel: 1,
        ..Limits::default()
    };
    let mut peer = Peer::running_with(limits);
    let consumer = peer.consume(1, "a");
    let text = "NOT_ALLOWED - reached maximum (1) of consumers per channel";
    let seen = peer.basic(1, basic::AMQPMethod::Consume(consume("q")));
    assert_eq!(seen, [Seen::Drop(consumer), connection_close(530, text, 60, 20)]);

    let mut peer = Peer::with(Limits {
        max_consumers_per_connection: 1,
        ..Limits::default()
    });
    peer.handshake(2);
    let consumer = peer.consume(1, "a");
    let text = "NOT_ALLOWED - reached maximum (1) of consumers per connection";
    let seen = peer.basic(2, basic::AMQPMethod::Consume(consume("q")));
    assert_eq!(seen, [Seen::Drop(consumer), connection_close(530, text, 60, 20)]);
}

#[test]
fn prefetch_holds_for_each_consumer_that_comes_after_it() {
    let mut peer = Peer::running();
    let before = peer.consume(1, "before");
    let qos_ok = sent_basic(1, basic::AMQPMethod::QosOk(basic::QosOk {}));
    assert_eq!(peer.qos(1, 2, false), [qos_ok]);
    let (one, two) = (peer.consume(1, "one"), peer.consume(1, "two"));
    assert_eq!(peer.deliver(one, 9).len(), 2);
    assert_eq!(peer.deliver(two, 9).len(), 2);
    assert_eq!(peer.deliver(before, 9).len(), 9);
}

#[test]
fn global_prefetch_holds_for_the_channel_together() {
    let mut peer = Peer::running();
    let (one, two) = (peer.consume(1, "one"), peer.consume(1, "two"));
    peer.qos(1, 3, true);
    assert_eq!(peer.deliver(one, 2), [1, 2]);
    assert_eq!(peer.deliver(two, 9), [3]);
    assert_eq!(peer.machine.room(one), 0);
    assert_eq!(
        peer.ack(1, 1, false),
        [Seen::Replenished(one), Seen::Replenished(two)]
    );
    assert_eq!(peer.deliver(one, 9), [4]);
}

#[test]
fn raising_the_global_prefetch_feeds_the_starved() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    peer.qos(1, 1, true);
    assert_eq!(peer.deliver(consumer, 9).len(), 1);
    let qos_ok = sent_basic(1, basic::AMQPMethod::QosOk(basic::QosOk {}));
    assert_eq!(peer.qos(1, 2, true), [qos_ok, Seen::Replenished(consumer)]);
}

#[test]
fn no_prefetch_still_ends_at_the_servers_bounds() {
    let limits = Limits {
        max_unacked_per_channel: 5,
        max_unacked_per_connection: 7,
        ..Limits::default()
    };
    let mut peer = Peer::with(limits);
    peer.handshake(2);
    let (one, two) = (peer.consume(1, "t"), peer.consume(2, "t"));
    assert_eq!(peer.deliver(one, 99).len(), 5);
    assert_eq!(peer.deliver(two, 99).len(), 2);
    assert_eq!(
        peer.ack(1, 1, false),
        [Seen::Replenished(one), Seen::Replenished(two)]
    );
}

#[test]
fn prefetch_size_is_not_implemented() {
    let seen = Peer::running().frame(FrameKind::Method, 1, &[0, 60, 0, 10, 0, 0, 0, 8, 0, 1, 0][..]);
    assert_eq!(
        seen,
        [connection_close(
            540,
            "NOT_IMPLEMENTED - prefetch_size!=0 (8)",
            60,
            10
        )]
    );
}

#[test]
fn without_acknowledgements_deliveries_settle_at_once_and_ignore_prefetch() {
    let mut peer = Peer::running();
    peer.qos(1, 1, false);
    let consumer = peer.consume_with(
        1,
        basic::Consume {
            no_ack: true,
            ..consume("q")
        },
    );
    assert_eq!(peer.deliver(consumer, 3), [1, 2, 3]);
    let acknowledged = Outcome::Acknowledged;
    assert_eq!(
        peer.settlements(),
        [
            (1, acknowledged, 100),
            (1, acknowledged, 101),
            (1, acknowledged, 102)
        ]
    );
    assert_eq!(peer.machine.counts().unacked, 0);
    let text = "PRECONDITION_FAILED - unknown delivery tag 1";
    assert_eq!(
        peer.ack(1, 1, false),
        [Seen::Drop(consumer), channel_close(1, 406, text, 60, 80)]
    );
}

#[test]
fn cancelling_an_unknown_consumer_is_no_error() {
    assert_eq!(
        Peer::running().basic(1, cancel("none", false)),
        [cancel_ok("none")]
    );
}

#[test]
fn a_cancelled_consumer_may_answer_what_it_holds() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    assert_eq!(peer.deliver(consumer, 2), [1, 2]);
    assert_eq!(
        peer.basic(1, cancel("t", false)),
        [Seen::Stop(consumer), cancel_ok("t")]
    );
    assert_eq!(peer.machine.room(consumer), 0);
    assert!(peer.machine.deliver(consumer, DeliveryId(9)).is_none());
    assert_eq!(peer.ack(1, 1, false), []);
    assert_eq!(peer.ack(1, 2, false), [Seen::Drop(consumer)]);
    assert_eq!(peer.settlements().len(), 2);
}

#[test]
fn a_deleted_queue_cancels_the_consumer() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    peer.machine.on_cancelled(consumer);
    let cancel = basic::Cancel {
        consumer_tag: "t".into(),
        nowait: true,
    };
    assert_eq!(
        peer.seen(),
        [
            Seen::Drop(consumer),
            sent_basic(1, basic::AMQPMethod::Cancel(cancel))
        ]
    );
    let cancel_ok = basic::AMQPMethod::CancelOk(basic::CancelOk {
        consumer_tag: "t".into(),
    });
    assert_eq!(peer.basic(1, cancel_ok), [], "some clients answer");
}

#[test]
fn a_client_that_cannot_hear_of_cancellation_loses_the_channel() {
    let mut peer = Peer::with(Limits::default());
    peer.machine.on_protocol_header();
    peer.connection(connection::AMQPMethod::StartOk(start_ok(false)));
    peer.answer(Answer::Authenticated(Ok(())));
    peer.connection(tune_ok(0, 0, 60));
    peer.connection(open("/"));
    peer.channel(1, channel::AMQPMethod::Open(channel::Open {}));
    let consumer = peer.consume(1, "t");
    peer.machine.on_cancelled(consumer);
    let text = "NOT_FOUND - the queue of consumer 't' was deleted";
    assert_eq!(
        peer.seen(),
        [Seen::Drop(consumer), channel_close(1, 404, text, 0, 0)]
    );
}

#[test]
fn a_delivery_that_does_not_fit_closes_the_channel() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    peer.machine.refuse_delivery(consumer, "too large".into());
    let close = channel_close(1, 311, "CONTENT_TOO_LARGE - too large", 60, 60);
    assert_eq!(peer.seen(), [Seen::Drop(consumer), close]);
}
