//! Serving a router on a socket, plain or TLS, within bounds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Connections open at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 20_000;
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// Also how long an idle connection is kept: longer than the 60 s after which clients close theirs
/// (dokumentlager §12).
const REQUEST_HEAD: Duration = Duration::from_mins(2);
/// How long requests under way may take once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(20);

/// A listener and what answers there.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
}

impl Server {
    /// Plain HTTP.
    pub fn plain(listener: TcpListener, router: Router) -> Self {
        Self {
            listener,
            tls: None,
            router,
        }
    }

    /// HTTPS.
    pub fn tls(listener: TcpListener, tls: TlsAcceptor, router: Router) -> Self {
        Self {
            listener,
            tls: Some(tls),
            router,
        }
    }

    /// Serves until `stop` becomes true, then lets requests under way finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let connections = Connections {
            tls: self.tls,
            router: self.router,
        };
        while let Some((stream, place)) = accept(&self.listener, &places, &mut stop).await {
            tokio::spawn(connections.clone().serve(stream, graceful.watcher(), place));
        }
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &mut watch::Receiver<bool>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    loop {
        let place = places.clone().acquire_owned().await.ok()?;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return None,
        };
        match accepted {
            Ok((stream, _peer)) => return Some((stream, place)),
            Err(error) => {
                // Out of file descriptors, usually: give others time to end.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "connection not accepted"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[derive(Clone)]
struct Connections {
    tls: Option<TlsAcceptor>,
    router: Router,
}

impl Connections {
    async fn serve(self, stream: TcpStream, watcher: Watcher, place: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        match self.tls.clone() {
            None => self.converse(stream, watcher).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = tokio::time::timeout(TLS_HANDSHAKE, tls.accept(stream)).await {
                    self.converse(stream, watcher).await;
                }
            }
        }
        drop(place);
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, watcher: Watcher) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST_HEAD);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(256);
        let service = TowerToHyperService::new(self.router);
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error = &*error, "connection ended early");
        }
    }
}
