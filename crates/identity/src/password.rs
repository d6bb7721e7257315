//! Keyed hashes of integration passwords.
//!
//! Invariant: every check costs the same one hash, whether or not there is anything to compare with, so that the
//! time an answer takes tells nothing about which integrations exist.

use aws_lc_rs::hmac;

/// Length of a hash in bytes.
const HASH_BYTES: usize = 32;

/// What a password is compared with where there is none. No password is known to give it.
const NO_HASH: [u8; HASH_BYTES] = [0; HASH_BYTES];

/// Hashes integration passwords with HMAC-SHA-256 under the installation's key.
///
/// A fast keyed hash is enough because the platform makes the passwords itself, with 192 random bits
/// ([`fiks_core::Random::secret`]): they cannot be guessed, and a stolen table is worthless without the key.
#[derive(Clone)]
pub struct PasswordHasher(hmac::Key);

impl PasswordHasher {
    /// Hashes under that key. Whoever loses the key has to make every password anew.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The hash to store, 32 bytes.
    pub fn hash(&self, passord: &str) -> Vec<u8> {
        hmac::sign(&self.0, significant(passord)).as_ref().to_vec()
    }

    /// Whether the password gives that hash, compared in constant time. `None` is an integration that is unknown
    /// or has no password yet: never true, and no faster.
    pub fn verify(&self, passord: &str, stored: Option<&[u8]>) -> bool {
        let matches = hmac::verify(&self.0, significant(passord), stored.unwrap_or(&NO_HASH)).is_ok();
        matches && stored.is_some()
    }
}

/// KS' .NET client trims the password before it sends it (fiks-io §8.1), so white space at the ends never counts.
fn significant(passord: &str) -> &[u8] {
    passord.trim().as_bytes()
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHasher")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(&[7; 32])
    }

    #[test]
    fn only_the_password_that_was_hashed_matches() {
        let stored = hasher().hash("hemmelig");
        assert!(hasher().verify("hemmelig", Some(&stored)));
        assert!(!hasher().verify("Hemmelig", Some(&stored)));
        assert!(!hasher().verify("", Some(&stored)));
    }

    #[test]
    fn white_space_around_the_password_does_not_count() {
        let stored = hasher().hash("hemmelig ");
        assert!(hasher().verify("hemmelig", Some(&stored)));
        assert!(hasher().verify(" hemmelig\r\n", Some(&stored)));
        assert!(!hasher().verify("hem melig", Some(&stored)));
    }

    #[test]
    fn nothing_matches_where_there_is_no_password() {
        assert!(!hasher().verify("", None));
        assert!(!hasher().verify("hemmelig", None));
        assert!(!hasher().verify("hemmelig", Some(&[])));
    }

    #[test]
    fn another_key_gives_another_hash() {
        let other = PasswordHasher::new(&[8; 32]);
        assert!(!other.verify("hemmelig", Some(&hasher().hash("hemmelig"))));
    }

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // Stored hashes must go on counting; this one was made with `openssl dgst -sha256 -mac HMAC`.
        let expected = "Wpk1zqs1lrietPjHV8iIALl8mUX8lJ/ZpgPrtS1VFMw=";
        assert_eq!(STANDARD.encode(hasher().hash("hemmelig")), expected);
    }
}
