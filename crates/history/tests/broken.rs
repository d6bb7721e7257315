//! Each rule, broken and kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use fiks_core::id::{KontoId, MeldingId};
use fiks_history::{Action, Answer, Feedback, History, Recorder, Rule, check};
use proptest::prelude::*;
use uuid::Uuid;

const A: KontoId = KontoId(Uuid::from_u128(0xa));
const B: KontoId = KontoId(Uuid::from_u128(0xb));

fn melding(number: u64) -> MeldingId {
    MeldingId(Uuid::from_u128(u128::from(number)))
}

fn send(mark: u64) -> Action {
    Action::Send {
        mark,
        avsender: A,
        mottaker: B,
        short_lived: false,
    }
}

fn accepted(mark: u64) -> Action {
    Action::Sent {
        mark,
        answer: Answer::Accepted(melding(mark)),
    }
}

fn sent(mark: u64) -> [Action; 2] {
    [send(mark), accepted(mark)]
}

fn by(connection: u64, mark: u64) -> Action {
    Action::Delivered {
        connection,
        konto: B,
        melding: melding(mark),
        mark,
        redelivered: false,
    }
}

fn delivered(mark: u64) -> Action {
    by(1, mark)
}

fn flushed(mark: u64) -> Action {
    Action::Flushed {
        melding: melding(mark),
    }
}

fn feedback(number: u64, about: u64) -> Action {
    Action::Feedback {
        konto: A,
        melding: melding(number),
        svar_til: melding(about),
        feedback: Feedback::Tidsavbrudd,
    }
}

fn must_end(mark: u64) -> Action {
    Action::MustEnd {
        melding: melding(mark),
    }
}

const EMPTY_A: Action = Action::Emptied { konto: A };
const EMPTY_B: Action = Action::Emptied { konto: B };

fn history(actions: impl IntoIterator<Item = Action>) -> History {
    let recorder = Recorder::default();
    actions.into_iter().for_each(|action| recorder.note(action));
    recorder.history()
}

/// The rules that are broken, and the places of the first one's proof.
fn judged(actions: impl IntoIterator<Item = Action>) -> (Vec<Rule>, Vec<usize>) {
    let broken = check(&history(actions));
    let proof = broken
        .first()
        .map(|broken| broken.events.iter().map(|(index, _)| *index));
    let proof = proof.into_iter().flatten().collect();
    (broken.into_iter().map(|broken| broken.rule).collect(), proof)
}

#[track_caller]
fn assert_kept(actions: impl IntoIterator<Item = Action>) {
    let broken = check(&history(actions));
    assert!(broken.is_empty(), "{}", broken[0]);
}

#[test]
fn a_life_by_the_rules_is_no_finding() {
    let [first, answer] = sent(1);
    assert_kept([first, answer, delivered(1), flushed(1), EMPTY_B, EMPTY_A]);
}

#[test]
fn an_accepted_message_that_never_comes_is_lost() {
    let [first, answer] = sent(1);
    let (rules, proof) = judged([Action::Killed, first.clone(), answer.clone(), EMPTY_B]);
    assert_eq!((rules, proof), (vec![Rule::Lost], vec![1, 2, 3]));
    // The queue has not been read to its end since, so nothing can be said.
    assert_kept([EMPTY_B, first, answer]);
}

#[test]
fn what_may_have_run_out_is_lost_only_when_its_sender_knows_nothing() {
    let short = Action::Send {
        mark: 1,
        avsender: A,
        mottaker: B,
        short_lived: true,
    };
    let start = [short, accepted(1), EMPTY_B];
    assert_kept(start.clone());
    assert_kept([&start[..], &[feedback(9, 1), EMPTY_A]].concat());
    let (rules, _) = judged([&start[..], &[EMPTY_A]].concat());
    assert_eq!(rules, [Rule::Lost]);
}

#[test]
fn an_unanswered_send_may_come_or_not() {
    let unknown = Action::Sent {
        mark: 1,
        answer: Answer::Unknown,
    };
    assert_kept([send(1), unknown.clone(), EMPTY_B]);
    assert_kept([send(1), unknown.clone(), delivered(1), EMPTY_B]);
    assert_kept([send(1), delivered(1), unknown]);
}

#[test]
fn one_send_that_makes_two_messages_is_found() {
    let twin = Action::Delivered {
        connection: 1,
        konto: B,
        melding: melding(77),
        mark: 1,
        redelivered: false,
    };
    let [first, answer] = sent(1);
    let (rules, proof) = judged([first, answer, delivered(1), twin]);
    assert_eq!((rules, proof), (vec![Rule::Foreign], vec![0, 3]));
}

#[test]
fn a_refused_message_that_comes_is_found() {
    let refused = Action::Sent {
        mark: 1,
        answer: Answer::Refused,
    };
    let (rules, proof) = judged([send(1), refused, delivered(1)]);
    assert_eq!((rules, proof), (vec![Rule::RefusedButSent], vec![1, 2]));
}

#[test]
fn a_delivery_at_another_konto_and_one_out_of_nowhere_are_found() {
    let astray = Action::Delivered {
        connection: 1,
        konto: A,
        melding: melding(1),
        mark: 1,
        redelivered: false,
    };
    let [first, answer] = sent(1);
    assert_eq!(judged([first.clone(), answer.clone(), astray]).0, [Rule::Foreign]);
    assert_eq!(judged([delivered(5)]).0, [Rule::Foreign]);
    assert_eq!(judged([feedback(9, 5)]).0, [Rule::Foreign]);
    let misled = Action::Feedback {
        konto: B,
        melding: melding(9),
        svar_til: melding(1),
        feedback: Feedback::Serverfeil,
    };
    assert_eq!(judged([first, answer, misled]).0, [Rule::Foreign]);
}

