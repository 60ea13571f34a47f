//! From a question to its answer.

use sqlx::{ColumnIndex, Database, Decode, Row, Type};

use super::buckets::Buckets;
use super::compose::{COUNTS, Composer, Conditions, Page};
use super::dimension::Dimension;
use super::filter::{Filter, Scope};
use super::kinds::Kinds;
use super::metric::Counts;
use super::resolve::Resolver;
use super::rollups::{self, OpenDays, Received};
use super::statement::{Rows, Statement};
use super::{
    STATS_BUCKETS_MAX, STATS_DIMENSIONS_MAX, STATS_ROWS_MAX, StatsAnswer, StatsQuery, StatsRow,
    StatsValue,
};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::ledger::HOUR_MS;

pub(crate) async fn stats(
    pool: &Pool,
    open: &OpenDays,
    query: &StatsQuery,
) -> Result<(StatsAnswer, Source), StoreError> {
    check(query)?;
    if let Some(answer) = rollups::answer(pool, open, query).await? {
        return Ok((answer, Source::Rollups));
    }
    let composer = composer(pool, query, None).await?;
    let page = Page::of(query);
    let (rows, mut total_rows) = fetch(pool, &composer, page).await?;
    if rows.is_empty() && query.offset > 0 {
        // Rows say how many there are, and none is here to say it.
        let first = Page {
            limit: 1,
            offset: 0,
        };
        total_rows = fetch(pool, &composer, first).await?.1;
    }
    Ok((StatsAnswer { rows, total_rows }, Source::Events))
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Rollups,
    Events,
}

/// Every row of the events that were received then, whatever rows are asked for; `None` if there are too many.
pub(super) async fn received(
    pool: &Pool,
    query: &StatsQuery,
    with_bots: bool,
    received: Received,
) -> Result<Option<Vec<StatsRow>>, StoreError> {
    let query = StatsQuery {
        order: Vec::new(),
        ..query.clone()
    };
    let mut composer = composer(pool, &query, Some(received)).await?;
    composer.conditions.with_bots = with_bots;
    let page = Page {
        limit: RECEIVED_ROWS_MAX + 1,
        offset: 0,
    };
    let (rows, _) = fetch(pool, &composer, page).await?;
    let is_all = i64::try_from(rows.len()).is_ok_and(|rows| rows <= RECEIVED_ROWS_MAX);
    Ok(is_all.then_some(rows))
}

/// Rows that are held to be added to those of counted days, at most.
const RECEIVED_ROWS_MAX: i64 = 200_000;

async fn composer<'q>(
    pool: &Pool,
    query: &'q StatsQuery,
    received: Option<Received>,
) -> Result<Composer<'q>, StoreError> {
    let kinds = Kinds::read(pool).await?;
    let conditions = conditions(pool, query, &kinds).await?;
    Ok(Composer {
        query,
        kinds,
        received,
        conditions,
        buckets: Buckets::of(&query.edges_ms),
    })
}

async fn fetch(
    pool: &Pool,
    composer: &Composer<'_>,
    page: Page,
) -> Result<(Vec<StatsRow>, u64), StoreError> {
    let mut statement = Statement::new(pool);
    composer.push(&mut statement, page);
    answer(statement.fetch(pool).await?, composer.query)
}

/// When the first and the last event of a site happened, to the hour.
pub(crate) async fn span(pool: &Pool, site: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let select = include_str!("../../sql/stats.span.sql");
    let (first, last): (Option<i64>, Option<i64>) =
        reading!(pool, db => sqlx::query_as(select).bind(site).fetch_one(db).await?);
    Ok(first
        .zip(last)
        .map(|(first, last)| (first * HOUR_MS, (last + 1) * HOUR_MS)))
}

