//! The settings of an S3-compatible store, and the client made from them.

use std::sync::Arc;
use std::time::Duration;

use fiks_core::{ExposeSecret as _, SecretString};
use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::errors::{BlobError, BoxError, Result};

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Silence that ends a call. No deadline is set for a call as a whole: a download lasts as long as its reader takes.
const SILENCE: Duration = Duration::from_secs(30);
/// Repeats end well before those wait who wait for us (60 s: dokumentlager §3).
const REPEATS: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    },
    max_retries: 5,
    retry_timeout: Duration::from_secs(30),
};

/// An S3-compatible store: AWS, Ceph, Garage, MinIO, and their like.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// Address, as `https://…` or, inside a closed network, `http://…`. `None` means AWS itself.
    pub endpoint: Option<String>,
    /// The bucket. It must exist.
    pub bucket: String,
    /// The region, for stores that have any; else `us-east-1` will do.
    pub region: String,
    /// Access key and secret key. `None` takes them from the surroundings as AWS' own tools do (environment, web
    /// identity, instance).
    pub credentials: Option<(String, SecretString)>,
    /// Whether the bucket is part of the host name. Most stores but AWS want it in the path.
    pub virtual_hosted: bool,
    /// What all keys begin with, for a bucket that is shared. May be empty.
    pub prefix: String,
}

impl S3Settings {
    /// Makes the client. Calls nothing.
    ///
    /// # Errors
    /// [`BlobError::Setting`] for an address or a name that cannot be used.
    pub fn connect(&self) -> Result<Arc<dyn ObjectStore>> {
        // The builder takes an empty name for a name.
        if self.bucket.is_empty() {
            return Err(unusable(None));
        }
        let store = self
            .builder()
            .build()
            .map_err(|error| unusable(Some(error.into())))?;
        if self.prefix.is_empty() {
            return Ok(Arc::new(store));
        }
        Ok(Arc::new(PrefixStore::new(store, self.prefix.as_str())))
    }

    fn builder(&self) -> AmazonS3Builder {
        let is_plain = self
            .endpoint
            .as_ref()
            .is_some_and(|address| address.starts_with("http://"));
        let client = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_connect_timeout(CONNECT_DEADLINE)
            .with_timeout_disabled()
            .with_read_timeout(SILENCE);
        let start = match &self.credentials {
            None => AmazonS3Builder::from_env(),
            Some((id, secret)) => AmazonS3Builder::new()
                .with_access_key_id(id)
                .with_secret_access_key(secret.expose_secret()),
        };
        let builder = start
            .with_client_options(client)
            .with_retry(REPEATS)
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(self.virtual_hosted)
            // TLS protects a part on its way, and signing it too would hash it on an async thread. Without TLS the
            // signature is the only protection.
            .with_unsigned_payload(!is_plain)
            // Not every store has the call that deletes many objects at once.
            .with_disable_bulk_delete(true);
        match &self.endpoint {
            Some(address) => builder.with_endpoint(address),
            None => builder,
        }
    }
}

fn unusable(source: Option<BoxError>) -> BlobError {
    BlobError::Setting {
        what: "innstillingene for S3",
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str) -> S3Settings {
        S3Settings {
            endpoint: Some(endpoint.to_owned()),
            bucket: "dokumenter".to_owned(),
            region: "us-east-1".to_owned(),
            credentials: Some(("id".to_owned(), SecretString::from("hemmelig"))),
            virtual_hosted: false,
            prefix: String::new(),
        }
    }

    #[test]
    fn a_client_is_made_for_any_address() {
        assert!(settings("http://localhost:9000").connect().is_ok());
        assert!(settings("https://s3.example.no").connect().is_ok());
    }

    #[test]
    fn secrets_do_not_show() {
        assert!(!format!("{:?}", settings("https://s3.example.no")).contains("hemmelig"));
    }

    #[test]
    fn a_bucket_without_a_name_is_refused() {
        let nameless = S3Settings {
            bucket: String::new(),
            ..settings("https://s3.example.no")
        };
        assert!(matches!(nameless.connect(), Err(BlobError::Setting { .. })));
    }
}
