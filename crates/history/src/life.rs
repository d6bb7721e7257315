//! A history by message: where in it each thing happened to each send.

use std::collections::{BTreeMap, HashMap};

use fiks_core::id::{KontoId, MeldingId};

use crate::event::{Action, Answer, History};

/// Place in a history.
pub(crate) type Index = usize;

/// A delivery, as noted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    pub(crate) index: Index,
    pub(crate) connection: u64,
    pub(crate) konto: KontoId,
    pub(crate) melding: MeldingId,
    pub(crate) redelivered: bool,
    /// The platform cannot have written it before this: the connection was not open, or what it brought before was not
    /// yet sent.
    pub(crate) not_before: Index,
}

/// All that happened to what one send sent.
#[derive(Debug, Default)]
pub(crate) struct Life {
    pub(crate) begun: Option<(Index, KontoId, KontoId)>,
    pub(crate) answered: Option<(Index, Answer)>,
    pub(crate) melding: Option<MeldingId>,
    pub(crate) short_lived: bool,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) flushed: Option<Index>,
    pub(crate) must_end: Option<Index>,
    /// The first arrival of each feedback, told apart by its own id.
    pub(crate) feedback: Vec<(Index, KontoId, MeldingId)>,
}

impl Life {
    pub(crate) fn mottaker(&self) -> Option<KontoId> {
        self.begun.map(|(_, _, mottaker)| mottaker)
    }

    pub(crate) fn avsender(&self) -> Option<KontoId> {
        self.begun.map(|(_, avsender, _)| avsender)
    }

    pub(crate) fn accepted(&self) -> Option<Index> {
        match self.answered? {
            (index, Answer::Accepted(_)) => Some(index),
            _ => None,
        }
    }

    /// Feedback may come twice, as any message; it counts by its own id.
    fn told(&mut self, index: Index, konto: KontoId, melding: MeldingId) {
        if self.feedback.iter().all(|(.., known)| *known != melding) {
            self.feedback.push((index, konto, melding));
        }
    }

    pub(crate) fn first_delivery(&self) -> Option<Index> {
        self.deliveries.first().map(|delivery| delivery.index)
    }
}

/// A history, looked up.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// By the sender's mark, in the order of the marks.
    pub(crate) by_mark: BTreeMap<u64, Life>,
    /// Feedback about messages that nobody is known to have sent.
    pub(crate) unexplained: Vec<Index>,
    /// What each connection's next delivery cannot be older than.
    connections: HashMap<u64, Index>,
    /// When each konto was last found empty.
    pub(crate) emptied: HashMap<KontoId, Index>,
}

impl Lives {
    pub(crate) fn of(history: &History) -> Self {
        let mut lives = Self::default();
        let mut marks = HashMap::new();
        for (index, event) in history.0.iter().enumerate() {
            lives.name(&mut marks, &event.action);
            lives.add(index, &event.action);
        }
        // Feedback and flushes name the message only, and may be noted before the answer that gives it its name.
        for (index, event) in history.0.iter().enumerate() {
            lives.add_named(&marks, index, &event.action);
        }
        lives
    }

    /// Learns which message a mark is.
    fn name(&mut self, marks: &mut HashMap<MeldingId, u64>, action: &Action) {
        let (mark, melding) = match action {
            Action::Sent {
                mark,
                answer: Answer::Accepted(melding),
            }
            | Action::Delivered { mark, melding, .. } => (*mark, *melding),
            _ => return,
        };
        marks.entry(melding).or_insert(mark);
        self.life(mark).melding.get_or_insert(melding);
    }

    fn add(&mut self, index: Index, action: &Action) {
        match *action {
            Action::Send {
                mark,
                avsender,
                mottaker,
                short_lived,
            } => {
                let life = self.life(mark);
                (life.begun, life.short_lived) = (Some((index, avsender, mottaker)), short_lived);
            }
            Action::Sent { mark, answer } => self.life(mark).answered = Some((index, answer)),
            Action::Connected { connection } => drop(self.connections.insert(connection, index)),
            Action::Delivered {
                connection,
                konto,
                melding,
                mark,
                redelivered,
            } => {
                let begun = self.life(mark).begun.map_or(0, |(index, ..)| index);
                let proven = self.connections.entry(connection).or_default();
                *proven = begun.max(*proven);
                let delivery = Delivery {
                    index,
                    connection,
                    konto,
                    melding,
                    redelivered,
                    not_before: *proven,
                };
                self.life(mark).deliveries.push(delivery);
            }
            Action::Emptied { konto } => drop(self.emptied.insert(konto, index)),
            Action::Flushed { .. } | Action::Feedback { .. } | Action::MustEnd { .. } | Action::Killed => {}
        }
    }

    fn add_named(&mut self, marks: &HashMap<MeldingId, u64>, index: Index, action: &Action) {
        let (Action::Flushed { melding: about }
        | Action::MustEnd { melding: about }
        | Action::Feedback { svar_til: about, .. }) = action
        else {
            return;
        };
        let Some(mark) = marks.get(about) else {
            return self.unexplained.push(index);
        };
        let life = self.life(*mark);
        match *action {
            Action::Flushed { .. } => drop(life.flushed.get_or_insert(index)),
            Action::MustEnd { .. } => drop(life.must_end.get_or_insert(index)),
            Action::Feedback { konto, melding, .. } => life.told(index, konto, melding),
            _ => {}
        }
    }

    fn life(&mut self, mark: u64) -> &mut Life {
        self.by_mark.entry(mark).or_default()
    }
}