fn check(query: &StatsQuery) -> Result<(), StoreError> {
    let refuse = |text: String| Err(StoreError::Invalid(text));
    if query.dimensions.len() > STATS_DIMENSIONS_MAX {
        return refuse(format!("at most {STATS_DIMENSIONS_MAX} dimensions"));
    }
    if query.limit > STATS_ROWS_MAX {
        return refuse(format!("at most {STATS_ROWS_MAX} rows"));
    }
    if query.edges_ms.len() > STATS_BUCKETS_MAX + 1 {
        return refuse(format!("at most {STATS_BUCKETS_MAX} buckets of time"));
    }
    let covers = || {
        let (first, last) = (query.edges_ms.first(), query.edges_ms.last());
        first.is_some_and(|first| *first <= query.from_ms)
            && last.is_some_and(|last| *last >= query.until_ms)
            && query.edges_ms.is_sorted()
    };
    if query.dimensions.contains(&Dimension::Time) && !covers() {
        return refuse("the buckets of time do not cover the range".to_owned());
    }
    Ok(())
}

/// The filters, resolved and sorted by what they are about.
pub(super) async fn conditions(
    pool: &Pool,
    query: &StatsQuery,
    kinds: &Kinds,
) -> Result<Conditions, StoreError> {
    let resolver = Resolver { pool, query, kinds };
    let filters = Filter::flattened(&query.filters);
    let about = |scope: Scope| -> Vec<&Filter> {
        let filters = filters.iter().copied();
        // A filter without a test asks nothing of events.
        filters
            .filter(|filter| filter.scope().unwrap_or(Scope::Visit) == scope)
            .collect()
    };
    Ok(Conditions {
        event: resolver.all(&about(Scope::Event)).await?,
        visit: resolver.all(&about(Scope::Visit)).await?,
        both: resolver.all(&about(Scope::Both)).await?,
        with_bots: query.asks_for_bots(),
    })
}

impl StatsQuery {
    /// Whether it names what tells people from bots: then it is about both.
    pub(super) fn asks_for_bots(&self) -> bool {
        let asks = |filter: &Filter| filter.has_test(&Dimension::asks_for_bots);
        self.dimensions.iter().any(Dimension::asks_for_bots) || self.filters.iter().any(asks)
    }
}

fn answer(rows: Rows, query: &StatsQuery) -> Result<(Vec<StatsRow>, u64), StoreError> {
    match rows {
        Rows::Sqlite(rows) => decoded(&rows, query),
        Rows::Postgres(rows) => decoded(&rows, query),
    }
}

/// The rows, and how many there are in all, which each of them says.
fn decoded<R: Row>(rows: &[R], query: &StatsQuery) -> Result<(Vec<StatsRow>, u64), StoreError>
where
    usize: ColumnIndex<R>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database<Row = R>,
{
    let columns = query.dimensions.len();
    let mut decoded = Vec::with_capacity(rows.len());
    let mut total_rows = 0;
    for row in rows {
        let mut dimensions = Vec::with_capacity(columns);
        for (column, dimension) in query.dimensions.iter().enumerate() {
            dimensions.push(match dimension {
                Dimension::Time => StatsValue::Bucket(whole(row.try_get(column)?)?),
                _ => StatsValue::Text(row.try_get(column)?),
            });
        }
        let mut counts = [0; COUNTS.len()];
        for (index, count) in counts.iter_mut().enumerate() {
            *count = whole(row.try_get(columns + index)?)?;
        }
        total_rows = whole(row.try_get(columns + COUNTS.len())?)?;
        decoded.push(StatsRow {
            dimensions,
            counts: Counts::from(counts),
        });
    }
    Ok((decoded, total_rows))
}

fn whole<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::rejected("decode", "a count is out of its range"))
}

impl From<[u64; COUNTS.len()]> for Counts {
    // In the order of `COUNTS`.
    fn from(counts: [u64; COUNTS.len()]) -> Self {
        let [
            visitors,
            visits,
            pageviews,
            events,
            identified_pageviews,
            bounces,
            duration_ms,
            engaged_ms,
            engaged_pages,
            scroll_sum,
            scroll_pages,
            group_visitors,
            all_visitors,
        ] = counts;
        Self {
            visitors,
            visits,
            pageviews,
            events,
            identified_pageviews,
            bounces,
            duration_ms,
            engaged_ms,
            engaged_pages,
            scroll_sum,
            scroll_pages,
            group_visitors,
            all_visitors,
        }
    }
}
