//! The keys of matching events, in order, a bounded number a query.

use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::ViewOrder;
use super::bind::Bind;
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::dictionary::text_hash;

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

/// A part of the events that an index holds in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Site(i64),
    Page(i64),
    Person(i64),
}

/// What must hold for an event besides where it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) url: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) search: Option<String>,
    pub(super) from_ms: Option<i64>,
    pub(super) until_ms: Option<i64>,
}

/// Reads up to `limit` keys of `source` that come after `after` in `order`.
pub(super) async fn keys(
    pool: &Pool,
    source: Source,
    conditions: &Conditions,
    after: Option<Key>,
    order: ViewOrder,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(site as bigint), time_ms, event_id from events where ");
        push_source(&mut query, source);
        push_conditions(&mut query, source, conditions);
        if let Some(key) = after {
            push_after(&mut query, source, key, order);
        }
        push_order(&mut query, source, order);
        query.push(" limit ").push_bind(limit);
        let rows = query.build().fetch_all(db).await?;
        rows.iter()
            .map(|row| Ok(Key { site: row.try_get(0)?, time_ms: row.try_get(1)?, event_id: row.try_get(2)? }))
            .collect()
    })
}

/// Counts the matching events of `source`, up to `limit`.
pub(super) async fn count(
    pool: &Pool,
    source: Source,
    conditions: &Conditions,
    limit: i64,
) -> Result<i64, StoreError> {
    reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select count(*) from (select 1 as one from events where ");
        push_source(&mut query, source);
        push_conditions(&mut query, source, conditions);
        query.push(" limit ").push_bind(limit).push(") matching");
        Ok(query.build_query_scalar().fetch_one(db).await?)
    })
}

fn push_source<DB: Bind>(query: &mut QueryBuilder<DB>, source: Source) {
    let (column, id) = match source {
        Source::Site(id) => ("site = ", id),
        Source::Page(id) => ("page = ", id),
        // The index holds no events of nobody, and the database must see that none is asked for.
        Source::Person(id) => ("person <> 0 and person = ", id),
    };
    query.push(column);
    DB::number(query, id);
}

fn push_conditions<DB: Bind>(
    query: &mut QueryBuilder<DB>,
    source: Source,
    conditions: &Conditions,
) {
    if let Some(from_ms) = conditions.from_ms {
        push_bound(query, source, Side::From, from_ms);
    }
    if let Some(until_ms) = conditions.until_ms {
        push_bound(query, source, Side::Until, until_ms);
    }
    if let Some(url) = &conditions.url {
        query.push(" and page in (select id from pages where url_hash = ");
        DB::number(query, text_hash(url));
        query.push(" and url = ");
        DB::text(query, url);
        query.push(")");
    }
    if let Some(user_id) = &conditions.user_id {
        query.push(" and person in (select id from people where user_hash = ");
        DB::number(query, text_hash(user_id));
        query.push(" and user_id = ");
        DB::text(query, user_id);
        query.push(")");
    }
    if let Some(search) = &conditions.search {
        push_search(query, &pattern(search));
    }
}

#[derive(Clone, Copy)]
enum Side {
    From,
    Until,
}

fn push_bound<DB: Bind>(query: &mut QueryBuilder<DB>, source: Source, side: Side, time_ms: i64) {
    let bucket = source.bucket();
    query.push(" and ").push(bucket.sql).push(match side {
        Side::From => " >= ",
        Side::Until => " <= ",
    });
    DB::number(query, time_ms / bucket.ms);
    query.push(match side {
        Side::From => " and time_ms >= ",
        Side::Until => " and time_ms < ",
    });
    DB::number(query, time_ms);
}

/// A range of time that is one key of an index.
#[derive(Clone, Copy)]
struct Bucket {
    ms: i64,
    sql: &'static str,
}

impl Source {
    /// As the index of this source has it. Within a bucket the database sorts.
    const fn bucket(self) -> Bucket {
        match self {
            Self::Site(_) => Bucket {
                ms: 10_000,
                sql: "cast(time_ms / 10000 as integer)",
            },
            Self::Page(_) | Self::Person(_) => Bucket {
                ms: 86_400_000,
                sql: "cast(time_ms / 86400000 as integer)",
            },
        }
    }
}

/// Texts are looked for in the dictionaries, each once, and in the data of each event.
fn push_search<DB: Bind>(query: &mut QueryBuilder<DB>, pattern: &str) {
    const PLACES: [&str; 6] = [
        " and (page in (select id from pages where lower(url) like lower(",
        " or lower(title) like lower(",
        ") or referrer in (select id from referrers where lower(url) like lower(",
        ") or person in (select id from people where lower(user_id) like lower(",
        ") or kind in (select id from kinds where lower(name) like lower(",
        ") or lower(data) like lower(",
    ];
    for place in PLACES {
        query.push(place);
        DB::text(query, pattern);
        query.push(") escape '\\'");
    }
    query.push(")");
}

/// The text anywhere, its characters standing for themselves.
fn pattern(search: &str) -> String {
    let mut pattern = String::with_capacity(search.len() + 2);
    pattern.push('%');
    for character in search.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn push_after<DB: Bind>(query: &mut QueryBuilder<DB>, source: Source, key: Key, order: ViewOrder) {
    let (at_most, strictly) = match order {
        ViewOrder::NewestFirst => (" <= ", " < "),
        ViewOrder::OldestFirst => (" >= ", " > "),
    };
    let bucket = source.bucket();
    query.push(" and ").push(bucket.sql).push(at_most);
    DB::number(query, key.time_ms / bucket.ms);
    query.push(" and time_ms").push(at_most);
    DB::number(query, key.time_ms);
    query.push(" and (time_ms").push(strictly);
    DB::number(query, key.time_ms);
    query.push(" or event_id").push(strictly);
    DB::id(query, key.event_id);
    query.push(")");
}

fn push_order<DB: Bind>(query: &mut QueryBuilder<DB>, source: Source, order: ViewOrder) {
    let direction = match order {
        ViewOrder::NewestFirst => " desc",
        ViewOrder::OldestFirst => "",
    };
    query
        .push(" order by ")
        .push(source.bucket().sql)
        .push(direction);
    query.push(", time_ms").push(direction);
    query.push(", event_id").push(direction);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_stands_for_itself() {
        assert_eq!(pattern("a"), "%a%");
        assert_eq!(pattern(r"50%_\"), r"%50\%\_\\%");
    }
}
