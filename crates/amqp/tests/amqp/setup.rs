//! A running server and lapin connections to it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use fiks_amqp::{Identity, Limits, Listener, Server, Snapshot};
use futures::StreamExt;
use lapin::{
    Channel, Connection, ConnectionProperties, Consumer,
    message::Delivery,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::memory::{Memory, PASSWORD, USER};

pub struct Running {
    pub memory: Arc<Memory>,
    pub server: Server,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

pub fn server(limits: Limits) -> (Arc<Memory>, Server) {
    let memory = Memory::new();
    let identity = Identity {
        product: "test".into(),
        version: "1".into(),
    };
    let server = Server::new(Arc::clone(&memory) as _, identity, limits);
    (memory, server)
}

impl Running {
    pub async fn with(limits: Limits) -> Self {
        Self::listening(limits, Listener::plain).await
    }

    pub async fn listening(limits: Limits, listener: impl FnOnce(TcpListener) -> Listener) -> Self {
        let (memory, server) = server(limits);
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (serving, listener) = (server.clone(), listener(tcp));
        let task = tokio::spawn(async move {
            serving.serve(listener, async { stopped.await.unwrap() }).await;
        });
        Self {
            memory,
            server,
            address,
            stop: Some(stop),
            task,
        }
    }

    pub async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub async fn connect(&self) -> Connection {
        self.connect_as(USER, PASSWORD, "%2f").await.unwrap()
    }

    pub async fn connect_as(&self, user: &str, password: &str, vhost: &str) -> lapin::Result<Connection> {
        let (password, address) = (password.replace(' ', "%20"), self.address);
        let uri = format!("amqp://{user}:{password}@{address}/{vhost}?heartbeat=60");
        Connection::connect(&uri, ConnectionProperties::default()).await
    }

    /// Begins the graceful shutdown.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until the graceful shutdown is over.
    pub async fn stopped(self) -> Snapshot {
        self.task.await.unwrap();
        self.server.metrics().snapshot()
    }
}

pub async fn consume(channel: &Channel, queue: &str, tag: &str) -> lapin::Result<Consumer> {
    let options = BasicConsumeOptions::default();
    channel
        .basic_consume(queue.into(), tag.into(), options, FieldTable::default())
        .await
}

pub async fn prefetch(channel: &Channel, count: u16) {
    channel
        .basic_qos(count, BasicQosOptions::default())
        .await
        .unwrap();
}

pub async fn next(consumer: &mut Consumer) -> Delivery {
    consumer.next().await.unwrap().unwrap()
}
