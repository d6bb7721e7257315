//! An AMQP server of its own making, strict about what it expects, that can misbehave on demand.

use std::sync::Arc;

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, gen_frame, parse_frame};
use amq_protocol::protocol::{AMQPClass, basic, channel, connection};
use lapin::BasicProperties;
use lapin::types::FieldTable;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_rustls::TlsAcceptor;

/// What the server makes of those who connect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Polite,
    /// Refuses the login.
    RefuseLogin,
    /// Refuses to let the queue be consumed, with this code.
    RefuseQueue(u16),
    /// Takes the TCP connection and never says a word.
    Mute,
}

/// What the client did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Connected,
    Login(String),
    Qos(u16),
    Consume { queue: String, tag: String },
    Ack(u64),
    Nack { tag: u64, requeue: bool },
    Cancel,
    Closed,
    Gone,
}

/// What the server shall do next.
pub(crate) enum Order {
    Deliver {
        properties: Box<BasicProperties>,
        data: Vec<u8>,
        tag: u64,
    },
    CancelConsumer,
    CutOff,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
}

impl Server {
    pub(crate) async fn start(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (saw, seen) = mpsc::unbounded_channel();
        let (orders, todo) = mpsc::unbounded_channel();
        let todo = Arc::new(Mutex::new(todo));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (saw, todo) = (saw.clone(), Arc::clone(&todo));
                match &tls {
                    None => drop(tokio::spawn(Peer::new(stream, saw, manner).run(todo))),
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            tokio::spawn(Peer::new(stream, saw, manner).run(todo));
                        }
                    }
                }
            }
        });
        Self { port, seen, orders }
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.send(order).ok().unwrap();
    }

    /// The next thing that the client did.
    pub(crate) async fn saw(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Takes what the client does on its way to a running consumer.
    pub(crate) async fn saw_start(&mut self) {
        assert_eq!(self.saw().await, Seen::Connected);
        assert!(matches!(self.saw().await, Seen::Login(_)));
        assert!(matches!(self.saw().await, Seen::Qos(_)));
        assert!(matches!(self.saw().await, Seen::Consume { .. }));
    }
}

