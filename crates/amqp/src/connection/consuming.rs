//! Consumers: starting, credit, deliveries, cancelling.

use amq_protocol::{
    protocol::{AMQPClass, basic},
    types::ShortString,
};

use super::{
    Call, ConsumerId, Effect, Fault, Machine, Pending, Settlement, TagSource,
    channel::{Channel, Consumer, Unacked},
};
use crate::{
    backend::{ConsumeError, ConsumeOptions},
    codec::method,
    delivery::{DeliveryId, Outcome},
    reply::ReplyCode,
};

/// What `basic.deliver` needs to know about a delivery.
#[derive(Debug, Clone, Copy)]
pub struct Ticket<'a> {
    /// Channel it goes to.
    pub channel: u16,
    /// The consumer's tag.
    pub consumer_tag: &'a str,
    /// The delivery's tag, by which the client answers.
    pub delivery_tag: u64,
}

impl Machine {
    /// How many messages may be delivered to the consumer now. After 0 an [`Effect::Replenished`] says when
    /// to ask again.
    pub fn room(&mut self, id: ConsumerId) -> usize {
        let room = self
            .consumers
            .get(&id)
            .map_or(0, |consumer| self.room_of(consumer));
        if room == 0
            && let Some(consumer) = self.consumers.get_mut(&id)
        {
            consumer.starved = true;
        }
        room
    }

    fn room_of(&self, consumer: &Consumer) -> usize {
        let Some(channel) = self.channels.get(&consumer.channel) else {
            return 0;
        };
        if consumer.no_ack {
            return if consumer.stopped || !channel.flowing {
                0
            } else {
                usize::MAX
            };
        }
        let connection = self
            .limits
            .max_unacked_per_connection
            .saturating_sub(self.unacked);
        consumer
            .room()
            .min(channel.room(self.limits.max_unacked_per_channel))
            .min(connection)
    }

