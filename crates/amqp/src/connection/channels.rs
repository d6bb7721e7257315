//! Opening, closing and using channels.

use amq_protocol::{
    protocol::{AMQPClass, channel, queue},
    types::ShortString,
};

use super::{Call, Effect, Fault, Machine, Pending, channel::Channel};
use crate::{
    backend::{ConsumeError, QueueStatus},
    codec::{
        Frame, FrameKind, Method,
        method::{self, CHANNEL_CLOSE, CHANNEL_CLOSE_OK, Refusal},
    },
    reply::ReplyCode,
};

impl Machine {
    /// A frame on a channel of a running connection.
    pub(super) fn on_channel_frame(&mut self, frame: &Frame) {
        let id = frame.channel;
        let result = match self.channels.get(&id).map(|channel| channel.closing) {
            Some(true) => return self.closing_channel_frame(frame),
            Some(false) => self.open_channel_frame(frame),
            None => self.unopened_channel_frame(frame),
        };
        if let Err(fault) = result {
            self.fail(id, &fault);
        }
    }

    fn open_channel_frame(&mut self, frame: &Frame) -> Result<(), Fault> {
        match frame.kind {
            FrameKind::Heartbeat => Err(Fault::new(
                ReplyCode::FrameError,
                "heartbeat on a channel other than 0",
            )),
            FrameKind::Header | FrameKind::Body => Err(Fault::new(
                ReplyCode::UnexpectedFrame,
                "expected method frame, got content frame instead",
            )),
            FrameKind::Method => {
                let (id, method) = method::decode(&frame.payload)?;
                self.channel_method(frame.channel, method)
                    .map_err(|fault| fault.at(id))
            }
        }
    }

    fn channel_method(&mut self, channel: u16, method: Method) -> Result<(), Fault> {
        match method {
            Method::Settle {
                tag,
                multiple,
                outcome,
            } => self.on_settle(channel, tag, multiple, outcome),
            Method::Qos {
                prefetch_size,
                prefetch_count,
                global,
            } => self.on_qos(channel, prefetch_size, prefetch_count, global),
            Method::Consume(consume) => self.on_consume(channel, *consume),
            Method::Cancel(cancel) => {
                self.on_cancel(channel, cancel);
                Ok(())
            }
            Method::Recover { requeue, answered } => self.on_recover(channel, requeue, answered),
            Method::QueueDeclare(declare) => self.on_queue_declare(channel, *declare),
            Method::ChannelFlow { active } => {
                self.on_flow(channel, active);
                Ok(())
            }
            Method::ChannelClose => {
                self.client_closes_channel(channel);
                Ok(())
            }
            Method::ChannelOpen => Err(Fault::new(ReplyCode::ChannelError, "second 'channel.open' seen")),
            // The server's `cancel` asks for no answer; one does no harm.
            Method::CancelOk => Ok(()),
            Method::Refused(refusal) => Err(refused(refusal)),
            _ => Err(Fault::new(
                ReplyCode::CommandInvalid,
                "method does not belong on an open channel",
            )),
        }
    }

    /// The peer has not heard of the closing yet: whatever it says is void, until it confirms.
    fn closing_channel_frame(&mut self, frame: &Frame) {
        if frame.kind != FrameKind::Method {
            return;
        }
        match method::method_id(&frame.payload) {
            // Closes that cross: its `close-ok` to ours is still to come.
            Some(CHANNEL_CLOSE) => {
                self.send_channel(frame.channel, channel::AMQPMethod::CloseOk(channel::CloseOk {}));
            }
            Some(CHANNEL_CLOSE_OK) => drop(self.channels.remove(&frame.channel)),
            _ => {}
        }
    }

    fn unopened_channel_frame(&mut self, frame: &Frame) -> Result<(), Fault> {
        if frame.kind != FrameKind::Method {
            return Err(Fault::new(
                ReplyCode::ChannelError,
                "frame on a channel that is not open",
            ));
        }
        match method::decode(&frame.payload)? {
            (id, Method::ChannelOpen) => self.open_channel(frame.channel).map_err(|fault| fault.at(id)),
            (id, _) => Err(Fault::new(ReplyCode::ChannelError, "expected 'channel.open'").at(id)),
        }
    }

    fn open_channel(&mut self, id: u16) -> Result<(), Fault> {
        let max = self.tuning.channel_max;
        if id > max || self.channels.len() >= usize::from(max) {
            let explanation = format!("channel {id} exceeds the negotiated channel_max ({max})");
            return Err(Fault::new(ReplyCode::NotAllowed, explanation));
        }
        self.channels.insert(id, Channel::new());
        self.send_channel(id, channel::AMQPMethod::OpenOk(channel::OpenOk {}));
        Ok(())
    }

