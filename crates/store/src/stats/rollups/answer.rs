//! From a question to its answer by adding up days, with what is not counted read from the events.

use std::collections::HashMap;
use std::sync::Arc;

use super::adder::Adder;
use super::figures::{Sums, decode};
use super::open::{OpenDays, Settled, Today};
use super::receipt::{Received, around};
use super::scan::Scan;
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::stats::dimension::Dimension;
use crate::stats::filter::{Filter, Scope};
use crate::stats::kinds::Kinds;
use crate::stats::metric::Metric;
use crate::stats::{Counts, OrderBy, StatsAnswer, StatsQuery, StatsValue, order, run};

/// Gaps between counted days that are worth a statement each. With more of them, one statement reads everything.
const GAPS_MAX: usize = 4;

pub(super) type Rows = Vec<(Vec<StatsValue>, Counts)>;

/// `None` if the events have to be read: the question is about properties, or nothing of it is counted or remembered.
pub(in crate::stats) async fn answer(
    pool: &Pool,
    open: &OpenDays,
    query: &StatsQuery,
) -> Result<Option<StatsAnswer>, StoreError> {
    let asked = Asked {
        pool,
        open,
        query,
        with_bots: query.asks_for_bots(),
    };
    let Some(mut rows) = asked.rows().await? else {
        return Ok(None);
    };
    if query.needs(Metric::Percentage) {
        let everyone = query.about_everyone();
        let everyone = Asked {
            query: &everyone,
            ..asked
        };
        let Some(everyone) = everyone.rows().await? else {
            return Ok(None);
        };
        let visitors = everyone.iter().map(|(_, counts)| counts.visitors).sum();
        for (_, counts) in &mut rows {
            counts.all_visitors = visitors;
        }
    }
    if query.needs(Metric::ConversionRate) {
        let (base, places) = query.about_base();
        let base = Asked {
            query: &base,
            ..asked
        };
        let Some(base) = base.rows().await? else {
            return Ok(None);
        };
        let base: HashMap<_, _> = base.into_iter().collect();
        for (values, counts) in &mut rows {
            let key: Vec<StatsValue> = places.iter().map(|place| values[*place].clone()).collect();
            counts.group_visitors = base.get(&key).map_or(0, |base| base.visitors);
        }
    }
    Ok(Some(order::answer(query, rows)))
}

/// A question, and whom it asks.
#[derive(Clone, Copy)]
struct Asked<'q> {
    pool: &'q Pool,
    open: &'q OpenDays,
    query: &'q StatsQuery,
    with_bots: bool,
}

/// A day that is counted, and when the first and the last of its events happened.
type Counted = (i64, (i64, i64));

