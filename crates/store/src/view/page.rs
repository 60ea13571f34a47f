//! One page of events, and how many there are.

use std::time::{Duration, Instant};

use super::count::TEN_MS;
use super::filter::Plan;
use super::keys::{Key, Source, count};
use super::merge::{Merge, Window};
use super::{VIEW_COUNT_MAX, VIEW_LENGTH_MAX, ViewOrder, ViewPage, ViewQuery};
use super::{count as counts, rows};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::writer::ledger::HOUR_MS;

/// A search stops here and says what it has found so far.
const SEARCH_TIME: Duration = Duration::from_secs(3);
/// Skipping fewer events than this, reading their keys is faster than asking how many there are when.
const SKIP_BY_COUNT_FROM: u64 = 2_000;
/// Events that are looked at in order of time, at most, to avoid the index of an address.
const WALKED_MAX: u64 = 20_000;
/// Keys of one query, at most: 40 bytes each.
const READ_AHEAD_MAX: u64 = 5_000;

pub(crate) async fn page(pool: &Pool, query: &ViewQuery) -> Result<ViewPage, StoreError> {
    if !(1..=VIEW_LENGTH_MAX).contains(&query.length) {
        return Err(StoreError::Invalid(format!(
            "a page has 1 to {VIEW_LENGTH_MAX} rows"
        )));
    }
    let mut plan = Plan::of(pool, &query.filter).await?;
    let totals = counts::totals(pool, &plan.sites).await?;
    // A site without events need not be asked for any.
    plan.sources
        .retain(|source| !matches!(source, Source::Site(site) if !totals.contains_key(site)));
    let records_total = totals.values().sum();
    let found = if plan.is_everything() {
        everything(pool, &plan, query, records_total).await?
    } else if plan.must_scan() {
        search(pool, &plan, query).await?
    } else {
        indexed(pool, &plan, query, records_total).await?
    };
    Ok(ViewPage {
        records_total,
        records_filtered: found.count,
        records_filtered_capped: found.capped,
        rows: rows::rows(pool, &found.keys).await?,
    })
}

struct Found {
    count: u64,
    capped: bool,
    keys: Vec<Key>,
}

/// Every page, however far: whole hours are skipped by their counts.
async fn everything(
    pool: &Pool,
    plan: &Plan,
    query: &ViewQuery,
    count: u64,
) -> Result<Found, StoreError> {
    let (window, skip) = beginning(pool, plan, query).await?;
    let keys = if query.start < count {
        take(
            merge(pool, plan, query, vec![window], skip),
            skip,
            query.length,
        )
        .await?
    } else {
        Vec::new()
    };
    Ok(Found {
        count,
        capped: false,
        keys,
    })
}

/// Where the page begins: by the hours, then by the ten seconds of one hour, then by so many events.
async fn beginning(
    pool: &Pool,
    plan: &Plan,
    query: &ViewQuery,
) -> Result<(Window, u64), StoreError> {
    if query.start < SKIP_BY_COUNT_FROM {
        return Ok((Window::default(), query.start));
    }
    let hours = counts::hours(pool, &plan.sites, query.order).await?;
    let skipped = counts::skip(&hours, HOUR_MS, query.order, query.start);
    let Some(hour) = skipped.next.filter(|_| skipped.rest >= SKIP_BY_COUNT_FROM) else {
        return Ok((skipped.window, skipped.rest));
    };
    let tens = counts::tens(pool, &plan.sites, hour, query.order).await?;
    let finer = counts::skip(&tens, TEN_MS, query.order, skipped.rest);
    let window = if finer.window == Window::default() {
        skipped.window
    } else {
        finer.window
    };
    Ok((window, finer.rest))
}

/// Matches that an index holds together: counted there, up to the limit.
async fn indexed(
    pool: &Pool,
    plan: &Plan,
    query: &ViewQuery,
    total: u64,
) -> Result<Found, StoreError> {
    let mut found = 0;
    for source in &plan.sources {
        let limit = i64::try_from(VIEW_COUNT_MAX + 1 - found).unwrap_or(i64::MAX);
        found += u64::try_from(count(pool, *source, &plan.conditions, limit).await?).unwrap_or(0);
        if found > VIEW_COUNT_MAX {
            break;
        }
    }
    let count = found.min(VIEW_COUNT_MAX);
    let keys = if query.start < count {
        let wanted = query.start + u64::from(query.length);
        // Where many events match, walking along the time meets enough of them sooner than a day of them is sorted.
        let walked = wanted.saturating_mul(total) / found;
        let walk = plan.by_time().filter(|_| walked <= WALKED_MAX);
        let plan = walk.as_ref().unwrap_or(plan);
        let merge = merge(pool, plan, query, vec![Window::default()], query.start);
        take(merge, query.start, query.length).await?
    } else {
        Vec::new()
    };
    Ok(Found {
        count,
        capped: found > VIEW_COUNT_MAX,
        keys,
    })
}

/// Matches that are found by looking at every event, for as long as there is time.
async fn search(pool: &Pool, plan: &Plan, query: &ViewQuery) -> Result<Found, StoreError> {
    let started = Instant::now();
    let windows = plan.windows(pool, query.order).await?;
    let mut merge = merge(pool, plan, query, windows, VIEW_COUNT_MAX);
    let mut keys = Vec::new();
    let mut count = 0;
    let capped = loop {
        if started.elapsed() >= SEARCH_TIME && !merge.is_ready() {
            break true;
        }
        let Some(key) = merge.next().await? else {
            break false;
        };
        if count == VIEW_COUNT_MAX {
            break true;
        }
        if (query.start..query.start + u64::from(query.length)).contains(&count) {
            keys.push(key);
        }
        count += 1;
    };
    Ok(Found {
        count,
        capped,
        keys,
    })
}

fn merge(pool: &Pool, plan: &Plan, query: &ViewQuery, windows: Vec<Window>, skip: u64) -> Merge {
    let read_ahead = skip
        .saturating_add(u64::from(query.length))
        .min(READ_AHEAD_MAX);
    let read_ahead = usize::try_from(read_ahead).unwrap_or(usize::MAX);
    Merge::new(
        pool,
        plan.sources.clone(),
        plan.conditions.clone(),
        query.order,
        windows,
        read_ahead,
    )
}

async fn take(mut merge: Merge, skip: u64, length: u32) -> Result<Vec<Key>, StoreError> {
    let mut keys = Vec::new();
    for index in 0..skip + u64::from(length) {
        let Some(key) = merge.next().await? else {
            break;
        };
        if index >= skip {
            keys.push(key);
        }
    }
    Ok(keys)
}

impl Plan {
    /// Whether no index holds the matches together.
    pub(super) fn must_scan(&self) -> bool {
        let by_site = self
            .sources
            .iter()
            .any(|source| matches!(source, Source::Site(_)));
        let asks = self.conditions.url.is_some() || self.conditions.user_id.is_some();
        self.conditions.search.is_some() || (by_site && asks)
    }

    /// Ranges of time whose events are looked at in one query.
    pub(super) async fn windows(
        &self,
        pool: &Pool,
        order: ViewOrder,
    ) -> Result<Vec<Window>, StoreError> {
        /// About a tenth of a second's work.
        const EVENTS_MAX: u64 = 100_000;
        let by_site = self
            .sources
            .iter()
            .any(|source| matches!(source, Source::Site(_)));
        if !self.must_scan() || !by_site {
            return Ok(vec![Window::default()]);
        }
        let hours = counts::hours(pool, &self.sites, order).await?;
        Ok(counts::windows(&hours, order, EVENTS_MAX))
    }
}
