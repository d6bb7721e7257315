//! Every answer ≥ 400 leaves with the platform's error body, wherever it arose; a page for people stays a page.

use std::any::Any;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fiks_core::Problem;
use uuid::Uuid;

use crate::error::{ApiError, ErrorMessage, Fault, OwnErrorBody, RequestError, kinds};

/// Renders failures and logs the request.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|route| route.as_str().to_owned());
    let start = Instant::now();
    let mut response = next.run(request).await;
    let error_id = if response.status().is_client_error() || response.status().is_server_error() {
        let (rendered, error_id) = with_body(response, &path);
        response = rendered;
        Some(error_id)
    } else {
        None
    };
    tracing::debug!(
        %method,
        route,
        status = response.status().as_u16(),
        error_id = error_id.map(tracing::field::display),
        micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request answered"
    );
    response
}

fn with_body(response: Response, path: &str) -> (Response, Uuid) {
    let status = response.status();
    let is_page = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|content| content.as_bytes().starts_with(b"text/html"));
    if is_page || response.extensions().get::<OwnErrorBody>().is_some() {
        return (response, Uuid::new_v4());
    }
    let plain = RequestError::Plain(kinds::for_status(status.as_u16()));
    let fault = response.extensions().get::<Fault>().cloned();
    let problem: &dyn Problem = fault.as_ref().map_or(&plain, |fault| &*fault.0);
    let message = ErrorMessage {
        status: status.as_u16(),
        ..ErrorMessage::new(problem, path)
    };
    if status.is_server_error() {
        let error: &(dyn std::error::Error + 'static) = &ProblemSource(problem.to_string());
        tracing::error!(error, causes = causes(problem), error_id = %message.error_id, "request failed");
    }
    let error_id = message.error_id;
    (rebuild(&response, status, &message), error_id)
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ProblemSource(String);

/// The whole chain, once, at the edge.
fn causes(problem: &dyn Problem) -> String {
    let mut chain = Vec::new();
    let mut source = problem.source();
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    chain.join(": ")
}

fn rebuild(old: &Response, status: StatusCode, message: &ErrorMessage) -> Response {
    let body = serde_json::to_vec(message).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    for kept in [ALLOW, RETRY_AFTER] {
        if let Some(value) = old.headers().get(&kept) {
            headers.insert(kept, value.clone());
        }
    }
    response
}

/// 404 for an address that no service has.
pub(crate) async fn unknown_route() -> ApiError {
    RequestError::Plain(&kinds::UNKNOWN_ROUTE).into()
}

/// 500 for a handler that panicked.
pub(crate) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::from(RequestError::Plain(&kinds::INTERNAL)).into_response()
}
