//! What the connection does apart from its socket: orders, deliveries, and the effects of the state machine.

use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::time::Instant;

use super::{
    BATCH_MAX, Driver, End, Life,
    clock::{Due, Situation},
};
use crate::{
    backend::Cancelled,
    codec::{
        encode::{self, Deliver},
        frame::PROTOCOL_HEADER,
    },
    connection::{ConsumerId, Effect},
    delivery::Delivery,
    metrics::count,
    reply::{Closure, ReplyCode},
};

impl<S> Driver<S> {
    /// Orders to close: from the server as a whole, and from the back end for this session.
    pub(super) fn poll_orders(&mut self, context: &mut Context<'_>) -> bool {
        let mut closure = None;
        if self
            .shutdown
            .as_mut()
            .is_some_and(|shutdown| shutdown.as_mut().poll(context).is_ready())
        {
            self.shutdown = None;
            closure = Some(Closure::new(
                ReplyCode::ConnectionForced,
                "the server is shutting down, connect again",
            ));
        }
        if let Some(Poll::Ready(order)) = self
            .revoked
            .as_mut()
            .map(|revoked| revoked.as_mut().poll(context))
        {
            self.revoked = None;
            closure = Some(order);
        }
        let Some(closure) = closure else { return false };
        self.machine.close(&closure);
        self.apply();
        true
    }

