//! What a batch adds to the books, and to the counts of events by site and by hour.
//!
//! Every row belongs to one writer's name, so workers never wait for each other here; a reader adds them up.

use std::collections::BTreeMap;

use super::Appended;
use crate::error::StoreError;
use crate::pool::{Transaction, within};

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Events by site and hour.
pub(crate) type Hours = BTreeMap<(i32, i32), i64>;

pub(crate) fn hour(time_ms: i64) -> i32 {
    let hour = time_ms.div_euclid(HOUR_MS);
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

/// A line of an instance's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) account: String,
    pub(super) events: i64,
}

/// Books a batch; returns one of the lines that this changed, as it stands now.
pub(super) async fn add_books(
    transaction: &mut Transaction,
    instance: &str,
    appended: &Appended,
) -> Result<Option<Line>, StoreError> {
    let add = include_str!("../../sql/books.add.sql");
    let mut line = None;
    for (account, events) in accounts(appended) {
        let events: i64 = within!(*transaction, db => sqlx::query_scalar(add)
            .bind(instance)
            .bind(&account)
            .bind(i64::try_from(events).unwrap_or(i64::MAX))
            .fetch_one(db)
            .await?);
        line = Some(Line { account, events });
    }
    Ok(line)
}

/// The accounts that a batch changes.
fn accounts(appended: &Appended) -> BTreeMap<String, u64> {
    let mut accounts = BTreeMap::from([
        ("stored".to_owned(), appended.stored),
        ("duplicate".to_owned(), appended.duplicate),
        ("redelivered".to_owned(), appended.redelivered),
        ("replayed".to_owned(), appended.replayed),
    ]);
    for (reason, count) in &appended.dead_lettered {
        *accounts
            .entry(format!("dead_lettered.{reason}"))
            .or_default() += count;
    }
    accounts.retain(|_, events| *events > 0);
    accounts
}

pub(crate) async fn add_hours(
    transaction: &mut Transaction,
    instance: &str,
    hours: &Hours,
) -> Result<(), StoreError> {
    let mut sites: BTreeMap<i32, i64> = BTreeMap::new();
    for ((site, hour), events) in hours {
        *sites.entry(*site).or_default() += events;
        let add = include_str!("../../sql/tallies.add.sql");
        within!(*transaction, db => sqlx::query(add)
            .bind(instance)
            .bind(hour)
            .bind(site)
            .bind(events)
            .execute(db).await?.rows_affected());
    }
    for (site, events) in &sites {
        let add = include_str!("../../sql/totals.add.sql");
        within!(*transaction, db => sqlx::query(add).bind(instance).bind(site).bind(events).execute(db).await?.rows_affected());
    }
    Ok(())
}
