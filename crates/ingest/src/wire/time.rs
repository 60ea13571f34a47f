//! When an event happened, as its client tells it.

use jiff::Timestamp;

use super::scalar::Scalar;

/// A client's time. What cannot be read is as good as absent: a time is a hint, never a reason to refuse an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientTime {
    #[default]
    Absent,
    /// Milliseconds since 1970 UTC, by the client's clock.
    At(i64),
    /// So many milliseconds before the request was sent; free of the client's clock.
    Ago(i64),
}

impl ClientTime {
    /// A point in time: milliseconds since 1970, as a number or as digits, or an ISO 8601 text with its offset.
    pub(crate) fn at(value: &Scalar<'_>) -> Self {
        match value {
            Scalar::Number(_) => milliseconds(value).map_or(Self::Absent, Self::At),
            Scalar::Text(text) => text
                .parse()
                .ok()
                .or_else(|| iso_ms(text))
                .map_or(Self::Absent, Self::At),
            _ => Self::Absent,
        }
    }

    /// An age in milliseconds; a negative one is absent.
    pub(crate) fn ago(value: &Scalar<'_>) -> Self {
        milliseconds(value)
            .filter(|age_ms| *age_ms >= 0)
            .map_or(Self::Absent, Self::Ago)
    }
}

/// Milliseconds, as a number. Fractions are cut: browsers' own clocks give them.
pub(crate) fn milliseconds(value: &Scalar<'_>) -> Option<i64> {
    let Scalar::Number(number) = value else {
        return None;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float saturates, and an implausible time is refused later"
    )]
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|float| float as i64))
}

fn iso_ms(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .map(|time: Timestamp| time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(json: &str) -> ClientTime {
        ClientTime::at(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_time_is_milliseconds_or_iso_text() {
        let expected = ClientTime::At(1_790_000_000_123);
        assert_eq!(at("1790000000123"), expected);
        assert_eq!(at("1790000000123.9"), expected);
        assert_eq!(at(r#""1790000000123""#), expected);
        assert_eq!(at(r#""2026-09-21T14:13:20.123Z""#), expected);
        assert_eq!(at(r#""2026-09-21T16:13:20.123+02:00""#), expected);
    }

    #[test]
    fn an_unreadable_time_is_absent() {
        for json in [
            "null",
            "true",
            "[]",
            "{}",
            r#""""#,
            r#""yesterday""#,
            r#""2026-09-21""#,
            r#""2026-09-21T14:13:20""#,
            r#""2026-13-01T00:00:00Z""#,
        ] {
            assert_eq!(at(json), ClientTime::Absent, "{json}");
        }
    }

    #[test]
    fn extreme_numbers_do_not_overflow() {
        assert_eq!(at("1e300"), ClientTime::At(i64::MAX));
        assert_eq!(at("-1e300"), ClientTime::At(i64::MIN));
        assert_eq!(at("18446744073709551615"), ClientTime::At(i64::MAX));
    }

    #[test]
    fn an_age_is_not_negative() {
        let ago = |json: &str| ClientTime::ago(&serde_json::from_str(json).unwrap());
        assert_eq!(ago("1500"), ClientTime::Ago(1_500));
        assert_eq!(ago("0"), ClientTime::Ago(0));
        assert_eq!(ago("-1"), ClientTime::Absent);
        assert_eq!(ago(r#""1500""#), ClientTime::Absent);
    }
}
