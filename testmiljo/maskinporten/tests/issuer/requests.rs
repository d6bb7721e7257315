//! How a request may look, and that every refusal has a body (§3.4 points 1, 7 and 8).

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use fiks_core::Random;
use fiks_core::id::Orgnr;
use fiks_http::OwnErrorBody;
use fiks_maskinporten::{
    Client, ClientRegistry, Issuer, IssuerConfig, RegistryFailed, SetupError, SigningKey, router,
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::world::{ISSUER, KEY, World, assert_refused, grant, json_of, refusal_in, token_request};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn assertion() -> String {
    grant().sign(&KEY).unwrap()
}

#[tokio::test]
async fn the_grant_types_colons_may_be_encoded_or_not() {
    let world = World::new();
    for colon in [":", "%3A", "%3a"] {
        let grant_type = GRANT_TYPE.replace(':', colon);
        let (status, _) = world
            .post(format!("grant_type={grant_type}&assertion={}", assertion()))
            .await;
        assert_eq!(status, StatusCode::OK, "{colon}");
    }
}

#[tokio::test]
async fn fields_may_come_in_any_order_with_others_between() {
    let world = World::new();
    let form = format!(
        "x=1&assertion={}&y=&grant_type={GRANT_TYPE}&consumer_org=1",
        assertion()
    );
    assert_eq!(world.post(form).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_headers_of_ks_clients_are_taken() {
    let world = World::new();
    let mut request = token_request(fiks_maskinporten::testing::form(&assertion()));
    for (name, value) in [
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("charset", "UTF-8"),
        ("cache-control", "no-cache"),
        ("consumer_org", "999999999"),
        ("accept", "*/*"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(world.send(request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn forms_that_are_none_are_refused_with_a_body() {
    let world = World::new();
    let assertion = assertion();
    for form in [
        String::new(),
        "{}".to_owned(),
        format!("grant_type={GRANT_TYPE}"),
        format!("assertion={assertion}"),
        format!("grant_type={GRANT_TYPE}&assertion={assertion}&assertion={assertion}"),
        format!("grant_type={GRANT_TYPE}&assertion={}", "x".repeat(70_000)),
    ] {
        let refusal = refusal_in(world.post(form).await);
        assert_refused(&refusal, 400, "invalid_request", "Kallet kan ikke leses.");
    }
}

#[tokio::test]
async fn other_content_types_are_refused_with_a_body() {
    let world = World::new();
    for content_type in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let mut request = token_request(fiks_maskinporten::testing::form(&assertion()));
        request
            .headers_mut()
            .insert("content-type", content_type.parse().unwrap());
        let refusal = refusal_in(json_of(world.send(request).await).await);
        assert_refused(&refusal, 400, "invalid_request", "Kallet kan ikke leses.");
    }
}

#[tokio::test]
async fn another_grant_type_is_refused() {
    let world = World::new();
    for grant_type in [
        "client_credentials",
        "",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
    ] {
        let refusal = refusal_in(world.post(format!("grant_type={grant_type}&assertion=x")).await);
        assert_refused(&refusal, 400, "unsupported_grant_type", "Ukjent grant_type.");
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_a_body() {
    let world = World::new();
    for (method, path) in [
        (Method::GET, "token"),
        (Method::PUT, "token"),
        (Method::POST, "jwk"),
        (Method::DELETE, ".well-known/oauth-authorization-server"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/maskinporten/{path}"));
        let refusal = refusal_in(json_of(world.send(request.body(Body::empty()).unwrap()).await).await);
        assert_eq!(
            (refusal.0, refusal.1.as_str()),
            (405, "invalid_request"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_issuer_switched_off_answers_503_until_it_is_switched_on() {
    let world = World::new();
    world.issuer.set_unavailable(true);
    assert!(world.issuer.is_unavailable());
    for form in [
        fiks_maskinporten::testing::form(&assertion()),
        "nonsense".to_owned(),
    ] {
        assert_refused(
            &refusal_in(world.post(form).await),
            503,
            "temporarily_unavailable",
            "Utstederen er",
        );
    }
    assert_eq!(world.get("/jwk").await.0, StatusCode::OK);
    world.issuer.set_unavailable(false);
    assert_eq!(world.ask(&assertion()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn refusals_keep_their_own_body_and_are_not_stored() {
    let response = World::new().send(token_request("")).await;
    assert!(response.extensions().get::<OwnErrorBody>().is_some());
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn every_refusal_has_a_reference_of_its_own() {
    let world = World::new();
    let one = refusal_in(world.post("").await).2;
    let two = refusal_in(world.post("").await).2;
    assert!(one.contains("(correlation id: ") && one != two, "{one}");
}

struct Broken;

#[async_trait]
impl ClientRegistry for Broken {
    async fn client(&self, _client_id: &str) -> Result<Option<Arc<Client>>, RegistryFailed> {
        Err(RegistryFailed("out of order".into()))
    }

    async fn is_delegated(&self, _: &str, _: Orgnr, _: Orgnr) -> Result<bool, RegistryFailed> {
        Err(RegistryFailed("out of order".into()))
    }
}

#[tokio::test]
async fn a_registry_that_fails_gives_500_with_a_body_that_tells_nothing() {
    let key = SigningKey::generate().unwrap();
    let issuer = Issuer::new(IssuerConfig::new(ISSUER), key, Arc::new(Broken), Random::system()).unwrap();
    let (routes, _) = router(Arc::new(issuer)).split_for_parts();
    let mut request = token_request(fiks_maskinporten::testing::form(&assertion()));
    *request.uri_mut() = "/token".parse().unwrap();
    let refusal = refusal_in(json_of(routes.oneshot(request).await.unwrap()).await);
    assert_refused(&refusal, 500, "server_error", "Noe gikk galt");
    assert!(!refusal.2.contains("out of order"));
}

#[tokio::test]
async fn metadata_tells_the_addresses_under_the_issuers_own() {
    let (status, metadata) = World::new().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        metadata,
        json!({
            "issuer": ISSUER,
            "token_endpoint": format!("{ISSUER}token"),
            "jwks_uri": format!("{ISSUER}jwk"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "grant_types_supported": [GRANT_TYPE],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "RS512"],
        })
    );
}

#[tokio::test]
async fn the_published_keys_are_the_issuers() {
    let world = World::new();
    let (status, keys) = world.get("/jwk").await;
    assert_eq!(
        (status, keys),
        (StatusCode::OK, serde_json::to_value(world.issuer.jwks()).unwrap())
    );
}

#[test]
fn the_api_document_has_all_operations_of_the_contract() {
    let document = serde_json::to_value(router(World::new().issuer).into_openapi()).unwrap();
    for (path, method, operation) in [
        ("/token", "post", "token"),
        ("/jwk", "get", "jwk"),
        ("/.well-known/oauth-authorization-server", "get", "metadata"),
    ] {
        assert_eq!(document["paths"][path][method]["operationId"], operation);
    }
    for schema in [
        "TokenRequest",
        "TokenResponse",
        "OAuthError",
        "JwksResponse",
        "Metadata",
    ] {
        assert!(document["components"]["schemas"][schema].is_object(), "{schema}");
    }
}

#[test]
fn an_issuer_that_clients_could_not_use_is_not_made() {
    let make = |config: IssuerConfig| {
        let world = World::new();
        Issuer::new(
            config,
            SigningKey::generate().unwrap(),
            world.registry,
            Random::system(),
        )
        .err()
    };
    for name in [
        "https://localhost",
        "localhost/",
        "ftp://localhost/",
        "https:// /",
        "",
    ] {
        let refused = make(IssuerConfig::new(name));
        assert_eq!(refused, Some(SetupError::IssuerUrl(name.to_owned())));
    }
    let hasty = IssuerConfig {
        token_lifetime: std::time::Duration::from_secs(10),
        ..IssuerConfig::new(ISSUER)
    };
    assert_eq!(make(hasty), Some(SetupError::TokenLifetime(20)));
    assert_eq!(make(IssuerConfig::new("http://127.0.0.1:8080/")), None);
}
