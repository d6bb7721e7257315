//! SASL PLAIN (RFC 4616), the one mechanism that Fiks IO clients use.

use secrecy::SecretString;

/// Name on the wire.
pub(crate) const PLAIN: &str = "PLAIN";

/// Longest user name in bytes (RFC 4616 leaves it open, SASL mechanisms commonly stop here).
const USER_MAX: usize = 255;

/// User name and password of a PLAIN response: `[authorization id] NUL user NUL password`.
///
/// `None` when it is not of that form, no UTF-8 or too long, or when it asks to act as somebody else.
pub(crate) fn plain(response: &[u8]) -> Option<(String, SecretString)> {
    let mut parts = response.splitn(3, |octet| *octet == 0);
    let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    if user.is_empty()
        || user.len() > USER_MAX
        || password.contains(&0)
        || !(authorization.is_empty() || authorization == user)
    {
        return None;
    }
    let user = std::str::from_utf8(user).ok()?;
    let password = std::str::from_utf8(password).ok()?;
    Some((user.to_owned(), SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_password_may_hold_spaces_and_be_empty() {
        let (user, secret) = plain(b"\0u\0pass eyJ.token").unwrap();
        assert_eq!((user.as_str(), secret.expose_secret()), ("u", "pass eyJ.token"));
        assert_eq!(plain(b"u\0u\0").unwrap().1.expose_secret(), "");
    }

    #[test]
    fn other_forms_are_refused() {
        for response in [
            &b""[..],
            b"u",
            b"\0u",
            b"\0\0p",
            b"other\0u\0p",
            b"\0u\0p\0",
            b"\0\xff\0p",
            b"\0u\0\xff",
        ] {
            assert!(plain(response).is_none(), "{response:?}");
        }
        assert!(plain(&[&[0], &[b'u'; 256][..], &[0]].concat()).is_none());
    }
}
