//! What a client gets (§3.4 points 5, 6 and 8), and that Fiks services take it.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use fiks_identity::{TokenRules, TokenValidator, TrustedIssuer};
use fiks_maskinporten::{Delegation, SigningKey};
use serde_json::{Value, json};

use crate::world::{
    ISSUER, KEY, KEY_CLIENT, SCOPE, World, claims_of, consumer, grant, now, part_of, supplier, token_request,
};

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_answer_is_what_ks_clients_read() {
    let (status, answer) = World::new().ask(&grant().sign(&KEY).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        names(&answer),
        ["access_token", "token_type", "expires_in", "scope"].into()
    );
    assert_eq!(
        (&answer["token_type"], &answer["scope"]),
        (&json!("Bearer"), &json!(SCOPE))
    );
    assert!(
        answer["expires_in"].is_u64() && answer["expires_in"] == 120,
        "{answer}"
    );
    assert_eq!(answer["access_token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn the_answer_is_not_stored() {
    let request = token_request(fiks_maskinporten::testing::form(&grant().sign(&KEY).unwrap()));
    let response = World::new().send(request).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn a_token_has_the_claims_of_a_real_one() {
    let before = now();
    let claims = World::new().claims(grant()).await;
    let expected = [
        "iss",
        "client_id",
        "client_amr",
        "token_type",
        "scope",
        "iat",
        "exp",
        "jti",
        "consumer",
    ];
    assert_eq!(names(&claims), expected.into());
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["client_id"], KEY_CLIENT);
    assert_eq!(claims["token_type"], "Bearer");
    assert_eq!(claims["scope"], SCOPE);
    assert_eq!(
        claims["consumer"],
        json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{}", supplier())})
    );
    let (issued_at, expires) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert_eq!(expires - issued_at, 120);
    assert!((before..=now()).contains(&issued_at));
}

#[tokio::test]
async fn every_token_has_a_name_of_its_own() {
    let world = World::new();
    let jtis = [world.claims(grant()).await, world.claims(grant()).await].map(|claims| claims["jti"].clone());
    assert_ne!(jtis[0], jtis[1]);
}

#[tokio::test]
async fn the_header_names_the_published_key() {
    let world = World::new();
    let (_, answer) = world.ask(&grant().sign(&KEY).unwrap()).await;
    let header = part_of(answer["access_token"].as_str().unwrap(), 0);
    let published = serde_json::to_value(world.issuer.jwks()).unwrap()["keys"][0]["kid"].clone();
    assert_eq!(header, json!({"alg": "RS256", "kid": published}));
}

#[tokio::test]
async fn the_resource_becomes_the_audience() {
    let world = World::new();
    assert_eq!(
        world.claims(grant().claim("resource", "https://api")).await["aud"],
        "https://api"
    );
    let listed = grant().claim("resource", vec!["https://api"]);
    assert_eq!(world.claims(listed).await["aud"], "https://api");
    let several = grant().claim("resource", vec!["https://a", "https://b"]);
    assert_eq!(
        world.claims(several).await["aud"],
        json!(["https://a", "https://b"])
    );
}

#[tokio::test]
async fn the_person_that_a_token_is_bound_to_is_in_it() {
    let claims = World::new().claims(grant().claim("pid", "12345678901")).await;
    assert_eq!(claims["pid"], "12345678901");
}

#[tokio::test]
async fn several_scopes_can_be_had_at_once() {
    let claims = World::new()
        .claims(grant().claim("scope", "ks:annet  ks:fiks"))
        .await;
    assert_eq!(claims["scope"], "ks:annet ks:fiks");
}

fn validator(issuer: &str, key: &SigningKey) -> TokenValidator {
    let trusted = TrustedIssuer::with_keys(issuer, &key.jwks()).unwrap();
    TokenValidator::new(vec![trusted], TokenRules::default())
}

#[tokio::test]
async fn fiks_services_take_the_tokens_and_see_whom_they_are_for() {
    let world = World::new();
    let trusted = TrustedIssuer::with_keys(ISSUER, &world.issuer.jwks()).unwrap();
    let validator = TokenValidator::new(vec![trusted], TokenRules::default());
    world.registry.delegate(Delegation {
        scope: SCOPE.to_owned(),
        consumer: consumer(),
        supplier: supplier(),
    });
    let delegated = grant()
        .claim("consumer_org", consumer().as_str())
        .sign(&KEY)
        .unwrap();
    let (_, answer) = world.ask(&delegated).await;
    let token = validator
        .validate(answer["access_token"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!((token.orgnr, token.supplier), (consumer(), Some(supplier())));
    assert_eq!(token.client_id.as_deref(), Some(KEY_CLIENT));
}

#[tokio::test]
async fn a_key_kept_as_pem_goes_on_counting() {
    use fiks_core::ExposeSecret as _;
    let first = SigningKey::generate().unwrap();
    let again = SigningKey::from_pem(first.to_pem().expose_secret()).unwrap();
    let registry = World::new().registry;
    let config = fiks_maskinporten::IssuerConfig::new(ISSUER);
    let issuer =
        fiks_maskinporten::Issuer::new(config, again, registry, fiks_core::Random::system()).unwrap();
    let token = issuer
        .issue(&grant().sign(&KEY).unwrap())
        .await
        .unwrap()
        .access_token;
    assert!(validator(ISSUER, &first).validate(&token).await.is_ok());
    let stranger = SigningKey::generate().unwrap();
    assert!(validator(ISSUER, &stranger).validate(&token).await.is_err());
    assert_eq!(claims_of(&token)["iss"], ISSUER);
}
