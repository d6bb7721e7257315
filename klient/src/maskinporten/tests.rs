use std::collections::HashSet;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use fiks_core::ExposeSecret;

use super::*;
use crate::testing;

/// A Maskinporten that answers with the given statuses in turn, then with tokens.
#[derive(Default)]
struct Issuer {
    failures: Vec<(StatusCode, &'static str)>,
    requests: AtomicUsize,
    grants: StdMutex<HashSet<String>>,
}

async fn issue(State(issuer): State<Arc<Issuer>>, headers: HeaderMap, body: String) -> Response {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let grant = body
        .strip_prefix("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=")
        .unwrap();
    assert!(
        issuer.grants.lock().unwrap().insert(grant.to_owned()),
        "a grant was used twice"
    );
    let number = issuer.requests.fetch_add(1, Ordering::SeqCst);
    if let Some((status, body)) = issuer.failures.get(number) {
        return (*status, *body).into_response();
    }
    let token = format!("token-{number}");
    let answer = serde_json::json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 120, "scope": "ks:fiks",
    });
    axum::Json(answer).into_response()
}

async fn source(failures: Vec<(StatusCode, &'static str)>) -> (TokenSource, Arc<Issuer>) {
    let issuer = Arc::new(Issuer {
        failures,
        ..Issuer::default()
    });
    let router = Router::new()
        .route("/token", post(issue))
        .with_state(Arc::clone(&issuer));
    let konfigurasjon = testing::configured(&testing::serve(router).await, |builder| builder);
    let http = crate::http::client(&konfigurasjon).unwrap();
    (TokenSource::new(http, &konfigurasjon).unwrap(), issuer)
}

async fn token(source: &TokenSource) -> Result<String, Feil> {
    Ok(source.token().await?.expose_secret().to_owned())
}

#[tokio::test]
async fn a_hundred_callers_share_one_request() {
    let (source, issuer) = source(vec![]).await;
    let tokens = futures::future::join_all((0..100).map(|_| token(&source))).await;
    assert!(tokens.into_iter().all(|token| token.unwrap() == "token-0"));
    assert_eq!(issuer.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_hundred_callers_share_one_refusal() {
    let body = r#"{"error": "invalid_grant", "error_description": "MP-110 feil aud"}"#;
    let (source, issuer) = source(vec![(StatusCode::BAD_REQUEST, body); 100]).await;
    let refusals = futures::future::join_all((0..100).map(|_| token(&source))).await;
    for refusal in refusals {
        let feil = refusal.unwrap_err();
        assert!(
            matches!(&feil, Feil::MaskinportenAvvist { status: 400, .. }),
            "{feil}"
        );
        assert!(
            feil.to_string().contains("400: invalid_grant. MP-110 feil aud"),
            "{feil}"
        );
    }
    assert_eq!(issuer.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_unavailable_issuer_is_asked_again_with_a_new_grant() {
    let (source, issuer) = source(vec![(StatusCode::SERVICE_UNAVAILABLE, ""); 2]).await;
    assert_eq!(token(&source).await.unwrap(), "token-2");
    assert_eq!(issuer.grants.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn it_is_not_asked_for_ever() {
    let (source, issuer) = source(vec![(StatusCode::SERVICE_UNAVAILABLE, ""); 100]).await;
    let feil = token(&source).await.unwrap_err();
    assert!(
        matches!(
            feil,
            Feil::MaskinportenUtilgjengelig {
                status: Some(503),
                ..
            }
        ),
        "{feil}"
    );
    assert_eq!(issuer.requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_refusal_or_a_fault_is_not_repeated() {
    for status in [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FOUND,
    ] {
        let (source, issuer) = source(vec![(status, "nei")]).await;
        token(&source).await.unwrap_err();
        assert_eq!(issuer.requests.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[tokio::test]
async fn after_a_failure_the_next_caller_asks_again() {
    let (source, _) = source(vec![(StatusCode::UNAUTHORIZED, "nei")]).await;
    token(&source).await.unwrap_err();
    assert_eq!(token(&source).await.unwrap(), "token-1");
}

#[tokio::test]
async fn a_forgotten_token_is_replaced() {
    let (source, _) = source(vec![]).await;
    assert_eq!(token(&source).await.unwrap(), "token-0");
    assert_eq!(token(&source).await.unwrap(), "token-0");
    source.forget().await;
    assert_eq!(token(&source).await.unwrap(), "token-1");
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_told_as_such() {
    let (source, _) = source(vec![(StatusCode::OK, "<html>")]).await;
    assert!(matches!(token(&source).await, Err(Feil::MaskinportenSvar(_))));
}

#[tokio::test]
async fn an_unreachable_issuer_is_temporary() {
    let konfigurasjon = testing::configured("http://127.0.0.1:9", |builder| builder);
    let http = crate::http::client(&konfigurasjon).unwrap();
    let feil = TokenSource::new(http, &konfigurasjon)
        .unwrap()
        .token()
        .await
        .unwrap_err();
    assert!(
        matches!(
            feil,
            Feil::MaskinportenUtilgjengelig {
                status: None,
                source: Some(_)
            }
        ),
        "{feil}"
    );
    assert!(feil.er_forbigaende());
}
