//! Answers to deliveries: ack, nack, reject, recover.

use std::mem;

use amq_protocol::protocol::basic;

use super::{ConsumerId, Effect, Fault, Machine, Settlement, channel::Unacked};
use crate::{delivery::Outcome, reply::ReplyCode};

impl Machine {
    pub(super) fn on_settle(
        &mut self,
        channel: u16,
        tag: u64,
        multiple: bool,
        outcome: Outcome,
    ) -> Result<(), Fault> {
        let known = self.take_and_settle(channel, outcome, |state, taken| state.take(tag, multiple, taken));
        if known {
            Ok(())
        } else {
            Err(Fault::new(
                ReplyCode::PreconditionFailed,
                format!("unknown delivery tag {tag}"),
            ))
        }
    }

    /// `requeue = false` (redeliver to the same consumer) is not supported, as in RabbitMQ.
    pub(super) fn on_recover(&mut self, channel: u16, requeue: bool, answered: bool) -> Result<(), Fault> {
        if !requeue {
            return Err(Fault::new(
                ReplyCode::NotImplemented,
                "basic.recover with requeue=false, use requeue=true",
            ));
        }
        self.take_and_settle(channel, Outcome::Requeued, |state, taken| {
            state.take_all(taken);
            true
        });
        if answered {
            self.send_basic(channel, basic::AMQPMethod::RecoverOk(basic::RecoverOk {}));
        }
        Ok(())
    }

    fn take_and_settle(
        &mut self,
        id: u16,
        outcome: Outcome,
        take: impl FnOnce(&mut super::Channel, &mut Vec<Unacked>) -> bool,
    ) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else {
            return false;
        };
        let was_full = Full {
            channel: channel.room(self.limits.max_unacked_per_channel) == 0,
            connection: self.unacked >= self.limits.max_unacked_per_connection,
        };
        let mut taken = mem::take(&mut self.taken);
        let known = take(channel, &mut taken);
        self.settle(&taken, outcome);
        self.replenish_after(&taken, id, was_full);
        taken.clear();
        self.taken = taken;
        known
    }

    fn settle(&mut self, taken: &[Unacked], outcome: Outcome) {
        self.unacked = self.unacked.saturating_sub(taken.len());
        for &Unacked { consumer, delivery } in taken {
            self.settlements.push(Settlement {
                consumer,
                outcome,
                delivery,
            });
            self.release_one(consumer);
        }
    }

    fn release_one(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get_mut(&id) else {
            return;
        };
        consumer.outstanding = consumer.outstanding.saturating_sub(1);
        if consumer.stopped && consumer.outstanding == 0 {
            self.consumers.remove(&id);
            self.effects.push(Effect::Drop(id));
        }
    }

    /// Consumers other than those that answered gain credit only when a shared bound was the obstacle.
    fn replenish_after(&mut self, taken: &[Unacked], channel: u16, was_full: Full) {
        if was_full.connection {
            self.replenish_where(|_| true);
        } else if was_full.channel {
            self.replenish_channel(channel);
        } else {
            for unacked in taken {
                self.replenish_consumer(unacked.consumer);
            }
        }
    }
}

/// Which shared bounds were reached before an answer.
#[derive(Debug, Clone, Copy)]
struct Full {
    channel: bool,
    connection: bool,
}
