//! Every bound of the endpoint in one place.

use std::time::Duration;

/// Bounds on time, memory and counts. [`Limits::default`] suits a server of two cores with 10,000 consumers.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From accepted socket to `connection.open-ok`, TLS included: 10 s.
    pub handshake: Duration,
    /// The back end's check of credentials: 4 s, because the Java client waits 5 s for the answer to
    /// `start-ok`.
    pub authenticate: Duration,
    /// Every other call to the back end (consume, inspect): 8 s, because clients wait 10 s for an answer.
    pub backend_call: Duration,
    /// Waiting for `connection.close-ok`, and then for the peer to hang up: 5 s.
    pub close: Duration,
    /// Graceful shutdown of all connections before they are cut: 10 s.
    pub shutdown: Duration,
    /// A peer that reads nothing for so long while bytes wait for it is cut: 60 s.
    pub write_stall: Duration,
    /// Open sockets, authenticated or not: 20,000. Further ones are closed at once.
    pub max_connections: usize,
    /// Sockets that have not finished the handshake: 10,000. Further ones are closed at once.
    pub max_handshaking: usize,
    /// Open connections of one user name: 10,000. One more is answered with 530 NOT_ALLOWED.
    pub max_connections_per_user: usize,
    /// Offered as `channel-max`: 2047, as RabbitMQ.
    pub max_channels: u16,
    /// Consumers on one channel: 1,024. One more closes the connection with 530 NOT_ALLOWED.
    pub max_consumers_per_channel: usize,
    /// Consumers on all channels of one connection: 2,048, answered likewise.
    pub max_consumers_per_connection: usize,
    /// Deliveries without an answer on one channel, also with prefetch 0 ("unlimited"): 10,000. At the bound
    /// nothing more is delivered until the client answers.
    pub max_unacked_per_channel: usize,
    /// The same over all channels of one connection: 50,000.
    pub max_unacked_per_connection: usize,
    /// Bytes waiting for one peer before no more deliveries are fetched for it: 256 KiB. Memory per slow
    /// reader is at most this plus one message.
    pub max_outbound_bytes: usize,
    /// Offered as `frame-max`, in bytes with the 8 bytes around a payload: 131,072, as RabbitMQ. At least
    /// 4,096.
    pub frame_max: u32,
    /// Largest frame before `tune-ok`: 16 KiB. A token and the client's properties take some 3 KiB.
    pub handshake_frame_max: u32,
    /// Offered heartbeat interval in seconds: 60. The client's answer counts, 0 switches heartbeats off.
    pub heartbeat: u16,
    /// Largest message body in bytes: 64 MiB - 1, the most that the Java client takes.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            authenticate: Duration::from_secs(4),
            backend_call: Duration::from_secs(8),
            close: Duration::from_secs(5),
            shutdown: Duration::from_secs(10),
            write_stall: Duration::from_mins(1),
            max_connections: 20_000,
            max_handshaking: 10_000,
            max_connections_per_user: 10_000,
            max_channels: 2047,
            max_consumers_per_channel: 1024,
            max_consumers_per_connection: 2048,
            max_unacked_per_channel: 10_000,
            max_unacked_per_connection: 50_000,
            max_outbound_bytes: 256 * 1024,
            frame_max: 131_072,
            handshake_frame_max: 16 * 1024,
            heartbeat: 60,
            max_body: 64 * 1024 * 1024 - 1,
        }
    }
}
