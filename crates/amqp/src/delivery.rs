//! What a back end hands out and gets back: deliveries and their outcomes.

use bytes::Bytes;

use crate::{properties::EncodedProperties, text::ShortText};

/// Names one delivery towards the back end that chose it. Unique within its subscription while unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub u64);

/// One message on its way to a consumer.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Comes back in [`crate::Subscription::settle`].
    pub id: DeliveryId,
    /// Whether it was delivered before without being acknowledged.
    pub redelivered: bool,
    /// Exchange it was published to; empty for the default exchange.
    pub exchange: ShortText,
    /// Routing key.
    pub routing_key: ShortText,
    /// Properties with the header table.
    pub properties: EncodedProperties,
    /// Payload, possibly empty. Never copied when large.
    pub body: Bytes,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Acknowledged: it is done.
    Acknowledged,
    /// Rejected or nacked without requeue: remove it.
    Discarded,
    /// Rejected, nacked with requeue or recovered: back to its place, redelivered.
    Requeued,
}

/// Deliveries that a subscription hands over in one go. Bounded by the consumer's credit and by the bytes
/// that the connection may still buffer; the first delivery is taken whatever its size.
#[derive(Debug)]
pub struct Batch {
    deliveries: Vec<Delivery>,
    messages: usize,
    bytes: usize,
}

impl Batch {
    /// An empty batch with room for `messages` and some `bytes`.
    pub fn new(messages: usize, bytes: usize) -> Self {
        Self {
            deliveries: Vec::new(),
            messages,
            bytes,
        }
    }

    /// How many deliveries the batch still takes, unless [`Batch::is_full`] comes first.
    pub fn room(&self) -> usize {
        self.messages.saturating_sub(self.deliveries.len())
    }

    /// Whether [`Batch::push`] would refuse.
    pub fn is_full(&self) -> bool {
        self.room() == 0 || self.bytes == 0
    }

    /// Hands over one delivery; it now counts as delivered until it is settled or the subscription is
    /// dropped.
    ///
    /// # Errors
    /// Gives the delivery back when the batch is full.
    pub fn push(&mut self, delivery: Delivery) -> Result<(), Delivery> {
        if self.is_full() {
            return Err(delivery);
        }
        let bytes = delivery.body.len() + delivery.properties.as_bytes().len();
        self.bytes = self.bytes.saturating_sub(bytes.max(1));
        self.deliveries.push(delivery);
        Ok(())
    }

    /// The deliveries in it, in order.
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// Deliveries in it.
    pub fn len(&self) -> usize {
        self.deliveries.len()
    }

    /// Whether nothing was handed over.
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// Empties the batch for new bounds, keeping its memory.
    pub(crate) fn reset(&mut self, messages: usize, bytes: usize) {
        self.deliveries.clear();
        self.messages = messages;
        self.bytes = bytes;
    }

    pub(crate) fn drain(&mut self) -> std::vec::Drain<'_, Delivery> {
        self.deliveries.drain(..)
    }

    /// Gives the memory back.
    pub(crate) fn release(&mut self) {
        self.deliveries = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Properties;

    fn delivery(bytes: usize) -> Delivery {
        Delivery {
            id: DeliveryId(1),
            redelivered: false,
            exchange: ShortText::default(),
            routing_key: ShortText::default(),
            properties: Properties::default().encode().unwrap(),
            body: Bytes::from(vec![0; bytes]),
        }
    }

    #[test]
    fn refuses_more_messages_than_the_credit() {
        let mut batch = Batch::new(2, 1000);
        assert!(batch.push(delivery(1)).is_ok() && batch.push(delivery(1)).is_ok());
        assert!(batch.is_full() && batch.push(delivery(1)).is_err());
    }

    #[test]
    fn takes_a_first_delivery_of_any_size_and_then_no_more() {
        let mut batch = Batch::new(10, 100);
        assert!(batch.push(delivery(5000)).is_ok());
        assert!(batch.is_full() && batch.push(delivery(1)).is_err());
    }
}