    pub(super) fn poll_clock(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let situation = Situation {
            reading: self.reads(),
            writing: self.stage.writing,
            holds_memory: self.holds_memory(),
        };
        match self.clock.poll(context, situation) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Due::Deadline) => return Err(End::Deadline),
            Poll::Ready(Due::Silence) => return Err(End::Silence),
            Poll::Ready(Due::Stall) => return Err(End::Stall),
            Poll::Ready(Due::Heartbeat) => self.outbound.control(&encode::HEARTBEAT),
            Poll::Ready(Due::Idle) => self.release(),
        }
        Ok(true)
    }

    /// Fetches deliveries while the peer keeps up, one subscription after the other.
    pub(super) fn poll_deliveries(&mut self, context: &mut Context<'_>) -> bool {
        let mut progress = false;
        while self.outbound_room() > 0 {
            let Some(consumer) = self.subscriptions.next_listed() else {
                break;
            };
            let room = self.machine.room(consumer).min(BATCH_MAX);
            if room == 0 {
                self.subscriptions.pass(consumer);
                continue;
            }
            self.batch.reset(room, self.outbound_room());
            let polled = self.subscriptions.poll(consumer, &mut self.batch);
            let idle = self.batch.is_empty();
            progress |= !idle;
            self.send_batch(consumer);
            match polled {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.subscriptions.list(consumer),
                Poll::Ready(Err(Cancelled)) => self.cancelled(consumer),
            }
            if idle && polled == Poll::Ready(Ok(())) {
                // Ready with nothing: not what the contract says, so let others run before asking again.
                context.waker().wake_by_ref();
                break;
            }
        }
        if self.outbound_room() == 0 {
            self.subscriptions.pass_listed();
        }
        progress
    }

    fn cancelled(&mut self, consumer: ConsumerId) {
        self.machine.on_cancelled(consumer);
        self.apply();
    }

    /// Bytes that may still be queued for the peer.
    fn outbound_room(&self) -> usize {
        if self.stage.hanging_up() || self.outbound.is_clogged() {
            return 0;
        }
        self.shared
            .limits
            .max_outbound_bytes
            .saturating_sub(self.outbound.len())
    }

    /// Queues what was fetched. What cannot be sent stays the back end's and goes back when the channel
    /// closes.
    fn send_batch(&mut self, consumer: ConsumerId) {
        let Self {
            machine,
            batch,
            outbound,
            readings,
            ..
        } = self;
        for delivery in batch.drain() {
            if let Some(explanation) = too_large(&delivery, self.frame_max, self.shared.limits.max_body) {
                machine.refuse_delivery(consumer, explanation);
                break;
            }
            let Some(ticket) = machine.deliver(consumer, delivery.id) else {
                break;
            };
            let deliver = Deliver {
                channel: ticket.channel,
                consumer_tag: ticket.consumer_tag,
                delivery_tag: ticket.delivery_tag,
                redelivered: delivery.redelivered,
                exchange: delivery.exchange.as_str(),
                routing_key: delivery.routing_key.as_str(),
            };
            outbound.delivery(&deliver, &delivery, self.frame_max);
            readings.deliveries += 1;
        }
        self.apply();
    }

    /// Carries out what the machine wants: settlements first, because a later effect may drop their
    /// subscription.
    pub(super) fn apply(&mut self) {
        self.machine.swap_settlements(&mut self.settlements);
        self.subscriptions.settle(&self.settlements);
        self.readings.settlements += self.settlements.len() as u64;
        self.settlements.clear();
        let mut effects = std::mem::take(&mut self.effects);
        self.machine.swap_effects(&mut effects);
        for effect in effects.drain(..) {
            self.carry_out(effect);
        }
        self.effects = effects;
        if !self.machine.is_waiting() {
            self.call = None;
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::SendProtocolHeader => self.outbound.control(&PROTOCOL_HEADER),
            Effect::Send { channel, method } => self.outbound.control(&encode::method(channel, *method)),
            Effect::Authenticate { username, secret } => self.authenticate(username, secret),
            Effect::Call(call) => self.start_call(call),
            Effect::Tune(tuning) => {
                self.decoder.set_frame_max(tuning.frame_max);
                self.frame_max = usize::try_from(tuning.frame_max).unwrap_or(usize::MAX);
                self.clock.set_heartbeat(tuning.heartbeat);
            }
            Effect::Established => self.established(),
            Effect::Replenished(consumer) => self.subscriptions.list(consumer),
            Effect::Stop(consumer) => self.subscriptions.stop(consumer),
            Effect::Drop(consumer) => self.subscriptions.remove(consumer),
            Effect::Fault { channel, code } => self.faulted(channel, code),
            Effect::HangUp => self.hang_up(),
        }
    }

    fn established(&mut self) {
        self.admission.established();
        self.clock.set_deadline(None);
        tracing::debug!(peer = %self.peer, user = self.username(), "amqp connection established");
    }

    fn faulted(&mut self, channel: u16, code: ReplyCode) {
        count(&self.tally.metrics().faults);
        tracing::info!(peer = %self.peer, user = self.username(), channel, code = code.name(), "amqp fault");
        if channel == 0 {
            self.expect_close();
        }
    }

    fn hang_up(&mut self) {
        self.stage.life = Life::HangingUp;
        self.inbound = BytesMut::new();
        // Nothing may follow the last word, no heartbeat either.
        self.clock.set_heartbeat(0);
        self.expect_close();
    }

    fn expect_close(&mut self) {
        self.clock
            .set_deadline(Some(Instant::now() + self.shared.limits.close));
    }

    /// Whether input could be dealt with now.
    pub(super) fn reads(&self) -> bool {
        self.stage.hanging_up() || !(self.machine.is_waiting() || self.outbound.is_clogged())
    }

    fn holds_memory(&self) -> bool {
        (self.inbound.is_empty() && self.inbound.capacity() > 0) || self.outbound.holds_memory()
    }

    /// Gives back what is only needed under load.
    fn release(&mut self) {
        if self.inbound.is_empty() {
            self.inbound = BytesMut::new();
        }
        self.outbound.release();
        self.batch.release();
        self.effects = Vec::new();
        self.settlements = Vec::new();
        self.subscriptions.release();
        self.machine.release();
    }

    pub(super) fn publish(&mut self) {
        self.readings.counts = self.machine.counts();
        self.readings.frames_sent = self.outbound.frames();
        self.readings.bytes_sent = self.outbound.sent();
        self.tally.publish(self.readings);
    }
}

/// Why a delivery cannot be sent to this client, if so.
fn too_large(delivery: &Delivery, frame_max: usize, max_body: usize) -> Option<String> {
    let header = encode::content_header_length(delivery.properties.as_bytes().len());
    if header > frame_max {
        return Some(format!(
            "message properties take {header} bytes, negotiate a frame-max over {frame_max}"
        ));
    }
    let body = delivery.body.len();
    (body > max_body).then(|| format!("message body of {body} bytes exceeds {max_body}"))
}
