//! Whatever is sent: a refusal with a body, and never a failure of the issuer's own.

use proptest::prelude::*;
use serde_json::Value;

use crate::world::{KEY, World, grant, refusal_in};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn refused(form: String) -> (u16, String, String) {
    block_on(async { refusal_in(World::new().post(form).await) })
}

/// JSON that nobody would send in good faith.
fn odd_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Bool(true)),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(".{0,5}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_body_is_refused_in_json(body in "\\PC{0,200}") {
        prop_assert_eq!(refused(body).0, 400);
    }

    #[test]
    fn any_assertion_is_refused_in_json(assertion in "[A-Za-z0-9_.-]{0,200}") {
        let form = fiks_maskinporten::testing::form(&assertion);
        prop_assert_eq!(refused(form).0, 400);
    }

    #[test]
    fn no_header_field_makes_the_issuer_fail(name in "alg|kid|x5c|crit|typ|jwk|[a-z]{1,5}", value in odd_value()) {
        let assertion = grant().header(&name, value).sign(&KEY).unwrap();
        let (status, _) = block_on(async { World::new().ask(&assertion).await });
        prop_assert!(status == 200 || status == 400, "{status}");
    }

    #[test]
    fn no_claim_makes_the_issuer_fail(
        name in "aud|iss|iat|exp|jti|scope|resource|consumer_org|pid|iss_onbehalfof|[a-z]{1,5}", value in odd_value(),
    ) {
        let assertion = grant().claim(&name, value).sign(&KEY).unwrap();
        let (status, _) = block_on(async { World::new().ask(&assertion).await });
        prop_assert!(status == 200 || status == 400 || status == 403, "{status}");
    }
}
