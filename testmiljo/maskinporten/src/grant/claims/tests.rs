use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Good claims with some replaced.
fn read(changes: &Value) -> Result<Grant, GrantError> {
    let mut claims = json!({
        "aud": "https://localhost/", "iss": "klient", "iat": 1_700_000_000, "exp": 1_700_000_120,
        "scope": "ks:fiks", "jti": "en",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    Grant::read(claims.as_object().unwrap().clone())
}

fn refused_claim(changes: &Value) -> &'static str {
    match read(changes) {
        Err(GrantError::Claim(name)) => name,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{changes} was read"),
    }
}

#[test]
fn the_least_that_a_client_sends_is_read() {
    let grant = read(&json!({"jti": null})).ok().unwrap();
    assert_eq!(grant.audience, "https://localhost/");
    assert_eq!(grant.issued_at, Timestamp::from_millis(1_700_000_000_000));
    assert_eq!(grant.expires, Timestamp::from_millis(1_700_000_120_000));
    assert_eq!(grant.scopes, ["ks:fiks"]);
    assert!(grant.jti.is_none() && grant.pid.is_none() && grant.consumer_org.is_none());
    assert!(grant.resources.is_empty());
}

#[test]
fn dates_may_be_floating_point() {
    for date in ["1700000000.0", "1.7e9", "1700000000"] {
        let date: Value = serde_json::from_str(date).unwrap();
        let grant = read(&json!({ "iat": date })).ok().unwrap();
        assert_eq!(grant.issued_at, Timestamp::from_millis(1_700_000_000_000));
    }
    let grant = read(&json!({"iat": 1_700_000_000.25})).ok().unwrap();
    assert_eq!(grant.issued_at, Timestamp::from_millis(1_700_000_000_250));
}

#[test]
fn dates_that_are_none_are_refused() {
    for date in [
        json!("1700000000"),
        json!(null),
        json!(-1),
        json!(1e18),
        json!([1]),
    ] {
        assert_eq!(refused_claim(&json!({ "iat": date })), "iat");
        assert_eq!(refused_claim(&json!({ "exp": date })), "exp");
    }
}

#[test]
fn the_audience_is_a_text_or_a_list_of_one() {
    assert_eq!(
        read(&json!({"aud": ["https://localhost/"]}))
            .ok()
            .unwrap()
            .audience,
        "https://localhost/"
    );
    for audience in [
        json!([]),
        json!(["a", "b"]),
        json!(""),
        json!(null),
        json!(7),
        json!([7]),
    ] {
        assert_eq!(refused_claim(&json!({ "aud": audience })), "aud");
    }
}

#[test]
fn scopes_are_words() {
    assert_eq!(
        read(&json!({"scope": " a:b  c:d "})).ok().unwrap().scope(),
        "a:b c:d"
    );
    for scope in [json!(""), json!("  "), json!(null), json!(["a"])] {
        assert_eq!(refused_claim(&json!({ "scope": scope })), "scope");
    }
}

#[test]
fn a_resource_is_a_text_or_a_list() {
    assert_eq!(
        read(&json!({"resource": "https://api"})).ok().unwrap().resources,
        ["https://api"]
    );
    assert_eq!(
        read(&json!({"resource": ["a", "b"]})).ok().unwrap().resources,
        ["a", "b"]
    );
    assert_eq!(refused_claim(&json!({"resource": {"a": 1}})), "resource");
}

#[test]
fn organisations_and_persons_are_digits_only() {
    assert!(read(&json!({"consumer_org": "888888888", "pid": "12345678901"})).is_ok());
    for consumer in [
        "88888888",
        "8888888888",
        "88888888a",
        "0192:888888888",
        "８８８８８８８８８",
    ] {
        assert_eq!(
            refused_claim(&json!({ "consumer_org": consumer })),
            "consumer_org"
        );
    }
    assert_eq!(refused_claim(&json!({"pid": "1234567890"})), "pid");
    assert_eq!(refused_claim(&json!({"pid": 12_345_678_901_i64})), "pid");
}

#[test]
fn unknown_claims_are_refused_by_name() {
    for name in ["nbf", "sub", "authorization_details", "Scope"] {
        match read(&json!({ name: "x" })) {
            Err(GrantError::UnknownClaim(unknown)) => assert_eq!(unknown, name),
            other => panic!("{name}: {:?}", other.err()),
        }
    }
}

proptest! {
    #[test]
    fn no_value_makes_the_reader_fail(name in "aud|iat|exp|jti|scope|resource|consumer_org|pid|iss_onbehalfof", number: f64, text in ".{0,30}", list: bool) {
        for value in [json!(number), json!(text)] {
            let value = if list { json!([value, {"x": null}]) } else { value };
            let _ = read(&json!({ &name: value }));
        }
    }
}
