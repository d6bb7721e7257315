use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::*;
use crate::testing::{KEY, STRANGER};

const URL: &str = "https://localhost/maskinporten/jwk";

/// Answers when a test lets it, with what the test says.
struct Source {
    calls: AtomicUsize,
    answer: Mutex<Option<Vec<u8>>>,
    may_answer: Semaphore,
}

impl Source {
    fn answering(body: Option<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            answer: Mutex::new(body),
            may_answer: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn held_back(body: Vec<u8>) -> Arc<Self> {
        let source = Self {
            may_answer: Semaphore::new(0),
            ..Arc::into_inner(Self::answering(Some(body))).unwrap()
        };
        Arc::new(source)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl JwksSource for Source {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, JwksUnavailable> {
        assert_eq!(url, URL);
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.may_answer.acquire().await.unwrap().forget();
        self.answer
            .lock()
            .clone()
            .ok_or_else(|| JwksUnavailable("connection refused".into()))
    }
}

fn body(key: &crate::testing::TestKey) -> Vec<u8> {
    serde_json::to_vec(&key.jwks()).unwrap()
}

fn remote(source: &Arc<Source>, timing: JwksTiming) -> RemoteKeys {
    RemoteKeys::new(URL.to_owned(), source.clone(), timing)
}

fn eager() -> JwksTiming {
    JwksTiming {
        min_interval: Duration::ZERO,
        ..JwksTiming::default()
    }
}

/// Lets the other tasks run until something is so, or fails when it does not become so.
async fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing happened");
}

async fn holds(remote: &RemoteKeys, kid: &str) -> bool {
    remote.holding(kid).await.unwrap().get(kid).is_some()
}

#[tokio::test]
async fn keys_are_fetched_once_and_remembered() {
    let source = Source::answering(Some(body(&KEY)));
    let remote = remote(&source, eager());
    assert!(holds(&remote, "en").await);
    assert!(holds(&remote, "en").await);
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn an_unknown_key_causes_a_fetch_and_is_found_after_the_issuer_changed_keys() {
    let source = Source::answering(Some(body(&KEY)));
    let remote = remote(&source, eager());
    assert!(!holds(&remote, "to").await);
    *source.answer.lock() = Some(body(&STRANGER));
    assert!(holds(&remote, "to").await);
    assert!(!holds(&remote, "en").await, "the withdrawn key still counts");
}

#[tokio::test]
async fn unknown_keys_do_not_cause_more_fetches_than_the_interval_allows() {
    let source = Source::answering(Some(body(&KEY)));
    let remote = remote(&source, JwksTiming::default());
    for kid in ["x", "y", "z"] {
        assert!(!holds(&remote, kid).await);
    }
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn a_failure_is_not_repeated_before_the_interval_has_passed() {
    let source = Source::answering(None);
    let remote = remote(&source, JwksTiming::default());
    assert_eq!(
        remote.holding("en").await.err(),
        Some(TokenError::KeysUnavailable)
    );
    assert_eq!(
        remote.holding("en").await.err(),
        Some(TokenError::KeysUnavailable)
    );
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn old_keys_go_on_counting_while_the_issuer_is_out_of_reach() {
    let source = Source::answering(Some(body(&KEY)));
    let remote = remote(
        &source,
        JwksTiming {
            max_age: Duration::ZERO,
            ..eager()
        },
    );
    assert!(holds(&remote, "en").await);
    *source.answer.lock() = None;
    assert!(holds(&remote, "en").await);
    assert!(!holds(&remote, "to").await);
    assert!(holds(&remote, "en").await);
}

#[tokio::test]
async fn old_keys_are_replaced_without_anybody_waiting() {
    let source = Source::answering(Some(body(&KEY)));
    let remote = remote(
        &source,
        JwksTiming {
            max_age: Duration::ZERO,
            ..eager()
        },
    );
    assert!(holds(&remote, "en").await);
    *source.answer.lock() = Some(body(&STRANGER));
    assert!(holds(&remote, "en").await);
    eventually(|| remote.0.fetched.read().as_ref().unwrap().keys.get("to").is_some()).await;
}

#[tokio::test]
async fn many_who_wait_share_one_fetch() {
    let source = Source::held_back(body(&KEY));
    let remote = remote(&source, eager());
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let remote = remote.clone();
                async move { holds(&remote, "en").await }
            })
        })
        .collect();
    eventually(|| source.calls() == 1).await;
    source.may_answer.add_permits(50);
    for one in waiting {
        assert!(one.await.unwrap());
    }
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_fetch() {
    let source = Source::held_back(body(&KEY));
    let remote = remote(&source, JwksTiming::default());
    let caller = tokio::spawn({
        let remote = remote.clone();
        async move { holds(&remote, "en").await }
    });
    eventually(|| source.calls() == 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    source.may_answer.add_permits(1);
    assert!(holds(&remote, "en").await);
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn a_fetch_that_takes_too_long_is_given_up() {
    let source = Source::held_back(body(&KEY));
    let remote = remote(
        &source,
        JwksTiming {
            deadline: Duration::from_millis(1),
            ..JwksTiming::default()
        },
    );
    assert_eq!(
        remote.holding("en").await.err(),
        Some(TokenError::KeysUnavailable)
    );
}

#[tokio::test]
async fn answers_that_are_no_key_set_are_failures() {
    for answer in [b"<html>".to_vec(), Vec::new(), vec![b' '; MAX_JWKS_BYTES + 1]] {
        let source = Source::answering(Some(answer));
        let error = remote(&source, eager()).holding("en").await.err();
        assert_eq!(error, Some(TokenError::KeysUnavailable));
    }
}