impl Asked<'_> {
    /// Every row there is, in no order.
    async fn rows(self) -> Result<Option<Rows>, StoreError> {
        let around = around(self.query.from_ms, self.query.until_ms);
        let adder = Adder::of(self.query).filter(|_| !self.with_bots);
        let name = adder.as_ref().map_or("", Adder::name);
        let days = days(self.pool, self.query, name, around).await?;
        let kinds = Kinds::read(self.pool).await?;
        let scan = self.scan(&kinds).await?;
        let counted: Vec<i64> = days.iter().map(|(day, ..)| *day).collect();
        let open_from = gaps(around, &counted)
            .last()
            .filter(|gap| scan.is_some() && gap.until_day == around.until_day)
            .map(|gap| gap.from_day);
        let today = match open_from {
            Some(from_day) => {
                let site = self.query.site;
                self.open.today(self.pool, &kinds, site, from_day).await?
            }
            None => None,
        };
        let settled = today.as_ref().map(|today| Arc::clone(&today.settled));
        let Figured {
            mut rows,
            mut covered,
            left,
            settled,
        } = self.of_figures(adder, days, settled).await?;
        let scanned = match scan {
            Some(scan) => {
                self.of_columns(scan, &left, today.as_ref(), settled)
                    .await?
            }
            None => None,
        };
        let Some(scanned) = scanned else {
            return self.of_events(around, rows, covered, left.is_empty()).await;
        };
        covered.extend(scanned.covered);
        if let (true, Some(from_day)) = (today.is_some(), open_from) {
            covered.extend(from_day..around.until_day);
        }
        rows.extend(scanned.rows);
        self.of_events(around, rows, covered, true).await
    }

    /// `None` for a question that columns do not answer.
    async fn scan(self, kinds: &Kinds) -> Result<Option<Scan>, StoreError> {
        let mut conditions = run::conditions(self.pool, self.query, kinds).await?;
        conditions.with_bots = self.with_bots;
        Ok(Scan::of(self.query, kinds, conditions))
    }

    /// What figures say.
    async fn of_figures(
        self,
        mut adder: Option<Adder>,
        days: Vec<DayRow>,
        settled: Option<Arc<Settled>>,
    ) -> Result<Figured, StoreError> {
        let dimensions = self.query.dimensions.clone();
        let of_settled = Adder::of(self.query).filter(|_| adder.is_some());
        // Thousands of values a day take milliseconds, in which other tasks want to go on.
        let adding = tokio::task::spawn_blocking(move || {
            let (mut covered, mut left) = (Vec::with_capacity(days.len()), Vec::new());
            for (day, has_some, first_ms, last_ms, figures) in &days {
                let mut fits = || {
                    let adder = adder.as_mut()?;
                    decode(figures.as_deref()?).map(|figures| adder.add(&figures))
                };
                if *has_some == 0 || fits() == Some(true) {
                    covered.push(*day);
                } else {
                    left.push((*day, (*first_ms, *last_ms)));
                }
            }
            let settled = of_settled.zip(settled).and_then(|(mut adder, settled)| {
                let figures = decode(settled.figures(adder.name())?)?;
                let fits = adder.add(&figures);
                fits.then(|| adder.finish(&dimensions))
            });
            Figured {
                rows: adder.map_or_else(Vec::new, |adder| adder.finish(&dimensions)),
                covered,
                left,
                settled,
            }
        });
        adding.await.map_err(|error| {
            StoreError::rejected("count", format!("adding up days ended early: {error}"))
        })
    }

    /// What columns say, of days that are counted and of those that are open, of which `settled` are the rows that figures know. `None` if
    /// there are too many.
    async fn of_columns(
        self,
        mut scan: Scan,
        days: &[Counted],
        today: Option<&Today>,
        settled: Option<Rows>,
    ) -> Result<Option<Scanned>, StoreError> {
        let mut rows = Vec::new();
        let mut of_today = Vec::new();
        if let Some(today) = today {
            match settled {
                Some(settled) => {
                    let moved = scan.count(self.pool, Arc::clone(&today.moved)).await?;
                    let Some(next) = moved else {
                        return Ok(None);
                    };
                    scan = next;
                    rows = without(settled, scan.take_rows());
                }
                None => of_today.push(&today.unmoved),
            }
            of_today.push(&today.fresh);
        }
        for columns in of_today {
            let Some(next) = scan.count(self.pool, Arc::clone(columns)).await? else {
                return Ok(None);
            };
            scan = next;
        }
        let mut covered = Vec::with_capacity(days.len());
        for (day, span) in days {
            let Some(columns) = scan.read(self.pool, *day, *span).await? else {
                continue;
            };
            let Some(next) = scan.count(self.pool, Arc::new(columns)).await? else {
                return Ok(None);
            };
            scan = next;
            covered.push(*day);
        }
        rows.extend(scan.take_rows());
        Ok(Some(Scanned { rows, covered }))
    }

    /// With what of the rest the events say. `None` if most are to be read from these anyway.
    async fn of_events(
        self,
        around: Received,
        mut rows: Rows,
        covered: Vec<i64>,
        is_worth_it: bool,
    ) -> Result<Option<Rows>, StoreError> {
        let gaps = gaps(around, &covered);
        if !is_worth_it || covered.is_empty() || gaps.len() > GAPS_MAX {
            return Ok(None);
        }
        for gap in gaps {
            let received = run::received(self.pool, self.query, self.with_bots, gap).await?;
            let Some(received) = received else {
                return Ok(None);
            };
            rows.extend(received.into_iter().map(|row| (row.dimensions, row.counts)));
        }
        Ok(Some(together(self.query, rows)))
    }
}

