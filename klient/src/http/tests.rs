use axum::Router;
use axum::routing::get;
use axum::serve::Listener;
use fiks_crypto::keystore::LOCAL_HOSTS;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::testing;

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

async fn serve(router: Router, acceptor: TlsAcceptor) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(TlsListener { listener, acceptor }, router).await });
    format!("https://localhost:{port}")
}

async fn fetch(address: &str, ca: Option<String>) -> reqwest::Result<Response> {
    let builder = testing::builder();
    let builder = match ca {
        Some(ca) => builder.ekstra_ca(ca),
        None => builder,
    };
    client(&builder.build().unwrap())
        .unwrap()
        .get(address)
        .send()
        .await
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_no_other() {
    let (authority, acceptor) = testing::tls(&LOCAL_HOSTS);
    let address = serve(Router::new().route("/", get(|| async { "hei" })), acceptor).await;
    let answer = fetch(&address, Some(authority.certificate().pem()))
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "hei");
    let stranger = testing::identity("stranger").certificate().pem();
    for ca in [Some(stranger), None] {
        assert!(fetch(&address, ca).await.unwrap_err().is_connect());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let away = get(|| async { axum::response::Redirect::temporary("/there") });
    let there = get(|| async { "there" });
    let address = testing::serve(Router::new().route("/", away).route("/there", there)).await;
    let answer = fetch(&address, None).await.unwrap();
    assert_eq!(answer.status(), 307);
}

#[tokio::test]
async fn no_more_is_read_than_asked_for() {
    let address = testing::serve(Router::new().route("/", get(|| async { "0123456789" }))).await;
    let answer = || async { fetch(&address, None).await.unwrap() };
    assert_eq!(read_bounded(answer().await, 10).await.unwrap(), b"0123456789");
    assert_eq!(
        read_bounded(answer().await, 9).await.unwrap_err().to_string(),
        "the answer is longer than 9 bytes"
    );
}

#[tokio::test]
async fn the_servers_wish_to_wait_is_read() {
    let busy = get(|| async { (axum::http::StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]) });
    let address = testing::serve(Router::new().route("/", busy)).await;
    let failure = refusal(Handling::Katalog, fetch(&address, None).await.unwrap()).await;
    let Failure::Repeatable { after, .. } = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(after, Some(Duration::from_secs(7)));
}
