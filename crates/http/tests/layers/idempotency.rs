//! `Idempotency-Key`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::support::{Answer, World};

const SECRET: &str = "et-nytt-passord-som-ingen-skal-finne";

/// A service that counts its visits, with a gate inside `/treg`.
struct Counted {
    world: World,
    visits: Arc<AtomicU32>,
    arrived: Arc<Semaphore>,
    gate: Arc<Semaphore>,
}

impl Counted {
    async fn new() -> Self {
        let visits = Arc::new(AtomicU32::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let count = {
            let visits = visits.clone();
            move || visits.fetch_add(1, Ordering::SeqCst) + 1
        };
        let (secret, refused, slow, read) = (count.clone(), count.clone(), count.clone(), count.clone());
        let arrived = Arc::new(Semaphore::new(0));
        let (arrives, held) = (arrived.clone(), gate.clone());
        let routes = Router::new()
            .route(
                "/konto",
                post(async move || (StatusCode::CREATED, [("kontoid", "7")], count().to_string())),
            )
            .route("/konto", get(async move || read().to_string()))
            .route(
                "/passord",
                post(async move || {
                    secret();
                    ([(CACHE_CONTROL, "private, No-Store")], SECRET)
                }),
            )
            .route(
                "/nei",
                post(async move || {
                    refused();
                    StatusCode::BAD_REQUEST
                }),
            )
            .route(
                "/treg",
                post(async move || {
                    let visit = slow();
                    arrives.add_permits(1);
                    held.acquire().await.unwrap().forget();
                    visit.to_string()
                }),
            );
        Self {
            world: World::with(routes).await,
            visits,
            arrived,
            gate,
        }
    }

    /// Sends a request to `/treg` and waits until it is inside.
    async fn held_at_work(&self, key: &str) -> JoinHandle<()> {
        let (router, request) = (self.world.router.clone(), self.asked(0, "POST", "/treg", key));
        let first = tokio::spawn(async move {
            drop(router.oneshot(request).await);
        });
        self.arrived.acquire().await.unwrap().forget();
        first
    }

    fn asked(&self, number: usize, method: &str, path: &str, key: &str) -> Request<Body> {
        let request = self.world.request(number).method(method).uri(path);
        request
            .header("Idempotency-Key", key)
            .body(Body::empty())
            .unwrap()
    }

    async fn post(&self, path: &str, key: &str) -> Answer {
        self.world.answer(self.asked(0, "POST", path, key)).await
    }

    fn visits(&self) -> u32 {
        self.visits.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_whole_and_does_nothing() {
    let service = Counted::new().await;
    let first = service.post("/konto", "a").await;
    let repeat = service.post("/konto", "a").await;
    for answer in [first, repeat] {
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.headers["kontoid"], "7");
        assert_eq!(answer.body, "1");
    }
    assert_eq!(service.visits(), 1);
}

#[tokio::test]
async fn a_key_is_the_callers_and_the_operations_own() {
    let service = Counted::new().await;
    service.post("/konto", "a").await;
    service.post("/konto", "b").await;
    service.post("/konto?skjult=true", "a").await;
    service
        .world
        .answer(service.asked(1, "POST", "/konto", "a"))
        .await;
    assert_eq!(service.visits(), 4);
}

#[tokio::test]
async fn reading_needs_no_key_and_is_never_kept() {
    let service = Counted::new().await;
    for expected in ["1", "2"] {
        let answer = service.world.answer(service.asked(0, "GET", "/konto", "a")).await;
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn a_refused_request_may_be_tried_again() {
    let service = Counted::new().await;
    service.post("/nei", "a").await;
    service.post("/nei", "a").await;
    assert_eq!(service.visits(), 2);
}

#[tokio::test]
async fn a_secret_is_answered_once_and_kept_nowhere() {
    let service = Counted::new().await;
    assert_eq!(service.post("/passord", "a").await.body, SECRET);
    let repeat = service.post("/passord", "a").await;
    assert_eq!(
        (repeat.status, repeat.code().as_str()),
        (StatusCode::CONFLICT, "idempotens.hemmelig_svar")
    );
    assert_eq!(service.visits(), 1);
    let file = service.world.test.address.trim_start_matches("sqlite:");
    for file in [file.to_owned(), format!("{file}-wal")] {
        let stored = std::fs::read(file).unwrap_or_default();
        let found = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
        assert!(!found(SECRET.as_bytes()));
        let encoded = STANDARD.encode(SECRET);
        assert!(!found(encoded.as_bytes()));
    }
}

#[tokio::test]
async fn a_repeat_of_a_request_at_work_is_told_to_wait_even_after_its_caller_left() {
    let service = Counted::new().await;
    let first = service.held_at_work("a").await;
    let repeat = service.post("/treg", "a").await;
    assert_eq!(repeat.code(), "idempotens.underveis");
    first.abort();
    service.gate.add_permits(1);
    // Nobody waits for the first any more; it runs to its end all the same.
    let mut answer = service.post("/treg", "a").await;
    while answer.status == StatusCode::CONFLICT {
        answer = service.post("/treg", "a").await;
    }
    assert_eq!((answer.body.as_ref(), service.visits()), (&b"1"[..], 1));
}

#[tokio::test]
async fn a_request_that_never_answered_is_told_as_lost() {
    let service = Counted::new().await;
    let _first = service.held_at_work("a").await;
    service.world.days_pass(1);
    assert_eq!(service.post("/treg", "a").await.code(), "idempotens.svar_tapt");
    assert_eq!(service.visits(), 1);
}

#[tokio::test]
async fn an_answer_is_forgotten_after_a_day() {
    let service = Counted::new().await;
    service.post("/konto", "a").await;
    service.world.days_pass(2);
    let database = &service.world.test.database;
    let removed = fiks_database::idempotency::purge(database, &service.world.clock)
        .await
        .unwrap();
    assert_eq!(removed, 1);
    assert_eq!(service.post("/konto", "a").await.body, "2");
}

#[tokio::test]
async fn a_key_without_form_is_refused_before_the_work() {
    let service = Counted::new().await;
    for key in ["", &"x".repeat(256)] {
        let answer = service.post("/konto", key).await;
        assert_eq!(answer.code(), "foresporsel.header");
        assert!(answer.json()["message"].as_str().unwrap().contains("1–255 tegn"));
    }
    assert_eq!(service.visits(), 0);
}

#[tokio::test]
async fn whoever_proves_nothing_gets_no_kept_answer() {
    let service = Counted::new().await;
    service.post("/konto", "a").await;
    let mut request = service.asked(0, "POST", "/konto", "a");
    request.headers_mut().remove("IntegrasjonPassord");
    // The route itself asks for nobody; the kept answer does.
    assert_eq!(service.world.answer(request).await.body, "2");
}
