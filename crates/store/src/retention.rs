//! Forgetting events after the days that their site keeps them.
//!
//! Whole days of UTC: what happened before the first day that is kept goes, so a site that keeps 30 days has between 30 and 31. Where
//! every site forgets, PostgreSQL drops whole weeks; the rest goes in statements that are each bounded. The counts of events by hour
//! follow once the events are gone, so a round that is cut short is completed by the next. The books, which say what was stored since
//! ever, stay as they are.
//!
//! Texts in the dictionaries stay: they belong to no event. What names a person goes with [`crate::erase`].

use hgpixel_event::Clock;

use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::partition;
use crate::pool::{Pool, within, writing};
use crate::session_id::session_id;
use crate::site::{self, Site};
use crate::snapshot::DAY_MS;
use crate::stats;
use crate::writer::ledger;

/// The name under which what was taken away is counted, against what writers added.
pub(crate) const REMOVED: &str = "removed";
/// What one statement deletes, as it stands in `retention.*.sql`.
const ROWS: u64 = 5_000;
/// The unit of the index of events by time.
pub(crate) const INDEXED_MS: i64 = 10_000;

/// Returns how many events and sessions went one by one; weeks that were dropped whole are not counted.
pub(crate) async fn apply(pool: &Pool, clock: &Clock) -> Result<u64, StoreError> {
    let sites = pool.bounded(site::all(pool)).await?;
    let cutoffs: Vec<i64> = sites
        .iter()
        .filter_map(|site| cutoff_ms(site, clock))
        .collect();
    for site in &sites {
        if let Some(cutoff_ms) = cutoff_ms(site, clock) {
            // Before anything goes: figures that were counted must not outlive their events.
            let forgotten = forget_figures(pool, site, cutoff_ms);
            pool.bounded(forgotten).await?;
        }
    }
    let mut dropped = 0;
    if let (Some(least_ms), true) = (cutoffs.iter().min(), cutoffs.len() == sites.len()) {
        dropped = partition::drop_before(pool, *least_ms).await?;
    }
    let mut rows = 0;
    for site in &sites {
        if let Some(cutoff_ms) = cutoff_ms(site, clock) {
            rows += forget(pool, clock, site, cutoff_ms, dropped > 0).await?;
        }
    }
    Ok(rows)
}

/// The first instant that the site keeps; `None` if it keeps everything.
fn cutoff_ms(site: &Site, clock: &Clock) -> Option<i64> {
    let days = i64::from(site.retention_days);
    let today_ms = clock.now_ms().div_euclid(DAY_MS) * DAY_MS;
    (days > 0).then(|| today_ms - days * DAY_MS)
}

async fn forget(
    pool: &Pool,
    clock: &Clock,
    site: &Site,
    cutoff_ms: i64,
    dropped: bool,
) -> Result<u64, StoreError> {
    let events = forget_events(pool, site.id, cutoff_ms).await?;
    let sessions = forget_sessions(pool, site.id, cutoff_ms).await?;
    let settled = settle(
        pool,
        clock,
        site,
        cutoff_ms,
        events + sessions > 0 || dropped,
    );
    pool.bounded(settled).await?;
    Ok(events + sessions)
}

async fn forget_figures(pool: &Pool, site: &Site, cutoff_ms: i64) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    stats::forget_before(&mut transaction, site.id, cutoff_ms).await?;
    transaction.commit().await
}

async fn forget_events(pool: &Pool, site: i64, cutoff_ms: i64) -> Result<u64, StoreError> {
    let delete = include_str!("../sql/retention.events.sql");
    let mut rows = 0;
    loop {
        let deleting = async {
            Ok(writing!(pool, db => sqlx::query(delete)
                .bind(site)
                .bind(cutoff_ms / INDEXED_MS)
                .execute(db)
                .await?
                .rows_affected()))
        };
        let gone = pool.bounded(deleting).await?;
        rows += gone;
        if gone < ROWS {
            return Ok(rows);
        }
    }
}

async fn forget_sessions(pool: &Pool, site: i64, cutoff_ms: i64) -> Result<u64, StoreError> {
    let delete = include_str!("../sql/retention.sessions.sql");
    let mut rows = 0;
    loop {
        let deleting = async {
            Ok(writing!(pool, db => sqlx::query(delete)
                .bind(site)
                .bind(session_id(cutoff_ms, 0, 0))
                .bind(cutoff_ms)
                .execute(db)
                .await?
                .rows_affected()))
        };
        let gone = pool.bounded(deleting).await?;
        rows += gone;
        if gone < ROWS {
            return Ok(rows);
        }
    }
}

/// Takes the forgotten hours out of the counts, and writes down what was done.
async fn settle(
    pool: &Pool,
    clock: &Clock,
    site: &Site,
    cutoff_ms: i64,
    changed: bool,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let forget = include_str!("../sql/tallies.forget.sql");
    let counts: Vec<i64> = within!(transaction, db => sqlx::query_scalar(forget)
        .bind(site.id)
        .bind(ledger::hour(cutoff_ms))
        .fetch_all(db)
        .await?);
    if counts.is_empty() && !changed {
        return Ok(());
    }
    let events: i64 = counts.iter().sum();
    if events != 0 {
        let number = i32::try_from(site.id).unwrap_or(0);
        ledger::add_total(&mut transaction, REMOVED, number, -events).await?;
    }
    // Also those of a day that was counted meanwhile.
    stats::forget_before(&mut transaction, site.id, cutoff_ms).await?;
    let raise = include_str!("../sql/site.raise.sql");
    within!(transaction, db => sqlx::query(raise).bind(site.id).execute(db).await?.rows_affected());
    let (kept, gone) = (
        format!("{} days", site.retention_days),
        format!("{events} events"),
    );
    let note = Note {
        site: Some(site.id),
        new: &gone,
        ..Note::of(AuditAction::Retention, &kept)
    };
    audit::note(&mut transaction, clock, &Actor::server(), &note).await?;
    transaction.commit().await
}
