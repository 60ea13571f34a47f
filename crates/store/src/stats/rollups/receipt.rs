//! Days of receipt: their numbers, the events of a range of them, and marks.

use std::collections::BTreeSet;

use hgpixel_event::limits::{CLIENT_TIME_FUTURE_MS, CLIENT_TIME_PAST_MS};

use crate::error::StoreError;
use crate::pool::{Transaction, within};
use crate::snapshot::DAY_MS;
use crate::stats::statement::Statement;

/// How old an event is at its receipt when it stands in the index of late ones. It is written into that index.
pub(super) const LATE_MS: i64 = 600_000;

/// Receipt from the beginning of one day until that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stats) struct Received {
    pub(super) from_day: i64,
    pub(super) until_day: i64,
}

pub(super) fn day_of(time_ms: i64) -> i64 {
    time_ms.div_euclid(DAY_MS)
}

/// The days on which an event of a range can have been received.
pub(super) fn around(from_ms: i64, until_ms: i64) -> Received {
    Received {
        from_day: day_of(from_ms.saturating_sub(CLIENT_TIME_FUTURE_MS)),
        until_day: day_of(until_ms.saturating_add(CLIENT_TIME_PAST_MS)) + 1,
    }
}

impl Received {
    /// Appends the condition that the event `e` of the site was received then and happened in a range. Events are found by their time,
    /// and those that came late by their receipt.
    pub(in crate::stats) fn push(
        self,
        statement: &mut Statement,
        site: i64,
        from_ms: i64,
        until_ms: i64,
    ) {
        let (since_ms, before_ms) = (self.from_day * DAY_MS, self.until_day * DAY_MS);
        let first_ms = from_ms.max(since_ms - LATE_MS);
        let last_ms = until_ms.min(before_ms + CLIENT_TIME_FUTURE_MS + 1);
        statement.push("e.time_ms >= ").number(from_ms);
        statement.push(" and e.time_ms < ").number(until_ms);
        statement.push(" and ((e.site = ").number(site);
        statement.push(" and cast(e.time_ms / 10000 as integer) >= ");
        statement.number(first_ms.div_euclid(10_000));
        statement.push(" and cast(e.time_ms / 10000 as integer) <= ");
        statement.number(last_ms.div_euclid(10_000));
        statement.push(" and e.age_ms <= 600000 and e.time_ms + e.age_ms >= ");
        statement.number(since_ms);
        statement
            .push(" and e.time_ms + e.age_ms < ")
            .number(before_ms);
        statement.push(") or (e.site = ").number(site);
        statement.push(" and cast((e.time_ms + e.age_ms) / 86400000 as integer) >= ");
        statement.number(self.from_day);
        statement.push(" and cast((e.time_ms + e.age_ms) / 86400000 as integer) < ");
        statement.number(self.until_day);
        statement.push(" and e.age_ms > 600000))");
    }
}

/// Marks the days of receipt of events that were stored after these days were over.
pub(crate) async fn mark_received(
    transaction: &mut Transaction,
    received: impl Iterator<Item = (i32, i64)> + Send,
    now_ms: i64,
) -> Result<(), StoreError> {
    let today = day_of(now_ms);
    let days: BTreeSet<(i32, i64)> = received
        .map(|(site, received_ms)| (site, day_of(received_ms)))
        .filter(|(_, day)| *day < today)
        .collect();
    for (site, day) in days {
        mark(transaction, i64::from(site), day, day).await?;
    }
    Ok(())
}

/// Marks every day on which events may have been received that happened at these times.
pub(crate) async fn mark_times(
    transaction: &mut Transaction,
    site: i64,
    times_ms: &[i64],
) -> Result<(), StoreError> {
    let days = times_ms.iter().flat_map(|time_ms| {
        let around = around(*time_ms, *time_ms);
        around.from_day..around.until_day
    });
    for day in days.collect::<BTreeSet<i64>>() {
        mark(transaction, site, day, day).await?;
    }
    Ok(())
}

/// Forgets the days on which nothing was received that happened later than `cutoff_ms`, and marks those that have both.
pub(crate) async fn forget_before(
    transaction: &mut Transaction,
    site: i64,
    cutoff_ms: i64,
) -> Result<(), StoreError> {
    let first_kept = around(cutoff_ms, cutoff_ms).from_day;
    for forget in [
        include_str!("../../../sql/rollup.forget_rollups.sql"),
        include_str!("../../../sql/rollup.forget_rollup_days.sql"),
        include_str!("../../../sql/rollup.forget_rollup_marks.sql"),
    ] {
        within!(*transaction, db => sqlx::query(forget)
            .bind(site)
            .bind(first_kept)
            .execute(db)
            .await?
            .rows_affected());
    }
    let mark_before = include_str!("../../../sql/rollup.mark_before.sql");
    within!(*transaction, db => sqlx::query(mark_before)
        .bind(site)
        .bind(cutoff_ms)
        .execute(db)
        .await?
        .rows_affected());
    Ok(())
}

/// Marks every day of a site that is counted. One that is being counted now is not among them: whoever calls this raises the site's
/// generation too, by which that count is thrown away.
pub(crate) async fn mark_all(transaction: &mut Transaction, site: i64) -> Result<(), StoreError> {
    let mark_counted = include_str!("../../../sql/rollup.mark_counted.sql");
    within!(*transaction, db => sqlx::query(mark_counted)
        .bind(site)
        .execute(db)
        .await?
        .rows_affected());
    Ok(())
}

/// Marks days from one to another, a few. Also those that are not counted: one may be being counted now.
async fn mark(
    transaction: &mut Transaction,
    site: i64,
    first: i64,
    last: i64,
) -> Result<(), StoreError> {
    let mark = include_str!("../../../sql/rollup.mark.sql");
    for day in first..=last {
        within!(*transaction, db => sqlx::query(mark)
            .bind(site)
            .bind(day)
            .execute(db)
            .await?
            .rows_affected());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_and_the_statement_know_the_same_limits() {
        for migration in [
            include_str!("../../../migrations/sqlite/0005_rollups.sql"),
            include_str!("../../../migrations/postgres/0005_rollups.sql"),
        ] {
            assert!(migration.contains(&format!("age_ms > {LATE_MS};")));
            assert!(migration.contains(&format!("/ {DAY_MS} as integer")));
        }
    }

    #[test]
    fn events_come_up_to_a_week_late_and_ten_minutes_early() {
        let day_ms = 20_000 * DAY_MS;
        let found = around(day_ms, day_ms + DAY_MS);
        assert_eq!((found.from_day, found.until_day), (19_999, 20_009));
    }
}
