//! Many messages: nothing lost, nothing twice, in order.

use futures::StreamExt;
use lapin::options::BasicAckOptions;

use crate::setup::{Running, consume, next, prefetch};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_arrive_in_order_exactly_once() {
    const COUNT: u32 = 10_000;
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    let publisher = std::thread::spawn({
        let queue = std::sync::Arc::clone(&queue);
        move || (0..COUNT).for_each(|number| queue.publish(number.to_string()))
    });
    let channel = running.connect().await.create_channel().await.unwrap();
    prefetch(&channel, 200).await;
    let mut consumer = consume(&channel, "q", "").await.unwrap();
    for number in 0..COUNT {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.data, number.to_string().as_bytes());
        let multiple = number % 7 == 6;
        if multiple || number % 7 < 3 || number == COUNT - 1 {
            let options = BasicAckOptions {
                multiple: multiple || number == COUNT - 1,
            };
            delivery.ack(options).await.unwrap();
        }
    }
    publisher.join().unwrap();
    queue.until(|ledger| ledger.acknowledged == COUNT as usize).await;
    assert_eq!((queue.ledger().held, queue.ledger().requeued), (0, 0));
    // The endpoint counts just after the back end was told.
    let counted = || {
        let snapshot = running.server.metrics().snapshot();
        (snapshot.deliveries, snapshot.settlements)
    };
    while counted().1 < COUNT.into() {
        tokio::task::yield_now().await;
    }
    assert_eq!(counted(), (COUNT.into(), COUNT.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_on_one_queue_share_it() {
    const COUNT: usize = 2000;
    let running = Running::start().await;
    let queue = running.memory.queue("q");
    (0..COUNT).for_each(|_| queue.publish("x"));
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let connection = running.connect().await;
        let queue = std::sync::Arc::clone(&queue);
        tasks.push(tokio::spawn(async move {
            let channel = connection.create_channel().await.unwrap();
            prefetch(&channel, 10).await;
            let mut consumer = consume(&channel, "q", "").await.unwrap();
            let mut received = 0;
            let done = queue.until(|ledger| ledger.acknowledged == COUNT);
            tokio::pin!(done);
            loop {
                tokio::select! {
                    Some(delivery) = consumer.next() => {
                        received += 1;
                        delivery.unwrap().ack(BasicAckOptions::default()).await.unwrap();
                    }
                    () = &mut done => return received,
                }
            }
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    assert_eq!(total, COUNT);
}
