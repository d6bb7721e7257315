//! Putting the layers around the routes.

use axum::{Extension, Router, middleware};
use fiks_core::Clock;
use fiks_database::Database;
use fiks_identity::Authenticator;
use tower_http::catch_panic::CatchPanicLayer;

use crate::layers::idempotency::Keeper;
use crate::layers::{drain, idempotency, render};

/// What the layers stand on.
#[derive(Clone)]
pub struct Ground {
    /// Who calls.
    pub authenticator: Authenticator,
    /// Where answers to idempotent requests are kept.
    pub database: Database,
    /// How long they are kept.
    pub clock: Clock,
}

/// Adds everything that holds for every route: errors in the platform's form, panics as 500, draining,
/// `Idempotency-Key`, the authenticator for [`crate::Authenticated`].
pub fn finish(routes: Router, ground: Ground) -> Router {
    let authenticator = ground.authenticator.clone();
    let keeper = Keeper {
        database: ground.database,
        clock: ground.clock,
        authenticator: ground.authenticator,
    };
    // The last one added is the outermost.
    routes
        .fallback(render::unknown_route)
        .layer(middleware::from_fn_with_state(keeper, idempotency::keep))
        .layer(Extension(authenticator))
        .layer(CatchPanicLayer::custom(render::panicked))
        .layer(middleware::from_fn(drain::drain))
        .layer(middleware::from_fn(render::render))
}
