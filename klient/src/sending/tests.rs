use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use fiks_crypto::cms::{self, Keyring};
use fiks_crypto::x509::Identity;
use futures::stream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::testing::{self, KONTO};
use crate::{Feil, Fil, Klient, KontoId, Melding, MeldingId};

const MOTTAKER: KontoId = KontoId(Uuid::from_u128(77));

/// One request as it came.
#[derive(Debug)]
struct Received {
    headers: HeaderMap,
    body: Vec<u8>,
    parts: Vec<ReceivedPart>,
}

#[derive(Debug)]
struct ReceivedPart {
    name: Option<String>,
    file_name: Option<String>,
    content_type: Option<String>,
    content: Vec<u8>,
}

/// A platform that answers `send` with the given statuses in turn, then accepts.
struct Platform {
    refusals: Vec<StatusCode>,
    receiver: Identity,
    has_key: bool,
    received: Mutex<Vec<Received>>,
    key_requests: Mutex<usize>,
}

impl Platform {
    async fn start(refusals: &[StatusCode], has_key: bool) -> (Klient, Arc<Self>) {
        let platform = Arc::new(Self {
            refusals: refusals.to_vec(),
            receiver: testing::identity("receiver"),
            has_key,
            received: Mutex::default(),
            key_requests: Mutex::default(),
        });
        let router = Router::new()
            .route("/prefix/fiks-io/api/v1/send", post(send))
            .route(
                "/prefix/fiks-io/katalog/api/v1/kontoer/{konto}/offentligNokkel",
                get(key),
            )
            .with_state(Arc::clone(&platform));
        let router = router.nest("/prefix", testing::token_endpoint());
        let address = format!("{}/prefix", testing::serve(router).await);
        (
            Klient::ny(testing::configured(&address, |builder| builder)).unwrap(),
            platform,
        )
    }

    fn only(&self) -> Received {
        let mut received = self.received.lock();
        assert_eq!(received.len(), 1);
        received.pop().unwrap()
    }
}

async fn key(State(platform): State<Arc<Platform>>, headers: HeaderMap) -> Response {
    assert!(!headers.contains_key("authorization") && !headers.contains_key("integrasjonpassord"));
    *platform.key_requests.lock() += 1;
    if !platform.has_key {
        return StatusCode::NOT_FOUND.into_response();
    }
    let pem = platform.receiver.certificate().pem();
    axum::Json(json!({"nokkel": pem, "valid": true})).into_response()
}

async fn send(State(platform): State<Arc<Platform>>, headers: HeaderMap, body: AxumBody) -> Response {
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let parts = parts(&headers, body.clone()).await;
    let metadata: Value = serde_json::from_slice(&parts[0].content).unwrap();
    let number = {
        let mut received = platform.received.lock();
        received.push(Received {
            headers,
            body: body.to_vec(),
            parts,
        });
        received.len() - 1
    };
    if let Some(refusal) = platform.refusals.get(number) {
        let body = json!({"message": "Nei takk", "errorCode": "test.nei", "status": refusal.as_u16()});
        return (*refusal, axum::Json(body)).into_response();
    }
    let answer = json!({
        "meldingId": Uuid::from_u128(number as u128), "meldingType": metadata["meldingType"],
        "avsenderKontoId": metadata["avsenderKontoId"], "mottakerKontoId": metadata["mottakerKontoId"],
        "ttl": metadata["ttl"].as_i64().unwrap_or(604_800_000), "dokumentlagerId": null,
        "svarPaMelding": metadata["svarPaMelding"], "headere": metadata["headere"],
    });
    (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
}

async fn parts(headers: &HeaderMap, body: Bytes) -> Vec<ReceivedPart> {
    let boundary = multer::parse_boundary(headers["content-type"].to_str().unwrap()).unwrap();
    let mut multipart = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await.unwrap() {
        parts.push(ReceivedPart {
            name: field.name().map(str::to_owned),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            content: field.bytes().await.unwrap().to_vec(),
        });
    }
    parts
}

#[tokio::test]
async fn a_message_without_content_has_one_part_and_a_length() {
    let (klient, platform) = Platform::start(&[], true).await;
    let sendt = klient
        .send(Melding::ny(MOTTAKER, "ping").ttl(Duration::from_mins(1)))
        .await
        .unwrap();
    assert_eq!(
        (sendt.avsender, sendt.mottaker, sendt.meldingstype.as_str()),
        (KONTO, MOTTAKER, "ping")
    );
    assert_eq!(sendt.ttl, Duration::from_mins(1));

    let Received { headers, body, parts } = platform.only();
    assert_eq!(headers["authorization"], "Bearer token-1");
    assert_eq!(headers["integrasjonid"], Uuid::from_u128(2).to_string());
    assert_eq!(headers["integrasjonpassord"], "passord");
    assert!(
        headers["idempotency-key"]
            .to_str()
            .unwrap()
            .parse::<Uuid>()
            .is_ok()
    );
    assert_eq!(headers["content-length"], body.len().to_string());
    let boundary = multer::parse_boundary(headers["content-type"].to_str().unwrap()).unwrap();
    let metadata = String::from_utf8(parts[0].content.clone()).unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n\
         {metadata}\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(body).unwrap(), expected);
    assert_eq!(parts.len(), 1);
}

