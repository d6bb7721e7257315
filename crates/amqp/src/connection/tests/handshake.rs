use amq_protocol::types::{AMQPValue, LongString};

use super::*;
use crate::{
    backend::AuthenticateError,
    codec::FrameFault,
    reply::{Closure, ReplyCode},
};

fn started() -> Peer {
    let mut peer = Peer::with(Limits::default());
    peer.machine.on_protocol_header();
    peer.seen();
    peer
}

fn authenticated() -> Peer {
    let mut peer = started();
    peer.connection(connection::AMQPMethod::StartOk(start_ok(true)));
    peer.answer(Answer::Authenticated(Ok(())));
    peer
}

fn tuned() -> Peer {
    let mut peer = authenticated();
    peer.connection(tune_ok(0, 0, 60));
    peer
}

fn refused(capable: bool, fault: LoginFault) -> Vec<Seen> {
    let mut peer = started();
    peer.connection(connection::AMQPMethod::StartOk(start_ok(capable)));
    peer.answer(Answer::Authenticated(Err(fault)))
}

#[test]
fn start_offers_plain_and_only_true_capabilities() {
    let mut peer = Peer::with(Limits::default());
    peer.machine.on_protocol_header();
    let seen = peer.seen();
    let [Seen::Method(0, AMQPClass::Connection(connection::AMQPMethod::Start(start)))] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!((start.version_major, start.version_minor), (0, 9));
    assert_eq!(start.mechanisms, LongString::from("PLAIN"));
    let properties = start.server_properties.inner();
    assert_eq!(
        properties.get("product"),
        Some(&AMQPValue::LongString("test".into()))
    );
    assert_eq!(
        properties.get("version"),
        Some(&AMQPValue::LongString("1".into()))
    );
    let capabilities = properties
        .get("capabilities")
        .and_then(AMQPValue::as_field_table)
        .unwrap();
    let names: Vec<&str> = capabilities
        .inner()
        .keys()
        .map(amq_protocol::types::ShortString::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "authentication_failure_close",
            "basic.nack",
            "consumer_cancel_notify",
            "per_consumer_qos"
        ]
    );
    assert!(
        capabilities
            .inner()
            .values()
            .all(|value| value.as_bool() == Some(true))
    );
}

#[test]
fn a_wrong_protocol_header_is_answered_with_the_right_one_and_the_end() {
    let mut peer = Peer::with(Limits::default());
    peer.machine.on_unreadable(&FrameFault::ProtocolHeader);
    assert_eq!(peer.seen(), [Seen::Header, Seen::HangUp]);
}

#[test]
fn the_whole_handshake_reaches_the_running_state() {
    let mut peer = started();
    let seen = peer.connection(connection::AMQPMethod::StartOk(start_ok(true)));
    assert_eq!(seen, [Seen::Authenticate("user".into(), "password token".into())]);
    let tune = connection::Tune {
        channel_max: 2047,
        frame_max: 131_072,
        heartbeat: 60,
    };
    let seen = peer.answer(Answer::Authenticated(Ok(())));
    assert_eq!(seen, [sent_connection(connection::AMQPMethod::Tune(tune))]);
    assert_eq!(
        peer.connection(tune_ok(0, 0, 30)),
        [Seen::Tune(131_072, 2047, 30)]
    );
    let open_ok = connection::AMQPMethod::OpenOk(connection::OpenOk {});
    assert_eq!(
        peer.connection(open("/")),
        [sent_connection(open_ok), Seen::Established]
    );
}

#[test]
fn smaller_limits_of_the_client_hold() {
    let mut peer = authenticated();
    assert_eq!(peer.connection(tune_ok(4096, 1, 0)), [Seen::Tune(4096, 1, 0)]);
}

#[test]
fn limits_outside_the_bounds_are_not_allowed() {
    for (tuning, text) in [
        (
            tune_ok(4095, 0, 0),
            "negotiated frame_max = 4095 is lower than the minimum allowed value (4096)",
        ),
        (
            tune_ok(131_073, 0, 0),
            "negotiated frame_max = 131073 is higher than the maximum allowed value (131072)",
        ),
        (
            tune_ok(0, 2048, 0),
            "negotiated channel_max = 2048 is higher than the maximum allowed value (2047)",
        ),
    ] {
        let text = format!("NOT_ALLOWED - {text}");
        assert_eq!(
            authenticated().connection(tuning),
            [connection_close(530, &text, 10, 31)]
        );
    }
}

