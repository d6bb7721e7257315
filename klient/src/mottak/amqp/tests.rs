use fiks_crypto::keystore::LOCAL_HOSTS;
use lapin::options::BasicAckOptions;
use uuid::Uuid;

use super::*;
use crate::mottak::hode::tests::delivery;
use crate::testing;
use crate::testing::amqp::{Manner, Order, Seen, Server};
use crate::{Klient, KonfigurasjonBuilder};

async fn amqp(change: impl FnOnce(KonfigurasjonBuilder) -> KonfigurasjonBuilder) -> Amqp {
    let address = testing::serve(testing::token_endpoint()).await;
    let konfigurasjon = testing::configured(&address, change);
    let tokens = Klient::ny(konfigurasjon.clone()).unwrap().tokens();
    Amqp::new(&konfigurasjon, tokens)
}

async fn plain(server: &Server) -> Amqp {
    let port = server.port;
    amqp(|builder| builder.amqp_uten_tls("127.0.0.1", port)).await
}

async fn failure(amqp: &Amqp) -> Feil {
    amqp.connect().await.err().unwrap()
}

#[tokio::test]
async fn a_consumer_starts_as_agreed() {
    let mut server = Server::start(Manner::Polite, None).await;
    let amqp = plain(&server).await;
    let session = amqp.connect().await.unwrap();
    assert_eq!(server.saw().await, Seen::Connected);
    assert_eq!(
        server.saw().await,
        Seen::Login(format!("\0{}\0passord token-1", Uuid::from_u128(2)))
    );
    assert_eq!(server.saw().await, Seen::Qos(10));
    let queue = format!("fiksio.konto.{}", testing::KONTO);
    assert_eq!(
        server.saw().await,
        Seen::Consume {
            queue: queue.clone(),
            tag: String::new()
        }
    );

    // The next connection asks for the tag that the server made.
    server.order(Order::CutOff);
    assert_eq!(server.saw().await, Seen::Gone);
    drop(session);
    amqp.connect().await.unwrap();
    assert_eq!(server.saw().await, Seen::Connected);
    assert!(matches!(server.saw().await, Seen::Login(_)));
    assert_eq!(server.saw().await, Seen::Qos(10));
    assert_eq!(
        server.saw().await,
        Seen::Consume {
            queue,
            tag: "made-by-server".to_owned()
        }
    );
}

#[tokio::test]
async fn messages_come_whole_and_are_acknowledged() {
    let mut server = Server::start(Manner::Polite, None).await;
    let mut session = plain(&server).await.connect().await.unwrap();
    server.saw_start().await;
    let properties = delivery(&[], b"").properties;
    server.order(Order::Deliver {
        properties: Box::new(properties.clone()),
        data: vec![7; 100_000],
        tag: 1,
    });
    let received = session.next().await.unwrap().unwrap();
    assert_eq!(
        (received.data, received.properties),
        (vec![7; 100_000], properties)
    );
    assert!(received.acker.ack(BasicAckOptions::default()).await.unwrap());
    assert_eq!(server.saw().await, Seen::Ack(1));
}

#[tokio::test]
async fn a_connection_is_closed_politely() {
    let mut server = Server::start(Manner::Polite, None).await;
    let session = plain(&server).await.connect().await.unwrap();
    server.saw_start().await;
    session.link().close().await;
    assert_eq!(server.saw().await, Seen::Closed);
}

#[tokio::test]
async fn a_cancelled_consumer_ends_the_session() {
    let mut server = Server::start(Manner::Polite, None).await;
    let mut session = plain(&server).await.connect().await.unwrap();
    server.saw_start().await;
    server.order(Order::CancelConsumer);
    assert!(session.next().await.is_none());
}

#[tokio::test]
async fn a_lost_connection_ends_the_session_with_an_error() {
    let mut server = Server::start(Manner::Polite, None).await;
    let mut session = plain(&server).await.connect().await.unwrap();
    server.saw_start().await;
    server.order(Order::CutOff);
    assert!(session.next().await.unwrap().is_err());
}

#[tokio::test]
async fn a_refused_login_is_not_temporary() {
    let server = Server::start(Manner::RefuseLogin, None).await;
    let feil = failure(&plain(&server).await).await;
    assert!(
        matches!(feil, Feil::AmqpAvvist(_)) && !feil.er_forbigaende(),
        "{feil}"
    );
}

#[tokio::test]
async fn a_refused_queue_names_the_konto() {
    for code in [403, 404] {
        let server = Server::start(Manner::RefuseQueue(code), None).await;
        let feil = failure(&plain(&server).await).await;
        assert!(
            matches!(
                feil,
                Feil::AmqpKonto {
                    konto: testing::KONTO,
                    ..
                }
            ),
            "{feil}"
        );
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_its_socket_closed() {
    let mut server = Server::start(Manner::Mute, None).await;
    let mut amqp = plain(&server).await;
    amqp.limits.tilkobling = Duration::from_secs(2);
    let feil = failure(&amqp).await;
    assert!(
        matches!(feil, Feil::AmqpTidsavbrudd(_)) && feil.er_forbigaende(),
        "{feil}"
    );
    assert_eq!(server.saw().await, Seen::Connected);
    assert_eq!(server.saw().await, Seen::Gone);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_temporary() {
    let feil = failure(&amqp(|builder| builder.amqp_uten_tls("127.0.0.1", 9)).await).await;
    assert!(matches!(feil, Feil::Amqp(_)) && feil.er_forbigaende(), "{feil}");
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_no_other() {
    let (authority, acceptor) = testing::tls(&LOCAL_HOSTS);
    let mut server = Server::start(Manner::Polite, Some(acceptor)).await;
    let port = server.port;
    let trusting = amqp(|builder| {
        builder
            .amqp("localhost", port)
            .ekstra_ca(authority.certificate().pem())
    })
    .await;
    let session = trusting.connect().await.unwrap();
    server.saw_start().await;
    drop(session);

    let stranger = testing::identity("stranger").certificate().pem();
    let wary = amqp(|builder| builder.amqp("localhost", port).ekstra_ca(stranger)).await;
    assert!(matches!(failure(&wary).await, Feil::Amqp(_)));
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let (authority, acceptor) = testing::tls(&["elsewhere.example"]);
    let server = Server::start(Manner::Polite, Some(acceptor)).await;
    let (port, ca) = (server.port, authority.certificate().pem());
    let amqp = amqp(|builder| builder.amqp("localhost", port).ekstra_ca(ca)).await;
    assert!(matches!(failure(&amqp).await, Feil::Amqp(_)));
}
