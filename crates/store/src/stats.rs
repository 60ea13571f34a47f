//! Figures: metrics of a site's events in a range of time, by dimensions and under filters. `docs/metrics.md` defines them.
//!
//! A question is one statement, so its figures agree with each other whatever is stored meanwhile. Filters are resolved before it:
//! which texts match is decided here, in Rust, against the dictionaries, so that both databases mean the same by a letter's
//! case or a pattern, and the statement compares numbers.
//!
//! The text of the statement is composed from the enums of this module alone; values are bound. Where a dimension's value lies is said
//! in one place (`dimension`).
//!
//! Limits: [`STATS_DIMENSIONS_MAX`] dimensions, [`STATS_BUCKETS_MAX`] buckets of time, [`STATS_ROWS_MAX`] rows, [`STATS_VALUES_MAX`]
//! different values of a property where a filter must look at each. Absent: time zones and names (the caller computes bounds), caching.

mod buckets;
mod compose;
mod conditions;
mod dimension;
mod filter;
mod kinds;
mod metric;
mod order;
mod resolve;
mod rollups;
mod run;
mod statement;

pub use dimension::Dimension;
pub use filter::{Filter, Matching, Test};
pub use metric::{Counts, Figure, Metric};

pub use rollups::RollupDay;

pub(crate) use rollups::{
    OpenDays, check, forget_before, mark_all, mark_received, mark_times, roll_up, waiting,
};
pub(crate) use run::{Source, span, stats};

/// Dimensions of one question, at most.
pub const STATS_DIMENSIONS_MAX: usize = 5;
/// Buckets of time, at most: a week of minutes.
pub const STATS_BUCKETS_MAX: usize = 10_080;
/// Rows of an answer, at most.
pub const STATS_ROWS_MAX: u32 = 10_000;
/// Different values of a property in the range, at most, where a filter must look at each of them.
pub const STATS_VALUES_MAX: usize = 100_000;

/// A question about one site.
#[derive(Clone, Debug)]
pub struct StatsQuery {
    /// The site's number.
    pub site: i64,
    /// Events from this instant, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Events before this instant.
    pub until_ms: i64,
    /// What to count.
    pub metrics: Vec<Metric>,
    /// By what; none is one row, over everything.
    pub dimensions: Vec<Dimension>,
    /// For [`Dimension::Time`]: where each bucket begins, and at last where the last one ends; ascending. They cover the range.
    pub edges_ms: Vec<i64>,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The order of the rows; equal ones follow in the order of their dimensions.
    pub order: Vec<(OrderBy, Direction)>,
    /// Rows at most.
    pub limit: u32,
    /// Rows to skip.
    pub offset: u64,
    /// Only these rows, by all their dimensions; `None` is any.
    pub only: Option<Vec<Vec<StatsValue>>>,
}

impl StatsQuery {
    /// How many visitors the site has had between two instants.
    pub fn visitors(site: i64, from_ms: i64, until_ms: i64) -> Self {
        Self {
            site,
            from_ms,
            until_ms,
            metrics: vec![Metric::Visitors],
            dimensions: Vec::new(),
            edges_ms: Vec::new(),
            filters: Vec::new(),
            order: Vec::new(),
            limit: 1,
            offset: 0,
            only: None,
        }
    }
}

/// By what rows are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderBy {
    /// By a metric before it is rounded; rows without a figure come last.
    Metric(Metric),
    /// By a dimension, by its place in the question: bytes of text, or time.
    Dimension(usize),
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// What a row has in a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatsValue {
    /// A text.
    Text(String),
    /// Of [`Dimension::Time`]: which bucket, from 0.
    Bucket(usize),
}

/// Events with the same values, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsRow {
    /// In the order of the question.
    pub dimensions: Vec<StatsValue>,
    /// From which every metric that was asked for follows.
    pub counts: Counts,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsAnswer {
    /// The rows that were asked for.
    pub rows: Vec<StatsRow>,
    /// How many there are without limit and offset.
    pub total_rows: u64,
}
