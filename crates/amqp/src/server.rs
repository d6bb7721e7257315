//! Accepting connections, and ending them all.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    backend::Backend,
    driver::Driver,
    identity::Identity,
    limits::Limits,
    metrics::{Metrics, count},
    registry::{Admission, Registry},
};

/// Pause after a failed `accept`, for example because file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An AMQP endpoint. Cheap to clone; clones share limits and counters, so that several listeners are one
/// server.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) registry: Registry,
}

/// A socket to accept from, with or without TLS.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Plain TCP.
    pub fn plain(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }

    /// TLS. The acceptor must have a default certificate: KS' Java client sends neither SNI nor ALPN
    /// (contract fiks-io §15).
    pub fn tls(tcp: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self {
            tcp,
            tls: Some(acceptor),
        }
    }
}

impl Server {
    /// A server in front of `backend`.
    pub fn new(backend: Arc<dyn Backend>, identity: Identity, limits: Limits) -> Self {
        let registry = Registry::new(&limits);
        let (identity, limits) = (Arc::new(identity), Arc::new(limits));
        let shared = Shared {
            backend,
            identity,
            limits,
            metrics: Arc::default(),
            registry,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Counters over all listeners.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// Accepts connections until `shutdown` resolves, then asks each to close (320 CONNECTION_FORCED), waits
    /// for them at most [`Limits::shutdown`] and cuts the rest. Queues should be ready before this is called:
    /// the Java client never repeats a failed `basic.consume` on recovery (contract fiks-io §15).
    pub async fn serve(&self, listener: Listener, shutdown: impl Future<Output = ()>) {
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next() => report(ended),
                accepted = listener.tcp.accept() => match accepted {
                    Ok((stream, peer)) => self.spawn(&mut tasks, (stream, peer), listener.tls.clone(), &stop),
                    Err(error) => pause_after(&error).await,
                },
            }
        }
        drop(listener);
        stop.cancel();
        let drained = timeout(self.shared.limits.shutdown, async {
            while let Some(ended) = tasks.join_next().await {
                report(ended);
            }
        });
        if drained.await.is_err() {
            tracing::warn!(connections = tasks.len(), "amqp connections cut at shutdown");
        }
    }

    /// Serves one stream that was accepted elsewhere, until it has ended. `stop` asks it to close.
    pub async fn serve_stream<S>(&self, stream: S, peer: SocketAddr, stop: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(admission) = self.admit() {
            let deadline = Instant::now() + self.shared.limits.handshake;
            self.drive(stream, peer, admission, deadline, stop).await;
        }
    }

    fn admit(&self) -> Option<Admission> {
        let admission = self.shared.registry.admit();
        if admission.is_none() {
            count(&self.shared.metrics.connections_refused);
        }
        admission
    }

    fn spawn(
        &self,
        tasks: &mut JoinSet<()>,
        (stream, peer): (TcpStream, SocketAddr),
        tls: Option<TlsAcceptor>,
        stop: &CancellationToken,
    ) {
        if let Some(admission) = self.admit() {
            let (server, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move { server.accepted(stream, peer, tls, admission, stop).await });
        }
    }

    async fn accepted(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<TlsAcceptor>,
        admission: Admission,
        stop: CancellationToken,
    ) {
        let deadline = Instant::now() + self.shared.limits.handshake;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "amqp socket option not set");
        }
        let Some(tls) = tls else {
            return self.drive(stream, peer, admission, deadline, stop).await;
        };
        // Boxed: the handshake's state is large, and gone before the connection starts.
        let handshake = Box::pin(timeout_at(deadline, tls.accept(stream)));
        match stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => self.drive(stream, peer, admission, deadline, stop).await,
            Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "tls handshake failed"),
            Some(Err(_)) => tracing::debug!(%peer, "tls handshake timed out"),
            None => {}
        }
    }

    async fn drive<S>(
        &self,
        io: S,
        peer: SocketAddr,
        admission: Admission,
        deadline: Instant,
        stop: CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let driver = Driver::new(io, peer, Arc::clone(&self.shared), admission, deadline, stop);
        let end = driver.await;
        tracing::debug!(%peer, ?end, "amqp connection ended");
    }
}

/// A connection that panicked must not be silent; its guards have given everything back.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "amqp connection task failed");
    }
}

async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "accepting amqp connections failed");
    sleep(ACCEPT_PAUSE).await;
}
