//! Counting days: which are waiting, one of them, and a recount that compares.

use std::collections::BTreeMap;

use hgpixel_event::Clock;

use super::day::Day;
use super::receipt::{around, day_of};
use super::{EVENTS_MAX, Rolled, columns, count};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::site::Site;
use crate::snapshot::DAY_MS;
use crate::stats;

/// How long after its end a day is counted: what was received before it ended is stored by then, or marks it.
const CLOSED_AFTER_MS: i64 = 10 * 60_000;

/// A day of receipt (UTC) of a site, by its number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupDay(pub i64);

impl std::fmt::Display for RollupDay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = jiff::Timestamp::from_millisecond(self.0.saturating_mul(DAY_MS));
        match date {
            Ok(date) => write!(formatter, "{}", date.strftime("%Y-%m-%d")),
            Err(_) => write!(formatter, "day {}", self.0),
        }
    }
}

/// The days that are over, from the first that can have an event; empty before there is any.
async fn closed(
    pool: &Pool,
    clock: &Clock,
    site: i64,
) -> Result<std::ops::RangeInclusive<i64>, StoreError> {
    let last = day_of(clock.now_ms() - CLOSED_AFTER_MS) - 1;
    let span = pool.bounded(stats::span(pool, site)).await?;
    let first = span.map_or(last + 1, |(from_ms, until_ms)| {
        around(from_ms, until_ms).from_day
    });
    Ok(first..=last)
}

/// The days of a site that are over and not counted, or not as they are now; the newest first. `all` names those that are counted, too.
pub(crate) async fn waiting(
    pool: &Pool,
    clock: &Clock,
    site: &Site,
    all: bool,
) -> Result<Vec<RollupDay>, StoreError> {
    let closed = closed(pool, clock, site.id).await?;
    let (first, last) = (*closed.start(), *closed.end());
    let select = include_str!("../../../sql/rollup.counted.sql");
    let counted = async {
        let days: Vec<i64> = reading!(pool, db => sqlx::query_scalar(select)
            .bind(site.id)
            .bind(first)
            .bind(last)
            .bind(&site.time_zone)
            .fetch_all(db)
            .await?);
        Ok(days)
    };
    let counted = if all {
        Vec::new()
    } else {
        pool.bounded(counted).await?
    };
    let is_counted = |day: &i64| counted.binary_search(day).is_ok();
    let waiting = closed.rev().filter(|day| !is_counted(day));
    Ok(waiting.map(RollupDay).collect())
}

/// Counts a day, and keeps its figures in place of those that there were. Returns how many events it has.
///
/// Marks that are there before its events are read go with it, those that come meanwhile stay; and if the site's generation has risen
/// meanwhile, nothing is kept, and the day waits on. Done twice at once, or cut short, it does no harm.
pub(crate) async fn roll_up(
    pool: &Pool,
    site: &Site,
    RollupDay(day): RollupDay,
) -> Result<u64, StoreError> {
    let generation = pool.bounded(generation(pool, site.id)).await?;
    let marks = pool.bounded(marks(pool, site.id, day)).await?;
    let counted = count(pool, site, day).await?;
    let keep = async {
        let mut transaction = pool.begin().await?;
        if !is_still(&mut transaction, site.id, generation).await? {
            return transaction.rollback().await;
        }
        keep(&mut transaction, site, day, &counted).await?;
        unmark(&mut transaction, &marks).await?;
        transaction.commit().await
    };
    pool.bounded(keep).await?;
    Ok(counted.events)
}

/// Whether the figures that are kept of a day are those that its events give now. `None` where none are kept, or they are to be counted
/// anew anyway.
pub(crate) async fn check(
    pool: &Pool,
    site: &Site,
    RollupDay(day): RollupDay,
) -> Result<Option<bool>, StoreError> {
    let counted = count(pool, site, day).await?;
    let select = include_str!("../../../sql/rollup.of_day.sql");
    let kept = async {
        let rows: Vec<(String, Vec<u8>)> = reading!(pool, db => sqlx::query_as(select)
            .bind(site.id)
            .bind(day)
            .fetch_all(db)
            .await?);
        Ok(rows)
    };
    let kept: BTreeMap<String, Vec<u8>> = pool.bounded(kept).await?.into_iter().collect();
    let is_same = kept.len() == counted.figures.len()
        && counted
            .figures
            .iter()
            .all(|(name, figures)| kept.get(*name) == Some(figures));
    // Asked last: what was stored while the events were read has marked the day.
    let select = include_str!("../../../sql/rollup.counted.sql");
    let counted = async {
        let days: Vec<i64> = reading!(pool, db => sqlx::query_scalar(select)
            .bind(site.id)
            .bind(day)
            .bind(day)
            .bind(&site.time_zone)
            .fetch_all(db)
            .await?);
        Ok(!days.is_empty())
    };
    Ok(pool.bounded(counted).await?.then_some(is_same))
}

