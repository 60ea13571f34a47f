//! From a question to its answer by adding up days, with what is not counted read from the events.

use std::collections::{BTreeMap, HashMap};

use super::Rolled;
use super::figures::{Figures, Group, Period, Sums, add_parts, decode};
use super::receipt::{Received, around};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::stats::dimension::Dimension;
use crate::stats::metric::Metric;
use crate::stats::{Counts, OrderBy, StatsAnswer, StatsQuery, StatsRow, StatsValue, order, run};
use crate::writer::ledger::HOUR_MS;

/// Gaps between counted days that are worth a statement each. With more of them, one statement reads everything.
const GAPS_MAX: usize = 4;
/// An hour that the clock shows twice.
const LONGEST_HOUR_MS: i64 = 2 * HOUR_MS;

/// `None` if the events have to be read: the question is not one of these, or no day of it is counted.
pub(in crate::stats) async fn answer(
    pool: &Pool,
    query: &StatsQuery,
) -> Result<Option<StatsAnswer>, StoreError> {
    let Some(mut counted) = counted(pool, query).await? else {
        return Ok(None);
    };
    if query.needs(Metric::Percentage) {
        let everyone = StatsQuery {
            metrics: vec![Metric::Visitors],
            dimensions: Vec::new(),
            order: Vec::new(),
            only: None,
            ..query.clone()
        };
        let Some(everyone) = counted_of_all(pool, &everyone).await? else {
            return Ok(None);
        };
        for (_, counts) in &mut counted {
            counts.all_visitors = everyone.visitors;
        }
    }
    Ok(Some(order::answer(query, counted)))
}

async fn counted_of_all(pool: &Pool, query: &StatsQuery) -> Result<Option<Counts>, StoreError> {
    let rows = counted(pool, query).await?;
    Ok(rows.map(|rows| rows.first().map(|(_, counts)| *counts).unwrap_or_default()))
}

/// Every row there is, in no order.
async fn counted(
    pool: &Pool,
    query: &StatsQuery,
) -> Result<Option<Vec<(Vec<StatsValue>, Counts)>>, StoreError> {
    let Some(plan) = Plan::of(query) else {
        return Ok(None);
    };
    let days = days(
        pool,
        query,
        plan.name,
        around(query.from_ms, query.until_ms),
    )
    .await?;
    let mut adder = Adder {
        plan,
        rows: HashMap::new(),
    };
    let mut covered = Vec::with_capacity(days.len());
    for (day, events, figures) in &days {
        // A day without figures has nothing in the range.
        let is_covered = *events == 0
            || figures
                .as_ref()
                .is_none_or(|figures| decode(figures).is_some_and(|figures| adder.add(&figures)));
        if is_covered {
            covered.push(*day);
        }
    }
    let gaps = gaps(around(query.from_ms, query.until_ms), &covered);
    if covered.is_empty() || gaps.len() > GAPS_MAX {
        return Ok(None);
    }
    let mut open = Vec::with_capacity(gaps.len());
    for gap in gaps {
        let Some(answer) = run::received(pool, query, gap).await? else {
            return Ok(None);
        };
        open.push(answer);
    }
    for row in open.iter().flatten() {
        adder.add_row(row);
    }
    Ok(Some(adder.finish()))
}

type DayRow = (i64, i64, Option<Vec<u8>>);

/// The days that are counted as they are: their numbers, how many events they have, and the figures where these may be of the range.
async fn days(
    pool: &Pool,
    query: &StatsQuery,
    name: &str,
    around: Received,
) -> Result<Vec<DayRow>, StoreError> {
    let read = include_str!("../../../sql/rollup.read.sql");
    Ok(reading!(pool, db => sqlx::query_as(read)
        .bind(query.site)
        .bind(around.from_day)
        .bind(around.until_day)
        .bind(name)
        .bind(query.from_ms)
        .bind(query.until_ms)
        .fetch_all(db)
        .await?))
}

/// What is between the covered days.
fn gaps(around: Received, covered: &[i64]) -> Vec<Received> {
    let mut gaps = Vec::new();
    let mut from_day = around.from_day;
    for day in covered.iter().copied().chain([around.until_day]) {
        if from_day < day {
            gaps.push(Received {
                from_day,
                until_day: day,
            });
        }
        from_day = day + 1;
    }
    gaps
}

/// How figures are added up to the rows of a question.
#[derive(Clone, Copy, Debug)]
struct Plan<'q> {
    query: &'q StatsQuery,
    name: &'static str,
    by: By,
}

/// What the rows are by, besides a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// One row.
    Nothing,
    /// Rows of several days.
    Days,
    /// Rows of an hour.
    Hours,
}

