//! The weeks of events on PostgreSQL: a partition each, so that old weeks can be dropped whole.
//!
//! The bounds are UUIDs, whose first 48 bits are milliseconds: the key stays unique over all partitions. What lies outside every
//! week goes to the default partition and is found like the rest.

use std::ops::RangeInclusive;

use hgpixel_event::Clock;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::error::StoreError;
use crate::pool::{Backend, Pool};

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// 1970-01-05, the first Monday.
const MONDAY_MS: i64 = 4 * 24 * 3_600_000;

/// "hgpparts", as a number: the advisory lock under which partitions are made.
const LOCK: i64 = 0x6867_7070_6172_7473;

/// Makes the partitions of last week (events may be a week old), of this week and of those ahead.
pub(crate) async fn prepare(
    pool: &Pool,
    clock: &Clock,
    weeks_ahead: u32,
) -> Result<(), StoreError> {
    let Backend::Postgres(db) = &pool.backend else {
        return Ok(());
    };
    let this_week = week(clock.now_ms());
    let weeks = this_week - 1..=this_week + i64::from(weeks_ahead);
    let mut connection = db.acquire().await?;
    make_all(&mut connection, weeks).await
}

/// The weeks of events from one id to another, but for what lies before 2020, or farther ahead than partitions are made: a few hundred.
pub(crate) fn weeks(
    first: Uuid,
    last: Uuid,
    clock: &Clock,
    weeks_ahead: u32,
) -> RangeInclusive<i64> {
    /// 2020-01-01T00:00:00Z, before anything that this program can have seen.
    const BEGINNING_MS: i64 = 1_577_836_800_000;
    let week_of = |id| week(hgpixel_event::id_time_ms(id));
    let newest = week(clock.now_ms()) + i64::from(weeks_ahead);
    week_of(first).max(week(BEGINNING_MS))..=week_of(last).min(newest)
}

/// Makes those partitions of these weeks that are not there.
pub(crate) async fn make_all(
    db: &mut PgConnection,
    weeks: impl IntoIterator<Item = i64>,
) -> Result<(), StoreError> {
    let present: Vec<String> = sqlx::query_scalar(PARTITIONS).fetch_all(&mut *db).await?;
    for week in weeks {
        if !present.contains(&name(week)) {
            make(db, week).await?;
        }
    }
    Ok(())
}

/// An event's id and its time may differ by a week and ten minutes.
const APART_MS: i64 = 8 * 24 * 3_600_000;

/// Drops the partitions that hold nothing from `cutoff_ms` on; returns how many.
pub(crate) async fn drop_before(pool: &Pool, cutoff_ms: i64) -> Result<u64, StoreError> {
    let Backend::Postgres(db) = &pool.backend else {
        return Ok(0);
    };
    let present: Vec<String> = sqlx::query_scalar(PARTITIONS).fetch_all(db).await?;
    let mut dropped = 0;
    for week in present.iter().filter_map(|name| number(name)) {
        if start_ms(week + 1) + APART_MS <= cutoff_ms {
            drop_week(db, week).await?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

async fn drop_week(db: &PgPool, week: i64) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    // As when one is made: readers and writers queue behind a lock that waits.
    sqlx::query("set local lock_timeout = '3s'")
        .execute(&mut *transaction)
        .await?;
    // A number alone is put into this text.
    let drop = format!("drop table if exists {}", name(week));
    sqlx::query(AssertSqlSafe(drop))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    tracing::info!(
        partition = name(week),
        "dropped a partition that no site keeps"
    );
    Ok(())
}

/// The number of a week by its name; `None` for the default partition.
fn number(name: &str) -> Option<i64> {
    name.strip_prefix("events_week_")?.parse().ok()
}

const PARTITIONS: &str = include_str!("../sql/postgres/partitions.sql");

async fn make(db: &mut PgConnection, week: i64) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    // One process at a time: "if not exists" does not wait for another's partition that is not committed yet.
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    // Writers queue behind a lock that waits, so it waits briefly and comes again.
    sqlx::query("set local lock_timeout = '3s'")
        .execute(&mut *transaction)
        .await?;
    // Numbers alone are put into this text; the server takes no parameters here.
    let create = format!(
        "create table if not exists {} partition of events for values from ('{}') to ('{}')",
        name(week),
        bound(week),
        bound(week + 1)
    );
    match sqlx::query(AssertSqlSafe(create))
        .execute(&mut *transaction)
        .await
    {
        Ok(_) => {
            transaction.commit().await?;
            tracing::info!(partition = name(week), "made a partition");
            Ok(())
        }
        Err(error) if default_holds_rows(&error) => {
            tracing::warn!(
                partition = name(week),
                "events of this week are in the default partition already and stay there"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The check of the default partition fails when it holds rows of the new one: no leader ran for weeks. Nothing is lost or slower by
/// much; the week just cannot be dropped whole.
fn default_holds_rows(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "23514")
}

fn week(time_ms: i64) -> i64 {
    (time_ms - MONDAY_MS).div_euclid(WEEK_MS)
}

fn start_ms(week: i64) -> i64 {
    week * WEEK_MS + MONDAY_MS
}

/// Named by its number since 1970, which sorts for the next centuries.
fn name(week: i64) -> String {
    format!("events_week_{week:04}")
}

/// The least id of a week, and the least of the one after it.
pub(crate) fn bounds(week: i64) -> (Uuid, Uuid) {
    (bound(week), bound(week + 1))
}

/// The least id of a week.
fn bound(week: i64) -> Uuid {
    least_id(start_ms(week))
}

/// The least id of a millisecond.
pub(crate) fn least_id(time_ms: i64) -> Uuid {
    let millis = u128::try_from(time_ms.max(0)).unwrap_or(0) & 0xFFFF_FFFF_FFFF;
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_touch() {
        // 2026-11-23 is a Monday.
        let monday_ms = 1_795_392_000_000;
        assert_eq!(week(monday_ms), week(monday_ms - 1) + 1);
        assert_eq!(week(monday_ms), week(monday_ms + WEEK_MS - 1));
        assert_eq!(start_ms(week(monday_ms)), monday_ms);
        assert_eq!(hgpixel_event::id_time_ms(bound(week(monday_ms))), monday_ms);
    }

    #[test]
    fn weeks_that_nobody_can_mean_get_no_partition() {
        let (now_ms, year_ms) = (1_795_392_000_000, 365 * 24 * 3_600_000);
        let clock = Clock::manual(now_ms);
        let of = |first_ms, last_ms| weeks(least_id(first_ms), least_id(last_ms), &clock, 4);
        let this = week(now_ms);
        assert_eq!(of(now_ms - WEEK_MS, now_ms), this - 1..=this);
        assert_eq!(of(now_ms, now_ms + year_ms), this..=this + 4);
        assert_eq!(of(0, now_ms), week(1_577_836_800_000)..=this);
        assert!(of(0, 1_000).is_empty());
    }

    #[test]
    fn ids_of_a_week_lie_between_its_bounds() {
        let monday_ms = 1_795_392_000_000;
        let of = |time_ms| hgpixel_event::assigned_id(time_ms);
        let week = week(monday_ms);
        assert!(of(monday_ms - 1) < bound(week));
        assert!(of(monday_ms) >= bound(week));
        assert!(of(monday_ms + WEEK_MS - 1) < bound(week + 1));
    }
}
