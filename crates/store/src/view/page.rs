//! One page of events, and how many there are.

use std::time::Instant;

use super::count::TEN_MS;
use super::filter::Plan;
use super::keys::Key;
use super::matching::count;
use super::merge::Merge;
use super::sorted::sorted;
use super::window::Window;
use super::{
    LOOKING, VIEW_COUNT_MAX, VIEW_LENGTH_MAX, ViewColumn, ViewDirection, ViewOrder, ViewPage,
    ViewQuery, count as counts, rows,
};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::writer::ledger::HOUR_MS;

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
    let (query, sort) = settled(query);
    let mut plan = Plan::of(pool, &query.filter).await?;
    let records_total = plan.count_total(pool).await?;
    let found = if plan.is_nothing() {
        Found::default()
    } else if let Some(sort) = sort {
        sorted(pool, &plan, sort, query.start, query.length).await?
    } else if plan.is_everything() {
        everything(pool, &plan, &query, records_total).await?
    } else if plan.must_look() {
        look(pool, &plan, &query).await?
    } else {
        indexed(pool, &plan, &query, records_total).await?
    };
    Ok(ViewPage {
        records_total,
        records_filtered: found.count,
        records_filtered_capped: found.capped,
        rows: rows::rows(pool, &found.keys).await?,
    })
}

/// Sorting by the time is what the order is for.
fn settled(query: &ViewQuery) -> (ViewQuery, Option<super::ViewSort>) {
    let mut query = query.clone();
    let by_time = query
        .sort
        .filter(|sort| sort.column == ViewColumn::Timestamp);
    if let Some(sort) = by_time {
        query.order = match sort.direction {
            ViewDirection::Ascending => ViewOrder::OldestFirst,
            ViewDirection::Descending => ViewOrder::NewestFirst,
        };
    }
    let sort = query.sort.filter(|_| by_time.is_none());
    (query, sort)
}

/// Where a page is, and how many events match.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) count: u64,
    pub(super) capped: bool,
    pub(super) keys: Vec<Key>,
}

/// Every page, however far: whole hours are skipped by their counts.
async fn everything(
    pool: &Pool,
    plan: &Plan,
    query: &ViewQuery,
    total: u64,
) -> Result<Found, StoreError> {
    let is_all_of_time = plan.conditions.window == Window::default();
    let far = query.start >= SKIP_BY_COUNT_FROM;
    let hours = if far || !is_all_of_time {
        plan.hours(pool, query.order).await?
    } else {
        Vec::new()
    };
    let count = if is_all_of_time {
        total
    } else {
        hours.iter().map(|(_, events)| events).sum()
    };
    let mut keys = Vec::new();
    if query.start < count {
        let (window, skip) = if far {
            beginning(pool, plan, query, &hours).await?
        } else {
            (Window::default(), query.start)
        };
        let merge = merge(pool, plan, query.order, vec![window], skip, query.length);
        keys = take(merge, skip, query.length).await?;
    }
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
    hours: &[(i64, u64)],
) -> Result<(Window, u64), StoreError> {
    let skipped = counts::skip(hours, HOUR_MS, query.order, query.start);
    let far = skipped.rest >= SKIP_BY_COUNT_FROM;
    let Some(hour) = skipped.next.filter(|hour| far && plan.has_whole(*hour)) else {
        return Ok((skipped.window, skipped.rest));
    };
    let tens = counts::tens(pool, plan.scope.ids(), hour, query.order).await?;
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
    let found = count(pool, &plan.scope, &plan.conditions, VIEW_COUNT_MAX + 1).await?;
    let count = found.min(VIEW_COUNT_MAX);
    let mut keys = Vec::new();
    if query.start < count {
        let wanted = query.start + u64::from(query.length);
        // Where many events match, walking along the time meets enough of them sooner than a day of them is sorted.
        let walked = wanted.saturating_mul(total) / found;
        let walk = plan.by_time().filter(|_| walked <= WALKED_MAX);
        let plan = walk.as_ref().unwrap_or(plan);
        let windows = vec![Window::default()];
        let merge = merge(pool, plan, query.order, windows, query.start, query.length);
        keys = take(merge, query.start, query.length).await?;
    }
    Ok(Found {
        count,
        capped: found > VIEW_COUNT_MAX,
        keys,
    })
}

/// Matches that are found by looking at every event, for as long as there is time.
async fn look(pool: &Pool, plan: &Plan, query: &ViewQuery) -> Result<Found, StoreError> {
    let started = Instant::now();
    let until = query.start + u64::from(query.length);
    let mut found = Found::default();
    for window in plan.windows(pool, query.order).await? {
        if started.elapsed() >= LOOKING {
            found.capped = true;
            break;
        }
        let here = plan.conditions.within(window);
        let limit = VIEW_COUNT_MAX + 1 - found.count;
        let matches = pool.bounded(count(pool, &plan.scope, &here, limit)).await?;
        let (first, last) = (found.count, found.count + matches);
        if query.start < last && first < until {
            let skip = query.start.saturating_sub(first);
            let length = query.length - u32::try_from(found.keys.len()).unwrap_or(query.length);
            let merge = merge(pool, plan, query.order, vec![window], skip, length);
            found.keys.extend(take(merge, skip, length).await?);
        }
        found.count = last;
        if found.count > VIEW_COUNT_MAX {
            found.capped = true;
            break;
        }
    }
    found.count = found.count.min(VIEW_COUNT_MAX);
    let reachable = found.count.saturating_sub(query.start);
    found
        .keys
        .truncate(usize::try_from(reachable).unwrap_or(usize::MAX));
    Ok(found)
}

fn merge(
    pool: &Pool,
    plan: &Plan,
    order: ViewOrder,
    windows: Vec<Window>,
    skip: u64,
    length: u32,
) -> Merge {
    let read_ahead = skip.saturating_add(u64::from(length)).min(READ_AHEAD_MAX);
    let read_ahead = usize::try_from(read_ahead).unwrap_or(usize::MAX);
    let conditions = plan.conditions.clone();
    Merge::new(pool, &plan.scope, conditions, order, windows, read_ahead)
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
    /// Events of the sites. A site without any need not be asked.
    pub(super) async fn count_total(&mut self, pool: &Pool) -> Result<u64, StoreError> {
        let totals = counts::totals(pool, &self.site_ids()).await?;
        self.keep_sites(|site| totals.contains_key(site));
        Ok(totals.values().sum())
    }
}
