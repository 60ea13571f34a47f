//! Instants as texts.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// ISO 8601 in UTC with milliseconds, as `Date.toISOString()` writes it; empty for an instant beyond the year 9999.
pub(crate) fn iso(time_ms: i64) -> String {
    Timestamp::from_millisecond(time_ms)
        .map(|time| MILLISECONDS.timestamp_to_string(&time))
        .unwrap_or_default()
}

/// The day and the minute in UTC, for people: `2026-09-21 14:13`.
pub(crate) fn minute(time_ms: i64) -> String {
    let text = iso(time_ms);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => text,
    }
}

/// How long ago, for people: the largest unit only.
pub(crate) fn ago(time_ms: i64, now_ms: i64) -> String {
    let seconds = now_ms.saturating_sub(time_ms).max(0) / 1_000;
    let (count, unit) = match seconds {
        0..5 => return "just now".to_owned(),
        5..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_a_browser_writes_it() {
        assert_eq!(iso(1_790_000_000_000), "2026-09-21T14:13:20.000Z");
        assert_eq!(iso(1_790_000_000_007), "2026-09-21T14:13:20.007Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(iso(i64::MAX), "");
        assert_eq!(minute(1_790_000_000_000), "2026-09-21 14:13");
        assert_eq!(minute(i64::MAX), "");
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let check = |seconds: i64, text: &str| assert_eq!(ago(0, seconds * 1_000), text);
        check(-9, "just now");
        check(4, "just now");
        check(59, "59 seconds ago");
        check(60, "1 minute ago");
        check(7_199, "1 hour ago");
        check(200_000, "2 days ago");
    }
}
