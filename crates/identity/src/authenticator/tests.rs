use std::collections::HashSet;

use fiks_core::{Clock, Problem};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::testing::{
    KEY, ORGNR, PASSORD, STRANGER, Store, claims, credentials, good_token, hasher, integrasjon, validator,
};

fn authenticator(store: &Arc<Store>) -> Authenticator {
    Authenticator::new(validator(Clock::system()), store.clone(), hasher())
}

/// A store with one integration for the test organisation, and that integration's id.
fn one() -> (Arc<Store>, Integrasjon) {
    let row = integrasjon(ORGNR);
    let integrasjon = row.integrasjon.clone();
    (Arc::new(Store::with([row])), integrasjon)
}

#[tokio::test]
async fn token_and_integration_together_give_the_caller() {
    let (store, integrasjon) = one();
    let (id, token) = (integrasjon.id.to_string(), good_token());
    let caller = authenticator(&store)
        .authenticate(&credentials(&id, PASSORD, &token))
        .await
        .unwrap();
    assert_eq!(caller, Caller::Integrasjon(integrasjon));
}

#[tokio::test]
async fn white_space_around_the_parts_is_forgiven() {
    let (store, integrasjon) = one();
    let (id, token) = (
        format!(" {} ", integrasjon.id).to_uppercase(),
        format!(" {}\n", good_token()),
    );
    let padded = format!("{PASSORD} ");
    assert!(
        authenticator(&store)
            .authenticate(&credentials(&id, &padded, &token))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_same_credentials_count_over_amqp() {
    let (store, integrasjon) = one();
    let (username, password) = (integrasjon.id.to_string(), format!("{PASSORD} {}", good_token()));
    let credentials = Credentials::from_amqp(&username, &password);
    assert!(authenticator(&store).authenticate(&credentials).await.is_ok());
}

#[tokio::test]
async fn whatever_is_wrong_with_the_integration_the_answer_is_the_same() {
    let own = integrasjon(ORGNR);
    let foreign = integrasjon("987654325");
    let without_password = StoredIntegrasjon {
        passord_hash: None,
        ..integrasjon(ORGNR)
    };
    let ids = [
        own.integrasjon.id,
        foreign.integrasjon.id,
        without_password.integrasjon.id,
    ];
    let unknown = IntegrasjonId(Uuid::new_v4());
    let store = Arc::new(Store::with([own, foreign, without_password]));
    let token = good_token();

    let mut answers = HashSet::new();
    for (id, passord) in [
        (ids[0], "feil"),
        (ids[0], ""),
        (ids[1], PASSORD),
        (ids[2], PASSORD),
        (ids[2], ""),
        (unknown, PASSORD),
    ] {
        let id = id.to_string();
        let error = authenticator(&store)
            .authenticate(&credentials(&id, passord, &token))
            .await
            .unwrap_err();
        let sources = std::error::Error::source(&error).is_some();
        answers.insert((
            error.kind().code,
            error.kind().status,
            error.text().replace(&id, "ID"),
            sources,
        ));
    }
    let text = "Autentisering feilet for integrasjon med id ID.".to_owned();
    assert_eq!(
        answers,
        HashSet::from([("autentisering.integrasjon", 401, text, false)])
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_not_echoed() {
    let (store, _) = one();
    let token = good_token();
    for id in [
        "",
        "<script>",
        "6f2d1c4e",
        "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab'--",
    ] {
        let error = authenticator(&store)
            .authenticate(&credentials(id, PASSORD, &token))
            .await
            .unwrap_err();
        assert_eq!(error.kind().code, "autentisering.integrasjon");
        assert_eq!(error.text(), "Autentisering feilet for integrasjon.");
    }
}

#[tokio::test]
async fn missing_parts_are_refused_as_wrong_ones() {
    let (store, integrasjon) = one();
    let authenticator = authenticator(&store);
    let (id, token) = (integrasjon.id.to_string(), good_token());
    let full = credentials(&id, PASSORD, &token);
    for (lacking, code) in [
        (Credentials { token: None, ..full }, "autentisering.token_mangler"),
        (
            Credentials {
                token: Some("  "),
                ..full
            },
            "autentisering.token_mangler",
        ),
        (
            Credentials {
                passord: None,
                ..full
            },
            "autentisering.integrasjon",
        ),
        (
            Credentials {
                integrasjon_id: None,
                ..full
            },
            "autentisering.integrasjon",
        ),
        (Credentials::default(), "autentisering.token_mangler"),
    ] {
        let error = authenticator.authenticate(&lacking).await.unwrap_err();
        assert_eq!(
            (error.kind().code, error.kind().status),
            (code, 401),
            "{lacking:?}"
        );
    }
}

#[tokio::test]
async fn a_bad_token_is_reported_before_the_integration_is_looked_at() {
    let (store, integrasjon) = one();
    store.fail();
    let id = integrasjon.id.to_string();
    let token = STRANGER.token(&claims(&json!({})));
    let error = authenticator(&store)
        .authenticate(&credentials(&id, PASSORD, &token))
        .await
        .unwrap_err();
    assert_eq!(error.kind().code, "autentisering.token");
}

#[tokio::test]
async fn a_store_that_fails_is_no_refusal() {
    let (store, integrasjon) = one();
    store.fail();
    let (id, token) = (integrasjon.id.to_string(), good_token());
    let error = authenticator(&store)
        .authenticate(&credentials(&id, PASSORD, &token))
        .await
        .unwrap_err();
    assert_eq!(error.kind().status, 500);
}

#[tokio::test]
async fn a_revocation_counts_from_the_next_call_although_the_token_is_remembered() {
    let (store, integrasjon) = one();
    let authenticator = authenticator(&store);
    let (id, token) = (integrasjon.id.to_string(), good_token());
    assert!(
        authenticator
            .authenticate(&credentials(&id, PASSORD, &token))
            .await
            .is_ok()
    );

    let renewed = StoredIntegrasjon {
        integrasjon: integrasjon.clone(),
        passord_hash: Some(hasher().hash("et-nytt-passord")),
    };
    store.put(renewed);
    assert!(
        authenticator
            .authenticate(&credentials(&id, PASSORD, &token))
            .await
            .is_err()
    );
    assert!(
        authenticator
            .authenticate(&credentials(&id, "et-nytt-passord", &token))
            .await
            .is_ok()
    );

    store.delete(integrasjon.id);
    assert!(
        authenticator
            .authenticate(&credentials(&id, "et-nytt-passord", &token))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_session_outlives_its_token_but_not_its_integration() {
    let row = integrasjon(ORGNR);
    let store = Arc::new(Store::with([row.clone()]));
    let (clock, hand) = Clock::movable(0);
    let authenticator = Authenticator::new(validator(clock), store.clone(), hasher());
    let changes = authenticator.changes();
    let (id, token) = (row.integrasjon.id.to_string(), good_token());
    let session = authenticator
        .open_session(&credentials(&id, PASSORD, &token))
        .await
        .unwrap();

    hand.advance(std::time::Duration::from_hours(24));
    assert!(authenticator.still_valid(&session).await.unwrap());

    store.put(StoredIntegrasjon {
        passord_hash: Some(hasher().hash("nytt")),
        ..row.clone()
    });
    assert!(changes.has_changed().unwrap());
    assert!(!authenticator.still_valid(&session).await.unwrap());
    store.put(StoredIntegrasjon {
        passord_hash: None,
        ..row.clone()
    });
    assert!(!authenticator.still_valid(&session).await.unwrap());
    store.put(row.clone());
    assert!(authenticator.still_valid(&session).await.unwrap());
    store.delete(row.integrasjon.id);
    assert!(!authenticator.still_valid(&session).await.unwrap());
}

#[tokio::test]
async fn a_session_ends_when_the_integration_is_given_to_another_organisation() {
    let row = integrasjon(ORGNR);
    let store = Arc::new(Store::with([row.clone()]));
    let authenticator = authenticator(&store);
    let (id, token) = (row.integrasjon.id.to_string(), good_token());
    let session = authenticator
        .open_session(&credentials(&id, PASSORD, &token))
        .await
        .unwrap();
    let moved = Integrasjon {
        autorisert_orgnr: "987654325".parse().unwrap(),
        ..row.integrasjon
    };
    store.put(StoredIntegrasjon {
        integrasjon: moved,
        passord_hash: row.passord_hash,
    });
    assert!(!authenticator.still_valid(&session).await.unwrap());
}

#[tokio::test]
async fn debug_output_of_a_session_holds_no_hash() {
    let (store, integrasjon) = one();
    let (id, token) = (integrasjon.id.to_string(), good_token());
    let session = authenticator(&store)
        .open_session(&credentials(&id, PASSORD, &token))
        .await
        .unwrap();
    assert_eq!(format!("{session:?}"), format!("Session({integrasjon:?})"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_the_same_time_each_get_their_own_identity() {
    let rows: Vec<_> = (0..8).map(|_| integrasjon(ORGNR)).collect();
    let store = Arc::new(Store::with(rows.clone()));
    let authenticator = authenticator(&store);
    let tokens: Vec<_> = (0..4)
        .map(|jti| KEY.token(&claims(&json!({ "jti": jti }))))
        .collect();
    let calls: Vec<_> = (0..400)
        .map(|number| {
            let (authenticator, integrasjon) = (authenticator.clone(), rows[number % 8].integrasjon.clone());
            let token = tokens[number % 4].clone();
            tokio::spawn(async move {
                let id = integrasjon.id.to_string();
                let passord = if number % 3 == 0 { "feil" } else { PASSORD };
                let answer = authenticator
                    .authenticate(&credentials(&id, passord, &token))
                    .await;
                match number % 3 {
                    0 => assert!(answer.is_err()),
                    _ => assert_eq!(answer.unwrap(), Caller::Integrasjon(integrasjon)),
                }
            })
        })
        .collect();
    for call in futures::future::join_all(calls).await {
        call.unwrap();
    }
}

proptest! {
    #[test]
    fn no_credentials_make_the_authenticator_fail(id in ".{0,60}", passord in ".{0,60}", nonsense in ".{0,60}", good in any::<bool>()) {
        let (store, _) = one();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let token = if good { good_token() } else { nonsense };
        let answer = runtime.block_on(authenticator(&store).authenticate(&credentials(&id, &passord, &token)));
        prop_assert_eq!(answer.unwrap_err().kind().status, 401);
    }
}
