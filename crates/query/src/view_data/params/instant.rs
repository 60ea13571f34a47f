//! Times as people and programs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// What a written time covers: a day, a minute, or one millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

impl Span {
    /// What an unreadable one is answered with.
    pub(super) const EXPECTED: &str =
        "a time such as 2026-11-27, 2026-11-27T14:30, 2026-11-27T14:30:00.000Z, -7d, -24h or -30m";

    /// A date or a time without an offset is in UTC; `-7d` is seven days before now.
    pub(super) fn parse(text: &str, now_ms: i64) -> Option<Self> {
        let text = text.trim();
        if let Some(ago) = text.strip_prefix('-') {
            return Some(Self::instant(now_ms.checked_sub(ago_ms(ago)?)?));
        }
        if text.len() == "2026-11-27".len() {
            let day: Date = text.parse().ok()?;
            let next = day.checked_add(1.day()).ok()?;
            return Some(Self {
                from_ms: utc_ms(day.to_datetime(Time::midnight()))?,
                until_ms: utc_ms(next.to_datetime(Time::midnight()))?,
            });
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(Self::instant(time.as_millisecond()));
        }
        // Without a zone, or a date with nothing but one, which is none of these.
        let time: DateTime = text.parse().ok()?;
        let from_ms = utc_ms(time)?;
        let minute = "2026-11-27T14:30".len();
        let second = "2026-11-27T14:30:00".len();
        let length_ms = match text.len() {
            length if length == minute => 60_000,
            length if length == second => 1_000,
            _ => 1,
        };
        Some(Self {
            from_ms,
            until_ms: from_ms.checked_add(length_ms)?,
        })
    }

    fn instant(time_ms: i64) -> Self {
        Self {
            from_ms: time_ms,
            until_ms: time_ms.saturating_add(1),
        }
    }
}

fn utc_ms(time: DateTime) -> Option<i64> {
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

fn ago_ms(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let unit_ms = match unit {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    i64::from(number).checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27T14:30:00Z
    const NOW_MS: i64 = 1_795_789_800_000;

    #[test]
    fn a_time_covers_what_it_names() {
        let check = |text: &str, from_ms: i64, length_ms: i64| {
            let until_ms = from_ms + length_ms;
            assert_eq!(
                Span::parse(text, NOW_MS),
                Some(Span { from_ms, until_ms }),
                "{text}"
            );
        };
        check("2026-11-27", NOW_MS - 52_200_000, 86_400_000);
        check("2026-11-27T14:30", NOW_MS, 60_000);
        check(" 2026-11-27 14:30 ", NOW_MS, 60_000);
        check("2026-11-27T14:30:00", NOW_MS, 1_000);
        check("2026-11-27T14:30:00.007", NOW_MS + 7, 1);
        check("2026-11-27T14:30:00.007Z", NOW_MS + 7, 1);
        check("2026-11-27T16:30+02:00", NOW_MS, 1);
        check("-30m", NOW_MS - 1_800_000, 1);
        check("-24h", NOW_MS - 86_400_000, 1);
        check("-7d", NOW_MS - 604_800_000, 1);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "now",
            "7d",
            "-7",
            "-7w",
            "--7d",
            "-99999999999999d",
            "2026-13-01",
            "2026-02-30",
            "2026-11-27T25:00",
            "1e9",
            "☃",
            "-☃",
        ] {
            assert_eq!(Span::parse(text, NOW_MS), None, "{text}");
        }
    }
}
