//! A back end that keeps its queues in memory and remembers how each delivery ended.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use bytes::Bytes;
use fiks_amqp::{
    AuthenticateError, Backend, Batch, Cancelled, Closure, ConsumeError, ConsumeOptions, Delivery,
    DeliveryId, EncodedProperties, ExposeSecret, Login, Outcome, Properties, QueueStatus, SecretString,
    Session, ShortText, Subscription,
};
use tokio::sync::watch;

pub const USER: &str = "user";
pub const PASSWORD: &str = "password token";

/// A message; its number is its place in the queue for ever.
#[derive(Clone)]
pub struct Message {
    pub number: u64,
    pub properties: EncodedProperties,
    pub body: Bytes,
    pub redelivered: bool,
}

/// What has become of a queue's messages so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    pub ready: usize,
    pub held: usize,
    pub acknowledged: usize,
    pub discarded: usize,
    pub requeued: usize,
    pub consumers: usize,
    pub stopped: usize,
}

#[derive(Default)]
struct State {
    ready: BTreeMap<u64, Message>,
    published: u64,
    waiting: VecDeque<Waker>,
    deleted: bool,
}

pub struct Queue {
    name: ShortText,
    state: Mutex<State>,
    ledger: watch::Sender<Ledger>,
}

impl Queue {
    pub fn publish(&self, body: impl Into<Bytes>) {
        let number = self.state.lock().unwrap().published.to_string();
        let headers = vec![("melding-id", number.as_str()), ("type", "ping")];
        let properties = Properties {
            headers,
            persistent: true,
            expiration: Some(1500),
            ..Properties::default()
        };
        self.publish_with(properties.encode().unwrap(), body);
    }

    pub fn publish_with(&self, properties: EncodedProperties, body: impl Into<Bytes>) {
        let mut state = self.state.lock().unwrap();
        let number = state.published;
        state.published += 1;
        let message = Message {
            number,
            properties,
            body: body.into(),
            redelivered: false,
        };
        state.ready.insert(number, message);
        self.ledger.send_modify(|ledger| ledger.ready += 1);
        Self::wake(state);
    }

    pub fn delete(&self) {
        let mut state = self.state.lock().unwrap();
        state.deleted = true;
        Self::wake(state);
    }

    pub fn ledger(&self) -> Ledger {
        self.ledger.borrow().clone()
    }

    /// Waits until the ledger is as wanted.
    pub async fn until(&self, wanted: impl FnMut(&Ledger) -> bool) {
        self.ledger.subscribe().wait_for(wanted).await.unwrap();
    }

    fn wake(mut state: std::sync::MutexGuard<'_, State>) {
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// As [`Self::publish`], but wakes only the consumer that has waited longest.
    pub fn publish_to_one(&self, body: impl Into<Bytes>) {
        let waiting = std::mem::take(&mut self.state.lock().unwrap().waiting);
        self.publish(body);
        self.state.lock().unwrap().waiting = waiting;
        self.wake_one();
    }

    fn wake_one(&self) {
        let first = self.state.lock().unwrap().waiting.pop_front();
        first.into_iter().for_each(Waker::wake);
    }

    fn put_back(&self, messages: impl IntoIterator<Item = Message>) {
        let mut state = self.state.lock().unwrap();
        for message in messages {
            state.ready.insert(
                message.number,
                Message {
                    redelivered: true,
                    ..message
                },
            );
        }
        self.ledger.send_modify(|ledger| ledger.ready = state.ready.len());
        Self::wake(state);
    }
}

/// Back end with one user; every session may be revoked together.
pub struct Memory {
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    order: watch::Sender<Option<Closure>>,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            queues: Mutex::default(),
            order: watch::Sender::new(None),
        })
    }

    pub fn queue(&self, name: &str) -> Arc<Queue> {
        let queue = || Queue {
            name: ShortText::new(name).unwrap(),
            state: Mutex::default(),
            ledger: watch::Sender::new(Ledger::default()),
        };
        Arc::clone(
            self.queues
                .lock()
                .unwrap()
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(queue())),
        )
    }

    pub fn revoke(&self, closure: Closure) {
        self.order.send_replace(Some(closure));
    }
}

#[async_trait]
impl Backend for Memory {
    async fn authenticate(&self, login: Login) -> Result<Arc<dyn Session>, AuthenticateError> {
        match (login.username.as_str(), login.secret.expose_secret()) {
            (USER, PASSWORD) => {
                let queues = self.queues.lock().unwrap().clone();
                Ok(Arc::new(MemorySession {
                    queues,
                    order: self.order.subscribe(),
                }))
            }
            (USER, "unavailable") => Err(AuthenticateError::Unavailable),
            (USER, "never") => std::future::pending().await,
            _ => Err(AuthenticateError::refused()),
        }
    }
}

