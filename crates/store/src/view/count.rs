//! How many events there are, as far as that is known without reading them.

use std::collections::{BTreeMap, HashSet};

use sqlx::QueryBuilder;

use super::ViewOrder;
use super::dialect::Dialect;
use super::window::Window;
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::ledger::HOUR_MS;

/// Events of each of the sites that have any.
pub(super) async fn totals(pool: &Pool, sites: &[i64]) -> Result<BTreeMap<i64, u64>, StoreError> {
    let select = include_str!("../../sql/view.totals.sql");
    let rows: Vec<(i64, i64)> = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
    let allowed: HashSet<&i64> = sites.iter().collect();
    Ok(rows
        .into_iter()
        .filter(|(site, events)| allowed.contains(site) && *events > 0)
        .map(|(site, events)| (site, u64::try_from(events).unwrap_or(0)))
        .collect())
}

/// Events of these sites by the hour in which they happened, in order.
pub(super) async fn hours(
    pool: &Pool,
    sites: &[i64],
    order: ViewOrder,
) -> Result<Vec<(i64, u64)>, StoreError> {
    if sites.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, i64)> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("");
        push_hours(&mut query, sites, order);
        query.build_query_as().fetch_all(db).await?
    });
    Ok(rows
        .into_iter()
        .map(|(hour, events)| (hour, u64::try_from(events).unwrap_or(0)))
        .collect())
}

fn push_hours<DB: Dialect>(query: &mut QueryBuilder<DB>, sites: &[i64], order: ViewOrder) {
    query.push("select cast(hour as bigint), cast(sum(events) as bigint) from tallies where site");
    DB::one_of(query, sites);
    query.push(match order {
        ViewOrder::NewestFirst => " group by hour order by hour desc",
        ViewOrder::OldestFirst => " group by hour order by hour",
    });
}

/// Events of these sites within one hour, by the ten seconds, in order.
pub(super) async fn tens(
    pool: &Pool,
    sites: &[i64],
    hour: i64,
    order: ViewOrder,
) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut tens: BTreeMap<i64, u64> = BTreeMap::new();
    for site in sites {
        let from = hour * HOUR_MS / TEN_MS;
        let until = (hour + 1) * HOUR_MS / TEN_MS;
        for (ten, events) in tens_of_site(pool, *site, from, until).await? {
            *tens.entry(ten).or_default() += u64::try_from(events).unwrap_or(0);
        }
    }
    let tens = tens.into_iter();
    Ok(match order {
        ViewOrder::NewestFirst => tens.rev().collect(),
        ViewOrder::OldestFirst => tens.collect(),
    })
}

/// A key of the index by time.
pub(super) const TEN_MS: i64 = 10_000;

async fn tens_of_site(
    pool: &Pool,
    site: i64,
    from: i64,
    until: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let select = include_str!("../../sql/view.tens.sql");
    Ok(reading!(pool, db => sqlx::query_as(select)
        .bind(site)
        .bind(from)
        .bind(until)
        .fetch_all(db)
        .await?))
}

/// Where to begin so that `start` events are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skipped {
    /// What is left after the whole ranges that were skipped; the range in which the beginning lies comes first.
    pub(super) window: Window,
    /// That range; `None` when fewer events than `start` are there.
    pub(super) next: Option<i64>,
    /// How many events of it are still to be skipped.
    pub(super) rest: u64,
}

/// Skips whole ranges of `range_ms`, given with their events in `order`.
pub(super) fn skip(ranges: &[(i64, u64)], range_ms: i64, order: ViewOrder, start: u64) -> Skipped {
    let mut rest = start;
    let mut last = None;
    let mut next = None;
    for (range, events) in ranges {
        if *events > rest {
            next = Some(*range);
            break;
        }
        rest -= events;
        last = Some(*range);
    }
    Skipped {
        window: after(last, range_ms, order),
        next,
        rest,
    }
}

/// What comes after a range.
fn after(range: Option<i64>, range_ms: i64, order: ViewOrder) -> Window {
    match order {
        ViewOrder::NewestFirst => Window {
            from_ms: None,
            until_ms: range.map(|range| range * range_ms),
        },
        ViewOrder::OldestFirst => Window {
            from_ms: range.map(|range| (range + 1) * range_ms),
            until_ms: None,
        },
    }
}

