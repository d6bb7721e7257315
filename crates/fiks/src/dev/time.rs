//! Spans of time as people write them.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Reads `+2d`, `2d 4h`, `90m` or ISO 8601 (`P2D`, `PT48H`). A day is 24 hours. Only forwards.
pub fn parse_span(text: &str) -> anyhow::Result<Duration> {
    let trimmed = text.trim().trim_start_matches('+');
    let span: Span = trimmed.parse().with_context(|| {
        format!("«{text}» er ikke et tidsrom. Skriv for eksempel +2d, +36h, +15m eller P40D.")
    })?;
    let length: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours())?;
    ensure!(length.is_positive(), "Tiden kan bare flyttes framover.");
    Ok(length.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_and_programs_write_them() {
        let day = Duration::from_hours(24);
        for (text, expected) in [
            ("+2d", day * 2),
            ("2d", day * 2),
            ("P2D", day * 2),
            ("PT48H", day * 2),
            ("90m", day / 16),
            ("1w", day * 7),
        ] {
            assert_eq!(parse_span(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn time_does_not_go_back_or_stand_still() {
        for text in ["-2d", "0d", "i morgen", "", "1mo"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