struct Figured {
    rows: Rows,
    /// The days of which these are.
    covered: Vec<i64>,
    /// The days of which figures do not tell.
    left: Vec<Counted>,
    /// Of those of today's visitors who are settled.
    settled: Option<Rows>,
}

struct Scanned {
    rows: Rows,
    covered: Vec<i64>,
}

/// Rows less what some of their visitors count for. These are rows of visitors, of whom each has one at least.
fn without(rows: Rows, moved: Rows) -> Rows {
    if moved.is_empty() {
        return rows;
    }
    let mut rows: HashMap<Vec<StatsValue>, Counts> = rows.into_iter().collect();
    for (values, counts) in moved {
        if let Some(row) = rows.get_mut(&values) {
            Sums::from(&counts).take_from(row);
        }
    }
    rows.retain(|_, counts| counts.visitors > 0);
    rows.into_iter().collect()
}

/// Rows of the same values as one.
fn together(query: &StatsQuery, rows: Rows) -> Rows {
    let mut sums: HashMap<Vec<StatsValue>, Counts> = HashMap::with_capacity(rows.len());
    for (values, counts) in rows {
        let sum = sums.entry(values).or_default();
        Sums::from(&counts).add_to(sum);
    }
    if query.dimensions.is_empty() {
        sums.entry(Vec::new()).or_default();
    }
    sums.into_iter().collect()
}

type DayRow = (i64, i64, i64, i64, Option<Vec<u8>>);

/// The days that are counted as they are: their numbers, whether events of them may be in the range, when the first and the last of these
/// happened, and the figures of that name.
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
    let mut covered = covered.to_vec();
    covered.sort_unstable();
    let mut gaps = Vec::new();
    let mut from_day = around.from_day;
    for day in covered.into_iter().chain([around.until_day]) {
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

impl StatsQuery {
    /// Whether a metric is asked for, or ordered by.
    pub(in crate::stats) fn needs(&self, metric: Metric) -> bool {
        let is_ordered = |(by, _): &(OrderBy, _)| *by == OrderBy::Metric(metric);
        self.metrics.contains(&metric) || self.order.iter().any(is_ordered)
    }

    /// Whether the events of engagement are needed.
    pub(in crate::stats) fn needs_engagement(&self) -> bool {
        let mut metrics = Metric::ALL.into_iter();
        metrics.any(|metric| metric.needs_engagement() && self.needs(metric))
    }

    /// The same events as one row, of which only the visitors matter.
    fn about_everyone(&self) -> Self {
        Self {
            metrics: vec![Metric::Visitors],
            dimensions: Vec::new(),
            order: Vec::new(),
            only: None,
            ..self.clone()
        }
    }

    /// The visitors that would be there without all that is said about events; and the places of the dimensions that stay.
    fn about_base(&self) -> (Self, Vec<usize>) {
        let stays = |dimension: &Dimension| {
            !dimension.is_of_event() || matches!(dimension, Dimension::Time)
        };
        let stay = self.dimensions.iter().enumerate();
        let (places, dimensions) = stay.filter(|(_, dimension)| stays(dimension)).unzip();
        let is_of_visit = |filter: &&Filter| filter.scope().unwrap_or(Scope::Visit) == Scope::Visit;
        let filters = Filter::flattened(&self.filters).into_iter();
        let base = Self {
            filters: filters.filter(is_of_visit).cloned().collect(),
            dimensions: Vec::clone(&dimensions).into_iter().cloned().collect(),
            ..self.about_everyone()
        };
        (base, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_nobody_is_left_of_is_gone() {
        let row = |page: &str, visitors, pageviews| {
            let counts = Counts {
                visitors,
                pageviews,
                ..Counts::default()
            };
            (vec![StatsValue::Text(page.to_owned())], counts)
        };
        let settled = vec![row("/", 5, 9), row("/left", 2, 2)];
        let left = without(settled, vec![row("/left", 2, 2), row("/", 1, 3)]);
        assert_eq!(left, [row("/", 4, 6)]);
    }
}
