//! The keys of matching events, in order, a bounded number a query.

use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::ViewOrder;
use super::dialect::Dialect;
use super::matching::{Bucket, Conditions, Scope, Session, push_matching};
use crate::error::StoreError;
use crate::pool::{Pool, reading};

/// What identifies an event, and its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) time_ms: i64,
    pub(super) event_id: Uuid,
    pub(super) site: i64,
}

impl Key {
    pub(super) fn place(&self) -> (i64, Uuid, i64) {
        (self.time_ms, self.event_id, self.site)
    }
}

/// Reads up to `limit` keys of `scope`, which must be of one id, that come after `after` in `order`.
pub(super) async fn keys(
    pool: &Pool,
    scope: &Scope,
    conditions: &Conditions,
    after: Option<Key>,
    order: ViewOrder,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(e.site as bigint), e.time_ms, e.event_id");
        push_matching(&mut query, scope, conditions, Session::AsNeeded);
        if let Some(key) = after {
            push_after(&mut query, scope.bucket(), key, order);
        }
        push_order(&mut query, scope.bucket(), order);
        query.push(" limit ").push_bind(limit);
        let rows = query.build().fetch_all(db).await?;
        rows.iter()
            .map(|row| Ok(Key { site: row.try_get(0)?, time_ms: row.try_get(1)?, event_id: row.try_get(2)? }))
            .collect()
    })
}

fn push_after<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    bucket: Bucket,
    key: Key,
    order: ViewOrder,
) {
    let (at_most, strictly) = match order {
        ViewOrder::NewestFirst => (" <= ", " < "),
        ViewOrder::OldestFirst => (" >= ", " > "),
    };
    query.push(" and ").push(bucket.sql).push(at_most);
    DB::number(query, key.time_ms / bucket.ms);
    query.push(" and e.time_ms").push(at_most);
    DB::number(query, key.time_ms);
    query.push(" and (e.time_ms").push(strictly);
    DB::number(query, key.time_ms);
    query.push(" or e.event_id").push(strictly);
    DB::id(query, key.event_id);
    query.push(")");
}

fn push_order<DB: Dialect>(query: &mut QueryBuilder<DB>, bucket: Bucket, order: ViewOrder) {
    let direction = match order {
        ViewOrder::NewestFirst => " desc",
        ViewOrder::OldestFirst => "",
    };
    query.push(" order by ").push(bucket.sql).push(direction);
    query.push(", e.time_ms").push(direction);
    query.push(", e.event_id").push(direction);
}