    fn client_closes_channel(&mut self, id: u16) {
        self.release_channel(id);
        self.channels.remove(&id);
        self.send_channel(id, channel::AMQPMethod::CloseOk(channel::CloseOk {}));
    }

    /// Drops the channel's consumers; their outstanding deliveries go back to the queues.
    pub(super) fn release_channel(&mut self, id: u16) {
        let effects = &mut self.effects;
        let unacked = &mut self.unacked;
        self.consumers.retain(|consumer, state| {
            if state.channel == id {
                *unacked = unacked.saturating_sub(state.outstanding);
                effects.push(Effect::Drop(*consumer));
            }
            state.channel != id
        });
    }

    /// RabbitMQ refuses `active = false`; here it is what the specification says.
    fn on_flow(&mut self, id: u16, active: bool) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.flowing = active;
        }
        self.send_channel(id, channel::AMQPMethod::FlowOk(channel::FlowOk { active }));
        self.replenish_channel(id);
    }

    /// Only the passive form, which asks whether a queue exists.
    fn on_queue_declare(&mut self, channel: u16, declare: queue::Declare) -> Result<(), Fault> {
        if !declare.passive {
            return Err(refused(Refusal::Topology));
        }
        let queue = String::from(declare.queue);
        let pending = Pending::Inspect {
            queue: queue.clone(),
            channel,
            silent: declare.nowait,
        };
        self.call(pending, Call::Inspect { queue });
        Ok(())
    }

    pub(super) fn on_inspected(
        &mut self,
        channel: u16,
        queue: String,
        silent: bool,
        result: Result<QueueStatus, ConsumeError>,
    ) {
        match result {
            Err(error) => {
                let fault = self.queue_fault(error, &queue).at(method::QUEUE_DECLARE);
                self.fail(channel, &fault);
            }
            Ok(_) if silent => {}
            Ok(status) => {
                let declare_ok = queue::DeclareOk {
                    queue: ShortString::try_new(queue).unwrap_or_default(),
                    message_count: status.messages,
                    consumer_count: status.consumers,
                };
                self.send(
                    channel,
                    AMQPClass::Queue(queue::AMQPMethod::DeclareOk(declare_ok)),
                );
            }
        }
    }

    /// What a failed look at a queue means to the client, in RabbitMQ's words.
    pub(super) fn queue_fault(&self, error: ConsumeError, queue: &str) -> Fault {
        match error {
            ConsumeError::NotFound => {
                Fault::new(ReplyCode::NotFound, format!("no queue '{queue}' in vhost '/'"))
            }
            ConsumeError::AccessRefused => {
                let user = &self.client.username;
                let explanation = format!("access to queue '{queue}' in vhost '/' refused for user '{user}'");
                Fault::new(ReplyCode::AccessRefused, explanation)
            }
            ConsumeError::ResourceLocked => Fault::new(
                ReplyCode::ResourceLocked,
                format!("queue '{queue}' in vhost '/' in exclusive use"),
            ),
            ConsumeError::ExclusiveUnsupported => Fault::new(
                ReplyCode::NotImplemented,
                "exclusive consumers are not supported, use exclusive=false",
            ),
            ConsumeError::Unavailable => Fault::new(
                ReplyCode::InternalError,
                format!("queue '{queue}' is unavailable now, connect again"),
            ),
        }
    }

    fn send_channel(&mut self, id: u16, method: channel::AMQPMethod) {
        self.send(id, AMQPClass::Channel(method));
    }
}

/// Publishing and topology are a matter of rights (403, the channel survives a new opening); what the
/// endpoint lacks altogether is not implemented (540, which by its nature ends the connection).
fn refused(refusal: Refusal) -> Fault {
    let (code, explanation) = match refusal {
        Refusal::Publish => (
            ReplyCode::AccessRefused,
            "this endpoint only delivers; send messages over HTTP",
        ),
        Refusal::Topology => (
            ReplyCode::AccessRefused,
            "this endpoint only delivers; queues and bindings are managed over HTTP",
        ),
        Refusal::Get => (
            ReplyCode::NotImplemented,
            "this endpoint only pushes; use basic.consume, not basic.get",
        ),
        Refusal::Transactions => (
            ReplyCode::NotImplemented,
            "this endpoint only delivers; there are no transactions",
        ),
        Refusal::Confirms => (
            ReplyCode::NotImplemented,
            "this endpoint only delivers; send over HTTP, open channels without confirms",
        ),
    };
    Fault::new(code, explanation)
}
