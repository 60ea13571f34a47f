//! What a batch adds to the books, and to the counts of events by site and by hour.
//!
//! Every row belongs to one writer's name, so workers never wait for each other here; a reader adds them up.

use std::collections::BTreeMap;

use super::Appended;
use crate::error::StoreError;
use crate::pool::{Transaction, within};

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Events by site and hour.
pub(super) type Hours = BTreeMap<(i32, i32), i64>;

pub(crate) fn hour(time_ms: i64) -> i32 {
    let hour = time_ms.div_euclid(HOUR_MS);
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

pub(super) async fn add_books(
    transaction: &mut Transaction,
    instance: &str,
    appended: &Appended,
) -> Result<(), StoreError> {
    let mut accounts: BTreeMap<String, u64> = BTreeMap::new();
    accounts.insert("stored".to_owned(), appended.stored);
    accounts.insert("duplicate".to_owned(), appended.duplicate);
    accounts.insert("redelivered".to_owned(), appended.redelivered);
    accounts.insert("replayed".to_owned(), appended.replayed);
    for (reason, count) in &appended.dead_lettered {
        *accounts
            .entry(format!("dead_lettered.{reason}"))
            .or_default() += count;
    }
    for (account, events) in accounts.into_iter().filter(|(_, events)| *events > 0) {
        let add = include_str!("../../sql/books.add.sql");
        within!(*transaction, db => sqlx::query(add)
            .bind(instance)
            .bind(account)
            .bind(i64::try_from(events).unwrap_or(i64::MAX))
            .execute(db).await?.rows_affected());
    }
    Ok(())
}

pub(super) async fn add_hours(
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
