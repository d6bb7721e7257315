//! An issuer with clients, keys and certificates, and a way to ask it.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::id::Orgnr;
use fiks_core::{Clock, ClockHand, Random, Timestamp};
use fiks_crypto::keystore::{Authority, Lifetime, Usage};
use fiks_crypto::x509::{Identity, PrivateKey};
use fiks_maskinporten::testing::{GrantDraft, form, registered_key};
use fiks_maskinporten::{Client, InMemoryRegistry, Issuer, IssuerConfig, SigningKey, router};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

pub const ISSUER: &str = "https://localhost:8443/maskinporten/";
pub const SCOPE: &str = "ks:fiks";
/// A client with the registered key [`KEY`] as `en`.
pub const KEY_CLIENT: &str = "klient-med-jwk";
/// A client without keys, of the organisation that [`IDENTITY`] was issued to.
pub const CERTIFICATE_CLIENT: &str = "klient-med-sertifikat";

pub static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());
pub static OTHER_KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());
pub static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    AUTHORITY
        .virksomhetssertifikat(supplier(), "Leverandør AS", Usage::Authentication, month())
        .unwrap()
});
static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::create("Test CA", month()).unwrap());
static SIGNING_KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn month() -> Lifetime {
    Lifetime::days(Timestamp::real(), 30)
}

/// Who owns the clients.
pub fn supplier() -> Orgnr {
    "971032146".parse().unwrap()
}

/// Somebody who may delegate.
pub fn consumer() -> Orgnr {
    "987654325".parse().unwrap()
}

pub struct World {
    pub issuer: Arc<Issuer>,
    pub registry: Arc<InMemoryRegistry>,
    pub hand: ClockHand,
    app: Router,
}

impl World {
    pub fn new() -> Self {
        let registry = Arc::new(InMemoryRegistry::new());
        let key = registered_key("en", &KEY).unwrap();
        registry.register(Client::new(KEY_CLIENT, supplier(), [SCOPE, "ks:annet"]).with_key(key));
        registry.register(Client::new(CERTIFICATE_CLIENT, supplier(), [SCOPE]));
        Self::with_registry(registry)
    }

    fn with_registry(registry: Arc<InMemoryRegistry>) -> Self {
        let (clock, hand) = Clock::movable(0);
        let config = IssuerConfig {
            authorities: vec![AUTHORITY.certificate().clone()],
            ..IssuerConfig::new(ISSUER)
        };
        let issuer = Issuer::new(config, SIGNING_KEY.clone(), registry.clone(), Random::system()).unwrap();
        let issuer = Arc::new(issuer.with_clock(clock));
        let (routes, _) = router(issuer.clone()).split_for_parts();
        Self {
            app: Router::new().nest("/maskinporten", routes),
            issuer,
            registry,
            hand,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Response {
        self.app.clone().oneshot(request).await.unwrap()
    }

    /// Status and JSON of the answer to a form.
    pub async fn post(&self, form: impl Into<Body>) -> (StatusCode, Value) {
        json_of(self.send(token_request(form)).await).await
    }

    pub async fn ask(&self, assertion: &str) -> (StatusCode, Value) {
        self.post(form(assertion)).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(format!("/maskinporten{path}"))
            .body(Body::empty())
            .unwrap();
        json_of(self.send(request).await).await
    }

    /// The claims of the token that a draft signed with [`KEY`] gets.
    pub async fn claims(&self, draft: GrantDraft) -> Value {
        let (status, answer) = self.ask(&draft.sign(&KEY).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        claims_of(answer["access_token"].as_str().unwrap())
    }

    /// Status, `error` and `error_description` of the refusal of a draft signed with [`KEY`].
    pub async fn refusal(&self, draft: GrantDraft) -> (u16, String, String) {
        refusal_in(self.ask(&draft.sign(&KEY).unwrap()).await)
    }
}

/// A grant of [`KEY_CLIENT`] that would be accepted.
pub fn grant() -> GrantDraft {
    GrantDraft::new(ISSUER, KEY_CLIENT, SCOPE).kid("en")
}

pub fn token_request(form: impl Into<Body>) -> Request<Body> {
    Request::post("/maskinporten/token")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.into())
        .unwrap()
}

pub async fn json_of(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&body);
    (
        status,
        json.unwrap_or_else(|_| panic!("{status} without JSON: {body:?}")),
    )
}

pub fn refusal_in((status, body): (StatusCode, Value)) -> (u16, String, String) {
    assert!(
        status.is_client_error() || status.is_server_error(),
        "{status}: {body}"
    );
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    (status.as_u16(), text("error"), text("error_description"))
}

/// Asserts status, OAuth error and how the description begins.
#[track_caller]
pub fn assert_refused(refusal: &(u16, String, String), status: u16, error: &str, beginning: &str) {
    assert_eq!((refusal.0, refusal.1.as_str()), (status, error), "{}", refusal.2);
    assert!(refusal.2.starts_with(beginning), "{}", refusal.2);
}

pub fn part_of(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub fn claims_of(token: &str) -> Value {
    part_of(token, 1)
}

pub fn now() -> i64 {
    Timestamp::real().as_seconds()
}
