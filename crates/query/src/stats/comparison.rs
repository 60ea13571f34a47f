//! The range with which another is compared.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::question::known_keys;
use super::range::{self, Dates, Range, Today};
use super::wrong::Wrong;

/// With what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    mode: Mode,
    /// Shifts whole days so that the first one falls on the same day of the week.
    match_day_of_week: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Mode {
    PreviousPeriod,
    YearOverYear,
    Custom(Dates),
}

pub(crate) fn parse(value: &Value) -> Result<Comparison, Wrong> {
    const KEY: &str = "include.comparisons";
    let object = value
        .as_object()
        .ok_or_else(|| Wrong::at(KEY, "expected an object"))?;
    known_keys(
        "include.comparisons.",
        object,
        &["mode", "date_range", "match_day_of_week"],
    )?;
    let dates = object.get("date_range").filter(|dates| !dates.is_null());
    let mode = match (object.get("mode").and_then(Value::as_str), dates) {
        (Some("previous_period"), None) => Mode::PreviousPeriod,
        (Some("year_over_year"), None) => Mode::YearOverYear,
        (Some("custom"), Some(dates)) => {
            Mode::Custom(range::parse("include.comparisons.date_range", Some(dates))?)
        }
        _ => {
            return Err(Wrong::at(
                "include.comparisons.mode",
                "expected previous_period or year_over_year, or custom together with a date_range",
            ));
        }
    };
    let match_day_of_week = match object.get("match_day_of_week") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(matches)) => *matches,
        Some(_) => {
            return Err(Wrong::at(
                "include.comparisons.match_day_of_week",
                "expected true or false",
            ));
        }
    };
    Ok(Comparison {
        mode,
        match_day_of_week,
    })
}

/// As many days, or as much time, as the range has; a range of one's own as it is.
pub(crate) fn of(comparison: &Comparison, range: &Range, today: &Today) -> Result<Range, Wrong> {
    let beyond = |_| Wrong::at("include.comparisons", "this is beyond the calendar");
    let (first, last) = match (&comparison.mode, range.days) {
        (Mode::Custom(dates), _) => return range::of(dates, today, None),
        (Mode::PreviousPeriod, None) => {
            let length_ms = range.until_ms - range.from_ms;
            let until_ms = range.from_ms;
            return range::checked(range::of_instants(until_ms - length_ms, until_ms, today));
        }
        (Mode::YearOverYear, None) => {
            let from_ms = range::year_before(range.from_ms, &today.zone)?;
            let until_ms = from_ms + (range.until_ms - range.from_ms);
            return range::checked(range::of_instants(from_ms, until_ms, today));
        }
        (Mode::PreviousPeriod, Some((first, last))) => {
            let days = first.until(last).map_err(beyond)?.get_days();
            let back = (i64::from(days) + 1).days();
            (
                first.checked_sub(back).map_err(beyond)?,
                last.checked_sub(back).map_err(beyond)?,
            )
        }
        (Mode::YearOverYear, Some((first, last))) => {
            let days = first.until(last).map_err(beyond)?;
            let first = first.checked_sub(1.year()).map_err(beyond)?;
            (first, first.checked_add(days).map_err(beyond)?)
        }
    };
    let (first, last) = match range.days {
        Some((asked, _)) if comparison.match_day_of_week => {
            let shift = shift(first, asked);
            (
                first.checked_add(shift.days()).map_err(beyond)?,
                last.checked_add(shift.days()).map_err(beyond)?,
            )
        }
        _ => (first, last),
    };
    range::checked(range::of_days(first, last, today)?)
}

/// By how many days to move `first` so that it falls on the day of the week of `asked`: by as few as possible, and never onto it.
fn shift(first: Date, asked: Date) -> i64 {
    let ahead = i64::from(asked.weekday().since(first.weekday()));
    let nearest = if ahead > 3 { ahead - 7 } else { ahead };
    let lands_on_itself = first
        .checked_add(nearest.days())
        .is_ok_and(|day| day == asked);
    if lands_on_itself {
        nearest - 7
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use serde_json::json;

    fn check(comparison: &Value, days: (&str, &str), expected: (&str, &str)) {
        // 2026-11-23, a Monday.
        let today = Today::new(1_795_435_200_000, TimeZone::UTC).unwrap();
        let day = |text: &str| -> Date { text.parse().unwrap() };
        let range = range::of_days(day(days.0), day(days.1), &today).unwrap();
        let found = of(&parse(comparison).unwrap(), &range, &today).unwrap();
        assert_eq!(
            found.days,
            Some((day(expected.0), day(expected.1))),
            "{comparison} {days:?}"
        );
    }

    #[test]
    fn a_range_is_compared_with_as_many_days() {
        let previous = json!({"mode": "previous_period"});
        check(
            &previous,
            ("2026-11-17", "2026-11-23"),
            ("2026-11-10", "2026-11-16"),
        );
        check(
            &previous,
            ("2026-11-01", "2026-11-23"),
            ("2026-10-09", "2026-10-31"),
        );
        let year = json!({"mode": "year_over_year"});
        check(
            &year,
            ("2024-02-29", "2024-03-01"),
            ("2023-02-28", "2023-03-01"),
        );
        let custom = json!({"mode": "custom", "date_range": ["2026-01-01", "2026-01-31"]});
        check(
            &custom,
            ("2026-11-17", "2026-11-23"),
            ("2026-01-01", "2026-01-31"),
        );
    }

    #[test]
    fn days_of_the_week_are_matched_by_the_smallest_shift() {
        let year = json!({"mode": "year_over_year", "match_day_of_week": true});
        check(
            &year,
            ("2026-11-23", "2026-11-29"),
            ("2025-11-24", "2025-11-30"),
        );
        let previous = json!({"mode": "previous_period", "match_day_of_week": true});
        check(
            &previous,
            ("2026-11-23", "2026-11-23"),
            ("2026-11-16", "2026-11-16"),
        );
        check(
            &previous,
            ("2026-11-20", "2026-11-23"),
            ("2026-11-13", "2026-11-16"),
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (value, key) in [
            (json!(1), "include.comparisons:"),
            (json!({"mode": "last_year"}), "include.comparisons.mode"),
            (json!({"mode": "custom"}), "include.comparisons.mode"),
            (
                json!({"mode": "previous_period", "date_range": "7d"}),
                "include.comparisons.mode",
            ),
            (json!({"mod": "custom"}), "include.comparisons.mod"),
        ] {
            let wrong = parse(&value).unwrap_err();
            assert!(
                wrong.detail().starts_with(key),
                "{value}: {}",
                wrong.detail()
            );
        }
    }
}
