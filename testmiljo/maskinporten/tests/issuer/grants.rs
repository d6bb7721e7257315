//! What a grant must say (§3.1, §3.3, §3.4 point 3).

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::world::{ISSUER, KEY, World, assert_refused, grant, now, refusal_in};

#[tokio::test]
async fn the_audience_is_the_issuer_as_text_or_as_a_list_of_one() {
    let world = World::new();
    for audience in [json!(ISSUER), json!([ISSUER])] {
        world.claims(grant().claim("aud", audience)).await;
    }
}

#[tokio::test]
async fn another_audience_is_refused() {
    let world = World::new();
    let token_endpoint = format!("{ISSUER}token");
    for audience in [
        "https://maskinporten.no/",
        ISSUER.trim_end_matches('/'),
        &token_endpoint,
    ] {
        let refusal = world.refusal(grant().claim("aud", audience)).await;
        let told = format!("MP-110: Invalid assertion. aud: {audience}, issuer: {ISSUER}.");
        assert_refused(&refusal, 400, "invalid_grant", &told);
    }
    for audience in [
        json!([ISSUER, "https://maskinporten.no/"]),
        json!([]),
        json!(null),
    ] {
        let refusal = world.refusal(grant().claim("aud", audience)).await;
        assert_refused(
            &refusal,
            400,
            "invalid_request",
            "MP-011: Invalid assertion. Claim: aud.",
        );
    }
}

#[tokio::test]
async fn floating_point_dates_and_a_lifetime_of_121_seconds_are_taken() {
    let world = World::new();
    #[expect(clippy::cast_precision_loss, reason = "dates of this century are exact")]
    let now = now() as f64;
    world
        .claims(grant().claim("iat", now).claim("exp", now + 120.0))
        .await;
    world
        .claims(grant().claim("iat", now - 0.5).claim("exp", now + 120.5))
        .await;
}

#[tokio::test]
async fn a_lifetime_of_more_than_two_minutes_is_refused() {
    let refusal = World::new().refusal(grant().claim("exp", now() + 180)).await;
    assert_refused(
        &refusal,
        400,
        "invalid_grant",
        "Invalid assertion. exp minus iat: 18",
    );
}

#[tokio::test]
async fn a_grant_issued_at_another_time_is_refused() {
    let world = World::new();
    for iat in [now() - 30, now() + 30] {
        let refusal = world
            .refusal(grant().claim("iat", iat).claim("exp", iat + 120))
            .await;
        assert_refused(&refusal, 400, "invalid_grant", "Invalid assertion. Avvik: ");
    }
}

#[tokio::test]
async fn a_grant_that_has_run_out_is_refused() {
    let iat = now() - 200;
    let refusal = World::new()
        .refusal(grant().claim("iat", iat).claim("exp", iat + 120))
        .await;
    assert_refused(&refusal, 400, "invalid_grant", "MP-130: ");
}

#[tokio::test]
async fn the_clock_of_the_issuer_decides() {
    let world = World::new();
    world.hand.advance(Duration::from_mins(1));
    assert_refused(
        &world.refusal(grant()).await,
        400,
        "invalid_grant",
        "Invalid assertion. Avvik: 6",
    );
}

#[tokio::test]
async fn a_grant_counts_once() {
    let world = World::new();
    let assertion = grant().sign(&KEY).unwrap();
    assert_eq!(world.ask(&assertion).await.0, StatusCode::OK);
    assert_refused(
        &refusal_in(world.ask(&assertion).await),
        400,
        "invalid_grant",
        "MP-012: ",
    );
}

#[tokio::test]
async fn a_jti_counts_once_whatever_else_changes() {
    let world = World::new();
    world.claims(grant().claim("jti", "en")).await;
    let refusal = world
        .refusal(grant().claim("jti", "en").claim("scope", "ks:annet"))
        .await;
    assert_refused(&refusal, 400, "invalid_grant", "MP-012: ");
}

#[tokio::test]
async fn a_grant_without_jti_counts_once_as_well() {
    let world = World::new();
    let assertion = grant().claim("jti", json!(null)).sign(&KEY).unwrap();
    assert_eq!(world.ask(&assertion).await.0, StatusCode::OK);
    assert_refused(
        &refusal_in(world.ask(&assertion).await),
        400,
        "invalid_grant",
        "MP-012: ",
    );
}

#[tokio::test]
async fn a_refused_grant_is_not_used_up() {
    let world = World::new();
    let assertion = grant().sign(&KEY).unwrap();
    world.issuer.set_unavailable(true);
    assert_eq!(world.ask(&assertion).await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.issuer.set_unavailable(false);
    assert_eq!(world.ask(&assertion).await.0, StatusCode::OK);
}

#[tokio::test]
async fn of_many_who_send_the_same_grant_one_gets_a_token() {
    let world = std::sync::Arc::new(World::new());
    let assertion = grant().sign(&KEY).unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (world, assertion) = (world.clone(), assertion.clone());
            tokio::spawn(async move { world.ask(&assertion).await.0 })
        })
        .collect();
    let mut issued = 0;
    for call in calls {
        issued += usize::from(call.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(issued, 1);
}

#[tokio::test]
async fn unknown_claims_are_refused() {
    let world = World::new();
    for name in ["nbf", "sub", "authorization_details"] {
        let refusal = world.refusal(grant().claim(name, 1)).await;
        assert_refused(
            &refusal,
            400,
            "invalid_request",
            &format!("MP-011: Invalid assertion. Claim: {name}."),
        );
    }
}

#[tokio::test]
async fn needed_claims_are_needed() {
    let world = World::new();
    for name in ["aud", "iss", "iat", "exp", "scope"] {
        let refusal = world.refusal(grant().claim(name, json!(null))).await;
        assert_refused(
            &refusal,
            400,
            "invalid_request",
            &format!("MP-011: Invalid assertion. Claim: {name}."),
        );
    }
}

#[tokio::test]
async fn a_scope_that_is_not_registered_is_refused() {
    let world = World::new();
    for scope in ["ks:tredje", "ks:fiks ks:tredje"] {
        let refusal = world.refusal(grant().claim("scope", scope)).await;
        assert_refused(
            &refusal,
            400,
            "invalid_scope",
            "MP-200: Invalid scope. scope: ks:tredje.",
        );
    }
}
