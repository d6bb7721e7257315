//! TLS as KS' Java client uses it: no server name, no ALPN (contract fiks-io §15).

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use fiks_amqp::{Limits, Listener};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

use crate::{
    raw::{self, Peer},
    setup::Running,
};

fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    (
        made.cert.der().clone(),
        PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap(),
    )
}

async fn start() -> (Running, Arc<ClientConfig>) {
    let (certificate, key) = certificate();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let running = Running::listening(Limits::default(), |tcp| Listener::tls(tcp, acceptor)).await;
    (
        running,
        Arc::new(
            ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth(),
        ),
    )
}

/// An IP address as name: rustls then sends no SNI.
async fn connect(running: &Running, config: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
    let tcp = TcpStream::connect(running.address).await.unwrap();
    TlsConnector::from(Arc::clone(config))
        .connect(name, tcp)
        .await
        .unwrap()
}

#[tokio::test]
async fn deliveries_arrive_over_tls_without_a_server_name() {
    let (running, config) = start().await;
    let queue = running.memory.queue("q");
    queue.publish(vec![7; 300_000]);
    let mut peer = Peer::over(connect(&running, &config).await);
    peer.login().await;
    peer.consume("q").await;
    let (tag, body) = peer.delivery().await;
    assert_eq!((tag, body.len()), (1, 300_000));
    peer.send(1, &raw::ack(1)).await;
    queue.until(|ledger| ledger.acknowledged == 1).await;
}

#[tokio::test]
async fn closing_over_tls_ends_properly() {
    let (running, config) = start().await;
    let mut peer = Peer::over(connect(&running, &config).await);
    peer.login().await;
    peer.send(0, &raw::connection_close()).await;
    assert_eq!(peer.method().await, (0, (10, 51)));
    // Ends with close_notify, which rustls demands for a clean end of file.
    assert_eq!(peer.stream.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn plain_bytes_on_the_tls_port_do_no_harm() {
    let (running, config) = start().await;
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.write_all(b"AMQP\x00\x00\x09\x01").await.unwrap();
    let mut rest = Vec::new();
    let _ = tcp.read_to_end(&mut rest).await;
    Peer::over(connect(&running, &config).await).login().await;
}
