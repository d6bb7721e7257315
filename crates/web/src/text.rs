//! Numbers and times as Norwegian text.
//!
//! Invariant: `assets/fiks.js` writes relative times in the same words, so that a page reads alike before and
//! after its script has run.

use std::time::Duration;

use fiks_core::Timestamp;

/// A duration in its largest whole unit: `12 s`, `3 min`, `5 t`, `2 dager`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} t", seconds / 3_600),
        _ => format!("{} dager", seconds / 86_400),
    }
}

/// How far away a moment is: `nå`, `for 3 min siden`, `om 2 dager`.
pub fn relative(moment: Timestamp, now: Timestamp) -> String {
    let (past, future) = (now.since(moment), moment.since(now));
    if past.max(future) < Duration::from_secs(1) {
        "nå".to_owned()
    } else if future.is_zero() {
        format!("for {} siden", duration(past))
    } else {
        format!("om {}", duration(future))
    }
}

/// A number of bytes with decimal prefixes and comma: `812 B`, `1,2 kB`, `5,0 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    UNITS
        .iter()
        .find(|(unit, _)| bytes >= *unit)
        .map_or_else(|| format!("{bytes} B"), |(unit, name)| tenths(bytes, *unit, name))
}

/// Rounded down, so that a size never looks larger than it is.
fn tenths(bytes: u64, unit: u64, name: &str) -> String {
    format!("{},{} {name}", bytes / unit, bytes % unit / (unit / 10))
}

/// A number with its noun: `1 melding`, `3 meldinger`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_its_largest_whole_unit() {
        let told = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(
            [told(0), told(59), told(60), told(3_599)],
            ["0 s", "59 s", "1 min", "59 min"]
        );
        assert_eq!(
            [told(3_600), told(172_799), told(172_800)],
            ["1 t", "47 t", "2 dager"]
        );
    }

    #[test]
    fn a_moment_is_told_from_where_we_stand() {
        let now = Timestamp::from_millis(1_000_000_000);
        let told = |millis: i64| relative(now.plus_millis(millis), now);
        assert_eq!([told(0), told(-999), told(999)], ["nå", "nå", "nå"]);
        assert_eq!([told(-61_000), told(61_000)], ["for 1 min siden", "om 1 min"]);
    }

    #[test]
    fn a_size_never_looks_larger_than_it_is() {
        assert_eq!(
            [size(0), size(999), size(1_000), size(1_999)],
            ["0 B", "999 B", "1,0 kB", "1,9 kB"]
        );
        assert_eq!([size(5_000_000), size(u64::MAX)], ["5,0 MB", "18446744,0 TB"]);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1, "melding", "meldinger"), "1 melding");
        assert_eq!(count(0, "melding", "meldinger"), "0 meldinger");
    }
}
