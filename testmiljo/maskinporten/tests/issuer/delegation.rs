//! Tokens on behalf of others (§3.4 point 4).

use fiks_core::id::Orgnr;
use fiks_maskinporten::{Client, Delegation};

use crate::world::{ISSUER, KEY_CLIENT, SCOPE, World, assert_refused, consumer, grant, supplier};

fn delegation(scope: &str) -> Delegation {
    Delegation {
        scope: scope.to_owned(),
        consumer: consumer(),
        supplier: supplier(),
    }
}

fn for_consumer() -> fiks_maskinporten::testing::GrantDraft {
    grant().claim("consumer_org", consumer().as_str())
}

#[tokio::test]
async fn a_missing_delegation_is_forbidden_in_words() {
    let refusal = World::new().refusal(for_consumer()).await;
    let told = format!(
        "MP-251: Consumer {} has not delegated access to the scope {SCOPE} to supplier {}.",
        consumer(),
        supplier()
    );
    assert_refused(&refusal, 403, "forbidden", &told);
}

#[tokio::test]
async fn an_organisation_that_does_not_exist_has_delegated_nothing() {
    let refusal = World::new()
        .refusal(grant().claim("consumer_org", "888888888"))
        .await;
    assert_refused(
        &refusal,
        403,
        "forbidden",
        "MP-251: Consumer 888888888 has not delegated",
    );
}

#[tokio::test]
async fn a_delegated_token_is_for_the_consumer_and_names_the_supplier() {
    let world = World::new();
    world.registry.delegate(delegation(SCOPE));
    let claims = world.claims(for_consumer()).await;
    assert_eq!(claims["consumer"]["ID"], format!("0192:{}", consumer()));
    assert_eq!(claims["supplier"]["ID"], format!("0192:{}", supplier()));
    assert_eq!(claims["supplier"]["authority"], "iso6523-actorid-upis");
    assert_eq!(claims["delegation_source"], ISSUER);
}

#[tokio::test]
async fn a_delegated_scope_need_not_be_registered_on_the_client() {
    let world = World::new();
    world.registry.delegate(delegation("ks:tredje"));
    let claims = world.claims(for_consumer().claim("scope", "ks:tredje")).await;
    assert_eq!(claims["scope"], "ks:tredje");
}

#[tokio::test]
async fn every_scope_must_be_delegated() {
    let world = World::new();
    world.registry.delegate(delegation(SCOPE));
    let refusal = world
        .refusal(for_consumer().claim("scope", "ks:fiks ks:annet"))
        .await;
    assert_eq!(refusal.0, 403);
    assert!(
        refusal.2.contains("to the scope ks:annet to supplier"),
        "{}",
        refusal.2
    );
}

#[tokio::test]
async fn a_delegation_is_for_one_supplier_only() {
    let world = World::new();
    world.registry.delegate(Delegation {
        supplier: Orgnr::synthetic(12_345_678),
        ..delegation(SCOPE)
    });
    assert_eq!(world.refusal(for_consumer()).await.0, 403);
}

#[tokio::test]
async fn a_revoked_delegation_counts_no_more() {
    let world = World::new();
    world.registry.delegate(delegation(SCOPE));
    world.claims(for_consumer()).await;
    assert!(world.registry.revoke(&delegation(SCOPE)));
    assert!(!world.registry.revoke(&delegation(SCOPE)));
    assert_eq!(world.refusal(for_consumer()).await.0, 403);
}

#[tokio::test]
async fn nobody_delegates_to_themselves() {
    let refusal = World::new()
        .refusal(grant().claim("consumer_org", supplier().as_str()))
        .await;
    assert_refused(
        &refusal,
        400,
        "invalid_request",
        "Invalid assertion. consumer_org er",
    );
}

#[tokio::test]
async fn the_forerunner_of_delegation_works_where_the_client_lists_it() {
    let world = World::new();
    let mut client = Client::clone(&world.registry.clients()[0]);
    assert_eq!(client.client_id, KEY_CLIENT);
    client.on_behalf_of.insert("kommunen".to_owned(), consumer());
    world.registry.register(client);
    let claims = world.claims(grant().claim("iss_onbehalfof", "kommunen")).await;
    assert_eq!(claims["consumer"]["ID"], format!("0192:{}", consumer()));
    assert_eq!(claims["supplier"]["ID"], format!("0192:{}", supplier()));

    let told = "MP-011: Invalid assertion. Claim: iss_onbehalfof.";
    assert_refused(
        &world.refusal(grant().claim("iss_onbehalfof", "ukjent")).await,
        400,
        "invalid_request",
        told,
    );
    let both = for_consumer().claim("iss_onbehalfof", "kommunen");
    assert_refused(&world.refusal(both).await, 400, "invalid_request", told);
    let greedy = grant()
        .claim("iss_onbehalfof", "kommunen")
        .claim("scope", "ks:tredje");
    assert_refused(&world.refusal(greedy).await, 400, "invalid_scope", "MP-200: ");
}
