//! The one source of ids and secrets, handed in so that a test can make them repeatable.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use uuid::Uuid;

/// Hands out ids and secrets. Cheap to clone.
#[derive(Clone)]
pub struct Random(Arc<dyn SecureRandom + Send + Sync>);

/// The operating system gave no random bytes. Nothing safe can be done then.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct NoRandomness;

impl Random {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }

    /// Fills `buffer` with random bytes.
    pub fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(buffer).map_err(|_| NoRandomness)
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> Result<Uuid, NoRandomness> {
        let mut bytes = [0; 16];
        self.fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// A UUID that sorts by time (version 7), for rows that are written in the order they are made.
    pub fn uuid_at(&self, moment: crate::Timestamp) -> Result<Uuid, NoRandomness> {
        let mut bytes = [0; 10];
        self.fill(&mut bytes)?;
        let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// A secret of 192 bits as 32 characters `A–Z a–z 0–9 - _`: no spaces, since a space separates password and
    /// token over AMQP (auth-og-konfigurasjon §6.1).
    pub fn secret(&self) -> Result<SecretString, NoRandomness> {
        let mut bytes = [0; 24];
        self.fill(&mut bytes)?;
        Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn secrets_are_long_header_safe_and_different() {
        let random = Random::system();
        let one = random.secret().unwrap();
        let two = random.secret().unwrap();
        assert_eq!(one.expose_secret().len(), 32);
        assert!(one.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()));
        assert_ne!(one.expose_secret(), two.expose_secret());
    }

    #[test]
    fn timed_ids_sort_by_time() {
        let random = Random::system();
        let early = random.uuid_at(crate::Timestamp::from_millis(1_000)).unwrap();
        let late = random.uuid_at(crate::Timestamp::from_millis(1_001)).unwrap();
        assert!(early < late);
    }
}
