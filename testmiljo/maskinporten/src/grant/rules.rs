//! When a grant counts (auth-og-konfigurasjon §3.1).

use fiks_core::Timestamp;

use super::Grant;
use crate::errors::GrantError;

/// How far `iat` may be from our clock, in seconds.
const SKEW: i64 = 10;

/// How long after `iat` a grant may end, in seconds: 120, and two more because KS' .NET client rounds both ends by
/// themselves (auth-og-konfigurasjon §3.3).
const LONGEST_LIFETIME: i64 = 120 + 2;

/// Checks `iat` and `exp` against each other and against the clock.
pub(crate) fn check_times(grant: &Grant, now: Timestamp) -> Result<(), GrantError> {
    let lifetime = grant.expires.as_seconds() - grant.issued_at.as_seconds();
    if !(1..=LONGEST_LIFETIME).contains(&lifetime) {
        return Err(GrantError::Lifetime(lifetime));
    }
    if grant.expires <= now {
        return Err(GrantError::Expired);
    }
    let age = now.as_seconds() - grant.issued_at.as_seconds();
    if age.abs() > SKEW {
        return Err(GrantError::IssuedAt(age));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    /// With `iat` and `exp` so many milliseconds after now.
    fn check(issued_at: i64, expires: i64) -> Result<(), GrantError> {
        let now = Timestamp::from_millis(NOW * 1000);
        let grant = Grant {
            audience: String::new(),
            issued_at: now.plus_millis(issued_at),
            expires: now.plus_millis(expires),
            jti: None,
            scopes: Vec::new(),
            resources: Vec::new(),
            consumer_org: None,
            on_behalf_of: None,
            pid: None,
        };
        check_times(&grant, now)
    }

    #[test]
    fn a_grant_of_two_minutes_made_now_counts() {
        assert!(check(0, 120_000).is_ok());
        assert!(check(-400, 120_600).is_ok(), "rounded ends of the .NET client");
        assert!(check(0, 1_000).is_ok());
    }

    #[test]
    fn the_issue_time_may_be_ten_seconds_off_either_way() {
        assert!(check(10_000, 60_000).is_ok());
        assert!(check(-10_000, 60_000).is_ok());
        assert!(matches!(check(11_000, 60_000), Err(GrantError::IssuedAt(-11))));
        assert!(matches!(check(-11_000, 60_000), Err(GrantError::IssuedAt(11))));
    }

    #[test]
    fn a_grant_that_has_run_out_is_refused() {
        assert!(matches!(check(-9_000, 0), Err(GrantError::Expired)));
        assert!(matches!(check(-130_000, -10_000), Err(GrantError::Expired)));
    }

    #[test]
    fn a_lifetime_of_more_than_two_minutes_or_none_is_refused() {
        assert!(matches!(check(0, 123_000), Err(GrantError::Lifetime(123))));
        assert!(matches!(check(0, 0), Err(GrantError::Lifetime(0))));
        assert!(matches!(check(5_000, 1_000), Err(GrantError::Lifetime(-4))));
    }
}
