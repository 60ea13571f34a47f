//! Units of time as calendars have them.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const MINUTE_MS: i64 = 60_000;

/// A unit of time. A day is from one midnight of a zone to the next, however many hours are between; an hour that the clock shows twice
/// is one that lasts two, and one that it skips is none; weeks begin on Monday. Minutes alone are all equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarUnit {
    /// 60 s.
    Minute,
    /// What the clock shows as one hour.
    Hour,
    /// What the calendar shows as one day.
    Day,
    /// Seven days.
    Week,
    /// A month.
    Month,
}

impl CalendarUnit {
    /// When the unit ends in which `at_ms` is, in milliseconds since 1970 UTC; `None` beyond the calendar (the years −9999 to 9999).
    pub fn end_ms(self, at_ms: i64, zone: &TimeZone) -> Option<i64> {
        let time = Timestamp::from_millisecond(at_ms).ok()?;
        let now = time.to_zoned(zone.clone()).datetime();
        let day = now.date();
        let end = match self {
            Self::Minute => return Some((at_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS),
            Self::Hour => day.at(now.hour(), 0, 0, 0).checked_add(1.hour()).ok()?,
            Self::Day => day.tomorrow().ok()?.into(),
            Self::Week => monday(day)?.checked_add(7.days()).ok()?.into(),
            Self::Month => day.first_of_month().checked_add(1.month()).ok()?.into(),
        };
        let end_ms = end.to_zoned(zone.clone()).ok()?;
        // However odd a zone may be, time goes on.
        Some(end_ms.timestamp().as_millisecond().max(at_ms + 1))
    }
}

/// The Monday of the week in which a day is; `None` beyond the calendar.
pub fn monday(day: Date) -> Option<Date> {
    let since = i64::from(day.weekday().since(Weekday::Monday));
    day.checked_sub(since.days()).ok()
}

/// Where the units begin that cover a range, and at last where the last one ends; the first begins with a day.
pub(crate) fn edges(
    unit: CalendarUnit,
    zone: &TimeZone,
    from_ms: i64,
    until_ms: i64,
) -> Option<Vec<i64>> {
    let from = Timestamp::from_millisecond(from_ms).ok()?;
    let day = from.to_zoned(zone.clone()).date();
    let mut at_ms = day
        .to_zoned(zone.clone())
        .ok()?
        .timestamp()
        .as_millisecond();
    let mut edges = vec![at_ms];
    while at_ms < until_ms {
        at_ms = unit.end_ms(at_ms, zone)?;
        edges.push(at_ms);
    }
    Some(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_begin_with_the_day_and_cover_the_range() {
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        // 2026-10-25, when the clocks are set back, from 01:30 to the next day's 00:10.
        let from_ms = "2026-10-25T01:30:00+02:00".parse::<Timestamp>().unwrap();
        let until_ms = "2026-10-26T00:10:00+01:00".parse::<Timestamp>().unwrap();
        let (from_ms, until_ms) = (from_ms.as_millisecond(), until_ms.as_millisecond());
        let hours = |unit| {
            let edges = edges(unit, &zone, from_ms, until_ms).unwrap();
            let hours = |edge: &[i64]| (edge[1] - edge[0]) / 3_600_000;
            edges.windows(2).map(hours).collect::<Vec<_>>()
        };
        assert_eq!(hours(CalendarUnit::Day), [25, 24]);
        let of_hours = hours(CalendarUnit::Hour);
        assert_eq!((of_hours.len(), of_hours[2]), (25, 2));
    }
}
