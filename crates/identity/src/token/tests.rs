use std::time::Duration;

use fiks_core::{Clock, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{ISSUER, KEY, LEEWAY, ORGNR, STRANGER, claims, good_token, part, validator};

async fn check(token: &str) -> Result<ValidatedToken, TokenError> {
    validator(Clock::system()).validate(token).await
}

async fn check_claims(changes: Value) -> Result<ValidatedToken, TokenError> {
    check(&KEY.token(&claims(&changes))).await
}

fn in_minutes(minutes: i64) -> i64 {
    Timestamp::real().as_seconds() + 60 * minutes
}

#[tokio::test]
async fn a_good_token_tells_organisation_scopes_and_client() {
    let token = check(&good_token()).await.unwrap();
    assert_eq!(token.orgnr, ORGNR.parse().unwrap());
    assert_eq!(
        (token.supplier, token.client_id.as_deref()),
        (None, Some("en-klient"))
    );
    assert_eq!(token.scopes, ["ks:fiks"]);
    assert!(token.expires > Timestamp::real());
}

#[tokio::test]
async fn a_delegated_token_is_for_the_consumer() {
    let supplier = json!({"authority": "iso6523-actorid-upis", "ID": "0192:987654325"});
    let token = check_claims(json!({ "supplier": supplier })).await.unwrap();
    assert_eq!(token.orgnr, ORGNR.parse().unwrap());
    assert_eq!(token.supplier, Some("987654325".parse().unwrap()));
}

#[tokio::test]
async fn an_audience_is_neither_required_nor_refused() {
    assert!(
        check_claims(json!({"aud": "https://et-annet-sted"}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_changed_payload_is_refused() {
    let token = good_token();
    let other = part(&claims(
        &json!({"consumer": {"authority": "iso6523-actorid-upis", "ID": "0192:987654325"}}),
    ));
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(
        check(&format!("{}.{other}.{}", parts[0], parts[2])).await,
        Err(TokenError::Signature)
    );
}

#[tokio::test]
async fn a_key_of_somebody_else_is_refused() {
    let unknown = STRANGER.token(&claims(&json!({})));
    assert_eq!(check(&unknown).await, Err(TokenError::UnknownKey));
    let pretended = STRANGER.signed(&json!({"alg": "RS256", "kid": "en"}), &claims(&json!({})));
    assert_eq!(check(&pretended).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn a_token_without_kid_is_refused() {
    assert_eq!(
        check(&KEY.signed(&json!({"alg": "RS256"}), &claims(&json!({})))).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn algorithms_without_an_rsa_signature_are_refused() {
    for algorithm in ["HS256", "ES256", "PS256"] {
        let token = KEY.signed(&json!({"alg": algorithm, "kid": "en"}), &claims(&json!({})));
        assert_eq!(check(&token).await, Err(TokenError::Algorithm), "{algorithm}");
    }
    let unsigned = format!(
        "{}.{}.",
        part(&json!({"alg": "none", "kid": "en"})),
        part(&claims(&json!({})))
    );
    assert_eq!(check(&unsigned).await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn the_algorithm_in_the_header_is_the_one_that_is_checked() {
    let token = KEY.signed(&json!({"alg": "RS512", "kid": "en"}), &claims(&json!({})));
    assert_eq!(check(&token).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn critical_extensions_are_refused() {
    let token = KEY.signed(
        &json!({"alg": "RS256", "kid": "en", "crit": ["exp"]}),
        &claims(&json!({})),
    );
    assert_eq!(check(&token).await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn the_issuer_must_be_the_exact_text() {
    for issuer in ["https://test.maskinporten.no/", ISSUER.trim_end_matches('/'), ""] {
        assert_eq!(
            check_claims(json!({"iss": issuer})).await,
            Err(TokenError::UnknownIssuer),
            "{issuer}"
        );
    }
    assert_eq!(
        check_claims(json!({"iss": null})).await,
        Err(TokenError::Malformed)
    );
    assert_eq!(
        check_claims(json!({"iss": [ISSUER]})).await,
        Err(TokenError::Malformed)
    );
}

#[tokio::test]
async fn one_issuers_key_does_not_sign_for_another() {
    let first = TrustedIssuer::with_keys(ISSUER, &KEY.jwks()).unwrap();
    let second = TrustedIssuer::with_keys("https://annen/", &STRANGER.jwks()).unwrap();
    let validator = TokenValidator::new(vec![first, second], TokenRules::default());
    let own = STRANGER.token(&claims(&json!({"iss": "https://annen/"})));
    assert!(validator.validate(&own).await.is_ok());
    let foreign = STRANGER.token(&claims(&json!({})));
    assert_eq!(validator.validate(&foreign).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn an_expired_token_is_refused_after_the_leeway() {
    assert!(check_claims(json!({"exp": in_minutes(-30)})).await.is_ok());
    assert_eq!(
        check_claims(json!({"exp": in_minutes(-61)})).await,
        Err(TokenError::Expired)
    );
    assert_eq!(check_claims(json!({"exp": 0})).await, Err(TokenError::Expired));
}

#[test]
fn clocks_may_be_ten_seconds_apart_unless_configured_otherwise() {
    assert_eq!(TokenRules::default().leeway, Duration::from_secs(10));
}

#[tokio::test]
async fn a_token_must_say_when_it_expires() {
    for missing in [json!(null), json!("2030-01-01"), json!([1]), json!(1e300)] {
        assert_eq!(
            check_claims(json!({ "exp": missing })).await,
            Err(TokenError::Malformed),
            "{missing}"
        );
    }
}

#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    assert!(check_claims(json!({"nbf": in_minutes(30)})).await.is_ok());
    assert_eq!(
        check_claims(json!({"nbf": in_minutes(90)})).await,
        Err(TokenError::NotYetValid)
    );
}

#[tokio::test]
async fn the_scope_must_be_one_whole_word() {
    assert!(check_claims(json!({"scope": "andre:ting ks:fiks"})).await.is_ok());
    for scope in [
        json!("ks"),
        json!("ks:fiksio"),
        json!("ks:fiks.les"),
        json!(""),
        json!(null),
    ] {
        assert_eq!(
            check_claims(json!({ "scope": scope })).await,
            Err(TokenError::Scope),
            "{scope}"
        );
    }
}

#[tokio::test]
async fn the_old_scope_counts_only_where_configured() {
    let trusted = TrustedIssuer::with_keys(ISSUER, &KEY.jwks()).unwrap();
    let rules = TokenRules {
        scopes: vec![SCOPE.to_owned(), "ks".to_owned()],
        ..TokenRules::default()
    };
    let validator = TokenValidator::new(vec![trusted], rules);
    assert!(
        validator
            .validate(&KEY.token(&claims(&json!({"scope": "ks"}))))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_token_must_name_an_organisation() {
    for consumer in [
        json!(null),
        json!({"authority": "iso6523-actorid-upis", "ID": "0192:97103214"}),
        json!({"authority": "andre", "ID": "0192:971032146"}),
    ] {
        assert_eq!(
            check_claims(json!({ "consumer": consumer })).await,
            Err(TokenError::Consumer),
            "{consumer}"
        );
    }
    let broken = json!({"authority": "iso6523-actorid-upis", "ID": "0192:1"});
    assert_eq!(
        check_claims(json!({ "supplier": broken })).await,
        Err(TokenError::Consumer)
    );
}

#[tokio::test]
async fn an_oversized_token_is_refused_unread() {
    let token = KEY.token(&claims(&json!({"fyll": "x".repeat(MAX_TOKEN_BYTES)})));
    assert_eq!(check(&token).await, Err(TokenError::TooLarge));
}

#[tokio::test]
async fn the_clock_decides_and_not_the_library() {
    let (clock, hand) = Clock::movable(0);
    let validator = validator(clock);
    let token = good_token();
    assert!(validator.validate(&token).await.is_ok());
    hand.advance(LEEWAY + Duration::from_mins(2));
    assert_eq!(validator.validate(&token).await, Err(TokenError::Expired));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// JSON as an attacker could send it in place of a header or of claims.
fn hostile_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let name = prop_oneof![
            "iss|exp|nbf|scope|consumer|supplier|client_id|alg|kid|authority|ID",
            ".{0,6}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..5)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_validator_fail(token in ".{0,200}") {
        prop_assert!(block_on(check(&token)).is_err());
    }

    #[test]
    fn no_three_parts_make_the_validator_fail(token in "[A-Za-z0-9_=-]{0,80}\\.[A-Za-z0-9_=-]{0,80}\\.[A-Za-z0-9_=-]{0,80}") {
        prop_assert!(block_on(check(&token)).is_err());
    }

    #[test]
    fn no_header_makes_the_validator_fail(header in hostile_json()) {
        let token = format!("{}.{}.AAAA", part(&header), part(&claims(&json!({}))));
        prop_assert!(block_on(check(&token)).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_signed_claims_make_the_validator_fail(mut hostile in hostile_json()) {
        if let Some(object) = hostile.as_object_mut() {
            object.insert("iss".to_owned(), ISSUER.into());
        }
        // Signed by the trusted issuer, so only the claims are left to judge: none of these names an organisation.
        prop_assert!(block_on(check(&KEY.token(&hostile))).is_err());
    }
}
