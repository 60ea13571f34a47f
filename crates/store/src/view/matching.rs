//! Events that match, where their order does not matter.

use sqlx::QueryBuilder;

use super::check::Check;
use super::dialect::Dialect;
use super::window::Window;
use crate::error::StoreError;
use crate::pool::{Pool, reading};

/// Where to look: events of any of these, as an index has them by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Sites(Vec<i64>),
    Pages(Vec<i64>),
    People(Vec<i64>),
}

impl Scope {
    pub(super) fn ids(&self) -> &[i64] {
        match self {
            Self::Sites(ids) | Self::Pages(ids) | Self::People(ids) => ids,
        }
    }

    /// Each id alone, whose events an index has in the order of time.
    pub(super) fn each(&self) -> Vec<Self> {
        let one: fn(Vec<i64>) -> Self = match self {
            Self::Sites(_) => Self::Sites,
            Self::Pages(_) => Self::Pages,
            Self::People(_) => Self::People,
        };
        self.ids().iter().map(|id| one(vec![*id])).collect()
    }
}

/// A range of time that is one key of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) ms: i64,
    pub(super) sql: &'static str,
}

impl Scope {
    /// As its index has it. Within a bucket the database sorts.
    pub(super) const fn bucket(&self) -> Bucket {
        match self {
            Self::Sites(_) => Bucket {
                ms: 10_000,
                sql: "cast(e.time_ms / 10000 as integer)",
            },
            Self::Pages(_) | Self::People(_) => Bucket {
                ms: 86_400_000,
                sql: "cast(e.time_ms / 86400000 as integer)",
            },
        }
    }
}

/// What must hold for an event besides where it was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conditions {
    pub(super) window: Window,
    pub(super) checks: Vec<Check>,
}

impl Conditions {
    pub(super) fn within(&self, window: Window) -> Self {
        Self {
            window: self.window.and(window),
            checks: self.checks.clone(),
        }
    }
}

/// ` from events e … where …`. The session is joined where a check needs it, or `session` says so.
pub(super) fn push_matching<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    scope: &Scope,
    conditions: &Conditions,
    session: Session,
) {
    query.push(" from events e");
    if session == Session::Joined || conditions.checks.iter().any(Check::needs_session) {
        query.push(DB::SESSION);
    }
    query.push(match scope {
        Scope::Sites(_) => " where e.site",
        Scope::Pages(_) => " where e.page",
        // The index holds no events of nobody, and the database must see that none is asked for.
        Scope::People(_) => " where e.person <> 0 and e.person",
    });
    DB::one_of(query, scope.ids());
    if let Some(from_ms) = conditions.window.from_ms {
        push_bound(query, scope.bucket(), Side::From, from_ms);
    }
    if let Some(until_ms) = conditions.window.until_ms {
        push_bound(query, scope.bucket(), Side::Until, until_ms);
    }
    for check in &conditions.checks {
        query.push(" and ");
        check.push(query);
    }
}

/// Whether what is read of an event needs its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    Joined,
    AsNeeded,
}

#[derive(Clone, Copy)]
enum Side {
    From,
    Until,
}

fn push_bound<DB: Dialect>(query: &mut QueryBuilder<DB>, bucket: Bucket, side: Side, time_ms: i64) {
    query.push(" and ").push(bucket.sql).push(match side {
        Side::From => " >= ",
        Side::Until => " <= ",
    });
    DB::number(query, time_ms / bucket.ms);
    query.push(match side {
        Side::From => " and e.time_ms >= ",
        Side::Until => " and e.time_ms < ",
    });
    DB::number(query, time_ms);
}

/// Counts them, up to `limit`.
pub(super) async fn count(
    pool: &Pool,
    scope: &Scope,
    conditions: &Conditions,
    limit: u64,
) -> Result<u64, StoreError> {
    if scope.ids().is_empty() || conditions.window.is_empty() {
        return Ok(0);
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let count: i64 = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select count(*) from (select 1 as one");
        push_matching(&mut query, scope, conditions, Session::AsNeeded);
        query.push(" limit ").push_bind(limit).push(") matching");
        query.build_query_scalar().fetch_one(db).await?
    });
    Ok(u64::try_from(count).unwrap_or(0))
}
