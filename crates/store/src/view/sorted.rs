//! A page in the order of any column: the newest matches, sorted here.

use std::time::Instant;

use sqlx::{QueryBuilder, Row};

use super::dialect::Dialect;
use super::filter::Plan;
use super::keys::Key;
use super::matching::{Conditions, push_matching};
use super::page::Found;
use super::texts::Texts;
use super::value::{Raw, Value};
use super::{LOOKING, VIEW_COUNT_MAX, ViewColumn, ViewDirection, ViewOrder, ViewSort};
use crate::error::StoreError;
use crate::pool::{Pool, reading};

pub(super) async fn sorted(
    pool: &Pool,
    plan: &Plan,
    sort: ViewSort,
    start: u64,
    length: u32,
) -> Result<Found, StoreError> {
    let mut newest = newest(pool, plan, sort.column).await?;
    newest
        .ranked
        .sort_unstable_by(|(one, key), (other, other_key)| {
            let by_rank = match sort.direction {
                ViewDirection::Ascending => one.cmp(other),
                ViewDirection::Descending => other.cmp(one),
            };
            by_rank.then_with(|| other_key.place().cmp(&key.place()))
        });
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let page = newest.ranked.iter().skip(start).take(length as usize);
    Ok(Found {
        count: newest.ranked.len() as u64,
        capped: newest.capped,
        keys: page.map(|(_, key)| *key).collect(),
    })
}

/// The newest matches, each with the place of its value in the order.
#[derive(Default)]
struct Newest {
    ranked: Vec<(u128, Key)>,
    capped: bool,
}

async fn newest(pool: &Pool, plan: &Plan, column: ViewColumn) -> Result<Newest, StoreError> {
    let started = Instant::now();
    let mut value = Value::to_sort(column.place(), plan);
    let mut keys = Vec::new();
    let mut numbers = Vec::new();
    let mut capped = false;
    for window in plan.windows(pool, ViewOrder::NewestFirst).await? {
        if started.elapsed() >= LOOKING {
            capped = true;
            break;
        }
        let here = plan.conditions.within(window);
        let missing = VIEW_COUNT_MAX - keys.len() as u64;
        let (found, raw) = pool
            .bounded(read(pool, plan, &here, &value, missing + 1))
            .await?;
        numbers.extend(value.numbers(pool, raw).await?);
        keys.extend(found);
        if keys.len() as u64 > VIEW_COUNT_MAX {
            keys.pop();
            capped = true;
            break;
        }
    }
    let places = keys.iter().zip(&numbers);
    let ranks = value.texts().map(Texts::ranks);
    let rank = |number: i64, key: &Key| match (&value, &ranks) {
        (Value::Nothing, _) => key.event_id.as_u128(),
        (_, Some(ranks)) => {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            ranks.get(index).copied().map_or(0, u128::from)
        }
        // In unsigned numbers the negative ones come first too.
        (_, None) => u128::from(number.cast_unsigned() ^ (1 << 63)),
    };
    Ok(Newest {
        ranked: places
            .map(|(key, number)| (rank(*number, key), *key))
            .collect(),
        capped,
    })
}

/// The newest matches of a window, newest first, and what stands in the column.
async fn read(
    pool: &Pool,
    plan: &Plan,
    conditions: &Conditions,
    value: &Value,
    limit: u64,
) -> Result<(Vec<Key>, Vec<Raw>), StoreError> {
    if conditions.window.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(e.site as bigint), e.time_ms, e.event_id, ");
        value.push(&mut query);
        push_matching(&mut query, &plan.scope, conditions, value.session());
        query.push(" order by e.time_ms desc, e.event_id desc limit ").push_bind(limit);
        let rows = query.build().fetch_all(db).await?;
        let mut keys = Vec::with_capacity(rows.len());
        let mut raw = Vec::with_capacity(rows.len());
        for row in &rows {
            keys.push(Key { site: row.try_get(0)?, time_ms: row.try_get(1)?, event_id: row.try_get(2)? });
            raw.push(Db::raw(row, 3, value.raw_kind())?);
        }
        Ok((keys, raw))
    })
}
