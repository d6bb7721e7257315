use fiks_core::{Clock, ClockHand};
use serde_json::json;

use super::*;
use crate::testing::{KEY, LEEWAY, claims, good_token, validator};

fn cache(capacity: usize) -> (TokenCache, ClockHand) {
    let (clock, hand) = Clock::movable(0);
    (TokenCache::new(validator(clock), capacity), hand)
}

#[tokio::test]
async fn a_token_is_checked_once() {
    let (cache, _) = cache(10);
    let token = good_token();
    let first = cache.validate(&token).await.unwrap();
    let second = cache.validate(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_remembered_token_dies_when_it_expires() {
    let (cache, hand) = cache(10);
    let five_minutes_left = Timestamp::real().as_seconds() + 300 - LEEWAY.as_secs().cast_signed();
    let token = KEY.token(&claims(&json!({ "exp": five_minutes_left })));
    assert!(cache.validate(&token).await.is_ok());
    hand.advance(Duration::from_mins(6));
    assert_eq!(cache.validate(&token).await, Err(TokenError::Expired));
    assert_eq!(cache.entries.len(), 0);
}

#[tokio::test]
async fn a_long_lived_token_is_checked_again_now_and_then() {
    let (cache, hand) = cache(10);
    let token = KEY.token(&claims(&json!({"exp": Timestamp::real().as_seconds() + 86_400})));
    let first = cache.validate(&token).await.unwrap();
    hand.advance(LONGEST_STAY);
    let second = cache.validate(&token).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn refused_tokens_are_not_remembered() {
    let (cache, _) = cache(10);
    for token in ["", "a.b.c", &KEY.token(&claims(&json!({"scope": "annet"})))] {
        assert!(cache.validate(token).await.is_err());
    }
    assert_eq!(cache.entries.len(), 0);
}

#[tokio::test]
async fn no_more_tokens_are_remembered_than_allowed() {
    let (cache, _) = cache(8);
    for number in 0..40 {
        assert!(
            cache
                .validate(&KEY.token(&claims(&json!({"jti": number}))))
                .await
                .is_ok()
        );
    }
    assert!(cache.entries.len() <= 8, "{}", cache.entries.len());
}

#[tokio::test]
async fn an_oversized_token_is_not_even_hashed() {
    let (cache, _) = cache(8);
    assert_eq!(
        cache.validate(&"x".repeat(1 << 20)).await,
        Err(TokenError::TooLarge)
    );
}
