//! Adding up the figures of days to the rows of a question.

use std::collections::{BTreeMap, HashMap};

use super::Rolled;
use super::answer::Rows;
use super::figures::{Figures, Group, Period, Sums, add_parts};
use super::met::Met;
use crate::stats::dimension::Dimension;
use crate::stats::{Counts, StatsQuery, StatsValue};
use crate::writer::ledger::HOUR_MS;

/// An hour that the clock shows twice.
const LONGEST_HOUR_MS: i64 = 2 * HOUR_MS;

/// What was added up so far.
pub(super) struct Adder {
    from_ms: i64,
    until_ms: i64,
    edges_ms: Vec<i64>,
    by: By,
    name: &'static str,
    values: Met,
    /// By bucket and value.
    rows: HashMap<(usize, u32), Counts>,
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

/// In which row a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In this bucket.
    In(usize),
    Outside,
    /// Partly in the range or in a bucket.
    Across,
}

impl Adder {
    /// `None` for a question that figures do not answer.
    pub(super) fn of(query: &StatsQuery) -> Option<Self> {
        if !query.filters.is_empty() {
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
        Some(Self {
            from_ms: query.from_ms,
            until_ms: query.until_ms,
            edges_ms: query.edges_ms.clone(),
            by,
            name: rolled.name().filter(|_| is_known)?,
            values: Met::default(),
            rows: HashMap::new(),
        })
    }

    /// The name of the figures that are to be added.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a day, unless one of its periods does not fit: then its columns or its events must be read.
    pub(super) fn add(&mut self, figures: &Figures<'_>) -> bool {
        let periods = figures.periods.iter();
        let places: Vec<Place> = periods.map(|period| self.place(*period)).collect();
        if places.contains(&Place::Across) {
            return false;
        }
        let values = figures.values.iter();
        let values: Vec<u32> = values.map(|value| self.values.place(value)).collect();
        let key = |group: Group| match places.get(group.period as usize)? {
            Place::In(bucket) => Some((*bucket, *values.get(group.value as usize)?)),
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
        for (key, sums) in cells.chain(sums) {
            sums.add_to(self.rows.entry(key).or_default());
        }
        true
    }

    fn place(&self, period: Period) -> Place {
        if period.until_ms <= self.from_ms || self.until_ms <= period.from_ms {
            return Place::Outside;
        }
        if period.from_ms < self.from_ms || self.until_ms < period.until_ms {
            return Place::Across;
        }
        if self.by == By::Nothing {
            return Place::In(0);
        }
        let edges = &self.edges_ms;
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

    /// The rows of a question by these dimensions, in no order.
    pub(super) fn finish(self, dimensions: &[Dimension]) -> Rows {
        let row = |((bucket, value), counts): ((usize, u32), Counts)| {
            let dimension = |dimension: &Dimension| match dimension {
                Dimension::Time => StatsValue::Bucket(bucket),
                _ => StatsValue::Text(self.values.text(value).to_owned()),
            };
            (dimensions.iter().map(dimension).collect(), counts)
        };
        self.rows.into_iter().map(row).collect()
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
