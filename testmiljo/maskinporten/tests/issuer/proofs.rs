//! How a client proves who it is (§3.4 point 2, §3.3).

use fiks_core::Timestamp;
use fiks_maskinporten::testing::{GrantDraft, registered_key};
use fiks_maskinporten::{Client, Delegation};

use crate::world::{
    CERTIFICATE_CLIENT, IDENTITY, ISSUER, KEY, KEY_CLIENT, OTHER_KEY, SCOPE, World, assert_refused,
    claims_of, consumer, grant, refusal_in, supplier,
};

/// A grant of the client without keys, before it names a certificate.
fn bare() -> GrantDraft {
    GrantDraft::new(ISSUER, CERTIFICATE_CLIENT, SCOPE)
}

async fn amr(world: &World, draft: &GrantDraft, key: &fiks_crypto::x509::PrivateKey) -> String {
    let (status, answer) = world.ask(&draft.sign(key).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    claims_of(answer["access_token"].as_str().unwrap())["client_amr"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_certificate_alone_proves_the_client() {
    let draft = bare().x5c([IDENTITY.certificate()]);
    assert_eq!(
        amr(&World::new(), &draft, IDENTITY.key()).await,
        "virksomhetssertifikat"
    );
}

#[tokio::test]
async fn a_whole_chain_is_taken_as_well() {
    let draft = bare().x5c(IDENTITY.chain());
    assert_eq!(
        amr(&World::new(), &draft, IDENTITY.key()).await,
        "virksomhetssertifikat"
    );
}

#[tokio::test]
async fn a_registered_key_proves_the_client() {
    assert_eq!(amr(&World::new(), &grant(), &KEY).await, "private_key_jwt");
}

#[tokio::test]
async fn without_a_name_the_clients_only_key_is_tried() {
    let world = World::new();
    let unnamed = GrantDraft::new(ISSUER, KEY_CLIENT, SCOPE);
    assert_eq!(amr(&world, &unnamed, &KEY).await, "private_key_jwt");

    let second = registered_key("to", &OTHER_KEY).unwrap();
    let client = Client::clone(&world.registry.clients()[0]).with_key(second);
    assert_eq!(client.client_id, KEY_CLIENT);
    world.registry.register(client);
    let unnamed = GrantDraft::new(ISSUER, KEY_CLIENT, SCOPE);
    assert_refused(
        &world.refusal(unnamed).await,
        400,
        "invalid_grant",
        "Invalid assertion. Headeren har hverken",
    );
}

#[tokio::test]
async fn a_certificate_counts_beside_a_kid_that_is_not_registered() {
    let draft = bare().x5c([IDENTITY.certificate()]).kid("ukjent");
    assert_eq!(
        amr(&World::new(), &draft, IDENTITY.key()).await,
        "virksomhetssertifikat"
    );
}

#[tokio::test]
async fn a_registered_kid_counts_before_a_certificate() {
    let draft = grant().x5c([IDENTITY.certificate()]);
    assert_eq!(amr(&World::new(), &draft, &KEY).await, "private_key_jwt");
}

#[tokio::test]
async fn neither_key_nor_certificate_proves_nothing() {
    let refusal = World::new().refusal(bare()).await;
    assert_refused(
        &refusal,
        400,
        "invalid_grant",
        "Invalid assertion. Headeren har hverken",
    );
}

#[tokio::test]
async fn an_unknown_kid_is_told() {
    let refusal = World::new().refusal(grant().kid("ukjent")).await;
    assert_refused(&refusal, 400, "invalid_grant", "Invalid assertion. kid: ukjent.");
}

#[tokio::test]
async fn another_key_than_the_named_one_is_refused() {
    let world = World::new();
    let forged = world.ask(&grant().sign(&OTHER_KEY).unwrap()).await;
    assert_refused(&refusal_in(forged), 400, "invalid_grant", "MP-124: ");
    let forged = bare().x5c([IDENTITY.certificate()]).sign(&OTHER_KEY).unwrap();
    assert_refused(
        &refusal_in(world.ask(&forged).await),
        400,
        "invalid_grant",
        "MP-124: ",
    );
}

#[tokio::test]
async fn another_clients_key_is_refused() {
    let world = World::new();
    let key = registered_key("to", &OTHER_KEY).unwrap();
    world
        .registry
        .register(Client::new("annen", consumer(), [SCOPE]).with_key(key));
    let borrowed = grant().kid("to").sign(&OTHER_KEY).unwrap();
    let refusal = refusal_in(world.ask(&borrowed).await);
    assert_refused(&refusal, 400, "invalid_grant", "Invalid assertion. kid: to.");
}

#[tokio::test]
async fn a_changed_grant_is_refused() {
    let world = World::new();
    let signed = grant().sign(&KEY).unwrap();
    let greedy = grant().claim("scope", "ks:annet").sign(&KEY).unwrap();
    let parts: Vec<_> = signed.split('.').collect();
    let greedy_claims = greedy.split('.').nth(1).unwrap();
    let mixed = format!("{}.{greedy_claims}.{}", parts[0], parts[2]);
    assert_refused(
        &refusal_in(world.ask(&mixed).await),
        400,
        "invalid_grant",
        "MP-124: ",
    );
}

#[tokio::test]
async fn an_unknown_client_is_told() {
    let refusal = World::new()
        .refusal(grant().claim("iss", "ukjent \"klient\""))
        .await;
    assert_refused(
        &refusal,
        400,
        "invalid_grant",
        "MP-100: Invalid assertion. iss: ukjent ?klient?.",
    );
}

#[tokio::test]
async fn a_removed_client_gets_no_more_tokens() {
    let world = World::new();
    assert!(world.registry.remove(KEY_CLIENT));
    assert!(!world.registry.remove(KEY_CLIENT));
    assert_refused(&world.refusal(grant()).await, 400, "invalid_grant", "MP-100: ");
}

#[tokio::test]
async fn the_registration_of_a_key_runs_out() {
    let world = World::new();
    let mut expired = registered_key("en", &KEY).unwrap();
    expired.expires = Some(Timestamp::from_millis(1_000));
    world
        .registry
        .register(Client::new(KEY_CLIENT, supplier(), [SCOPE]).with_key(expired));
    let refusal = world.refusal(grant()).await;
    assert_refused(
        &refusal,
        400,
        "invalid_grant",
        "MP-121: Invalid assertion. kid: en.",
    );
}

#[tokio::test]
async fn certificates_that_do_not_count_are_told_apart() {
    let world = World::new();
    let x5c_text = bare().header("x5c", "MIIB");
    assert_refused(&world.refusal(x5c_text).await, 400, "invalid_grant", "MP-123: ");

    world.registry.register(Client::new("annen", consumer(), [SCOPE]));
    let foreign = bare()
        .claim("iss", "annen")
        .x5c([IDENTITY.certificate()])
        .sign(IDENTITY.key())
        .unwrap();
    let refusal = refusal_in(world.ask(&foreign).await);
    let told = format!(
        "MP-122: Invalid assertion. Sertifikat: {}, klient: {}.",
        supplier(),
        consumer()
    );
    assert_refused(&refusal, 400, "invalid_grant", &told);
}

#[tokio::test]
async fn all_rsa_algorithms_count_and_no_others() {
    let world = World::new();
    for algorithm in ["RS256", "RS384", "RS512"] {
        assert_eq!(
            amr(&world, &grant().header("alg", algorithm), &KEY).await,
            "private_key_jwt"
        );
    }
    for algorithm in ["none", "HS256", "PS256", "ES256"] {
        let refusal = world.refusal(grant().header("alg", algorithm)).await;
        assert_refused(&refusal, 400, "invalid_request", "MP-011: ");
    }
    let refusal = world.refusal(grant().header("crit", vec!["exp"])).await;
    assert_refused(&refusal, 400, "invalid_request", "MP-011: ");
}

#[tokio::test]
async fn what_is_registered_can_be_read_back_and_kept() {
    let world = World::new();
    let ids: Vec<_> = world
        .registry
        .clients()
        .iter()
        .map(|client| client.client_id.clone())
        .collect();
    assert_eq!(ids, [KEY_CLIENT, CERTIFICATE_CLIENT]);
    let delegation = Delegation {
        scope: SCOPE.to_owned(),
        consumer: consumer(),
        supplier: supplier(),
    };
    world.registry.delegate(delegation.clone());
    assert_eq!(world.registry.delegations(), [delegation]);
}
