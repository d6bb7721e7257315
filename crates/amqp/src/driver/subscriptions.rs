//! The subscriptions of one connection, polled only when they may have something.
//!
//! Each subscription has a waker of its own that puts its id in a list and wakes the connection: a connection
//! with a thousand consumers looks at the one that got a message. An id is in the list at most once.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures::task::AtomicWaker;
use parking_lot::Mutex;

use crate::{
    backend::{Cancelled, Subscription},
    connection::{ConsumerId, Settlement},
    delivery::{Batch, DeliveryId, Outcome},
};

/// Those that were woken, and whom to tell.
#[derive(Debug, Default)]
struct Ready {
    woken: Mutex<VecDeque<ConsumerId>>,
    task: AtomicWaker,
}

/// Wakes one subscription.
#[derive(Debug)]
struct Alarm {
    consumer: ConsumerId,
    listed: AtomicBool,
    ready: Arc<Ready>,
}

impl Alarm {
    fn list(&self) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.ready.woken.lock().push_back(self.consumer);
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.list();
        self.ready.task.wake();
    }
}

struct Entry {
    subscription: Box<dyn Subscription>,
    alarm: Arc<Alarm>,
    waker: Waker,
    stopped: bool,
    /// It has passed its turn since it was last polled.
    passed: bool,
}

/// All subscriptions of a connection.
#[derive(Default)]
pub(super) struct Subscriptions {
    entries: BTreeMap<ConsumerId, Entry>,
    ready: Arc<Ready>,
    /// Ids of one run of settlements, empty between calls.
    run: Vec<DeliveryId>,
}

impl Subscriptions {
    /// Adds a subscription, to be polled soon.
    pub(super) fn insert(&mut self, consumer: ConsumerId, subscription: Box<dyn Subscription>) {
        let alarm = Arc::new(Alarm {
            consumer,
            listed: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        });
        alarm.list();
        let waker = Waker::from(Arc::clone(&alarm));
        self.entries.insert(
            consumer,
            Entry {
                subscription,
                alarm,
                waker,
                stopped: false,
                passed: false,
            },
        );
    }

    /// Drops a subscription, which gives its unsettled deliveries back.
    pub(super) fn remove(&mut self, consumer: ConsumerId) {
        self.entries.remove(&consumer);
    }

    /// Ends the flow of deliveries, keeping the subscription for settlements.
    pub(super) fn stop(&mut self, consumer: ConsumerId) {
        if let Some(entry) = self.entries.get_mut(&consumer)
            && !entry.stopped
        {
            entry.stopped = true;
            entry.subscription.stop();
        }
    }

    /// Says whom to wake from now on.
    pub(super) fn register(&self, task: &Waker) {
        self.ready.task.register(task);
    }

    /// Lists a subscription: it may have more, or has credit again.
    pub(super) fn list(&self, consumer: ConsumerId) {
        if let Some(entry) = self.entries.get(&consumer) {
            entry.alarm.list();
        }
    }

    /// The next one to poll, in the order in which they were listed.
    pub(super) fn next_listed(&self) -> Option<ConsumerId> {
        loop {
            let consumer = self.ready.woken.lock().pop_front()?;
            if let Some(entry) = self.entries.get(&consumer) {
                // A swap, not a store: it must see whatever was written before a wake that found the id still
                // listed.
                entry.alarm.listed.swap(false, Ordering::AcqRel);
                if !entry.stopped {
                    return Some(consumer);
                }
            }
        }
    }

    /// Asks a subscription for deliveries; its own waker tells when a `Pending` one has some.
    pub(super) fn poll(&mut self, consumer: ConsumerId, batch: &mut Batch) -> Poll<Result<(), Cancelled>> {
        let Some(entry) = self.entries.get_mut(&consumer).filter(|entry| !entry.stopped) else {
            return Poll::Pending;
        };
        entry.passed = false;
        let polled = entry
            .subscription
            .poll_deliveries(&mut Context::from_waker(&entry.waker), batch);
        if polled == Poll::Ready(Err(Cancelled)) {
            entry.stopped = true;
        }
        polled
    }

    /// Lets a subscription that was woken but can take nothing pass its turn on.
    pub(super) fn pass(&mut self, consumer: ConsumerId) {
        if let Some(entry) = self.entries.get_mut(&consumer)
            && !entry.stopped
        {
            entry.passed = true;
            entry.subscription.pass();
        }
    }

    /// The same for all that are listed, and for those that are woken by it: the peer does not read. They stay listed.
    pub(super) fn pass_listed(&mut self) {
        loop {
            let waits = |id: &&ConsumerId| {
                let entry = self.entries.get(id);
                entry.is_some_and(|entry| !entry.passed && !entry.stopped)
            };
            let next = self.ready.woken.lock().iter().find(waits).copied();
            let Some(consumer) = next else { return };
            self.pass(consumer);
        }
    }

    /// Passes settlements on, one call for each run of the same consumer and outcome.
    pub(super) fn settle(&mut self, settlements: &[Settlement]) {
        for run in
            settlements.chunk_by(|one, next| (one.consumer, one.outcome) == (next.consumer, next.outcome))
        {
            let Some(&Settlement {
                consumer, outcome, ..
            }) = run.first()
            else {
                continue;
            };
            self.run.extend(run.iter().map(|settlement| settlement.delivery));
            self.settle_run(consumer, outcome);
        }
    }