impl<'q> Plan<'q> {
    fn of(query: &'q StatsQuery) -> Option<Self> {
        if !query.filters.is_empty() || query.needs(Metric::ConversionRate) {
            return None;
        }
        let by = if query.dimensions.contains(&Dimension::Time) {
            By::of(&query.edges_ms)?
        } else {
            By::Nothing
        };
        let mut others = query
            .dimensions
            .iter()
            .filter(|dimension| **dimension != Dimension::Time);
        let rolled = match (others.next(), by) {
            (None, By::Hours) => Rolled::Hours,
            (Some(_), By::Hours) => return None,
            (None, _) => Rolled::All,
            (Some(dimension), _) => Rolled::By(dimension),
        };
        let is_known = others.next().is_none() && query.dimensions.len() <= 2;
        let name = rolled.name().filter(|_| is_known)?;
        Some(Self { query, name, by })
    }

    /// In which row a period is.
    fn place(&self, period: Period) -> Place {
        let (from_ms, until_ms) = (self.query.from_ms, self.query.until_ms);
        if period.until_ms <= from_ms || until_ms <= period.from_ms {
            return Place::Outside;
        }
        if period.from_ms < from_ms || until_ms < period.until_ms {
            return Place::Across;
        }
        if self.by == By::Nothing {
            return Place::In(0);
        }
        let edges = &self.query.edges_ms;
        let after = edges.partition_point(|edge| *edge <= period.from_ms);
        let (Some(bucket), Some(end_ms)) = (after.checked_sub(1), edges.get(after)) else {
            return Place::Across;
        };
        let is_whole = || edges[bucket] == period.from_ms && *end_ms == period.until_ms;
        match self.by {
            By::Hours if !is_whole() => Place::Across,
            _ if *end_ms < period.until_ms => Place::Across,
            _ => Place::In(bucket),
        }
    }
}

impl By {
    /// By how long the longest bucket is: the first and the last are cut by the range.
    fn of(edges_ms: &[i64]) -> Option<Self> {
        let longest_ms = edges_ms.windows(2).map(|edge| edge[1] - edge[0]).max()?;
        match longest_ms {
            ..HOUR_MS => None,
            HOUR_MS..=LONGEST_HOUR_MS => Some(Self::Hours),
            _ => Some(Self::Days),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In this bucket.
    In(usize),
    Outside,
    /// Partly in the range or in a bucket.
    Across,
}

struct Adder<'q> {
    plan: Plan<'q>,
    /// By bucket and value.
    rows: HashMap<(usize, String), Counts>,
}

impl Adder<'_> {
    /// Adds a day, unless one of its periods does not fit: then it must be read from the events.
    fn add(&mut self, figures: &Figures<'_>) -> bool {
        let periods = figures.periods.iter();
        let places: Vec<Place> = periods.map(|period| self.plan.place(*period)).collect();
        if places.contains(&Place::Across) {
            return false;
        }
        let key = |group: Group| match places.get(group.period as usize) {
            Some(Place::In(bucket)) => Some((*bucket, group.value)),
            _ => None,
        };
        let mut sums: BTreeMap<(usize, u32), Sums> = BTreeMap::new();
        let visits = figures.visits.iter();
        let visits = visits.filter_map(|part| Some((key(part.group)?, part)));
        let pages = figures.pages.iter();
        let pages = pages.filter_map(|part| Some((key(part.group)?, part)));
        add_parts(&mut sums, visits.collect(), pages.collect());
        let cells = figures.cells.iter();
        let cells = cells.filter_map(|cell| Some((key(cell.group)?, cell.sums)));
        for ((bucket, value), sums) in cells.chain(sums) {
            let value = figures.values.get(value as usize).copied();
            sums.add_to(self.counts(bucket, value.unwrap_or_default()));
        }
        true
    }

    /// Adds what was read from the events.
    fn add_row(&mut self, row: &StatsRow) {
        let (mut bucket, mut value) = (0, "");
        for dimension in &row.dimensions {
            match dimension {
                StatsValue::Bucket(place) => bucket = *place,
                StatsValue::Text(text) => value = text,
            }
        }
        Sums::from(&row.counts).add_to(self.counts(bucket, value));
    }

    fn counts(&mut self, bucket: usize, value: &str) -> &mut Counts {
        // Most values come once a day: looked up before they are copied.
        let key = (bucket, value.to_owned());
        self.rows.entry(key).or_default()
    }

    fn finish(self) -> Vec<(Vec<StatsValue>, Counts)> {
        let query = self.plan.query;
        let mut rows: Vec<_> = self
            .rows
            .into_iter()
            .map(|((bucket, value), counts)| {
                let dimension = |dimension: &Dimension| match dimension {
                    Dimension::Time => StatsValue::Bucket(bucket),
                    _ => StatsValue::Text(value.clone()),
                };
                (query.dimensions.iter().map(dimension).collect(), counts)
            })
            .collect();
        if rows.is_empty() && query.dimensions.is_empty() {
            rows.push((Vec::new(), Counts::default()));
        }
        rows
    }
}

impl StatsQuery {
    /// Whether a metric is asked for, or ordered by.
    pub(in crate::stats) fn needs(&self, metric: Metric) -> bool {
        let is_ordered = |(by, _): &(OrderBy, _)| *by == OrderBy::Metric(metric);
        self.metrics.contains(&metric) || self.order.iter().any(is_ordered)
    }
}
