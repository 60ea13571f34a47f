//! Which rows of all are the answer, and in which order, as the statement would have it.

use std::cmp::Ordering;

use super::dimension::Dimension;
use super::metric::{Formula, Metric, Nothing};
use super::{Counts, Direction, OrderBy, StatsAnswer, StatsQuery, StatsRow, StatsValue};

type Row = (Vec<StatsValue>, Counts);

/// The answer to a question from all rows that it has.
pub(super) fn answer(query: &StatsQuery, mut rows: Vec<Row>) -> StatsAnswer {
    rows.retain(|(dimensions, _)| is_wanted(query, dimensions));
    let total_rows = rows.len() as u64;
    rows.sort_unstable_by(|one, other| in_order(query, one, other));
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let rows: Vec<StatsRow> = rows
        .into_iter()
        .skip(offset)
        .take(query.limit as usize)
        .map(|(dimensions, counts)| StatsRow {
            dimensions,
            counts: needed(query, counts),
        })
        .collect();
    StatsAnswer { rows, total_rows }
}

fn is_wanted(query: &StatsQuery, dimensions: &[StatsValue]) -> bool {
    let is_shown = |(dimension, value): (&Dimension, &StatsValue)| match value {
        StatsValue::Bucket(_) => true,
        StatsValue::Text(text) => {
            let is_filtered = || {
                query
                    .filters
                    .iter()
                    .any(|filter| filter.has_test(&|other| other == dimension))
            };
            dimension.shows_nothing() || text != dimension.nothing() || is_filtered()
        }
    };
    let is_asked_for = |rows: &Vec<Vec<StatsValue>>| rows.iter().any(|row| row == dimensions);
    query.dimensions.iter().zip(dimensions).all(is_shown)
        && query.only.as_ref().is_none_or(is_asked_for)
}

/// What no metric needs is not counted.
fn needed(query: &StatsQuery, mut counts: Counts) -> Counts {
    if !query.needs_engagement() {
        counts.engaged_ms = 0;
        counts.engaged_pages = 0;
        counts.scroll_sum = 0;
        counts.scroll_pages = 0;
    }
    counts
}

fn in_order(query: &StatsQuery, one: &Row, other: &Row) -> Ordering {
    for (by, direction) in &query.order {
        let order = match by {
            OrderBy::Dimension(place) => one.0.get(*place).cmp(&other.0.get(*place)),
            OrderBy::Metric(metric) => match (metric.ratio(&one.1), metric.ratio(&other.1)) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                // Without a figure: last, whatever the direction.
                (Some(_), None) => return Ordering::Less,
                (None, Some(_)) => return Ordering::Greater,
                (None, None) => Ordering::Equal,
            },
        };
        let order = match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    one.0.cmp(&other.0)
}

impl Metric {
    /// Before it is rounded; `None` where there is nothing to take a mean of.
    fn ratio(self, counts: &Counts) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "as the database divides; it orders rows only"
        )]
        let number = |column: &str| counts.column(column) as f64;
        match self.formula() {
            Formula::Count(column) => Some(number(column)),
            Formula::Ratio { whole, each, .. } if counts.column(whole) == 0 => match each {
                Nothing::Zero => Some(0.0),
                Nothing::Null => None,
            },
            Formula::Ratio { part, whole, .. } => Some(number(part) / number(whole)),
        }
    }
}

impl Counts {
    fn column(&self, name: &str) -> u64 {
        match name {
            "visitors" => self.visitors,
            "visits" => self.visits,
            "pageviews" => self.pageviews,
            "events" => self.events,
            "identified_pageviews" => self.identified_pageviews,
            "bounces" => self.bounces,
            "duration_ms" => self.duration_ms,
            "engaged_ms" => self.engaged_ms,
            "engaged_pages" => self.engaged_pages,
            "scroll_sum" => self.scroll_sum,
            "scroll_pages" => self.scroll_pages,
            "group_visitors" => self.group_visitors,
            "all_visitors" => self.all_visitors,
            _ => 0,
        }
    }
}
