//! A router with everything around it, on a database of its own, and one integration that may call.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use fiks_core::{Clock, ClockHand};
use fiks_database::testing::{TestDatabase, sqlite};
use fiks_http::{Ground, finish};
use fiks_identity::Authenticator;
use fiks_identity::testing::{ORGNR, PASSORD, Store, good_token, hasher, integrasjon, validator};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub struct World {
    pub router: Router,
    pub test: TestDatabase,
    pub clock: Clock,
    hand: ClockHand,
    /// Two integrations of one organisation.
    ids: [String; 2],
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{:?}", self.body))
    }

    pub fn code(&self) -> String {
        self.json()["errorCode"].as_str().unwrap_or_default().to_owned()
    }
}

impl World {
    pub async fn with(routes: Router) -> Self {
        let test = sqlite(Vec::new()).await.unwrap();
        let rows = [integrasjon(ORGNR), integrasjon(ORGNR)];
        let ids = rows.clone().map(|row| row.integrasjon.id.to_string());
        let tokens = validator(Clock::system());
        let authenticator = Authenticator::new(tokens, Arc::new(Store::with(rows)), hasher());
        let (clock, hand) = Clock::movable(0);
        let ground = Ground {
            authenticator,
            database: test.database.clone(),
            clock: clock.clone(),
        };
        Self {
            router: finish(routes, ground),
            test,
            clock,
            hand,
            ids,
        }
    }

    pub fn days_pass(&self, days: u64) {
        self.hand.advance(Duration::from_hours(24 * days));
    }

    /// A request of the integration with that number.
    pub fn request(&self, number: usize) -> Builder {
        Request::builder()
            .header("authorization", format!("Bearer {}", good_token()))
            .header("IntegrasjonId", &self.ids[number])
            .header("IntegrasjonPassord", PASSORD)
    }

    pub async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.answer(Request::get(path).body(Body::empty()).unwrap()).await
    }
}