/// One connection.
struct Peer<S> {
    stream: S,
    buffer: Vec<u8>,
    saw: mpsc::UnboundedSender<Seen>,
    manner: Manner,
    tag: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    fn new(stream: S, saw: mpsc::UnboundedSender<Seen>, manner: Manner) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            saw,
            manner,
            tag: String::new(),
        }
    }

    async fn run(mut self, todo: Arc<Mutex<mpsc::UnboundedReceiver<Order>>>) {
        self.note(Seen::Connected);
        let mut todo = todo.lock().await;
        loop {
            tokio::select! {
                frame = self.receive() => match frame {
                    Some(frame) if self.manner != Manner::Mute => self.react(frame).await,
                    Some(_) => {}
                    None => break,
                },
                Some(order) = todo.recv(), if !self.tag.is_empty() => match order {
                    Order::CutOff => break,
                    order => self.obey(order).await,
                },
            }
        }
        self.note(Seen::Gone);
    }

    fn note(&self, seen: Seen) {
        drop(self.saw.send(seen));
    }

    /// Safe to cancel: what has been read stays in the buffer.
    async fn receive(&mut self) -> Option<AMQPFrame> {
        loop {
            let parsed = parse_frame(self.buffer.as_slice()).map(|(rest, frame)| (rest.len(), frame));
            if let Ok((rest, frame)) = parsed {
                self.buffer.drain(..self.buffer.len() - rest);
                return Some(frame);
            }
            if self.stream.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn send(&mut self, frame: AMQPFrame) {
        let (bytes, _) = gen_frame(&frame)(Vec::new().into()).unwrap().into_inner();
        drop(self.stream.write_all(&bytes).await);
    }

    async fn connection(&mut self, method: connection::AMQPMethod) {
        self.send(AMQPFrame::Method(0, AMQPClass::Connection(method)))
            .await;
    }

    async fn basic(&mut self, method: basic::AMQPMethod) {
        self.send(AMQPFrame::Method(1, AMQPClass::Basic(method))).await;
    }

    async fn react(&mut self, frame: AMQPFrame) {
        match frame {
            AMQPFrame::ProtocolHeader(_) => self.connection(start()).await,
            AMQPFrame::Method(0, AMQPClass::Connection(method)) => self.on_connection(method).await,
            AMQPFrame::Method(1, AMQPClass::Channel(method)) => self.on_channel(method).await,
            AMQPFrame::Method(1, AMQPClass::Basic(method)) => self.on_basic(method).await,
            AMQPFrame::Heartbeat => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    async fn on_connection(&mut self, method: connection::AMQPMethod) {
        use connection::AMQPMethod as Method;
        match method {
            Method::StartOk(ok) => {
                assert_eq!(ok.mechanism.as_str(), "PLAIN");
                self.note(Seen::Login(
                    String::from_utf8(ok.response.as_bytes().to_vec()).unwrap(),
                ));
                match self.manner {
                    Manner::RefuseLogin => self.connection(Method::Close(refusal(403))).await,
                    _ => self.connection(Method::Tune(tune())).await,
                }
            }
            Method::TuneOk(ok) => assert_eq!(ok.heartbeat, 60),
            Method::Open(open) => {
                assert_eq!(open.virtual_host.as_str(), "/");
                self.connection(Method::OpenOk(connection::OpenOk {})).await;
            }
            Method::Close(_) => {
                self.note(Seen::Closed);
                self.connection(Method::CloseOk(connection::CloseOk {})).await;
            }
            Method::CloseOk(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    async fn on_channel(&mut self, method: channel::AMQPMethod) {
        use channel::AMQPMethod as Method;
        let answer = match method {
            Method::Open(_) => Method::OpenOk(channel::OpenOk {}),
            Method::Close(_) => Method::CloseOk(channel::CloseOk {}),
            Method::CloseOk(_) => return,
            other => panic!("unexpected {other:?}"),
        };
        self.send(AMQPFrame::Method(1, AMQPClass::Channel(answer))).await;
    }

    async fn on_basic(&mut self, method: basic::AMQPMethod) {
        use basic::AMQPMethod as Method;
        match method {
            Method::Qos(qos) => {
                assert!(!qos.global);
                self.note(Seen::Qos(qos.prefetch_count));
                self.basic(Method::QosOk(basic::QosOk {})).await;
            }
            Method::Consume(consume) => self.on_consume(consume).await,
            Method::Ack(ack) => {
                assert!(!ack.multiple);
                self.note(Seen::Ack(ack.delivery_tag));
            }
            Method::Nack(nack) => {
                assert!(!nack.multiple);
                self.note(Seen::Nack {
                    tag: nack.delivery_tag,
                    requeue: nack.requeue,
                });
            }
            Method::Cancel(cancel) => {
                self.note(Seen::Cancel);
                self.basic(Method::CancelOk(basic::CancelOk {
                    consumer_tag: cancel.consumer_tag,
                }))
                .await;
            }
            Method::CancelOk(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    async fn on_consume(&mut self, consume: basic::Consume) {
        assert!(!consume.no_ack && !consume.exclusive && !consume.no_local && !consume.nowait);
        let (queue, tag) = (consume.queue.to_string(), consume.consumer_tag.to_string());
        self.note(Seen::Consume {
            queue,
            tag: tag.clone(),
        });
        if let Manner::RefuseQueue(code) = self.manner {
            let close = channel::Close {
                reply_code: code,
                reply_text: "no".into(),
                class_id: 60,
                method_id: 20,
            };
            let close = AMQPClass::Channel(channel::AMQPMethod::Close(close));
            return self.send(AMQPFrame::Method(1, close)).await;
        }
        self.tag = if tag.is_empty() {
            "made-by-server".to_owned()
        } else {
            tag
        };
        let consumer_tag = self.tag.as_str().into();
        self.basic(basic::AMQPMethod::ConsumeOk(basic::ConsumeOk { consumer_tag }))
            .await;
    }

    async fn obey(&mut self, order: Order) {
        let consumer_tag = self.tag.as_str().into();
        match order {
            Order::CancelConsumer => {
                self.basic(basic::AMQPMethod::Cancel(basic::Cancel {
                    consumer_tag,
                    nowait: true,
                }))
                .await;
            }
            Order::Deliver {
                properties,
                data,
                tag: delivery_tag,
            } => {
                let (exchange, routing_key) = ("".into(), "fiksio.konto.x".into());
                let deliver = basic::Deliver {
                    consumer_tag,
                    delivery_tag,
                    redelivered: false,
                    exchange,
                    routing_key,
                };
                self.basic(basic::AMQPMethod::Deliver(deliver)).await;
                let header = AMQPContentHeader {
                    class_id: 60,
                    body_size: data.len() as u64,
                    properties: *properties,
                };
                self.send(AMQPFrame::Header(1, header)).await;
                if !data.is_empty() {
                    self.send(AMQPFrame::Body(1, data)).await;
                }
            }
            Order::CutOff => {}
        }
    }
}

fn start() -> connection::AMQPMethod {
    connection::AMQPMethod::Start(connection::Start {
        version_major: 0,
        version_minor: 9,
        server_properties: FieldTable::default(),
        mechanisms: "PLAIN".into(),
        locales: "en_US".into(),
    })
}

fn tune() -> connection::Tune {
    connection::Tune {
        channel_max: 2047,
        frame_max: 131_072,
        heartbeat: 60,
    }
}

fn refusal(reply_code: u16) -> connection::Close {
    connection::Close {
        reply_code,
        reply_text: "ACCESS_REFUSED".into(),
        class_id: 10,
        method_id: 11,
    }
}
