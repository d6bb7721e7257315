//! The rules, each on its own, and what breaks them.

use std::collections::HashMap;
use std::fmt;

use fiks_core::id::KontoId;

use crate::event::{Answer, Event, History};
use crate::life::{Index, Life, Lives};

/// What Fiks IO promises (fiks-io §3, §8.5–8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What was answered with 202 comes, or its sender is told why not.
    Lost,
    /// A delivery is at the konto it was sent to, and feedback at the sender's.
    Foreign,
    /// What was refused does not come.
    RefusedButSent,
    /// Sent one after the other to one konto, messages come first in that order.
    Order,
    /// What has ended does not come again.
    Undead,
    /// Each end without an ack gives one feedback, an ack none.
    FeedbackCount,
}

impl Rule {
    fn text(self) -> &'static str {
        match self {
            Self::Lost => "no accepted message is lost",
            Self::Foreign => "nobody receives another's message",
            Self::RefusedButSent => "a refused message is not sent",
            Self::Order => "messages come in order",
            Self::Undead => "what is ended stays ended",
            Self::FeedbackCount => "each end gives one feedback",
        }
    }
}

/// A broken rule, and the fewest events that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// In their order, with their places in the history.
    pub events: Vec<(usize, Event)>,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "broken: {}", self.rule.text())?;
        for (index, event) in &self.events {
            let json = serde_json::to_string(event).map_err(|_| fmt::Error)?;
            writeln!(formatter, "  {index:>6}  {json}")?;
        }
        Ok(())
    }
}

/// Every broken rule, the one with the shortest proof first. Empty when all were kept.
pub fn check(history: &History) -> Vec<Broken> {
    let lives = Lives::of(history);
    let mut broken: Vec<(Rule, Vec<Index>)> = Vec::new();
    for life in lives.by_mark.values() {
        broken.extend(lost(life, &lives));
        broken.extend(foreign(life));
        broken.extend(refused_but_sent(life));
        broken.extend(undead(life));
        broken.extend(feedback_count(life, &lives));
    }
    broken.extend(
        lives
            .unexplained
            .iter()
            .map(|index| (Rule::Foreign, vec![*index])),
    );
    broken.extend(order(&lives));
    let mut broken: Vec<Broken> = broken
        .into_iter()
        .map(|(rule, events)| shown(history, rule, events))
        .collect();
    broken.sort_by_key(|broken| (broken.events.len(), broken.rule));
    broken
}

fn shown(history: &History, rule: Rule, mut indexes: Vec<Index>) -> Broken {
    indexes.sort_unstable();
    indexes.dedup();
    let events = indexes.into_iter();
    let events = events.filter_map(|index| Some((index, history.0.get(index)?.clone())));
    Broken {
        rule,
        events: events.collect(),
    }
}

/// Where a konto was found empty after that moment.
fn emptied_after(lives: &Lives, konto: Option<KontoId>, moment: Index) -> Option<Index> {
    let index = lives.emptied.get(&konto?)?;
    (*index > moment).then_some(*index)
}

fn lost(life: &Life, lives: &Lives) -> Option<(Rule, Vec<Index>)> {
    let (begun, ..) = life.begun?;
    let accepted = life.accepted()?;
    let emptied = emptied_after(lives, life.mottaker(), accepted)?;
    let is_told = !life.deliveries.is_empty() || !life.feedback.is_empty();
    // What may have run out is lost only when its sender, too, has read all that it was told.
    let read = if life.short_lived || life.must_end.is_some() {
        emptied_after(lives, life.avsender(), life.must_end.unwrap_or(accepted))?
    } else {
        emptied
    };
    (!is_told).then(|| (Rule::Lost, vec![begun, accepted, emptied, read]))
}

