use super::*;

const ACKNOWLEDGED: Outcome = Outcome::Acknowledged;
const DISCARDED: Outcome = Outcome::Discarded;
const REQUEUED: Outcome = Outcome::Requeued;

/// A consumer with deliveries 1 to 5 outstanding (ids 100 to 104).
fn with_five() -> (Peer, ConsumerId) {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    assert_eq!(peer.deliver(consumer, 5), [1, 2, 3, 4, 5]);
    (peer, consumer)
}

fn nack(delivery_tag: u64, multiple: bool, requeue: bool) -> basic::AMQPMethod {
    basic::AMQPMethod::Nack(basic::Nack {
        delivery_tag,
        multiple,
        requeue,
    })
}

#[test]
fn acks_may_come_in_any_order() {
    let (mut peer, _) = with_five();
    for tag in [3, 1, 5] {
        assert_eq!(peer.ack(1, tag, false), []);
    }
    assert_eq!(
        peer.settlements(),
        [
            (1, ACKNOWLEDGED, 102),
            (1, ACKNOWLEDGED, 100),
            (1, ACKNOWLEDGED, 104)
        ]
    );
    assert_eq!(peer.machine.counts().unacked, 2);
}

#[test]
fn multiple_means_all_up_to_the_tag() {
    let (mut peer, _) = with_five();
    peer.ack(1, 3, true);
    assert_eq!(
        peer.settlements(),
        [
            (1, ACKNOWLEDGED, 100),
            (1, ACKNOWLEDGED, 101),
            (1, ACKNOWLEDGED, 102)
        ]
    );
}

#[test]
fn multiple_with_tag_0_means_all_even_if_there_are_none() {
    let (mut peer, _) = with_five();
    assert_eq!(peer.ack(1, 0, true), []);
    assert_eq!(peer.settlements().len(), 5);
    assert_eq!(peer.ack(1, 0, true), []);
}

#[test]
fn nack_and_reject_say_what_becomes_of_the_message() {
    let (mut peer, _) = with_five();
    peer.basic(1, nack(2, true, true));
    peer.basic(1, nack(3, false, false));
    peer.basic(
        1,
        basic::AMQPMethod::Reject(basic::Reject {
            delivery_tag: 4,
            requeue: true,
        }),
    );
    peer.basic(
        1,
        basic::AMQPMethod::Reject(basic::Reject {
            delivery_tag: 5,
            requeue: false,
        }),
    );
    let expected = [
        (1, REQUEUED, 100),
        (1, REQUEUED, 101),
        (1, DISCARDED, 102),
        (1, REQUEUED, 103),
        (1, DISCARDED, 104),
    ];
    assert_eq!(peer.settlements(), expected);
}

#[test]
fn an_unknown_tag_fails_the_channel_with_406() {
    for (tag, multiple) in [(6, false), (6, true), (0, false)] {
        let (mut peer, consumer) = with_five();
        let text = format!("PRECONDITION_FAILED - unknown delivery tag {tag}");
        let seen = peer.ack(1, tag, multiple);
        assert_eq!(seen, [Seen::Drop(consumer), channel_close(1, 406, &text, 60, 80)]);
        assert_eq!(peer.settlements(), [], "dropping gives them back");
    }
}

#[test]
fn a_second_ack_fails_the_channel_with_406() {
    let (mut peer, consumer) = with_five();
    peer.ack(1, 1, false);
    let text = "PRECONDITION_FAILED - unknown delivery tag 1";
    assert_eq!(
        peer.ack(1, 1, false),
        [Seen::Drop(consumer), channel_close(1, 406, text, 60, 80)]
    );
    assert_eq!(peer.settlements(), [(1, ACKNOWLEDGED, 100)]);
}

#[test]
fn tags_of_other_channels_are_unknown() {
    let mut peer = Peer::with(Limits::default());
    peer.handshake(2);
    let consumer = peer.consume(1, "t");
    peer.deliver(consumer, 1);
    let text = "PRECONDITION_FAILED - unknown delivery tag 1";
    assert_eq!(
        peer.basic(2, nack(1, false, true)),
        [channel_close(2, 406, text, 60, 120)]
    );
}

#[test]
fn recover_requeues_everything_on_the_channel() {
    let (mut peer, _) = with_five();
    let recover = basic::AMQPMethod::Recover(basic::Recover { requeue: true });
    let recover_ok = basic::AMQPMethod::RecoverOk(basic::RecoverOk {});
    assert_eq!(peer.basic(1, recover), [sent_basic(1, recover_ok)]);
    assert!(
        peer.settlements()
            .iter()
            .all(|(_, outcome, _)| *outcome == REQUEUED)
    );
    assert_eq!(peer.machine.counts().unacked, 0);
}

#[test]
fn recover_async_requeues_without_an_answer() {
    let (mut peer, _) = with_five();
    let recover = basic::AMQPMethod::RecoverAsync(basic::RecoverAsync { requeue: true });
    assert_eq!(peer.basic(1, recover), []);
    assert_eq!(peer.settlements().len(), 5);
}

#[test]
fn recover_without_requeue_is_not_implemented() {
    let text = "NOT_IMPLEMENTED - basic.recover with requeue=false, use requeue=true";
    let recover = basic::AMQPMethod::Recover(basic::Recover { requeue: false });
    assert_eq!(
        Peer::running().basic(1, recover),
        [connection_close(540, text, 60, 110)]
    );
}

#[test]
fn an_ack_feeds_only_the_consumer_that_starved() {
    let mut peer = Peer::running();
    peer.qos(1, 1, false);
    let (one, two) = (peer.consume(1, "one"), peer.consume(1, "two"));
    assert_eq!(peer.deliver(one, 9), [1]);
    assert_eq!(peer.deliver(two, 1), [2]);
    assert_eq!(peer.ack(1, 2, false), [], "it never asked in vain");
    assert_eq!(peer.ack(1, 1, false), [Seen::Replenished(one)]);
    assert_eq!(peer.deliver(one, 9), [3]);
}