/// Cuts all of time into windows of whole ranges of `range_ms` with about `events_max` events each; the outer ones are open. A range with
/// more than twice as many is cut into equal parts.
pub(super) fn windows(
    ranges: &[(i64, u64)],
    range_ms: i64,
    order: ViewOrder,
    events_max: u64,
) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut current = Window::default();
    let mut gathered = 0;
    for (range, events) in ranges {
        gathered += events;
        if gathered < events_max {
            continue;
        }
        let next = after(Some(*range), range_ms, order);
        let mut whole = current;
        match order {
            ViewOrder::NewestFirst => whole.from_ms = next.until_ms,
            ViewOrder::OldestFirst => whole.until_ms = next.from_ms,
        }
        windows.extend(parts(
            whole,
            range * range_ms,
            range_ms,
            order,
            events / events_max,
        ));
        current = next;
        gathered = 0;
    }
    windows.push(current);
    windows
}

/// Parts of a busy range, at most.
const PARTS_MAX: u64 = 60;

/// The window, cut `count` times within the range that begins at `from_ms`.
fn parts(whole: Window, from_ms: i64, range_ms: i64, order: ViewOrder, count: u64) -> Vec<Window> {
    let count = i64::try_from(count.min(PARTS_MAX)).unwrap_or(1);
    let mut parts = Vec::new();
    let mut rest = whole;
    for part in 1..count {
        let cut = match order {
            ViewOrder::NewestFirst => from_ms + range_ms / count * (count - part),
            ViewOrder::OldestFirst => from_ms + range_ms / count * part,
        };
        let (sooner, later) = match order {
            ViewOrder::NewestFirst => (
                Window {
                    from_ms: Some(cut),
                    ..rest
                },
                Window {
                    until_ms: Some(cut),
                    ..rest
                },
            ),
            ViewOrder::OldestFirst => (
                Window {
                    until_ms: Some(cut),
                    ..rest
                },
                Window {
                    from_ms: Some(cut),
                    ..rest
                },
            ),
        };
        parts.push(sooner);
        rest = later;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: ViewOrder = ViewOrder::NewestFirst;
    const OLDEST: ViewOrder = ViewOrder::OldestFirst;

    fn window(from: Option<i64>, until: Option<i64>) -> Window {
        Window {
            from_ms: from.map(|hour| hour * HOUR_MS),
            until_ms: until.map(|hour| hour * HOUR_MS),
        }
    }

    #[test]
    fn whole_ranges_are_skipped() {
        let check = |ranges: &[(i64, u64)], order, start, window, next, rest| {
            let expected = Skipped { window, next, rest };
            assert_eq!(skip(ranges, HOUR_MS, order, start), expected, "{start}");
        };
        let hours = [(9, 10), (7, 5), (6, 1)];
        check(&hours, NEWEST, 0, window(None, None), Some(9), 0);
        check(&hours, NEWEST, 9, window(None, None), Some(9), 9);
        check(&hours, NEWEST, 10, window(None, Some(9)), Some(7), 0);
        check(&hours, NEWEST, 15, window(None, Some(7)), Some(6), 0);
        check(&hours, NEWEST, 99, window(None, Some(6)), None, 83);
        check(
            &[(6, 1), (7, 5)],
            OLDEST,
            3,
            window(Some(7), None),
            Some(7),
            2,
        );
    }

    #[test]
    fn windows_touch_and_cover_all_of_time() {
        let newest = [(9, 10), (7, 5), (6, 1)];
        let expected = vec![window(Some(9), None), window(None, Some(9))];
        assert_eq!(windows(&newest, HOUR_MS, NEWEST, 10), expected);
        let oldest = [(6, 1), (7, 5), (9, 9)];
        let expected = vec![
            window(None, Some(8)),
            window(Some(8), Some(10)),
            window(Some(10), None),
        ];
        assert_eq!(windows(&oldest, HOUR_MS, OLDEST, 6), expected);
        assert_eq!(windows(&[], HOUR_MS, NEWEST, 6), vec![Window::default()]);
    }

    #[test]
    fn a_busy_range_is_cut() {
        let half = 9 * HOUR_MS + HOUR_MS / 2;
        let window = |from_ms, until_ms| Window { from_ms, until_ms };
        let expected = vec![
            window(Some(half), None),
            window(Some(9 * HOUR_MS), Some(half)),
            window(None, Some(9 * HOUR_MS)),
        ];
        assert_eq!(windows(&[(9, 20), (8, 1)], HOUR_MS, NEWEST, 10), expected);
        let expected = vec![
            window(None, Some(half)),
            window(Some(half), Some(10 * HOUR_MS)),
            window(Some(10 * HOUR_MS), None),
        ];
        assert_eq!(windows(&[(8, 1), (9, 20)], HOUR_MS, OLDEST, 10), expected);
    }
}
