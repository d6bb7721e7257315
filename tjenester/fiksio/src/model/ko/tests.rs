//! The queue against a table of its own: whatever happens in whatever order, nothing is lost, doubled or overtaken.

use proptest::prelude::*;

use super::*;

const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);
const NOW: Timestamp = Timestamp::from_millis(0);

fn klar(plass: Plass) -> Klar<Plass> {
    Klar {
        utloper: NEVER,
        forsok: 0,
        bytes: 10,
        levering: plass,
    }
}

/// A queue with its table.
#[derive(Default)]
struct Bench {
    ko: Ko<Plass>,
    table: BTreeSet<Plass>,
    next: Plass,
}

impl Bench {
    fn send(&mut self, keep: bool) {
        self.next += 1;
        self.table.insert(self.next);
        self.ko.ankom(self.next, klar(self.next), keep);
    }

    fn read(&self, behov: &Behov) -> (Hentet<Plass>, Hentet<Plass>) {
        let tilbake = behov
            .plasser
            .iter()
            .filter(|plass| self.table.contains(plass))
            .map(|plass| (*plass, klar(*plass)));
        let after: Vec<_> = self.table.range(behov.etter + 1..).copied().collect();
        let flere = after.len() > behov.antall;
        let nye = after
            .into_iter()
            .take(behov.antall)
            .map(|plass| (plass, klar(plass)));
        (
            Hentet {
                funnet: tilbake.collect(),
                flere: false,
            },
            Hentet {
                funnet: nye.collect(),
                flere,
            },
        )
    }

    fn fetch(&mut self) {
        if let Some(behov) = self.ko.behov() {
            let (tilbake, nye) = self.read(&behov);
            self.ko.hentet(&behov, tilbake, nye);
        }
    }

    fn deliver(&mut self, konsument: KonsumentId) -> Option<Plass> {
        if let Some((plass, _)) = self.ko.lever(konsument, NOW) {
            return Some(plass);
        }
        self.fetch();
        self.ko.lever(konsument, NOW).map(|(plass, _)| plass)
    }

    fn ack(&mut self, plass: Plass, konsument: KonsumentId) {
        assert!(self.ko.ta_fra(plass, konsument).is_some());
        assert!(self.table.remove(&plass));
        self.ko.avsluttet(plass);
    }

    fn requeue(&mut self, plass: Plass, konsument: KonsumentId) {
        assert!(self.ko.ta_tilbake(plass, konsument).is_some());
        self.ko.tilbake(plass);
    }
}

fn bench(messages: usize, keep: bool) -> Bench {
    let mut bench = Bench::default();
    bench.fetch();
    for _ in 0..messages {
        bench.send(keep);
    }
    bench
}

#[test]
fn messages_go_out_in_the_order_they_came_in_from_memory_and_from_disk() {
    for keep in [true, false] {
        let mut bench = bench(2_000, keep);
        let order: Vec<_> = std::iter::from_fn(|| bench.deliver(1)).collect();
        assert_eq!(order, (1..=2_000).collect::<Vec<_>>());
    }
}

#[test]
fn a_message_that_came_back_goes_out_before_later_ones() {
    let mut bench = bench(10, true);
    assert_eq!(bench.deliver(1), Some(1));
    assert_eq!(bench.deliver(1), Some(2));
    bench.requeue(1, 1);
    assert_eq!(bench.deliver(2), Some(1));
    assert_eq!(bench.deliver(2), Some(3));
}

#[test]
fn nothing_overtakes_a_message_whose_return_is_being_stored() {
    let mut bench = bench(2, true);
    assert_eq!(bench.deliver(1), Some(1));
    assert!(bench.ko.ta_tilbake(1, 1).is_some());
    assert_eq!(bench.deliver(2), None);
    bench.ko.tilbake(1);
    assert_eq!(bench.deliver(2), Some(1));
}

#[test]
fn a_message_that_ends_with_its_last_failure_holds_up_nobody() {
    let mut bench = bench(2, true);
    assert_eq!(bench.deliver(1), Some(1));
    assert!(bench.ko.ta_tilbake(1, 1).is_some());
    bench.ko.avsluttet(1);
    assert_eq!(bench.deliver(2), Some(2));
}

#[test]
fn a_message_that_has_run_out_is_not_delivered() {
    let mut ko = Ko::default();
    let behov = ko.behov().unwrap();
    let short = Klar {
        utloper: Timestamp::from_millis(5),
        ..klar(1)
    };
    let nye = Hentet {
        funnet: vec![(1, short), (2, klar(2))],
        flere: false,
    };
    ko.hentet(
        &behov,
        Hentet {
            funnet: Vec::new(),
            flere: false,
        },
        nye,
    );
    assert_eq!(
        ko.lever(1, Timestamp::from_millis(5)).map(|(plass, _)| plass),
        Some(2)
    );
}

#[test]
fn only_the_consumer_that_has_a_message_can_end_it() {
    let mut bench = bench(1, true);
    assert_eq!(bench.deliver(1), Some(1));
    assert_eq!(bench.ko.ta_fra(1, 2), None);
    assert!(bench.ko.ta_fra(1, 1).is_some());
    assert_eq!(bench.ko.ta_fra(1, 1), None);
}

#[test]
fn a_message_with_a_consumer_cannot_be_claimed() {
    let mut bench = bench(2, true);
    assert_eq!(bench.deliver(1), Some(1));
    assert!(!bench.ko.krev(1));
    assert!(bench.ko.krev(2));
    assert!(!bench.ko.krev(2));
    assert_eq!(bench.deliver(1), None);
}