#[test]
fn a_refused_login_is_told_with_403_to_who_can_hear_it() {
    let fault = LoginFault::Back(AuthenticateError::Refused("no such thing".into()));
    assert_eq!(
        refused(true, fault),
        [connection_close(403, "ACCESS_REFUSED - no such thing", 0, 0)]
    );
}

#[test]
fn a_refused_login_without_the_capability_ends_the_socket() {
    assert_eq!(
        refused(false, LoginFault::Back(AuthenticateError::refused())),
        [Seen::HangUp]
    );
}

#[test]
fn an_unavailable_back_end_is_not_a_refusal() {
    let text = "INTERNAL_ERROR - credentials could not be checked now, try again";
    let fault = LoginFault::Back(AuthenticateError::Unavailable);
    assert_eq!(refused(true, fault), [connection_close(541, text, 0, 0)]);
}

#[test]
fn too_many_connections_of_a_user_are_not_allowed() {
    let text = "NOT_ALLOWED - connection refused for user 'user': limit of 7 connections reached";
    assert_eq!(
        refused(true, LoginFault::TooManyConnections(7)),
        [connection_close(530, text, 0, 0)]
    );
}

#[test]
fn other_mechanisms_are_refused_clearly() {
    let start_ok = connection::StartOk {
        mechanism: "AMQPLAIN".into(),
        ..start_ok(true)
    };
    let text = "COMMAND_INVALID - authentication mechanism 'AMQPLAIN' is not offered, use PLAIN";
    let seen = started().connection(connection::AMQPMethod::StartOk(start_ok));
    assert_eq!(seen, [connection_close(503, text, 10, 11)]);
}

#[test]
fn a_malformed_plain_response_is_a_syntax_error_that_does_not_repeat_it() {
    let start_ok = connection::StartOk {
        response: "user:password".into(),
        ..start_ok(true)
    };
    let seen = started().connection(connection::AMQPMethod::StartOk(start_ok));
    assert_eq!(
        seen,
        [connection_close(
            502,
            "SYNTAX_ERROR - malformed PLAIN response",
            10,
            11
        )]
    );
}

#[test]
fn only_the_root_vhost_exists() {
    let text = "NOT_ALLOWED - vhost /other not found, use /";
    assert_eq!(
        tuned().connection(open("/other")),
        [connection_close(530, text, 10, 40)]
    );
}

#[test]
fn methods_out_of_order_are_channel_errors() {
    let text = |state| format!("CHANNEL_ERROR - unexpected method in connection state {state}");
    assert_eq!(
        started().connection(open("/")),
        [connection_close(504, &text("starting"), 10, 40)]
    );
    assert_eq!(
        authenticated().connection(open("/")),
        [connection_close(504, &text("tuning"), 10, 40)]
    );
    let again = connection::AMQPMethod::StartOk(start_ok(true));
    assert_eq!(
        tuned().connection(again),
        [connection_close(504, &text("opening"), 10, 11)]
    );
    let again = Peer::running().connection(open("/"));
    assert_eq!(again, [connection_close(504, &text("running"), 10, 40)]);
}

#[test]
fn frames_on_channels_wait_for_open() {
    let text = "CHANNEL_ERROR - channel used before connection.open";
    let seen = started().channel(1, channel::AMQPMethod::Open(channel::Open {}));
    assert_eq!(seen, [connection_close(504, text, 0, 0)]);
}

#[test]
fn heartbeats_are_welcome_at_any_time() {
    for mut peer in [started(), authenticated(), tuned(), Peer::running()] {
        assert_eq!(peer.frame(FrameKind::Heartbeat, 0, &[][..]), []);
    }
}

#[test]
fn a_heartbeat_has_no_payload() {
    let text = "FRAME_ERROR - heartbeat with a payload";
    assert_eq!(
        Peer::running().frame(FrameKind::Heartbeat, 0, &[1][..]),
        [connection_close(501, text, 0, 0)]
    );
}

#[test]
fn content_on_channel_0_is_unexpected() {
    for kind in [FrameKind::Header, FrameKind::Body] {
        let text = "UNEXPECTED_FRAME - content frame on channel 0";
        assert_eq!(
            Peer::running().frame(kind, 0, &[0; 14][..]),
            [connection_close(505, text, 0, 0)]
        );
    }
}

