//! Who may pass, and what each fault in the credentials gets (auth-og-konfigurasjon §2.1).

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use axum::routing::get;
use fiks_http::Authenticated;
use fiks_identity::testing::{KEY, STRANGER, claims, token_of};
use serde_json::{Value, json};

use crate::support::World;

const TOKEN_TEXT: &str = "Klarte ikke å validere access_token";

async fn world() -> World {
    World::with(Router::new().route("/hvem", get(async |Authenticated(who)| who.name()))).await
}

async fn with_header(world: &World, name: &str, value: Option<&str>) -> (u16, String, String) {
    let mut request: Request<Body> = world.request(0).uri("/hvem").body(Body::empty()).unwrap();
    let headers = request.headers_mut();
    match value {
        Some(value) => drop(headers.insert(
            axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )),
        None => drop(headers.remove(name)),
    }
    let answer = world.answer(request).await;
    if answer.status.is_success() {
        return (answer.status.as_u16(), String::new(), String::new());
    }
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), answer.code(), message)
}

fn signed(changes: &Value) -> String {
    KEY.token(&claims(changes))
}

#[tokio::test]
async fn each_fault_in_a_token_has_its_code_and_all_have_one_text() {
    let world = world().await;
    for (token, code) in [
        ("ikke-et-token".to_owned(), "autentisering.token"),
        (STRANGER.token(&claims(&json!({}))), "autentisering.token"),
        (signed(&json!({"consumer": null})), "autentisering.token"),
        (signed(&json!({"exp": 1_000_000})), "autentisering.token_utlopt"),
        (
            signed(&json!({"iss": "https://test.maskinporten.no/"})),
            "autentisering.token_utsteder",
        ),
        (signed(&json!({"scope": "ks:annet"})), "autentisering.token_scope"),
    ] {
        let (status, got, message) =
            with_header(&world, "authorization", Some(&format!("Bearer {token}"))).await;
        assert_eq!((status, got.as_str()), (401, code), "{token}");
        assert!(message.starts_with(TOKEN_TEXT), "{message}");
        assert!(!message.contains(&token), "{message}");
    }
    let (status, code, _) = with_header(&world, "authorization", None).await;
    assert_eq!((status, code.as_str()), (401, "autentisering.token_mangler"));
}

#[tokio::test]
async fn the_faults_of_an_integration_are_one() {
    let world = world().await;
    let stranger = uuid::Uuid::new_v4().to_string();
    let foreign = format!("Bearer {}", token_of("974760673"));
    for (header, value) in [
        ("integrasjonid", Some(stranger.as_str())),
        ("integrasjonid", Some("ingen-uuid")),
        ("integrasjonid", None),
        ("integrasjonpassord", Some("feil")),
        ("integrasjonpassord", None),
        ("authorization", Some(foreign.as_str())),
    ] {
        let (status, code, message) = with_header(&world, header, value).await;
        assert_eq!((status, code.as_str()), (401, "autentisering.integrasjon"));
        assert!(
            message.starts_with("Autentisering feilet for integrasjon"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn names_of_headers_are_matched_whatever_their_case() {
    let (id, world) = ("INTEGRASJONID", world().await);
    let own = world.request(0).uri("/").body(()).unwrap().headers()["integrasjonid"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(with_header(&world, id, Some(&own)).await.0, 200);
}