#[test]
fn a_message_that_ends_during_a_fetch_does_not_come_back_with_it() {
    let mut bench = bench(0, true);
    bench.send(false);
    let behov = bench.ko.behov().unwrap();
    let (tilbake, nye) = bench.read(&behov);
    assert!(bench.ko.krev(1));
    bench.ko.avsluttet(1);
    bench.ko.hentet(&behov, tilbake, nye);
    assert_eq!(bench.ko.lever(1, NOW).map(|(plass, _)| plass), None);
}

#[test]
fn a_message_that_arrives_during_a_fetch_is_fetched_next() {
    let mut bench = bench(0, true);
    bench.send(false);
    let behov = bench.ko.behov().unwrap();
    let (tilbake, nye) = bench.read(&behov);
    bench.send(true);
    bench.ko.hentet(&behov, tilbake, nye);
    assert_eq!(bench.deliver(1), Some(1));
    assert_eq!(bench.deliver(1), Some(2));
}

#[test]
fn a_message_whose_transaction_ended_late_is_not_forgotten() {
    let mut bench = bench(0, true);
    bench.table.extend([1, 2]);
    bench.ko.ankom(2, klar(2), true);
    bench.ko.ankom(1, klar(1), true);
    let order: Vec<_> = std::iter::from_fn(|| bench.deliver(1)).collect();
    assert_eq!(order, [1, 2]);
}

#[test]
fn a_message_whose_transaction_ended_during_a_fetch_of_later_ones_is_not_forgotten() {
    let mut bench = Bench::default();
    bench.table.insert(2);
    let behov = bench.ko.behov().unwrap();
    let (tilbake, nye) = bench.read(&behov);
    bench.table.insert(1);
    bench.ko.ankom(1, klar(1), true);
    bench.ko.hentet(&behov, tilbake, nye);
    let order: Vec<_> = std::iter::from_fn(|| bench.deliver(1)).collect();
    assert_eq!(order, [1, 2]);
}

#[test]
fn memory_is_bounded_whatever_waits() {
    let mut bench = bench(100_000, true);
    bench.fetch();
    assert!(bench.ko.window.len() <= WINDOW);
    let mut ko = Ko::default();
    let behov = ko.behov().unwrap();
    ko.hentet(
        &behov,
        Hentet {
            funnet: Vec::new(),
            flere: false,
        },
        Hentet {
            funnet: Vec::new(),
            flere: false,
        },
    );
    for plass in 1..100 {
        ko.ankom(
            plass,
            Klar {
                bytes: WINDOW_BYTES / 10,
                ..klar(plass)
            },
            true,
        );
    }
    assert!(ko.window_bytes <= WINDOW_BYTES);
}

#[derive(Clone, Debug)]
enum Step {
    Send(bool),
    Deliver(KonsumentId),
    Ack(usize),
    Requeue(usize),
    Lose(KonsumentId),
    Claim(usize),
    Fetch,
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(Step::Send),
        6 => (1..4u64).prop_map(Step::Deliver),
        3 => any::<usize>().prop_map(Step::Ack),
        2 => any::<usize>().prop_map(Step::Requeue),
        1 => (1..4u64).prop_map(Step::Lose),
        1 => any::<usize>().prop_map(Step::Claim),
        1 => Just(Step::Fetch),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 0..400)
}

fn pick(held: &[(Plass, KonsumentId)], which: usize) -> Option<(Plass, KonsumentId)> {
    held.get(which.checked_rem(held.len())?).copied()
}

proptest! {
    /// Runs any steps, then drains the queue: every message ended exactly once, and each delivery was the first
    /// waiting message at that moment.
    #[test]
    fn nothing_is_lost_doubled_or_overtaken(steps in steps()) {
        let mut bench = bench(0, true);
        let mut held: Vec<(Plass, KonsumentId)> = Vec::new();
        for step in steps {
            match step {
                Step::Send(keep) => bench.send(keep),
                Step::Deliver(konsument) => {
                    let out: BTreeSet<_> = held.iter().map(|(plass, _)| *plass).collect();
                    let first = bench.table.iter().copied().find(|plass| !out.contains(plass));
                    let delivered = bench.deliver(konsument);
                    prop_assert_eq!(delivered, first);
                    held.extend(delivered.map(|plass| (plass, konsument)));
                }
                Step::Ack(which) => if let Some((plass, konsument)) = pick(&held, which) {
                    bench.ack(plass, konsument);
                    held.retain(|(held, _)| *held != plass);
                },
                Step::Requeue(which) => if let Some((plass, konsument)) = pick(&held, which) {
                    bench.requeue(plass, konsument);
                    held.retain(|(held, _)| *held != plass);
                },
                Step::Lose(konsument) => {
                    for (plass, _) in bench.ko.ta_alt_tilbake(konsument) {
                        bench.ko.tilbake(plass);
                    }
                    held.retain(|(_, holder)| *holder != konsument);
                }
                Step::Claim(which) => {
                    let waiting: Vec<_> = bench.table.iter().copied().collect();
                    if let Some(plass) = which.checked_rem(waiting.len()).map(|index| waiting[index]) {
                        let with_consumer = held.iter().any(|(held, _)| *held == plass);
                        prop_assert_eq!(bench.ko.krev(plass), !with_consumer);
                        if !with_consumer {
                            bench.table.remove(&plass);
                            bench.ko.avsluttet(plass);
                        }
                    }
                }
                Step::Fetch => bench.fetch(),
                Step::Forget => bench.ko.tom_vindu(),
            }
        }
        let out: BTreeSet<_> = held.iter().map(|(plass, _)| *plass).collect();
        let waiting: Vec<_> = bench.table.iter().copied().filter(|plass| !out.contains(plass)).collect();
        let drained: Vec<_> = std::iter::from_fn(|| bench.deliver(9)).collect();
        prop_assert_eq!(drained, waiting);
    }
}
