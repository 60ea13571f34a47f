//! From `date_range` to instants.
//!
//! Days are those of the time zone: from its midnight to the next, however many hours are between. Ranges that end today end with today.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use serde_json::Value;

use super::wrong::Wrong;
use hgpixel_store::CalendarUnit as Unit;

/// A range, at most. (Ten years and their leap days.)
const DAYS_MAX: i64 = 3_653;
/// The longest, with a change of clocks.
const QUARTER_DAYS: i64 = 93;
const DAY_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;

const EXPECTED: &str = "expected day, 24h, 7d, 28d, 30d, 91d, month, 6mo, 12mo, year, all, realtime, or [from, to] as two dates \
    (2026-11-01) or two instants (2026-11-01T12:00:00+01:00)";

/// A range as it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dates {
    /// So many days, today being the last.
    Days(i64),
    /// Minutes up to the end of this one.
    Minutes(i64),
    /// So many months, this one being the last, up to today.
    Months(i64),
    Year,
    All,
    /// Both included.
    Between(Date, Date),
    /// The second excluded.
    Instants(Timestamp, Timestamp),
}

/// Now, seen from a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Today {
    pub(crate) now: Zoned,
    pub(crate) zone: TimeZone,
}

/// Instants, and the days that they are, if they are days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from_ms: i64,
    pub(crate) until_ms: i64,
    /// The first and the last day.
    pub(crate) days: Option<(Date, Date)>,
    /// Whether more may happen in it.
    pub(crate) is_open: bool,
}

impl Dates {
    pub(crate) fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

impl Today {
    pub(crate) fn new(now_ms: i64, zone: TimeZone) -> Result<Self, Wrong> {
        let now = Timestamp::from_millisecond(now_ms)
            .map_err(|_| Wrong::new("the server's clock is out of range"))?;
        Ok(Self {
            now: now.to_zoned(zone.clone()),
            zone,
        })
    }

