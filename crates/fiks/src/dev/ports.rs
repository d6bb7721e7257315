//! The ports of the test environment, on loopback only.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

/// Ports asked for; 0 means any free one.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub http: u16,
    pub https: u16,
    pub amqp: u16,
    pub amqps: u16,
}

/// Listeners that are bound but not yet answered.
pub struct Listeners {
    pub http: TcpListener,
    pub https: TcpListener,
    pub amqp: TcpListener,
    pub amqps: TcpListener,
}

impl Listeners {
    /// Binds all four, or none.
    pub async fn bind(ports: Ports) -> anyhow::Result<Self> {
        Ok(Self {
            http: bind(ports.http, "--http-port").await?,
            https: bind(ports.https, "--https-port").await?,
            amqp: bind(ports.amqp, "--amqp-port").await?,
            amqps: bind(ports.amqps, "--amqps-port").await?,
        })
    }

    /// The ports that were had.
    pub fn ports(&self) -> anyhow::Result<Ports> {
        Ok(Ports {
            http: self.http.local_addr()?.port(),
            https: self.https.local_addr()?.port(),
            amqp: self.amqp.local_addr()?.port(),
            amqps: self.amqps.local_addr()?.port(),
        })
    }
}

async fn bind(port: u16, flag: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "port {port} er opptatt. Velg en annen med {flag} <port>, eller {flag} 0 for en hvilken som helst ledig."
            )
        }
        bound => bound.with_context(|| format!("kan ikke lytte på port {port} ({flag})")),
    }
}
