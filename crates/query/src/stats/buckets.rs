//! Buckets of time, as clocks and calendars of a zone have them, with their labels.
//!
//! A bucket ends where the next one begins: a day of a change of clocks has 23 or 25 hours, an hour that the clock shows twice lasts two,
//! and one that it skips is not there. The first and the last are cut by the range. Minutes alone are all equal: of those that the clock
//! shows twice, there are two with one label. (Where a unit ends is [`Unit`]'s to say.)

use hgpixel_store::{CalendarUnit as Unit, STATS_BUCKETS_MAX, monday};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::range::Range;
use super::wrong::Wrong;

/// The edges of the buckets, one more than there are labels.
pub(crate) fn of(
    unit: Unit,
    range: &Range,
    zone: &TimeZone,
) -> Result<(Vec<i64>, Vec<String>), Wrong> {
    let mut edges = vec![range.from_ms];
    let mut labels = Vec::new();
    let mut at_ms = range.from_ms;
    let first_day = local(at_ms, zone)?.date();
    while at_ms < range.until_ms {
        if labels.len() == STATS_BUCKETS_MAX {
            return Err(Wrong::at(
                "dimensions",
                format!(
                    "this range has more than {STATS_BUCKETS_MAX} such units of time; take a longer unit"
                ),
            ));
        }
        let now = local(at_ms, zone)?;
        labels.push(label(unit, now, first_day)?);
        let end_ms = unit.end_ms(at_ms, zone).ok_or_else(beyond)?;
        at_ms = end_ms.min(range.until_ms);
        edges.push(at_ms);
    }
    Ok((edges, labels))
}

fn local(time_ms: i64, zone: &TimeZone) -> Result<DateTime, Wrong> {
    let time = Timestamp::from_millisecond(time_ms).map_err(|_| beyond())?;
    Ok(time.to_zoned(zone.clone()).datetime())
}

fn beyond() -> Wrong {
    Wrong::at("date_range", "this is beyond the calendar")
}

fn label(unit: Unit, now: DateTime, first_day: Date) -> Result<String, Wrong> {
    let day = now.date();
    Ok(match unit {
        Unit::Minute => now.strftime("%Y-%m-%d %H:%M:00").to_string(),
        Unit::Hour => now.strftime("%Y-%m-%d %H:00:00").to_string(),
        Unit::Day => day.to_string(),
        Unit::Week => monday(day).ok_or_else(beyond)?.max(first_day).to_string(),
        Unit::Month => day.first_of_month().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::range::{Today, of_days};

    fn days(zone: &str, first: &str, last: &str) -> (Range, TimeZone) {
        let zone = TimeZone::get(zone).unwrap();
        let today = Today::new(1_795_435_200_000, zone.clone()).unwrap();
        let range = of_days(first.parse().unwrap(), last.parse().unwrap(), &today).unwrap();
        (range, zone)
    }

    fn hours(edges: &[i64]) -> Vec<i64> {
        let length = |edge: &[i64]| (edge[1] - edge[0]) / 1_800_000;
        edges.windows(2).map(length).collect()
    }

    #[test]
    fn a_day_of_a_change_of_clocks_is_as_long_as_it_is() {
        let (range, zone) = days("Europe/Vienna", "2026-10-24", "2026-10-26");
        let (edges, labels) = of(Unit::Day, &range, &zone).unwrap();
        assert_eq!(labels, ["2026-10-24", "2026-10-25", "2026-10-26"]);
        assert_eq!(hours(&edges), [48, 50, 48]);
    }

    #[test]
    fn an_hour_that_comes_twice_is_one_and_one_that_is_skipped_is_none() {
        let (range, zone) = days("Europe/Vienna", "2026-10-25", "2026-10-25");
        let (edges, labels) = of(Unit::Hour, &range, &zone).unwrap();
        assert_eq!((labels.len(), hours(&edges)[2]), (24, 4));
        let (range, zone) = days("Europe/Vienna", "2026-03-29", "2026-03-29");
        let (_, labels) = of(Unit::Hour, &range, &zone).unwrap();
        assert_eq!(labels.len(), 23);
        assert_eq!(labels[1..3], ["2026-03-29 01:00:00", "2026-03-29 03:00:00"]);
        // Half an hour is what this island shifts by.
        let (range, zone) = days("Australia/Lord_Howe", "2026-04-05", "2026-04-05");
        let (edges, labels) = of(Unit::Hour, &range, &zone).unwrap();
        assert_eq!((labels.len(), hours(&edges)[1]), (24, 3));
    }

    #[test]
    fn a_day_that_has_no_midnight_begins_after_it() {
        let (range, zone) = days("America/Santiago", "2026-09-05", "2026-09-06");
        let (edges, labels) = of(Unit::Day, &range, &zone).unwrap();
        assert_eq!(labels, ["2026-09-05", "2026-09-06"]);
        assert_eq!(hours(&edges), [48, 46]);
    }

    #[test]
    fn weeks_begin_on_monday_or_with_the_range() {
        let (range, zone) = days("UTC", "2026-11-18", "2026-12-02");
        let (_, labels) = of(Unit::Week, &range, &zone).unwrap();
        assert_eq!(labels, ["2026-11-18", "2026-11-23", "2026-11-30"]);
        let (_, labels) = of(Unit::Month, &range, &zone).unwrap();
        assert_eq!(labels, ["2026-11-01", "2026-12-01"]);
    }

    #[test]
    fn there_are_no_more_than_a_question_may_have() {
        let (range, zone) = days("UTC", "2026-11-01", "2026-11-08");
        let wrong = of(Unit::Minute, &range, &zone).unwrap_err();
        assert!(wrong.detail().contains("longer unit"));
    }
}
