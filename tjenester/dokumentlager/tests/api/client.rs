//! The service behind its API, with callers who prove who they are.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::Timestamp;
use fiks_core::id::IntegrasjonId;
use fiks_database::testing;
use fiks_identity::{
    AccessChanges, Authenticator, Caller, IntegrasjonSource, JwkSet, PasswordHasher, StoreFailed,
    StoredIntegrasjon, TokenRules, TokenValidator, TrustedIssuer,
};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::World;

const ISSUER: &str = "https://localhost/";
const PASSORD: &str = "et-passord";

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

/// The integrations that there are, all with the same password.
struct Known(Vec<Caller>);

#[async_trait]
impl IntegrasjonSource for Known {
    async fn find(&self, id: IntegrasjonId) -> Result<Option<StoredIntegrasjon>, StoreFailed> {
        let found = self.0.iter().find_map(|caller| match caller {
            Caller::Integrasjon(integrasjon) if integrasjon.id == id => Some(integrasjon.clone()),
            _ => None,
        });
        Ok(found.map(|integrasjon| StoredIntegrasjon {
            integrasjon,
            passord_hash: Some(hasher().hash(PASSORD)),
        }))
    }

    fn changes(&self) -> AccessChanges {
        tokio::sync::watch::channel(0).1
    }
}

fn hasher() -> PasswordHasher {
    PasswordHasher::new(&[3; 32])
}

pub struct Api {
    pub world: World,
    router: Router,
    token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        let code = self.json()["errorCode"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code)
    }
}

impl Api {
    pub async fn new() -> Self {
        let test = testing::sqlite(vec![fiks_dokumentlager::migrations])
            .await
            .unwrap();
        let world = World::new(test).await;
        let known = Known(vec![world.mottaker.clone(), world.avsender.clone()]);
        let issuer = TrustedIssuer::with_keys(ISSUER, &jwks()).unwrap();
        let validator = TokenValidator::new(vec![issuer], TokenRules::default());
        let (routes, _) = fiks_dokumentlager::router(world.service.clone()).split_for_parts();
        let ground = fiks_http::Ground {
            authenticator: Authenticator::new(validator, Arc::new(known), hasher()),
            database: world.test.database.clone(),
            clock: world.clock.clone(),
        };
        Self {
            router: fiks_http::finish(routes, ground),
            world,
            token: token(),
        }
    }

    pub fn request(&self, caller: &Caller, path: &str) -> Builder {
        Request::builder()
            .uri(format!("/dokumentlager/nedlasting/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("IntegrasjonId", caller.aktor().unwrap().0)
            .header("IntegrasjonPassord", PASSORD)
    }

    pub async fn send(&self, request: Builder) -> Response<Body> {
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn answer(&self, request: Builder) -> Answer {
        let (parts, body) = self.send(request).await.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// As the receiver.
    pub async fn get(&self, path: &str) -> Answer {
        self.answer(self.request(&self.world.mottaker, path)).await
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
    let consumer = json!({"authority": "iso6523-actorid-upis", "ID": "0192:971032146"});
    let claims =
        json!({"iss": ISSUER, "scope": "ks:fiks", "iat": now, "exp": now + 120, "consumer": consumer});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "kid": "key"});
    let message = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; KEY.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    KEY.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