#[tokio::test]
async fn raw_bytes_go_untouched_after_the_metadata() {
    let (klient, platform) = Platform::start(&[], true).await;
    let content = vec![0xFF; 200_000];
    klient
        .send(Melding::ny(MOTTAKER, "ping").raa_bytes(content.clone()))
        .await
        .unwrap();
    let Received { headers, body, parts } = platform.only();
    assert_eq!(headers["content-length"], body.len().to_string());
    let names: Vec<_> = parts.iter().map(|part| part.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["metadata", "data"]);
    assert_eq!(parts[1].content_type.as_deref(), Some("application/octet-stream"));
    assert!(parts[1].file_name.as_ref().unwrap().parse::<Uuid>().is_ok());
    assert_eq!(parts[1].content, content);
    assert_eq!(*platform.key_requests.lock(), 0);
}

#[tokio::test]
async fn a_stream_goes_untouched_and_chunked() {
    let (klient, platform) = Platform::start(&[], true).await;
    let pieces = ["en ", "to ", "tre"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    klient
        .send(Melding::ny(MOTTAKER, "ping").raa_strom(stream::iter(pieces)))
        .await
        .unwrap();
    let Received { headers, parts, .. } = platform.only();
    assert_eq!(headers["transfer-encoding"], "chunked");
    assert_eq!(parts[1].content, b"en to tre");
}

#[tokio::test]
async fn files_are_encrypted_to_the_receiver_whose_key_is_remembered() {
    let (klient, platform) = Platform::start(&[], true).await;
    for _ in 0..2 {
        klient
            .send(Melding::ny(MOTTAKER, "ping").fil(Fil::fra_bytes("brev.txt", "hei")))
            .await
            .unwrap();
    }
    assert_eq!(*platform.key_requests.lock(), 1);
    let keys = Keyring::from(platform.receiver.key().clone());
    for received in platform.received.lock().iter() {
        let container = cms::decrypt(&received.parts[1].content, &keys).unwrap();
        assert!(container.starts_with(b"PK\x03\x04"));
    }
}

#[tokio::test]
async fn files_to_a_konto_without_key_are_not_sent() {
    let (klient, platform) = Platform::start(&[], false).await;
    let feil = klient
        .send(Melding::ny(MOTTAKER, "ping").fil(Fil::fra_bytes("brev.txt", "hei")))
        .await
        .unwrap_err();
    assert!(matches!(feil, Feil::ManglerOffentligNokkel(MOTTAKER)), "{feil}");
    assert!(platform.received.lock().is_empty());
}

#[tokio::test]
async fn a_busy_platform_gets_the_same_message_again_under_the_same_key() {
    let (klient, platform) = Platform::start(
        &[StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS],
        true,
    )
    .await;
    let melding = Melding::ny(MOTTAKER, "ping").raa_bytes("hei");
    assert_eq!(
        klient.send(&melding).await.unwrap().melding_id,
        MeldingId(Uuid::from_u128(2))
    );
    let received = platform.received.lock();
    assert_eq!(received.len(), 3);
    assert!(
        received
            .iter()
            .all(|request| request.headers["idempotency-key"] == received[0].headers["idempotency-key"])
    );
    assert!(received.iter().all(|request| request.parts[1].content == b"hei"));
}

#[tokio::test]
async fn a_busy_platform_is_not_asked_for_ever() {
    let (klient, platform) = Platform::start(&[StatusCode::SERVICE_UNAVAILABLE; 100], true).await;
    let feil = klient.send(Melding::ny(MOTTAKER, "ping")).await.unwrap_err();
    assert_eq!(feil.kode(), "plattform.opptatt");
    assert_eq!(platform.received.lock().len(), 4);
}

#[tokio::test]
async fn a_stream_that_has_been_read_is_not_sent_again() {
    let (klient, platform) = Platform::start(&[StatusCode::SERVICE_UNAVAILABLE], true).await;
    let pieces = [Ok::<_, std::io::Error>(Bytes::from("hei"))];
    let melding = Melding::ny(MOTTAKER, "ping").raa_strom(stream::iter(pieces));
    assert_eq!(
        klient.send(&melding).await.unwrap_err().kode(),
        "plattform.opptatt"
    );
    assert_eq!(platform.received.lock().len(), 1);
    assert!(matches!(klient.send(&melding).await, Err(Feil::InnholdBrukt)));
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    for status in [
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::INTERNAL_SERVER_ERROR,
    ] {
        let (klient, platform) = Platform::start(&[status], true).await;
        let feil = klient.send(Melding::ny(MOTTAKER, "ping")).await.unwrap_err();
        let Feil::Avvist(avvisning) = &feil else {
            panic!("{feil}")
        };
        assert_eq!(
            (avvisning.status, avvisning.feilkode.as_deref()),
            (status.as_u16(), Some("test.nei"))
        );
        assert_eq!(platform.received.lock().len(), 1);
    }
}

#[tokio::test]
async fn the_callers_own_key_is_used() {
    let (klient, platform) = Platform::start(&[], true).await;
    klient
        .send(Melding::ny(MOTTAKER, "ping").idempotensnokkel("min-1"))
        .await
        .unwrap();
    assert_eq!(platform.only().headers["idempotency-key"], "min-1");
}

#[tokio::test]
async fn a_failing_source_is_told_as_what_it_is() {
    let (klient, platform) = Platform::start(&[], true).await;
    let pieces = [Ok(Bytes::from("hei")), Err(std::io::Error::other("disk borte"))];
    let feil = klient
        .send(Melding::ny(MOTTAKER, "ping").raa_strom(stream::iter(pieces)))
        .await
        .unwrap_err();
    let Feil::Kilde(source) = &feil else {
        panic!("{feil}")
    };
    assert_eq!(source.to_string(), "disk borte");
    let missing = Fil::fra_disk("/nowhere/brev.txt").unwrap();
    let feil = klient
        .send(Melding::ny(MOTTAKER, "ping").fil(missing))
        .await
        .unwrap_err();
    assert!(matches!(feil, Feil::Fil { nummer: 1, .. }), "{feil}");
    assert!(platform.received.lock().is_empty());
}

#[tokio::test]
async fn a_platform_that_is_not_there_is_temporary() {
    // Tokens come from a server that is there, so that it is the sending that fails.
    let tokens = testing::serve(testing::token_endpoint()).await;
    let konfigurasjon = testing::configured(&tokens, |builder| builder.api("http://127.0.0.1:9"));
    let klient = Klient::ny(konfigurasjon).unwrap();
    let feil = klient.send(Melding::ny(MOTTAKER, "ping")).await.unwrap_err();
    assert!(
        matches!(feil, Feil::Utilgjengelig { .. }) && feil.er_forbigaende(),
        "{feil}"
    );
}
