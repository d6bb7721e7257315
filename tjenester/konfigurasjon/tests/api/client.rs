//! The whole service behind its API, with callers who prove who they are.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use fiks_core::Clock;
use fiks_database::testing;
use fiks_http::Ground;
use fiks_identity::testing::{token_of, validator};
use fiks_identity::{Authenticator, Caller};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{World, hasher, id, orgnr};

pub const KONFIGURASJON: &str = "/konfigurasjon/api/v1";
pub const QUERY: &str = "/autorisasjon-query/api/v1/autorisasjon";
pub const UPDATE: &str = "/autorisasjon-update/api/v1";

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
        let authenticator = Authenticator::new(
            validator(Clock::system()),
            Arc::new(world.service.clone()),
            hasher(),
        );
        let (routes, _) = fiks_konfigurasjon::router(world.service.clone()).split_for_parts();
        let ground = Ground {
            authenticator,
            database: world.test.database.clone(),
            clock: Clock::system(),
        };
        Self {
            router: fiks_http::finish(routes, ground),
            world,
            token: token_of(orgnr().as_str()),
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
