//! The test environment's own operations, under `/testmiljo`: moving the clock. Only `fiks dev` has them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use fiks_core::{ClockHand, ErrorKind, Problem, Timestamp};
use fiks_database::{Database, settings};
use fiks_http::ApiError;
use serde::{Deserialize, Serialize};

use super::time::parse_span;

/// Where the clock's offset is kept, so that time does not go back when the program is started again.
const OFFSET: &str = "testmiljo.klokke.forskyvning_ms";

/// The clock of the test environment and where it is kept.
#[derive(Clone)]
pub struct TestClock {
    pub hand: ClockHand,
    pub database: Database,
}

/// How far the clock had been moved when the program last ran.
pub async fn stored_offset(database: &Database) -> anyhow::Result<i64> {
    let stored = settings::read(database, OFFSET).await?;
    Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(0))
}

impl TestClock {
    /// Moves the clock forward and keeps the new offset.
    pub async fn advance(&self, span: std::time::Duration) -> Result<Tid, ApiError> {
        let offset = self.hand.advance(span);
        settings::store(&self.database, OFFSET, offset.to_string()).await?;
        tracing::info!(offset_millis = offset, "test clock moved");
        Ok(self.now())
    }

    fn now(&self) -> Tid {
        let clock = self.hand.clock();
        Tid {
            klokke: clock.now(),
            forskyvning_ms: clock.offset_millis(),
        }
    }
}

/// The platform's time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tid {
    pub klokke: Timestamp,
    /// Ahead of real time, in milliseconds.
    pub forskyvning_ms: i64,
}

#[derive(Debug, Deserialize)]
struct Flytt {
    /// `PT48H`, `P2D` or `2d`.
    fram: String,
}

/// `GET` and `POST /testmiljo/api/v1/tid`.
pub fn router(clock: TestClock) -> Router {
    Router::new()
        .route("/testmiljo/api/v1/tid", get(vis).post(flytt))
        .with_state(clock)
}

async fn vis(State(clock): State<TestClock>) -> Json<Tid> {
    Json(clock.now())
}

async fn flytt(
    State(clock): State<TestClock>,
    fiks_http::Json(sent): fiks_http::Json<Flytt>,
) -> Result<Json<Tid>, ApiError> {
    let span = parse_span(&sent.fram).map_err(|error| BadSpan(error.to_string()))?;
    Ok(Json(clock.advance(span).await?))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadSpan(String);

const BAD_SPAN: ErrorKind = ErrorKind {
    code: "testmiljo.tidsrom",
    status: 400,
    text: "Tidsrommet kan ikke tolkes.",
    remedy: "Send for eksempel {\"fram\": \"P2D\"}.",
};

impl Problem for BadSpan {
    fn kind(&self) -> &'static ErrorKind {
        &BAD_SPAN
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}
