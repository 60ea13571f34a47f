//! Visits of people, the newest first, and the timeline of one. Nobody who opted out is in them, and no bot.

use sqlx::FromRow;

use crate::error::StoreError;
use crate::pool::{Pool, reading};

/// Visits of one answer, at most.
pub const VISITS_MAX: u32 = 100;
/// Events of one timeline, at most: the first ones.
pub const TIMELINE_MAX: u32 = 1_000;
/// Events that are looked at for the keys of their data.
const PROPERTIES_EVENTS_MAX: u32 = 1_000;

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Visit {
    /// Our session.
    pub session: i64,
    /// When it began, in milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// From its first event to its last.
    pub duration_ms: i64,
    /// How many pages were seen.
    pub pageviews: i64,
    /// How many events it has.
    pub events: i64,
    /// The path of its first page.
    pub entry_page: String,
    /// The path of its last page.
    pub exit_page: String,
    /// The place that it came from.
    pub source: String,
    /// The marketing channel.
    pub channel: String,
    /// The browser's name.
    pub browser: String,
    /// The operating system's name.
    pub os: String,
    /// The kind of device.
    pub device: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The city.
    pub city: String,
}

/// A thing that happened during a visit.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct VisitEvent {
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The event's type.
    pub kind: String,
    /// The path of its page.
    pub page: String,
    /// The page's title.
    pub title: String,
    /// The event's data: the text of a JSON object; empty for `{}`.
    pub data: String,
}

/// The newest visits.
pub(crate) async fn newest(pool: &Pool, site: i64, limit: u32) -> Result<Vec<Visit>, StoreError> {
    between(pool, site, (0, i64::MAX), limit.min(VISITS_MAX)).await
}

/// A visit and its events, in their order; `None` where there is none.
pub(crate) async fn timeline(
    pool: &Pool,
    site: i64,
    session: i64,
) -> Result<Option<(Visit, Vec<VisitEvent>)>, StoreError> {
    let found = between(pool, site, (session, session), 1).await?;
    let Some(visit) = found.into_iter().next() else {
        return Ok(None);
    };
    let select = include_str!("../sql/visit.events.sql");
    let last_ms = visit.started_ms.saturating_add(visit.duration_ms);
    let events = reading!(pool, db => sqlx::query_as(select)
        .bind(site)
        .bind(visit.started_ms / 10_000)
        .bind(last_ms / 10_000)
        .bind(session)
        .bind(i64::from(TIMELINE_MAX))
        .fetch_all(db)
        .await?);
    Ok(Some((visit, events)))
}

async fn between(
    pool: &Pool,
    site: i64,
    (first, last): (i64, i64),
    limit: u32,
) -> Result<Vec<Visit>, StoreError> {
    let select = include_str!("../sql/visit.list.sql");
    Ok(reading!(pool, db => sqlx::query_as(select)
        .bind(site)
        .bind(first)
        .bind(last)
        .bind(i64::from(limit))
        .fetch_all(db)
        .await?))
}

/// The data of the newest events of a range that have any: of one type, or of all but those that the pixel sends on its own.
pub(crate) async fn data(
    pool: &Pool,
    site: i64,
    (from_ms, until_ms): (i64, i64),
    kind: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let select = include_str!("../sql/properties.newest.sql");
    Ok(reading!(pool, db => sqlx::query_scalar(select)
        .bind(site)
        .bind(from_ms / 10_000)
        .bind(until_ms / 10_000)
        .bind(kind)
        .bind(i64::from(PROPERTIES_EVENTS_MAX))
        .fetch_all(db)
        .await?))
}