#[test]
fn first_deliveries_keep_the_order_of_sends_that_followed_each_other() {
    let after = [&sent(1)[..], &sent(2)[..], &[delivered(2), delivered(1)]].concat();
    let (rules, proof) = judged(after);
    assert_eq!((rules, proof), (vec![Rule::Order], vec![1, 2, 4, 5]));
    // At the same time, by another consumer, or again after a failure: no order.
    assert_kept([
        send(1),
        send(2),
        accepted(1),
        accepted(2),
        delivered(2),
        delivered(1),
    ]);
    assert_kept([&sent(1)[..], &sent(2)[..], &[by(1, 2), by(2, 1)]].concat());
    let again = Action::Delivered {
        connection: 1,
        konto: B,
        melding: melding(1),
        mark: 1,
        redelivered: true,
    };
    assert_kept([&sent(1)[..], &sent(2)[..], &[delivered(2), again]].concat());
}

#[test]
fn what_is_flushed_does_not_come_again() {
    let ended = [&sent(1)[..], &[delivered(1), flushed(1)]].concat();
    let reconnected = [&ended[..], &[Action::Connected { connection: 2 }, by(2, 1)]].concat();
    assert_eq!(judged(reconnected), (vec![Rule::Undead], vec![3, 4, 5]));
    // The same connection has brought something newer in between.
    let later = [&ended[..], &sent(2)[..], &[delivered(2), delivered(1)]].concat();
    assert_eq!(judged(later).0, [Rule::Undead]);
}

#[test]
fn what_was_long_in_a_sockets_buffer_is_no_finding() {
    let stale = [
        &[
            Action::Connected { connection: 1 },
            Action::Connected { connection: 2 },
        ][..],
        &sent(1)[..],
        &[by(2, 1), flushed(1), by(1, 1)],
    ];
    assert_kept(stale.concat());
}

#[test]
fn an_end_gives_exactly_one_feedback() {
    let ended = [&sent(1)[..], &[must_end(1)]].concat();
    assert_kept([&ended[..], &[feedback(9, 1), feedback(9, 1), EMPTY_A, EMPTY_B]].concat());
    let twice = [&ended[..], &[feedback(8, 1), feedback(9, 1)]].concat();
    assert_eq!(judged(twice), (vec![Rule::FeedbackCount], vec![3, 4]));
    let none = [&sent(1)[..], &[delivered(1), must_end(1), EMPTY_A]].concat();
    assert_eq!(judged(none), (vec![Rule::FeedbackCount], vec![3, 4]));
    let acked = [&sent(1)[..], &[delivered(1), flushed(1), feedback(9, 1)]].concat();
    assert_eq!(judged(acked), (vec![Rule::FeedbackCount], vec![3, 4]));
}

#[test]
fn the_shortest_proof_comes_first_and_reads_as_lines() {
    let [first, answer] = sent(1);
    let broken = check(&history([first, answer, EMPTY_B, feedback(9, 5)]));
    assert_eq!(broken[0].events.len(), 1);
    let text = broken[0].to_string();
    assert!(
        text.starts_with("broken: nobody receives another's message\n"),
        "{text}"
    );
    assert!(text.contains(r#""action":"feedback""#), "{text}");
}

#[test]
fn a_history_is_kept_as_lines() {
    let written = history([&sent(1)[..], &[delivered(1), Action::Killed, feedback(9, 1)]].concat());
    assert_eq!(History::read(&written.write()).unwrap(), written);
    assert_eq!(History::read("\n{}\n").unwrap_err().line, 2);
}

/// A platform that keeps its promises: messages in the order of their acceptance, each until its ack is flushed, with
/// crashes in between.
fn honest(steps: &[u8]) -> Vec<Action> {
    let (mut actions, mut queue, mut next, mut connection) = (Vec::new(), Vec::<u64>::new(), 1, 0);
    actions.push(Action::Connected { connection });
    for step in steps {
        match step % 4 {
            0 | 1 => {
                actions.extend(sent(next));
                queue.push(next);
                next += 1;
            }
            2 if !queue.is_empty() => {
                let mark = queue.remove(0);
                actions.extend([by(connection, mark), flushed(mark)]);
            }
            3 => {
                connection += 1;
                // Delivered, and not acknowledged before the crash.
                actions.extend(queue.first().map(|mark| by(connection - 1, *mark)));
                actions.extend([Action::Killed, Action::Connected { connection }]);
            }
            _ => {}
        }
    }
    for mark in queue {
        actions.extend([by(connection, mark), flushed(mark)]);
    }
    actions.extend([EMPTY_B, EMPTY_A]);
    actions
}

proptest! {
    #[test]
    fn an_honest_platform_is_never_accused(steps in prop::collection::vec(any::<u8>(), 0..60)) {
        let broken = check(&history(honest(&steps)));
        prop_assert!(broken.is_empty(), "{}", broken[0]);
    }

    #[test]
    fn a_message_that_vanishes_is_always_missed(
        steps in prop::collection::vec(any::<u8>(), 1..60), which: prop::sample::Index,
    ) {
        let actions = honest(&steps);
        let marks: Vec<u64> = actions
            .iter()
            .filter_map(|action| match action { Action::Send { mark, .. } => Some(*mark), _ => None })
            .collect();
        prop_assume!(!marks.is_empty());
        let gone = *which.get(&marks);
        let without = actions.into_iter().filter(|action| match action {
            Action::Delivered { mark, .. } => *mark != gone,
            Action::Flushed { melding: flushed } => *flushed != melding(gone),
            _ => true,
        });
        let broken = check(&history(without));
        prop_assert_eq!(broken.len(), 1);
        prop_assert_eq!(broken[0].rule, Rule::Lost);
    }
}
