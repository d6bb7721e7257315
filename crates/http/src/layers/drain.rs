//! Reads what a handler left of a request's body.
//!
//! Several clients only listen once they have sent everything: a connection that is closed under them hides the
//! refusal behind a broken pipe (fiks-io §15, dokumentlager §12). So the rest is read, at most [`MOST_BYTES`] and
//! [`LONGEST`], while the answer is on its way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use parking_lot::Mutex;

const MOST_BYTES: u64 = 1024 * 1024 * 1024;
const LONGEST: Duration = Duration::from_mins(1);

pub(crate) async fn drain(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let kept = Kept(Arc::new(Mutex::new(body)));
    let response = next
        .run(Request::from_parts(parts, Body::new(kept.clone())))
        .await;
    if !kept.is_end_stream() {
        tokio::spawn(async move {
            // Past the time limit the body is dropped, and the connection with it.
            let _ = tokio::time::timeout(LONGEST, read_on(kept)).await;
        });
    }
    response
}

async fn read_on(mut body: Kept) {
    let mut left = MOST_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        if left == 0 {
            return;
        }
    }
}

/// A body that outlives the handler that reads it.
#[derive(Clone)]
struct Kept(Arc<Mutex<Body>>);

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