fn foreign(life: &Life) -> Option<(Rule, Vec<Index>)> {
    let Some((begun, avsender, mottaker)) = life.begun else {
        let first = life.first_delivery().or(life.answered.map(|(index, _)| index))?;
        return Some((Rule::Foreign, vec![first]));
    };
    let elsewhere = life.deliveries.iter().find(|delivery| {
        // Another id under the same mark is a second message made of one send.
        delivery.konto != mottaker || Some(delivery.melding) != life.melding || delivery.index < begun
    });
    let misled = life.feedback.iter().find(|(_, konto, _)| *konto != avsender);
    let index = elsewhere.map(|delivery| delivery.index);
    let index = index.or(misled.map(|(index, ..)| *index))?;
    Some((Rule::Foreign, vec![begun, index]))
}

fn refused_but_sent(life: &Life) -> Option<(Rule, Vec<Index>)> {
    let (answered, Answer::Refused) = life.answered? else {
        return None;
    };
    let came = life
        .first_delivery()
        .or(life.feedback.first().map(|(index, ..)| *index))?;
    Some((Rule::RefusedButSent, vec![answered, came]))
}

fn undead(life: &Life) -> Option<(Rule, Vec<Index>)> {
    let told = life.feedback.iter().map(|(index, ..)| *index).min();
    let ended = [life.flushed, told].into_iter().flatten().min()?;
    let again = life
        .deliveries
        .iter()
        .find(|delivery| delivery.not_before > ended)?;
    Some((Rule::Undead, vec![ended, again.not_before, again.index]))
}

fn feedback_count(life: &Life, lives: &Lives) -> Option<(Rule, Vec<Index>)> {
    let mut told = life.feedback.iter().map(|(index, ..)| *index);
    let (first, second) = (told.next(), told.next());
    if let (Some(first), Some(second)) = (first, second) {
        return Some((Rule::FeedbackCount, vec![first, second]));
    }
    if let (Some(flushed), Some(told)) = (life.flushed, first) {
        return Some((Rule::FeedbackCount, vec![flushed, told]));
    }
    let (ended, _accepted) = (life.must_end?, life.accepted()?);
    let emptied = emptied_after(lives, life.avsender(), ended)?;
    first
        .is_none()
        .then(|| (Rule::FeedbackCount, vec![ended, emptied]))
}

/// First deliveries of messages that were accepted, by one connection to one konto. Only these have an order: what comes
/// again after a failure, or by another consumer, may come later.
fn order(lives: &Lives) -> Vec<(Rule, Vec<Index>)> {
    let mut queues: HashMap<(KontoId, u64), Vec<Sent>> = HashMap::new();
    for life in lives.by_mark.values() {
        if let (Some((begun, _, mottaker)), Some(accepted), Some(first)) =
            (life.begun, life.accepted(), life.deliveries.first())
            && !first.redelivered
        {
            let sent = Sent {
                begun,
                accepted,
                delivered: first.index,
            };
            queues.entry((mottaker, first.connection)).or_default().push(sent);
        }
    }
    queues.into_values().flat_map(order_of_one).collect()
}

#[derive(Clone, Copy)]
struct Sent {
    begun: Index,
    accepted: Index,
    delivered: Index,
}

/// Compares each message with the one that came last among those whose sends had ended before its own began, so one
/// pass over the sends is enough.
fn order_of_one(mut sent: Vec<Sent>) -> Vec<(Rule, Vec<Index>)> {
    let mut by_answer = sent.clone();
    by_answer.sort_by_key(|one| one.accepted);
    sent.sort_by_key(|one| one.begun);
    let (mut earlier, mut last, mut broken) = (by_answer.into_iter().peekable(), None::<Sent>, Vec::new());
    for one in sent {
        while let Some(done) = earlier.next_if(|done| done.accepted < one.begun) {
            last = last.filter(|last| last.delivered > done.delivered).or(Some(done));
        }
        if let Some(before) = last.filter(|before| before.delivered > one.delivered) {
            let events = vec![before.accepted, one.begun, one.delivered, before.delivered];
            broken.push((Rule::Order, events));
        }
    }
    broken
}
