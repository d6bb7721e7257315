//! A peer that speaks bytes, for what no client library would send.

use amq_protocol::{
    frame::{AMQPFrame, gen_frame, parse_frame},
    protocol::{AMQPClass, basic, channel, connection},
    types::FieldTable,
};
use fiks_amqp::Server;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::memory::{PASSWORD, USER};

pub const HEADER: [u8; 8] = *b"AMQP\x00\x00\x09\x01";

pub struct Peer<S> {
    pub stream: S,
    received: Vec<u8>,
}

/// A connection in memory, for tests that stop the clock.
pub fn in_memory(server: &Server) -> (Peer<DuplexStream>, JoinHandle<()>, CancellationToken) {
    in_memory_with(server, 64 * 1024)
}

/// The same with so many bytes between the two.
pub fn in_memory_with(
    server: &Server,
    bytes: usize,
) -> (Peer<DuplexStream>, JoinHandle<()>, CancellationToken) {
    let (near, far) = tokio::io::duplex(bytes);
    let (server, stop) = (server.clone(), CancellationToken::new());
    let told = stop.clone();
    let task = tokio::spawn(async move {
        server
            .serve_stream(far, "127.0.0.1:1".parse().unwrap(), told)
            .await;
    });
    (Peer::over(near), task, stop)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn send(&mut self, channel: u16, class: &AMQPClass) {
        self.bytes(&frame(&AMQPFrame::Method(channel, class.clone())))
            .await;
    }

    /// The next frame; `None` at the end of the stream.
    pub async fn frame(&mut self) -> Option<AMQPFrame> {
        loop {
            if let Ok((rest, frame)) = parse_frame(&self.received[..]) {
                self.received = rest.to_vec();
                return Some(frame);
            }
            match self.stream.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Channel, class and method number of the next frame, which must be a method.
    pub async fn method(&mut self) -> (u16, (u16, u16)) {
        match self.frame().await {
            Some(AMQPFrame::Method(channel, class)) => {
                (channel, (class.get_amqp_class_id(), class.get_amqp_method_id()))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Code and text of the connection.close that must come next.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.frame().await {
            Some(AMQPFrame::Method(0, AMQPClass::Connection(connection::AMQPMethod::Close(close)))) => {
                (close.reply_code, close.reply_text.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    /// Through the handshake, with channel 1 open and a heartbeat of 60 s.
    pub async fn login(&mut self) {
        self.login_with(60).await;
    }

    pub async fn login_with(&mut self, heartbeat: u16) {
        self.start(PASSWORD).await;
        assert_eq!(self.method().await, (0, (10, 30)));
        let tune_ok = connection::TuneOk {
            channel_max: 0,
            frame_max: 0,
            heartbeat,
        };
        self.send(0, &AMQPClass::Connection(connection::AMQPMethod::TuneOk(tune_ok)))
            .await;
        let open = connection::Open {
            virtual_host: "/".into(),
        };
        self.send(0, &AMQPClass::Connection(connection::AMQPMethod::Open(open)))
            .await;
        assert_eq!(self.method().await, (0, (10, 41)));
        self.send(
            1,
            &AMQPClass::Channel(channel::AMQPMethod::Open(channel::Open {})),
        )
        .await;
        assert_eq!(self.method().await, (1, (20, 11)));
    }

    /// Up to and including start-ok.
    pub async fn start(&mut self, password: &str) {
        self.bytes(&HEADER).await;
        assert_eq!(self.method().await, (0, (10, 10)));
        let start_ok = connection::StartOk {
            client_properties: FieldTable::default(),
            mechanism: "PLAIN".into(),
            response: format!("\0{USER}\0{password}").into(),
            locale: "en_US".into(),
        };
        self.send(
            0,
            &AMQPClass::Connection(connection::AMQPMethod::StartOk(start_ok)),
        )
        .await;
    }

    pub async fn consume(&mut self, queue: &str) {
        self.send(1, &consume(queue)).await;
        assert_eq!(self.method().await, (1, (60, 21)));
    }

    /// Delivery tag and body of the delivery that must come next.
    pub async fn delivery(&mut self) -> (u64, Vec<u8>) {
        let Some(AMQPFrame::Method(1, AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver)))) =
            self.frame().await
        else {
            panic!("no delivery")
        };
        let Some(AMQPFrame::Header(1, header)) = self.frame().await else {
            panic!("no header")
        };
        let mut body = Vec::new();
        while (body.len() as u64) < header.body_size {
            let Some(AMQPFrame::Body(1, piece)) = self.frame().await else {
                panic!("no body")
            };
            body.extend_from_slice(&piece);
        }
        (deliver.delivery_tag, body)
    }
}

pub fn frame(frame: &AMQPFrame) -> Vec<u8> {
    gen_frame(frame)(Vec::new().into()).unwrap().into_inner().0
}

pub fn ack(delivery_tag: u64) -> AMQPClass {
    AMQPClass::Basic(basic::AMQPMethod::Ack(basic::Ack {
        delivery_tag,
        multiple: false,
    }))
}

pub fn consume(queue: &str) -> AMQPClass {
    let consume = basic::Consume {
        queue: queue.into(),
        ..basic::Consume::default()
    };
    AMQPClass::Basic(basic::AMQPMethod::Consume(consume))
}

pub fn qos(prefetch_count: u16) -> AMQPClass {
    AMQPClass::Basic(basic::AMQPMethod::Qos(basic::Qos {
        prefetch_count,
        global: false,
    }))
}

pub fn connection_close() -> AMQPClass {
    AMQPClass::Connection(connection::AMQPMethod::Close(connection::Close::default()))
}

pub fn connection_close_ok() -> AMQPClass {
    AMQPClass::Connection(connection::AMQPMethod::CloseOk(connection::CloseOk {}))
}
