//! What a wrong value in the address gets.

use axum::Router;
use axum::routing::get;
use fiks_core::id::KontoId;
use fiks_http::{Path, Query};
use serde::Deserialize;

use crate::support::World;

#[derive(Deserialize)]
struct Utvalg {
    antall: u32,
    konto: Option<KontoId>,
}

async fn world() -> World {
    World::with(
        Router::new()
            .route(
                "/konto/{kontoId}",
                get(async |Path(id): Path<KontoId>| id.to_string()),
            )
            .route(
                "/sok",
                get(async |Query(utvalg): Query<Utvalg>| format!("{} {:?}", utvalg.antall, utvalg.konto)),
            ),
    )
    .await
}

#[tokio::test]
async fn a_wrong_value_is_told_in_norwegian_by_name_and_not_repeated() {
    let world = world().await;
    for (path, code, text) in [
        (
            "/konto/12345678901",
            "foresporsel.sti",
            "«kontoId» er ikke en UUID",
        ),
        (
            "/sok?antall=12345678901",
            "foresporsel.parameter",
            "«antall» er ikke et heltall innenfor grensene",
        ),
        (
            "/sok?antall=1&konto=12345678901",
            "foresporsel.parameter",
            "«konto» er ikke en UUID",
        ),
        ("/sok", "foresporsel.parameter", "mangler feltet «antall»"),
        (
            "/sok?antall=1&antall=2",
            "foresporsel.parameter",
            "«antall» to ganger",
        ),
    ] {
        let answer = world.get(path).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, code),
            "{path}"
        );
        assert!(message.contains(text), "{path}: {message}");
        assert!(!message.contains("12345678901"), "{message}");
    }
}

#[tokio::test]
async fn right_values_reach_the_handler() {
    let id = "5a9e0c8e-7a51-4f7a-9d2c-2f1d1d0b7a11";
    let world = world().await;
    assert_eq!(world.get(&format!("/konto/{id}")).await.body, id);
    assert_eq!(world.get("/sok?antall=7").await.body, "7 None");
}
