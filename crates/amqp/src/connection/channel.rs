//! State of one channel and of its consumers: pure bookkeeping, no protocol.

use std::{collections::BTreeMap, mem};

use amq_protocol::types::ShortString;

use super::effect::ConsumerId;
use crate::delivery::DeliveryId;

/// A channel that the client opened.
#[derive(Debug)]
pub(super) struct Channel {
    /// The server has sent `channel.close`; everything but the closing dance is ignored.
    pub(super) closing: bool,
    /// False after `channel.flow(active = false)`.
    pub(super) flowing: bool,
    /// Prefetch of consumers that are yet to come (`global = false`), 0 for none.
    pub(super) consumer_prefetch: u16,
    /// Prefetch of the whole channel (`global = true`), 0 for none.
    pub(super) shared_prefetch: u16,
    /// Consumers by their tags; a cancelled consumer is no longer in here.
    pub(super) tags: BTreeMap<ShortString, ConsumerId>,
    unacked: BTreeMap<u64, Unacked>,
    last_tag: u64,
}

/// A delivery that waits for the client's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unacked {
    pub(super) consumer: ConsumerId,
    pub(super) delivery: DeliveryId,
}

impl Channel {
    pub(super) fn new() -> Self {
        Self {
            closing: false,
            flowing: true,
            consumer_prefetch: 0,
            shared_prefetch: 0,
            tags: BTreeMap::new(),
            unacked: BTreeMap::new(),
            last_tag: 0,
        }
    }

    /// The next delivery tag; tags count from 1, also those that need no answer.
    pub(super) fn next_tag(&mut self) -> u64 {
        self.last_tag += 1;
        self.last_tag
    }

    pub(super) fn hold(&mut self, tag: u64, unacked: Unacked) {
        self.unacked.insert(tag, unacked);
    }

    /// Messages that may still be delivered here, given the server's own bound.
    pub(super) fn room(&self, bound: usize) -> usize {
        if self.closing || !self.flowing {
            return 0;
        }
        let limit = limit(self.shared_prefetch).min(bound);
        limit.saturating_sub(self.unacked.len())
    }

    /// Moves the deliveries that `tag` means into `taken`, oldest first. False when the tag is not
    /// outstanding; as in RabbitMQ this holds with `multiple` too, save for tag 0 that then means all.
    pub(super) fn take(&mut self, tag: u64, multiple: bool, taken: &mut Vec<Unacked>) -> bool {
        if multiple && tag == 0 {
            self.take_all(taken);
            return true;
        }
        let Some(named) = self.unacked.remove(&tag) else {
            return false;
        };
        if multiple {
            let later = self.unacked.split_off(&tag);
            taken.extend(mem::replace(&mut self.unacked, later).into_values());
        }
        taken.push(named);
        true
    }

    pub(super) fn take_all(&mut self, taken: &mut Vec<Unacked>) {
        taken.extend(mem::take(&mut self.unacked).into_values());
    }

    /// From now on only the closing dance counts.
    pub(super) fn start_closing(&mut self) {
        *self = Self {
            closing: true,
            ..Self::new()
        };
    }
}

/// A consumer, from `consume-ok` until its last delivery is answered.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) channel: u16,
    pub(super) tag: ShortString,
    pub(super) no_ack: bool,
    /// Its own prefetch, 0 for none.
    pub(super) prefetch: u16,
    /// Deliveries without an answer.
    pub(super) outstanding: usize,
    /// Cancelled: gets nothing more.
    pub(super) stopped: bool,
    /// Was told that there is no credit, and waits to be told otherwise.
    pub(super) starved: bool,
}

impl Consumer {
    /// Messages that its own prefetch still allows.
    pub(super) fn room(&self) -> usize {
        if self.stopped {
            0
        } else {
            limit(self.prefetch).saturating_sub(self.outstanding)
        }
    }
}

/// 0 means no limit in `basic.qos`.
fn limit(prefetch: u16) -> usize {
    if prefetch == 0 {
        usize::MAX
    } else {
        usize::from(prefetch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn channel_with(tags: u64) -> Channel {
        let mut channel = Channel::new();
        for _ in 0..tags {
            let tag = channel.next_tag();
            channel.hold(
                tag,
                Unacked {
                    consumer: ConsumerId(0),
                    delivery: DeliveryId(tag),
                },
            );
        }
        channel
    }

    fn take(channel: &mut Channel, tag: u64, multiple: bool) -> (bool, Vec<u64>) {
        let mut taken = Vec::new();
        let known = channel.take(tag, multiple, &mut taken);
        (known, taken.iter().map(|unacked| unacked.delivery.0).collect())
    }

    #[test]
    fn one_tag_takes_one_delivery_once() {
        let mut channel = channel_with(3);
        assert_eq!(take(&mut channel, 2, false), (true, vec![2]));
        assert_eq!(take(&mut channel, 2, false), (false, vec![]));
        assert_eq!(take(&mut channel, 4, false), (false, vec![]));
        assert_eq!(take(&mut channel, 0, false), (false, vec![]));
    }

    #[test]
    fn multiple_takes_all_up_to_a_tag_that_must_be_outstanding() {
        let mut channel = channel_with(5);
        assert_eq!(take(&mut channel, 3, true), (true, vec![1, 2, 3]));
        assert_eq!(take(&mut channel, 3, true), (false, vec![]));
        assert_eq!(take(&mut channel, 0, true), (true, vec![4, 5]));
        assert_eq!(take(&mut channel, 0, true), (true, vec![]));
    }

    proptest! {
        #[test]
        fn every_delivery_is_taken_at_most_once(
            held in 1u64..40, asked in prop::collection::vec((0u64..45, any::<bool>()), 0..40),
        ) {
            let mut channel = channel_with(held);
            let mut seen = Vec::new();
            for (tag, multiple) in asked {
                seen.extend(take(&mut channel, tag, multiple).1);
            }
            let count = seen.len();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), count);
            prop_assert_eq!(channel.unacked.len() as u64 + count as u64, held);
        }
    }
}
