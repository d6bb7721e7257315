#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]
use axum::{
    Json, Router,
    body::Body,
    routing::{get, post},
};
use fiks_klient::*;
use futures::StreamExt;
use serde_json::json;
#[tokio::main]
async fn main() {
    let lifetime = fiks_crypto::keystore::Lifetime::days(fiks_core::Timestamp::real(), 3);
    let id =
        fiks_crypto::keystore::self_signed(fiks_crypto::x509::PrivateKey::generate().unwrap(), "x", lifetime)
            .unwrap();
    let pem = id.certificate().pem();
    let router = Router::new()
      .route("/token", post(|| async { Json(json!({"access_token":"t","expires_in":120})) }))
      .route("/fiks-io/katalog/api/v1/kontoer/{id}/offentligNokkel", get(move || async move { Json(json!({"nokkel": pem, "valid": true})) }))
      .route("/fiks-io/api/v1/send", post(|body: Body| async move {
        let mut s = body.into_data_stream(); let mut n = 0u64;
        while let Some(Ok(b)) = s.next().await { n += b.len() as u64; }
        println!("server got {n}");
        let k = "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab";
        (axum::http::StatusCode::ACCEPTED, Json(json!({"meldingId":k,"meldingType":"p","avsenderKontoId":k,"mottakerKontoId":k,"ttl":1})))
      }));
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let a = format!("http://{}", l.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(l, router).await });
    let c = Konfigurasjon::builder()
        .api(&a)
        .amqp_uten_tls("x", 1)
        .maskinporten(format!("{a}/token"), "x")
        .virksomhetssertifikat("k", id.key().to_pem().to_string(), id.chain_pem())
        .integrasjon(uuid::Uuid::nil(), "p")
        .konto(uuid::Uuid::nil())
        .build()
        .unwrap();
    let k = Klient::ny(c).unwrap();
    let hwm = || {
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|l| l.starts_with("VmHWM"))
            .unwrap()
            .to_owned()
    };
    println!("before {}", hwm());
    let t = std::time::Instant::now();
    k.send(Melding::ny(k.konto(), "p").fil(Fil::fra_disk(std::env::args().nth(1).unwrap()).unwrap()))
        .await
        .unwrap();
    println!("after {} {:?}", hwm(), t.elapsed());
}