struct MemorySession {
    queues: HashMap<String, Arc<Queue>>,
    order: watch::Receiver<Option<Closure>>,
}

impl MemorySession {
    fn find(&self, name: &str) -> Result<&Arc<Queue>, ConsumeError> {
        match name {
            "forbidden" => Err(ConsumeError::AccessRefused),
            _ => self.queues.get(name).ok_or(ConsumeError::NotFound),
        }
    }
}

#[async_trait]
impl Session for MemorySession {
    async fn consume(
        &self,
        queue: &str,
        options: ConsumeOptions,
    ) -> Result<Box<dyn Subscription>, ConsumeError> {
        if queue == "panicking" {
            return Ok(Box::new(Panicking));
        }
        if options.exclusive {
            return Err(ConsumeError::ExclusiveUnsupported);
        }
        let empty_answers = if queue == "hasty" { 3 } else { 0 };
        let queue = Arc::clone(self.find(queue)?);
        queue.ledger.send_modify(|ledger| ledger.consumers += 1);
        Ok(Box::new(MemorySubscription {
            queue,
            held: BTreeMap::new(),
            stopped: false,
            empty_answers,
        }))
    }

    async fn inspect(&self, queue: &str) -> Result<QueueStatus, ConsumeError> {
        let ledger = self.find(queue)?.ledger();
        Ok(QueueStatus {
            messages: u32::try_from(ledger.ready).unwrap(),
            consumers: u32::try_from(ledger.consumers).unwrap(),
        })
    }

    async fn renew(&self, secret: SecretString) -> Result<(), AuthenticateError> {
        if secret.expose_secret() == PASSWORD {
            Ok(())
        } else {
            Err(AuthenticateError::refused())
        }
    }

    async fn revoked(&self) -> Closure {
        let mut order = self.order.clone();
        loop {
            if let Some(closure) = order.borrow_and_update().clone() {
                return closure;
            }
            if order.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

struct MemorySubscription {
    queue: Arc<Queue>,
    held: BTreeMap<DeliveryId, Message>,
    stopped: bool,
    /// How often it will answer "ready" with nothing, against the contract.
    empty_answers: u8,
}

impl Subscription for MemorySubscription {
    fn poll_deliveries(
        &mut self,
        context: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Result<(), Cancelled>> {
        assert!(!self.stopped, "polled after the end");
        if self.empty_answers > 0 {
            self.empty_answers -= 1;
            return Poll::Ready(Ok(()));
        }
        let mut state = self.queue.state.lock().unwrap();
        if state.deleted {
            self.stopped = true;
            return Poll::Ready(Err(Cancelled));
        }
        while !batch.is_full()
            && let Some((number, message)) = state.ready.pop_first()
        {
            let id = DeliveryId(number);
            batch.push(delivery(&self.queue, &message)).unwrap();
            self.held.insert(id, message);
        }
        self.queue.ledger.send_modify(|ledger| {
            ledger.ready = state.ready.len();
            ledger.held += batch.len();
        });
        if batch.is_empty() {
            state.waiting.push_back(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn pass(&mut self) {
        self.queue.wake_one();
    }

    fn settle(&mut self, outcome: Outcome, deliveries: &[DeliveryId]) {
        let messages: Vec<Message> = deliveries
            .iter()
            .map(|id| self.held.remove(id).expect("settled twice or never delivered"))
            .collect();
        let count = messages.len();
        if outcome == Outcome::Requeued {
            self.queue.put_back(messages);
        }
        self.queue.ledger.send_modify(|ledger| {
            ledger.held -= count;
            *match outcome {
                Outcome::Acknowledged => &mut ledger.acknowledged,
                Outcome::Discarded => &mut ledger.discarded,
                Outcome::Requeued => &mut ledger.requeued,
            } += count;
        });
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.queue.ledger.send_modify(|ledger| ledger.stopped += 1);
    }
}

impl Drop for MemorySubscription {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.held);
        let count = held.len();
        self.queue.put_back(held.into_values());
        self.queue.ledger.send_modify(|ledger| {
            ledger.held -= count;
            ledger.consumers -= 1;
        });
    }
}

/// A back end with a bug.
struct Panicking;

impl Subscription for Panicking {
    fn poll_deliveries(&mut self, _: &mut Context<'_>, _: &mut Batch) -> Poll<Result<(), Cancelled>> {
        panic!("a back end with a bug")
    }

    fn settle(&mut self, _: Outcome, _: &[DeliveryId]) {}

    fn stop(&mut self) {}
}

fn delivery(queue: &Queue, message: &Message) -> Delivery {
    Delivery {
        id: DeliveryId(message.number),
        redelivered: message.redelivered,
        exchange: ShortText::default(),
        routing_key: queue.name.clone(),
        properties: message.properties.clone(),
        body: message.body.clone(),
    }
}
