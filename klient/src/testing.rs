//! Keys, certificates and configurations for the tests of this crate.

pub(crate) mod amqp;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use fiks_core::Timestamp;
use fiks_core::id::KontoId;
use fiks_crypto::keystore::{Authority, Lifetime, self_signed};
use fiks_crypto::x509::{Identity, PrivateKey};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use uuid::Uuid;

use crate::{Konfigurasjon, KonfigurasjonBuilder};

/// The konto of [`builder`].
pub(crate) const KONTO: KontoId = KontoId(Uuid::from_u128(0x6f2d_1c4e_0b7a_4b43_9d0e_0123_4567_89ab));

/// A key with a certificate of its own; the same for the same name, since keys take long to make.
pub(crate) fn identity(common_name: &str) -> Identity {
    static MADE: LazyLock<Mutex<HashMap<String, Identity>>> = LazyLock::new(Mutex::default);
    let make = || {
        let lifetime = Lifetime::days(Timestamp::real(), 30);
        self_signed(PrivateKey::generate().unwrap(), common_name, lifetime).unwrap()
    };
    MADE.lock()
        .unwrap()
        .entry(common_name.to_owned())
        .or_insert_with(make)
        .clone()
}

/// The identity's private key.
pub(crate) fn key_pem(identity: &Identity) -> String {
    identity.key().to_pem().to_string()
}

/// A complete configuration whose addresses lead nowhere.
pub(crate) fn builder() -> KonfigurasjonBuilder {
    let organisation = identity("organisation");
    Konfigurasjon::builder()
        .api("http://127.0.0.1:9")
        .amqp_uten_tls("127.0.0.1", 9)
        .maskinporten("http://127.0.0.1:9/token", "https://maskinporten.example/")
        .virksomhetssertifikat("klient", key_pem(&organisation), organisation.chain_pem())
        .integrasjon(Uuid::from_u128(2), "passord")
        .konto(KONTO)
}

/// Serves `router` on a free port of this machine, for as long as the test runs, and gives its address.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A token endpoint that gives tokens which live two minutes.
pub(crate) fn token_endpoint() -> Router {
    let answer = || async { axum::Json(serde_json::json!({"access_token": "token-1", "expires_in": 120})) };
    Router::new().route("/token", post(answer))
}

/// A configuration for a platform at `address` with its own token endpoint, and with short pauses.
pub(crate) fn configured(
    address: &str,
    change: impl FnOnce(KonfigurasjonBuilder) -> KonfigurasjonBuilder,
) -> Konfigurasjon {
    let builder = builder()
        .api(address)
        .maskinporten(format!("{address}/token"), "https://maskinporten.example/");
    let mut konfigurasjon = change(builder).build().unwrap();
    konfigurasjon.first_pause = Duration::from_millis(1);
    konfigurasjon
}

/// A new authority, and TLS for these hosts with a certificate from it.
pub(crate) fn tls(hosts: &[&str]) -> (Authority, TlsAcceptor) {
    let lifetime = Lifetime::days(Timestamp::real(), 30);
    let authority = Authority::create("Test CA", lifetime).unwrap();
    let identity = authority.server_certificate(hosts, lifetime).unwrap();
    let chain = identity
        .chain()
        .map(|certificate| certificate.der().to_vec().into())
        .collect();
    let key = PrivateKeyDer::Pkcs8(identity.key().to_pkcs8().to_vec().into());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    (
        authority,
        TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap())),
    )
}