    fn settle_run(&mut self, consumer: ConsumerId, outcome: Outcome) {
        if let Some(entry) = self.entries.get_mut(&consumer) {
            entry.subscription.settle(outcome, &self.run);
        }
        self.run.clear();
    }

    /// Gives back memory that is only used under load.
    pub(super) fn release(&mut self) {
        self.run = Vec::new();
        let mut woken = self.ready.woken.lock();
        if woken.is_empty() {
            *woken = VecDeque::new();
        }
    }
}

/// Wakers that a back end still holds must not keep the ended task in memory.
impl Drop for Subscriptions {
    fn drop(&mut self) {
        drop(self.ready.task.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen {
        settled: Vec<(Outcome, Vec<u64>)>,
        wakers: Vec<Waker>,
        stops: usize,
        passes: usize,
    }

    struct Fake(Arc<Mutex<Seen>>);

    impl Subscription for Fake {
        fn poll_deliveries(
            &mut self,
            context: &mut Context<'_>,
            _: &mut Batch,
        ) -> Poll<Result<(), Cancelled>> {
            self.0.lock().wakers.push(context.waker().clone());
            Poll::Pending
        }

        fn pass(&mut self) {
            self.0.lock().passes += 1;
        }

        fn settle(&mut self, outcome: Outcome, deliveries: &[DeliveryId]) {
            self.0
                .lock()
                .settled
                .push((outcome, deliveries.iter().map(|id| id.0).collect()));
        }

        fn stop(&mut self) {
            self.0.lock().stops += 1;
        }
    }

    fn with_two() -> (Subscriptions, Arc<Mutex<Seen>>, Arc<Mutex<Seen>>) {
        let (one, two) = (Arc::<Mutex<Seen>>::default(), Arc::<Mutex<Seen>>::default());
        let mut subscriptions = Subscriptions::default();
        subscriptions.insert(ConsumerId(1), Box::new(Fake(Arc::clone(&one))));
        subscriptions.insert(ConsumerId(2), Box::new(Fake(Arc::clone(&two))));
        (subscriptions, one, two)
    }

    fn listed(subscriptions: &Subscriptions) -> Vec<u64> {
        std::iter::from_fn(|| subscriptions.next_listed())
            .map(|id| id.0)
            .collect()
    }

    #[test]
    fn only_woken_subscriptions_are_listed_and_each_once() {
        let (mut subscriptions, _, two) = with_two();
        assert_eq!(listed(&subscriptions), [1, 2]);
        let mut batch = Batch::new(1, 1);
        assert!(subscriptions.poll(ConsumerId(2), &mut batch).is_pending());
        assert_eq!(listed(&subscriptions), [0; 0]);
        two.lock().wakers[0].wake_by_ref();
        two.lock().wakers[0].wake_by_ref();
        assert_eq!(listed(&subscriptions), [2]);
    }

    #[test]
    fn who_is_listed_in_vain_passes_its_turn_once_and_stays_listed() {
        let (mut subscriptions, one, two) = with_two();
        subscriptions.stop(ConsumerId(2));
        subscriptions.pass_listed();
        subscriptions.pass_listed();
        assert_eq!((one.lock().passes, two.lock().passes), (1, 0));
        assert_eq!(listed(&subscriptions), [1]);
        let mut batch = Batch::new(1, 1);
        assert!(subscriptions.poll(ConsumerId(1), &mut batch).is_pending());
        let waker = one.lock().wakers[0].clone();
        waker.wake();
        subscriptions.pass_listed();
        assert_eq!(one.lock().passes, 2);
    }

    #[test]
    fn settlements_go_out_in_runs() {
        let (mut subscriptions, one, two) = with_two();
        let settlement = |consumer, outcome, delivery| Settlement {
            consumer: ConsumerId(consumer),
            outcome,
            delivery: DeliveryId(delivery),
        };
        subscriptions.settle(&[
            settlement(1, Outcome::Acknowledged, 1),
            settlement(1, Outcome::Acknowledged, 2),
            settlement(1, Outcome::Requeued, 3),
            settlement(2, Outcome::Requeued, 4),
        ]);
        let of_one = [(Outcome::Acknowledged, vec![1, 2]), (Outcome::Requeued, vec![3])];
        assert_eq!(one.lock().settled, of_one);
        assert_eq!(two.lock().settled, [(Outcome::Requeued, vec![4])]);
    }

    #[test]
    fn a_stopped_subscription_is_told_once_and_still_settles() {
        let (mut subscriptions, one, _) = with_two();
        subscriptions.stop(ConsumerId(1));
        subscriptions.stop(ConsumerId(1));
        assert_eq!(listed(&subscriptions), [2]);
        let outcome = Outcome::Discarded;
        subscriptions.settle(&[Settlement {
            consumer: ConsumerId(1),
            outcome,
            delivery: DeliveryId(7),
        }]);
        let seen = one.lock();
        assert_eq!((seen.stops, seen.settled.len()), (1, 1));
    }
}