    pub(crate) fn date(&self) -> Date {
        self.now.date()
    }
}

impl Range {
    /// The unit in which it is drawn when none is asked for.
    pub(crate) fn unit(&self) -> Unit {
        let length_ms = self.until_ms - self.from_ms;
        if length_ms <= 2 * HOUR_MS {
            Unit::Minute
        } else if length_ms <= DAY_MS + HOUR_MS {
            // A day, and the hour by which it may be longer.
            Unit::Hour
        } else if length_ms <= QUARTER_DAYS * DAY_MS {
            Unit::Day
        } else {
            Unit::Month
        }
    }
}

pub(crate) fn parse(key: &str, value: Option<&Value>) -> Result<Dates, Wrong> {
    let wrong = || Wrong::at(key, EXPECTED);
    Ok(match value.ok_or_else(wrong)? {
        Value::String(name) => match name.as_str() {
            "day" => Dates::Days(1),
            "realtime" => Dates::Minutes(30),
            "24h" => Dates::Minutes(24 * 60),
            "7d" => Dates::Days(7),
            "28d" => Dates::Days(28),
            "30d" => Dates::Days(30),
            "91d" => Dates::Days(91),
            "month" => Dates::Months(1),
            "6mo" => Dates::Months(6),
            "12mo" => Dates::Months(12),
            "year" => Dates::Year,
            "all" => Dates::All,
            _ => return Err(wrong()),
        },
        Value::Array(ends) => between(ends).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    })
}

fn between(ends: &[Value]) -> Option<Dates> {
    let [Value::String(from), Value::String(to)] = ends else {
        return None;
    };
    // A text with a time of day reads as a date too, so its length decides.
    let is_date = |text: &str| text.len() == "2026-11-01".len();
    if is_date(from) && is_date(to) {
        return Some(Dates::Between(from.parse().ok()?, to.parse().ok()?));
    }
    Some(Dates::Instants(from.parse().ok()?, to.parse().ok()?))
}

/// The instants. `first_ms` is when the site's first event happened.
pub(crate) fn of(dates: &Dates, today: &Today, first_ms: Option<i64>) -> Result<Range, Wrong> {
    let date = today.date();
    let back = |span: Span| date.checked_sub(span).map_err(|_| too_far());
    let range = match dates {
        Dates::Days(days) => of_days(back((days - 1).days())?, date, today)?,
        Dates::Months(months) => {
            of_days(back((months - 1).months())?.first_of_month(), date, today)?
        }
        Dates::Year => of_days(date.first_of_year(), date, today)?,
        Dates::All => {
            let first = first_ms.and_then(|first_ms| Timestamp::from_millisecond(first_ms).ok());
            let first = first.map_or(date, |first| first.to_zoned(today.zone.clone()).date());
            of_days(first.min(date), date, today)?
        }
        Dates::Between(from, to) => of_days(*from, *to, today)?,
        Dates::Minutes(minutes) => {
            let now_ms = today.now.timestamp().as_millisecond();
            let until_ms = (now_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS;
            of_instants(until_ms - minutes * MINUTE_MS, until_ms, today)
        }
        Dates::Instants(from, until) => {
            of_instants(from.as_millisecond(), until.as_millisecond(), today)
        }
    };
    checked(range)
}

pub(super) fn checked(range: Range) -> Result<Range, Wrong> {
    if range.from_ms >= range.until_ms {
        return Err(Wrong::at("date_range", "it ends before it begins"));
    }
    if range.until_ms - range.from_ms > DAYS_MAX * DAY_MS {
        return Err(too_far());
    }
    Ok(range)
}

fn too_far() -> Wrong {
    Wrong::at("date_range", "at most ten years")
}

/// Whole days, both included.
pub(super) fn of_days(first: Date, last: Date, today: &Today) -> Result<Range, Wrong> {
    let after = last.tomorrow().map_err(|_| too_far())?;
    let (from_ms, until_ms) = (midnight(first, &today.zone)?, midnight(after, &today.zone)?);
    Ok(Range {
        days: Some((first, last)),
        ..of_instants(from_ms, until_ms, today)
    })
}

pub(super) fn of_instants(from_ms: i64, until_ms: i64, today: &Today) -> Range {
    Range {
        from_ms,
        until_ms,
        days: None,
        is_open: until_ms > today.now.timestamp().as_millisecond(),
    }
}

/// When a day begins: at midnight, or where the clock jumps over it, with the first moment after.
pub(super) fn midnight(date: Date, zone: &TimeZone) -> Result<i64, Wrong> {
    let start = date.to_zoned(zone.clone()).map_err(|_| too_far())?;
    Ok(start.timestamp().as_millisecond())
}

/// An instant as people of the zone write it, to the second.
pub(crate) fn written(time_ms: i64, zone: &TimeZone) -> String {
    let Ok(time) = Timestamp::from_millisecond(time_ms) else {
        return String::new();
    };
    let time = time.to_zoned(zone.clone());
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The same moment a year before, by the clock of the zone.
pub(super) fn year_before(time_ms: i64, zone: &TimeZone) -> Result<i64, Wrong> {
    let time = Timestamp::from_millisecond(time_ms).map_err(|_| too_far())?;
    let before = time.to_zoned(zone.clone()).checked_sub(1.year());
    Ok(before.map_err(|_| too_far())?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2026-11-23T23:30:15Z, when it is the 24th in Vienna already.
    const NOW_MS: i64 = 1_795_476_615_000;

    fn found(dates: &Value, zone: &str, first_ms: Option<i64>) -> Result<(String, String), Wrong> {
        let zone = TimeZone::get(zone).unwrap();
        let today = Today::new(NOW_MS, zone.clone()).unwrap();
        let range = of(&parse("date_range", Some(dates))?, &today, first_ms)?;
        Ok((
            written(range.from_ms, &zone),
            written(range.until_ms, &zone),
        ))
    }

    fn check(dates: &Value, from: &str, until: &str) {
        let expected = (from.to_owned(), until.to_owned());
        assert_eq!(found(dates, "Europe/Vienna", None), Ok(expected), "{dates}");
    }

    #[test]
    fn names_are_days_of_the_zone() {
        let tomorrow = "2026-11-25T00:00:00+01:00";
        check(&json!("day"), "2026-11-24T00:00:00+01:00", tomorrow);
        check(&json!("7d"), "2026-11-18T00:00:00+01:00", tomorrow);
        check(&json!("30d"), "2026-10-26T00:00:00+01:00", tomorrow);
        check(&json!("91d"), "2026-08-26T00:00:00+02:00", tomorrow);
        check(&json!("month"), "2026-11-01T00:00:00+01:00", tomorrow);
        check(&json!("6mo"), "2026-06-01T00:00:00+02:00", tomorrow);
        check(&json!("12mo"), "2025-12-01T00:00:00+01:00", tomorrow);
        check(&json!("year"), "2026-01-01T00:00:00+01:00", tomorrow);
        check(&json!("all"), "2026-11-24T00:00:00+01:00", tomorrow);
        check(
            &json!("24h"),
            "2026-11-23T00:31:00+01:00",
            "2026-11-24T00:31:00+01:00",
        );
        check(
            &json!("realtime"),
            "2026-11-24T00:01:00+01:00",
            "2026-11-24T00:31:00+01:00",
        );
        let all = found(&json!("all"), "UTC", Some(NOW_MS - 40 * DAY_MS)).unwrap();
        assert_eq!(all.0, "2026-10-14T00:00:00+00:00");
    }

    #[test]
    fn dates_are_included_and_instants_are_as_they_are() {
        check(
            &json!(["2026-10-25", "2026-10-25"]),
            "2026-10-25T00:00:00+02:00",
            "2026-10-26T00:00:00+01:00",
        );
        check(
            &json!(["2026-10-25T00:00:00Z", "2026-10-25T12:00:00+02:00"]),
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T11:00:00+01:00",
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for dates in [
            json!("8d"),
            json!(7),
            json!(["2026-01-01"]),
            json!(["2026-01-01", "2026-13-01"]),
            json!(["2026-01-01", "2026-01-01T00:00:00Z"]),
            json!(["2026-01-01T00:00:00", "2026-01-02T00:00:00"]),
            json!(["2026-01-02", "2026-01-01"]),
            json!(["2006-01-01", "2026-01-01"]),
        ] {
            let wrong = found(&dates, "UTC", None).unwrap_err();
            assert!(wrong.detail().starts_with("date_range: "), "{dates}");
        }
    }
}
