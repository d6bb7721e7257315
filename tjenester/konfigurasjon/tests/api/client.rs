//! The whole service behind its API, with callers who prove who they are.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::{Clock, Timestamp};
use fiks_database::testing;
use fiks_http::Ground;
use fiks_identity::{Authenticator, Caller, JwkSet, TokenRules, TokenValidator, TrustedIssuer};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{World, hasher, id, orgnr};

pub const KONFIGURASJON: &str = "/konfigurasjon/api/v1";
pub const QUERY: &str = "/autorisasjon-query/api/v1/autorisasjon";
pub const UPDATE: &str = "/autorisasjon-update/api/v1";
const ISSUER: &str = "https://localhost/";

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub struct Api {
    pub world: World,
    pub router: Router,
    token: String,
}

/// Who calls: an integration and its password.
#[derive(Clone)]
pub struct User {
    pub id: String,
    pub passord: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The body of a success; panics with the body of anything else.
    pub fn ok(self) -> Value {
        assert_eq!(
            self.status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }

    pub fn no_content(self) {
        assert_eq!(
            self.status,
            StatusCode::NO_CONTENT,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        assert!(self.body.is_empty());
    }

    /// Status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["errorCode"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

pub fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

impl Api {
    pub async fn new() -> Self {
        let test = testing::sqlite(vec![fiks_konfigurasjon::migrations])
            .await
            .unwrap();
        let world = World::new(test).await;
        let issuer = TrustedIssuer::with_keys(ISSUER, &jwks()).unwrap();
        let validator = TokenValidator::new(vec![issuer], TokenRules::default());
        let authenticator = Authenticator::new(validator, Arc::new(world.service.clone()), hasher());
        let (routes, _) = fiks_konfigurasjon::router(world.service.clone()).split_for_parts();
        let ground = Ground {
            authenticator,
            database: world.test.database.clone(),
            clock: Clock::system(),
        };
        Self {
            router: fiks_http::finish(routes, ground),
            world,
            token: token(),
        }
    }

    /// A user who is that caller.
    pub async fn user(&self, caller: &Caller) -> User {
        User {
            id: id(caller).to_string(),
            passord: self.world.passord(caller).await,
        }
    }

    pub async fn send(&self, user: &User, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("IntegrasjonId", &user.id)
            .header("IntegrasjonPassord", &user.passord);
        let content = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.answer(
            request
                .header("content-type", "application/json")
                .body(content)
                .unwrap(),
        )
        .await
    }

    pub async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn get(&self, user: &User, path: &str) -> Answer {
        self.send(user, "GET", path, None).await
    }

    pub async fn post(&self, user: &User, path: &str, body: Value) -> Answer {
        self.send(user, "POST", path, Some(body)).await
    }

    pub async fn patch(&self, user: &User, path: &str, body: Value) -> Answer {
        self.send(user, "PATCH", path, Some(body)).await
    }
}

fn jwks() -> JwkSet {
    let public = DecodingKey::from_rsa_der(KEY.public_key().as_ref());
    let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::RS256)).unwrap();
    jwk.common.key_id = Some("key".to_owned());
    JwkSet { keys: vec![jwk] }
}

/// An access token of the organisation that every integration here is authorised for.
fn token() -> String {
    let now = Timestamp::real().as_seconds();
    let consumer = json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{}", orgnr())});
    let claims =
        json!({"iss": ISSUER, "scope": "ks:fiks", "iat": now, "exp": now + 120, "consumer": consumer});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        part(&json!({"alg": "RS256", "kid": "key"})),
        part(&claims)
    );
    let mut signature = vec![0; KEY.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    KEY.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