#[test]
fn malformed_and_unknown_methods_are_told_apart() {
    let mut peer = started();
    let text = "SYNTAX_ERROR - malformed arguments of method 10.11";
    assert_eq!(
        peer.frame(FrameKind::Method, 0, &[0, 10, 0, 11, 9][..]),
        [connection_close(502, text, 10, 11)]
    );
    let text = "COMMAND_INVALID - unknown or misplaced method 10.12";
    let seen = started().frame(FrameKind::Method, 0, &[0, 10, 0, 12][..]);
    assert_eq!(seen, [connection_close(503, text, 10, 12)]);
    let text = "FRAME_ERROR - method frame without class and method";
    assert_eq!(
        started().frame(FrameKind::Method, 0, &[0, 10][..]),
        [connection_close(501, text, 0, 0)]
    );
}

#[test]
fn the_client_may_close_in_every_state() {
    let close = connection::AMQPMethod::Close(connection::Close::default());
    for mut peer in [started(), authenticated(), tuned(), Peer::running()] {
        assert_eq!(
            peer.connection(close.clone()),
            [sent_connection(close_ok()), Seen::HangUp]
        );
        assert_eq!(peer.connection(close.clone()), [], "nothing is heard any more");
    }
}

#[test]
fn unreadable_bytes_end_a_running_connection_with_501() {
    let mut peer = Peer::running();
    let consumer = peer.consume(1, "t");
    peer.machine.on_unreadable(&FrameFault::UnknownType(9));
    let text = "FRAME_ERROR - unknown frame type 9";
    assert_eq!(
        peer.seen(),
        [
            Seen::Drop(consumer),
            connection_close(501, text, 0, 0),
            Seen::HangUp
        ]
    );
}

#[test]
fn after_close_only_the_closing_dance_counts() {
    let mut peer = Peer::running();
    peer.machine
        .close(&Closure::new(ReplyCode::ConnectionForced, "maintenance"));
    assert_eq!(
        peer.seen(),
        [connection_close(320, "CONNECTION_FORCED - maintenance", 0, 0)]
    );
    assert_eq!(peer.channel(2, channel::AMQPMethod::Open(channel::Open {})), []);
    assert_eq!(peer.frame(FrameKind::Body, 0, &[1][..]), []);
    assert_eq!(peer.connection(close_ok()), [Seen::HangUp]);
}

#[test]
fn closes_that_cross_are_answered() {
    let mut peer = Peer::running();
    peer.machine
        .close(&Closure::new(ReplyCode::ConnectionForced, "maintenance"));
    peer.seen();
    let close = connection::AMQPMethod::Close(connection::Close::default());
    assert_eq!(
        peer.connection(close),
        [sent_connection(close_ok()), Seen::HangUp]
    );
}

#[test]
fn an_order_to_close_before_the_header_just_hangs_up() {
    let mut peer = Peer::with(Limits::default());
    peer.machine
        .close(&Closure::new(ReplyCode::ConnectionForced, "maintenance"));
    assert_eq!(peer.seen(), [Seen::HangUp]);
}

#[test]
fn an_order_to_close_abandons_the_open_call() {
    let mut peer = started();
    peer.connection(connection::AMQPMethod::StartOk(start_ok(true)));
    assert!(peer.machine.is_waiting());
    peer.machine
        .close(&Closure::new(ReplyCode::ConnectionForced, "maintenance"));
    peer.seen();
    assert!(!peer.machine.is_waiting());
    assert_eq!(peer.answer(Answer::Authenticated(Ok(()))), []);
}

#[test]
fn a_renewed_secret_is_checked_and_confirmed() {
    let update = connection::UpdateSecret {
        new_secret: "new".into(),
        reason: "expired".into(),
    };
    let update = connection::AMQPMethod::UpdateSecret(update);
    let mut peer = Peer::running();
    assert_eq!(peer.connection(update.clone()), [Seen::Renew("new".into())]);
    let ok = connection::AMQPMethod::UpdateSecretOk(connection::UpdateSecretOk {});
    assert_eq!(peer.answer(Answer::Renewed(Ok(()))), [sent_connection(ok)]);
    peer.connection(update);
    let text = "ACCESS_REFUSED - login was refused: check user name and password";
    let seen = peer.answer(Answer::Renewed(Err(AuthenticateError::refused())));
    assert_eq!(seen, [connection_close(403, text, 0, 0)]);
}
