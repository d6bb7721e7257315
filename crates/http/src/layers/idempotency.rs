//! `Idempotency-Key`: whoever repeats a write gets the first answer.
//!
//! The key belongs to the caller, the method and the path. Answers below 400 are kept; a refused request changed
//! nothing and may be tried again. An answer that says `Cache-Control: no-store` holds a secret and is kept nowhere:
//! its repeat is told that the work is done (RFC 9111 §5.2.2.5). The request runs to its end even when its caller leaves, so that the answer to
//! a change is not lost with the connection.

use aws_lc_rs::digest;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_core::Clock;
use fiks_database::idempotency::{self, Attempt, Claim};
use fiks_database::{Database, DatabaseError};
use fiks_identity::{Authenticator, Caller};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, RequestError, kinds};
use crate::extract::authenticate;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Longer keys are refused: they are ids, not documents.
const LONGEST_KEY: usize = 255;

/// What the layer needs.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) authenticator: Authenticator,
}

/// Lets a handler store its answer in the transaction of its change. In the request's extensions when the caller
/// sent a key.
#[derive(Clone, Debug)]
pub struct IdempotencyClaim(Claim);

impl IdempotencyClaim {
    /// Stores the answer that the handler is about to give.
    pub async fn answer_in(
        &self,
        transaction: &fiks_database::DatabaseTransaction,
        answer: &StoredAnswer,
    ) -> Result<(), DatabaseError> {
        self.0.answer_in(transaction, answer.to_bytes()).await
    }
}

/// An answer as kept for a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl StoredAnswer {
    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &[u8]) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self {
            status: status.as_u16(),
            headers,
            body: STANDARD.encode(body),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(STANDARD.decode(self.body).unwrap_or_default()));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

pub(crate) async fn keep(State(keeper): State<Keeper>, request: Request, next: Next) -> Response {
    let Some(key) = request
        .headers()
        .get(HEADER)
        .filter(|_| is_write(request.method()))
        .cloned()
    else {
        return next.run(request).await;
    };
    // Answers belong to the caller who got them: prove who asks before one is given out.
    let Ok(caller) = authenticate(&keeper.authenticator, request.headers()).await else {
        return next.run(request).await;
    };
    let digest = digest_of(&caller, &request, &key);
    match keeper.claim(digest).await {
        Ok(Attempt::First(claim)) => keeper.run(claim, request, next).await,
        Ok(Attempt::Repeat(answer)) => match serde_json::from_slice::<StoredAnswer>(&answer) {
            Ok(answer) => answer.into_response(),
            Err(_) => ApiError::from(idempotency::IdempotencyError::AnswerLost).into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

fn is_write(method: &Method) -> bool {
    matches!(
        *method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    )
}

/// What the key is known as: nobody else's, and nothing that tells the key itself.
fn digest_of(caller: &Caller, request: &Request, key: &HeaderValue) -> Result<Vec<u8>, RequestError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        let text = format!("Idempotency-Key skal ha 1–{LONGEST_KEY} tegn");
        return Err(RequestError::Detailed {
            kind: &kinds::BAD_HEADER,
            text,
        });
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    let caller = caller.name();
    let mut digest = digest::Context::new(&digest::SHA256);
    for part in [
        caller.as_bytes(),
        request.method().as_str().as_bytes(),
        target.as_bytes(),
        key.as_bytes(),
    ] {
        digest.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    Ok(digest.finish().as_ref().to_vec())
}

impl Keeper {
    async fn claim(&self, digest: Result<Vec<u8>, RequestError>) -> Result<Attempt, ApiError> {
        Ok(idempotency::claim(&self.database, &self.clock, digest?).await?)
    }

    async fn run(self, claim: Claim, mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(IdempotencyClaim(claim.clone()));
        let finished = tokio::spawn(async move {
            let response = next.run(request).await;
            self.store(claim, response).await
        });
        finished
            .await
            .unwrap_or_else(|_| ApiError::from(RequestError::Plain(&kinds::INTERNAL)).into_response())
    }

    async fn store(&self, claim: Claim, response: Response) -> Response {
        if response.status().is_client_error() || response.status().is_server_error() {
            log_failure(claim.release(&self.database).await);
            return response;
        }
        if is_secret(&response) {
            log_failure(claim.withhold(&self.database).await);
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Bytes::new(),
        };
        let headers = parts.headers.iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let answer = StoredAnswer {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: STANDARD.encode(&body),
        };
        log_failure(claim.answer(&self.database, answer.to_bytes()).await);
        Response::from_parts(parts, Body::from(body))
    }
}

fn is_secret(response: &Response) -> bool {
    let directives = response.headers().get_all(CACHE_CONTROL).iter();
    directives
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

/// The change itself is done; only its repeat will be told that the answer was lost.
fn log_failure(outcome: Result<(), DatabaseError>) {
    if let Err(error) = outcome {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "answer to an idempotent request not stored"
        );
    }
}