    /// Takes note of a delivery that is about to be sent. `None` when the consumer is gone or cancelled: the
    /// back end still holds it.
    pub fn deliver(&mut self, id: ConsumerId, delivery: DeliveryId) -> Option<Ticket<'_>> {
        let consumer = self.consumers.get_mut(&id).filter(|consumer| !consumer.stopped)?;
        let channel = self.channels.get_mut(&consumer.channel)?;
        let delivery_tag = channel.next_tag();
        if consumer.no_ack {
            self.settlements.push(Settlement {
                consumer: id,
                outcome: Outcome::Acknowledged,
                delivery,
            });
        } else {
            channel.hold(
                delivery_tag,
                Unacked {
                    consumer: id,
                    delivery,
                },
            );
            consumer.outstanding += 1;
            self.unacked += 1;
        }
        Some(Ticket {
            channel: consumer.channel,
            consumer_tag: consumer.tag.as_str(),
            delivery_tag,
        })
    }

    /// A message cannot be sent to this client at all. Closes the channel, so that the back end gets it back
    /// and can count the attempt.
    pub fn refuse_delivery(&mut self, id: ConsumerId, explanation: String) {
        if let Some(channel) = self.consumers.get(&id).map(|consumer| consumer.channel) {
            let fault = Fault::new(ReplyCode::ContentTooLarge, explanation).at(method::BASIC_DELIVER);
            self.fail(channel, &fault);
        }
    }

    /// The back end has ended the subscription: the queue is gone. A client that does not know `consumer_cancel_notify`
    /// is told by the end of its channel.
    pub fn on_cancelled(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get(&id).filter(|consumer| !consumer.stopped) else {
            return;
        };
        let (channel, consumer_tag) = (consumer.channel, consumer.tag.clone());
        if !self.client.cancel_notify {
            let explanation = format!("the queue of consumer '{consumer_tag}' was deleted");
            return self.fail(channel, &Fault::new(ReplyCode::NotFound, explanation));
        }
        self.stop_consumer(id);
        let cancel = basic::Cancel {
            consumer_tag,
            nowait: true,
        };
        self.send_basic(channel, basic::AMQPMethod::Cancel(cancel));
    }

    pub(super) fn on_consume(&mut self, channel: u16, consume: basic::Consume) -> Result<(), Fault> {
        if consume.queue.as_str().is_empty() {
            return Err(Fault::new(ReplyCode::NotFound, "no previously declared queue"));
        }
        self.check_consumer_limits(channel)?;
        let tag = self.consumer_tag(channel, consume.consumer_tag)?;
        self.last_consumer += 1;
        let consumer = ConsumerId(self.last_consumer);
        let queue = String::from(consume.queue);
        let options = ConsumeOptions {
            no_ack: consume.no_ack,
            exclusive: consume.exclusive,
        };
        let pending = Pending::Consume {
            consumer,
            tag,
            queue: queue.clone(),
            no_ack: consume.no_ack,
            channel,
            silent: consume.nowait,
        };
        self.call(
            pending,
            Call::Consume {
                consumer,
                queue,
                options,
            },
        );
        Ok(())
    }

    fn check_consumer_limits(&self, channel: u16) -> Result<(), Fault> {
        let on_channel = self
            .channels
            .get(&channel)
            .map_or(0, |channel| channel.tags.len());
        let (count, scope) = if on_channel >= self.limits.max_consumers_per_channel {
            (on_channel, "channel")
        } else if self.consumers.len() >= self.limits.max_consumers_per_connection {
            (self.consumers.len(), "connection")
        } else {
            return Ok(());
        };
        Err(Fault::new(
            ReplyCode::NotAllowed,
            format!("reached maximum ({count}) of consumers per {scope}"),
        ))
    }

    /// The client's tag, or a new one when it left it empty.
    fn consumer_tag(&mut self, channel: u16, wanted: ShortString) -> Result<ShortString, Fault> {
        if wanted.as_str().is_empty() {
            return Ok(self.tags.make());
        }
        if self
            .channels
            .get(&channel)
            .is_some_and(|channel| channel.tags.contains_key(&wanted))
        {
            let explanation = format!("attempt to reuse consumer tag '{wanted}'");
            return Err(Fault::new(ReplyCode::NotAllowed, explanation));
        }
        Ok(wanted)
    }

    pub(super) fn on_consumed(
        &mut self,
        id: ConsumerId,
        mut consumer: Consumer,
        queue: &str,
        silent: bool,
        result: Result<(), ConsumeError>,
    ) {
        let channel = consumer.channel;
        if let Err(error) = result {
            let fault = self.queue_fault(error, queue).at(method::BASIC_CONSUME);
            return self.fail(channel, &fault);
        }
        let Some(state) = self.channels.get_mut(&channel) else {
            return;
        };
        consumer.prefetch = state.consumer_prefetch;
        let consumer_tag = consumer.tag.clone();
        state.tags.insert(consumer_tag.clone(), id);
        self.consumers.insert(id, consumer);
        if !silent {
            let consume_ok = basic::ConsumeOk { consumer_tag };
            self.send_basic(channel, basic::AMQPMethod::ConsumeOk(consume_ok));
        }
    }

    /// An unknown tag is no error, as in RabbitMQ.
    pub(super) fn on_cancel(&mut self, channel: u16, cancel: basic::Cancel) {
        let known = self
            .channels
            .get(&channel)
            .and_then(|state| state.tags.get(&cancel.consumer_tag));
        if let Some(&consumer) = known {
            self.stop_consumer(consumer);
        }
        if !cancel.nowait {
            let cancel_ok = basic::CancelOk {
                consumer_tag: cancel.consumer_tag,
            };
            self.send_basic(channel, basic::AMQPMethod::CancelOk(cancel_ok));
        }
    }

    /// No more deliveries. What is outstanding can still be answered; after the last answer the subscription
    /// is dropped.
    fn stop_consumer(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.get_mut(&id) else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(&consumer.channel) {
            channel.tags.remove(&consumer.tag);
        }
        if consumer.outstanding > 0 {
            consumer.stopped = true;
            self.effects.push(Effect::Stop(id));
        } else {
            self.consumers.remove(&id);
            self.effects.push(Effect::Drop(id));
        }
    }

    pub(super) fn on_qos(&mut self, channel: u16, size: u32, count: u16, global: bool) -> Result<(), Fault> {
        if size != 0 {
            return Err(Fault::new(
                ReplyCode::NotImplemented,
                format!("prefetch_size!=0 ({size})"),
            ));
        }
        if let Some(state) = self.channels.get_mut(&channel) {
            state.set_prefetch(count, global);
        }
        self.send_basic(channel, basic::AMQPMethod::QosOk(basic::QosOk {}));
        if global {
            self.replenish_channel(channel);
        }
        Ok(())
    }

    /// Tells starved consumers of a channel that they have credit again.
    pub(super) fn replenish_channel(&mut self, channel: u16) {
        self.replenish_where(|consumer| consumer.channel == channel);
    }

    pub(super) fn replenish_where(&mut self, concerned: impl Fn(&Consumer) -> bool) {
        let starved = self
            .consumers
            .iter()
            .filter(|(_, consumer)| consumer.starved && concerned(consumer));
        let fed: Vec<ConsumerId> = starved
            .filter(|(_, consumer)| self.room_of(consumer) > 0)
            .map(|(id, _)| *id)
            .collect();
        for id in fed {
            self.feed(id);
        }
    }

    /// Tells one consumer, if it was starved and is not any more.
    pub(super) fn replenish_consumer(&mut self, id: ConsumerId) {
        let fed = self
            .consumers
            .get(&id)
            .is_some_and(|consumer| consumer.starved && self.room_of(consumer) > 0);
        if fed {
            self.feed(id);
        }
    }

    fn feed(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.consumers.get_mut(&id) {
            consumer.starved = false;
            self.effects.push(Effect::Replenished(id));
        }
    }

    pub(super) fn send_basic(&mut self, channel: u16, method: basic::AMQPMethod) {
        self.send(channel, AMQPClass::Basic(method));
    }
}

impl Channel {
    fn set_prefetch(&mut self, count: u16, global: bool) {
        if global {
            self.shared_prefetch = count;
        } else {
            self.consumer_prefetch = count;
        }
    }
}

impl Consumer {
    pub(super) fn new(channel: u16, tag: ShortString, no_ack: bool) -> Self {
        Self {
            channel,
            tag,
            no_ack,
            prefetch: 0,
            outstanding: 0,
            stopped: false,
            starved: false,
        }
    }
}

impl TagSource {
    /// Shaped as RabbitMQ's, unique by its random part.
    fn make(&mut self) -> ShortString {
        self.made += 1;
        ShortString::try_new(format!("amq.ctag-{:032x}.{}", self.nonce, self.made)).unwrap_or_default()
    }
}
