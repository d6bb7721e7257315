//! Methods as a generated encoder writes them, and as nobody should.

use amq_protocol::protocol::{AMQPClass, gen_class};
use proptest::prelude::*;

use super::*;

fn encode(class: &AMQPClass) -> Vec<u8> {
    gen_class(class)(Vec::new().into()).unwrap().into_inner().0
}

fn basic(method: basic::AMQPMethod) -> Method {
    decode(&encode(&AMQPClass::Basic(method))).unwrap().1
}

fn settle(tag: u64, multiple: bool, outcome: Outcome) -> Method {
    Method::Settle {
        tag,
        multiple,
        outcome,
    }
}

#[test]
fn answers_to_deliveries_are_read_as_the_generated_encoder_writes_them() {
    let ack = basic::Ack {
        delivery_tag: 1 << 40,
        multiple: true,
    };
    assert_eq!(
        basic(basic::AMQPMethod::Ack(ack)),
        settle(1 << 40, true, Outcome::Acknowledged)
    );
    let nack = basic::Nack {
        delivery_tag: 2,
        multiple: false,
        requeue: true,
    };
    assert_eq!(
        basic(basic::AMQPMethod::Nack(nack)),
        settle(2, false, Outcome::Requeued)
    );
    let nack = basic::Nack {
        delivery_tag: 3,
        multiple: true,
        requeue: false,
    };
    assert_eq!(
        basic(basic::AMQPMethod::Nack(nack)),
        settle(3, true, Outcome::Discarded)
    );
    let reject = basic::Reject {
        delivery_tag: 4,
        requeue: true,
    };
    assert_eq!(
        basic(basic::AMQPMethod::Reject(reject)),
        settle(4, false, Outcome::Requeued)
    );
}

#[test]
fn qos_and_recover_are_read_as_the_generated_encoder_writes_them() {
    let qos = basic::Qos {
        prefetch_count: 10,
        global: true,
    };
    let read = Method::Qos {
        prefetch_size: 0,
        prefetch_count: 10,
        global: true,
    };
    assert_eq!(basic(basic::AMQPMethod::Qos(qos)), read);
    let recover = basic::AMQPMethod::Recover(basic::Recover { requeue: true });
    assert_eq!(
        basic(recover),
        Method::Recover {
            requeue: true,
            answered: true
        }
    );
    let recover = basic::AMQPMethod::RecoverAsync(basic::RecoverAsync { requeue: false });
    assert_eq!(
        basic(recover),
        Method::Recover {
            requeue: false,
            answered: false
        }
    );
}

#[test]
fn prefetch_size_is_not_lost() {
    let payload = [0, 60, 0, 10, 0, 0, 0, 9, 0, 1, 0];
    let (_, method) = decode(&payload).unwrap();
    assert_eq!(
        method,
        Method::Qos {
            prefetch_size: 9,
            prefetch_count: 1,
            global: false
        }
    );
}

#[test]
fn missing_or_surplus_arguments_are_malformed() {
    let id = MethodId::new(60, 80);
    let ack = [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0];
    assert!(decode(&ack).is_ok());
    assert_eq!(decode(&ack[..12]), Err(MethodFault::Malformed(id)));
    assert_eq!(
        decode(&[&ack[..], &[0]].concat()),
        Err(MethodFault::Malformed(id))
    );
    assert_eq!(decode(&ack[..3]), Err(MethodFault::Incomplete));
}

#[test]
fn methods_that_only_servers_send_are_unknown() {
    for (class, method) in [
        (10, 10),
        (10, 30),
        (20, 11),
        (60, 21),
        (60, 60),
        (30, 10),
        (99, 1),
    ] {
        let payload = [0, class, 0, method, 0, 0, 0, 0];
        let id = MethodId::new(class.into(), method.into());
        assert_eq!(decode(&payload), Err(MethodFault::Unknown(id)));
    }
}

proptest! {
    #[test]
    fn a_consume_reads_back_whole_and_cut_anywhere_it_is_a_fault(
        queue in "[a-z.]{0,40}", tag in "\\PC{0,20}", no_ack: bool, exclusive: bool, nowait: bool,
    ) {
        let consume = basic::Consume {
            queue: queue.as_str().into(),
            consumer_tag: tag.as_str().into(),
            no_ack,
            exclusive,
            nowait,
            ..basic::Consume::default()
        };
        let payload = encode(&AMQPClass::Basic(basic::AMQPMethod::Consume(consume.clone())));
        let (_, method) = decode(&payload).unwrap();
        prop_assert_eq!(method, Method::Consume(Box::new(consume)));
        for end in 0..payload.len() {
            prop_assert!(decode(&payload[..end]).is_err(), "{end} octets are enough");
        }
    }

    #[test]
    fn arbitrary_arguments_never_panic(
        class in prop::sample::select(vec![10u16, 20, 40, 50, 60, 85, 90]), method in 0u16..130,
        arguments in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let payload = [&class.to_be_bytes()[..], &method.to_be_bytes(), &arguments].concat();
        let _ = decode(&payload);
    }
}
