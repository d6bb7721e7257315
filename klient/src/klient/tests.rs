use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use super::*;
use crate::testing::{self, KONTO};

const KONTOER: &str = "/fiks-io/katalog/api/v1/kontoer";

#[derive(Default)]
struct Platform {
    requests: Mutex<Vec<String>>,
    uploads: Mutex<Vec<Value>>,
    unauthorised: Mutex<usize>,
    tokens: Mutex<usize>,
}

fn konto(id: &str) -> Value {
    let status = json!({"gyldigAvsender": true, "gyldigMottaker": true, "antallKonsumenter": 1,
        "antallUavhentedeMeldinger": 3});
    json!({"kontoId": id, "kontoNavn": "Postmottak", "fiksOrgId": id, "fiksOrgNavn": "Testkommune", "status": status})
}

async fn lookup(Query(query): Query<HashMap<String, String>>, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer token");
    assert_eq!(
        (
            query["meldingProtokoll"].as_str(),
            query["sikkerhetsniva"].as_str()
        ),
        ("no.ks.fiks.arkiv.v1", "4")
    );
    match query["identifikator"].as_str() {
        "ORG_NO.987654321" => Json(konto(&KONTO.to_string())).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn hent(State(platform): State<Arc<Platform>>, Path(id): Path<String>) -> Response {
    platform.requests.lock().push(id.clone());
    let mut unauthorised = platform.unauthorised.lock();
    if *unauthorised > 0 {
        *unauthorised -= 1;
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if id == KONTO.to_string() {
        Json(konto(&id)).into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

async fn upload(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    assert_eq!(id, KONTO.to_string());
    platform.uploads.lock().push(body.clone());
    (
        StatusCode::CREATED,
        Json(json!({"nokkel": body["pem"], "valid": true, "serial": "1"})),
    )
        .into_response()
}

async fn token(State(platform): State<Arc<Platform>>) -> Json<Value> {
    *platform.tokens.lock() += 1;
    Json(json!({"access_token": "token", "expires_in": 120}))
}

async fn start(
    change: impl FnOnce(crate::KonfigurasjonBuilder) -> crate::KonfigurasjonBuilder,
) -> (Klient, Arc<Platform>) {
    let platform = Arc::new(Platform::default());
    let router = Router::new()
        .route("/fiks-io/katalog/api/v1/lookup", get(lookup))
        .route(&format!("{KONTOER}/{{id}}"), get(hent))
        .route(
            &format!("{KONTOER}/{{id}}/status"),
            get(|| async { StatusCode::FORBIDDEN }),
        )
        .route(
            &format!("{KONTOER}/{{id}}/offentligNokkel"),
            get(|| async { "no JSON" }),
        )
        .route("/fiks-io/konto/api/v1/kontoer/{id}/offentligNokkel", put(upload))
        .route("/token", axum::routing::post(token))
        .with_state(Arc::clone(&platform));
    let address = testing::serve(router).await;
    (
        Klient::ny(testing::configured(&address, change)).unwrap(),
        platform,
    )
}

#[tokio::test]
async fn a_look_up_finds_a_konto_or_none() {
    let (klient, _) = start(|builder| builder).await;
    let oppslag = |orgnr| Oppslag::organisasjon(orgnr, "no.ks.fiks.arkiv.v1", 4);
    assert_eq!(
        klient
            .oppslag(&oppslag("987654321"))
            .await
            .unwrap()
            .unwrap()
            .konto_id,
        KONTO
    );
    assert_eq!(klient.oppslag(&oppslag("123456789")).await.unwrap(), None);
}

#[tokio::test]
async fn a_konto_is_found_by_id_or_not() {
    let (klient, platform) = start(|builder| builder).await;
    assert_eq!(
        klient
            .hent_konto(KONTO)
            .await
            .unwrap()
            .unwrap()
            .status
            .antall_uavhentede_meldinger,
        3
    );
    assert_eq!(klient.hent_konto(KontoId(Uuid::nil())).await.unwrap(), None);
    assert_eq!(platform.requests.lock().len(), 2);
}

#[tokio::test]
async fn a_refusal_and_an_answer_of_another_form_are_errors() {
    let (klient, _) = start(|builder| builder).await;
    let feil = klient.konto_status(KONTO).await.unwrap_err();
    assert_eq!(feil.kode(), "plattform.ingen_tilgang");
    let feil = klient.offentlig_nokkel(KONTO).await.unwrap_err();
    assert!(matches!(feil, Feil::UventetSvar { .. }), "{feil}");
}

#[tokio::test]
async fn a_refused_token_is_not_used_again() {
    let (klient, platform) = start(|builder| builder).await;
    *platform.unauthorised.lock() = 1;
    assert_eq!(
        klient.hent_konto(KONTO).await.unwrap_err().kode(),
        "plattform.ikke_autentisert"
    );
    klient.hent_konto(KONTO).await.unwrap();
    assert_eq!(*platform.tokens.lock(), 2);
}

#[tokio::test]
async fn a_key_is_uploaded_only_when_it_can_be_read_with() {
    let own = testing::identity("own");
    let (klient, platform) = start(|builder| builder.privat_nokkel(testing::key_pem(&own))).await;
    let foreign = testing::identity("foreign");
    let feil = klient
        .last_opp_offentlig_nokkel(&foreign.certificate().pem())
        .await
        .unwrap_err();
    assert!(matches!(feil, Feil::NokkelPasserIkke), "{feil}");
    let feil = klient
        .last_opp_offentlig_nokkel(&testing::key_pem(&own))
        .await
        .unwrap_err();
    assert!(matches!(feil, Feil::UgyldigSertifikat(_)), "{feil}");
    assert!(platform.uploads.lock().is_empty());

    let pem = own.certificate().pem();
    assert_eq!(klient.last_opp_offentlig_nokkel(&pem).await.unwrap().nokkel, pem);
    assert_eq!(*platform.uploads.lock(), [json!({"pem": pem})]);
}

/// Compiles only when the futures can move between threads.
#[tokio::test]
async fn calls_can_be_spawned() {
    fn movable<F: Future + Send>(_: F) {}
    fn handles<F: Future + Send>(_: impl Fn(crate::MottattMelding) -> F) {}
    let (klient, _) = start(|builder| builder).await;
    let melding = Melding::ny(KONTO, "ping").raa_bytes("hei");
    movable(klient.send(&melding));
    movable(klient.lytt());
    movable(klient.hent_konto(KONTO));
    let received = |melding: crate::MottattMelding| async move {
        drop(melding.filer(1).await);
        drop(melding.skriv_til(".").await);
        melding.ack().await
    };
    handles(received);
}