/// What was counted of a day.
struct Counted {
    events: u64,
    /// When the first and the last event happened.
    span: Option<(i64, i64)>,
    /// By the names of what is counted. Nothing in place of what has too many values.
    figures: Vec<(&'static str, Vec<u8>)>,
}

async fn count(pool: &Pool, site: &Site, number: i64) -> Result<Counted, StoreError> {
    let Some(all) = Day::read(pool, site.id, number).await? else {
        tracing::warn!(
            site = %site.key,
            day = %RollupDay(number),
            "this day has more than {EVENTS_MAX} events, its figures are counted whenever they are asked for"
        );
        return Ok(Counted::beyond());
    };
    let Some((first_ms, last_ms)) = all.span() else {
        return Ok(Counted {
            events: 0,
            span: None,
            figures: Vec::new(),
        });
    };
    let mut figures = columns::encode(&all)
        .ok_or_else(|| StoreError::rejected("rollup", "a number is out of its range"))?;
    let (people, zone) = (all.of_people(), site.zone());
    figures.extend(count::figures(pool, people, &zone, Rolled::each()).await?);
    Ok(Counted {
        events: all.events.len() as u64,
        span: Some((first_ms, last_ms)),
        figures,
    })
}

impl Counted {
    /// Of a day that is too large: there is nothing in place of any figures, wherever in time they would be.
    fn beyond() -> Self {
        let name = |rolled: Rolled<'static>| rolled.name().map(|name| (name, Vec::new()));
        Self {
            events: u64::try_from(EVENTS_MAX).unwrap_or(u64::MAX),
            span: Some((i64::MIN, i64::MAX)),
            figures: Rolled::each().filter_map(name).collect(),
        }
    }
}

/// The number of what was changed about a site and what is stored of it.
pub(super) async fn generation(pool: &Pool, site: i64) -> Result<i64, StoreError> {
    let select = include_str!("../../../sql/site.generation.sql");
    Ok(reading!(pool, db => sqlx::query_scalar(select).bind(site).fetch_one(db).await?))
}

/// Whether the generation is still this one, as which it stays until the transaction ends.
async fn is_still(
    transaction: &mut Transaction,
    site: i64,
    generation: i64,
) -> Result<bool, StoreError> {
    let hold = include_str!("../../../sql/site.hold.sql");
    let rows = within!(*transaction, db => sqlx::query(hold)
        .bind(site)
        .bind(generation)
        .execute(db)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// The marks of a day. Beyond so many, the rest stays, and the day is counted once more.
async fn marks(pool: &Pool, site: i64, day: i64) -> Result<Vec<i64>, StoreError> {
    let select = include_str!("../../../sql/rollup.marks.sql");
    Ok(reading!(pool, db => sqlx::query_scalar(select)
        .bind(site)
        .bind(day)
        .fetch_all(db)
        .await?))
}

/// Takes these marks away, and no others: one with a lesser number may be committed later than one with a greater.
async fn unmark(transaction: &mut Transaction, marks: &[i64]) -> Result<(), StoreError> {
    if marks.is_empty() {
        return Ok(());
    }
    let marks = serde_json::to_string(marks).expect("numbers are JSON");
    let unmark = match transaction {
        Transaction::Sqlite(_) => include_str!("../../../sql/sqlite/rollup.unmark.sql"),
        Transaction::Postgres(_) => include_str!("../../../sql/postgres/rollup.unmark.sql"),
    };
    within!(*transaction, db => sqlx::query(unmark).bind(marks).execute(db).await?.rows_affected());
    Ok(())
}

async fn keep(
    transaction: &mut Transaction,
    site: &Site,
    day: i64,
    counted: &Counted,
) -> Result<(), StoreError> {
    let remove = include_str!("../../../sql/rollup.remove.sql");
    within!(*transaction, db => sqlx::query(remove).bind(site.id).bind(day).execute(db).await?.rows_affected());
    let add = include_str!("../../../sql/rollup.add.sql");
    for (name, figures) in &counted.figures {
        within!(*transaction, db => sqlx::query(add)
            .bind(site.id)
            .bind(day)
            .bind(*name)
            .bind(figures)
            .execute(db)
            .await?
            .rows_affected());
    }
    let (first_ms, last_ms) = counted.span.unwrap_or((i64::MAX, i64::MIN));
    let set = include_str!("../../../sql/rollup.set_day.sql");
    within!(*transaction, db => sqlx::query(set)
        .bind(site.id)
        .bind(day)
        .bind(first_ms)
        .bind(last_ms)
        .bind(i64::try_from(counted.events).unwrap_or(i64::MAX))
        .bind(&site.time_zone)
        .execute(db)
        .await?
        .rows_affected());
    Ok(())
}
