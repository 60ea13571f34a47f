//! Answering from the columns of days: any question but those about properties.
//!
//! Each day is gone through once, visit by visit. Visitors and visits belong to one day and stand side by side in it, so that to count them
//! once in each group it is enough to remember, for each group, who was counted last.

mod check;
mod pass;
mod texts;

use std::sync::Arc;

use super::answer::Rows;
use super::columns::{Column, Columns};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::compose::Conditions;
use crate::stats::conditions::Condition;
use crate::stats::dimension::Dimension;
use crate::stats::kinds::Kinds;
use crate::stats::{Counts, STATS_DIMENSIONS_MAX, StatsQuery, StatsValue};

use pass::{Group, Groups, Pass};
use texts::Texts;

/// Groups that are held in memory, at most.
const GROUPS_MAX: usize = 500_000;

type Key = [u32; STATS_DIMENSIONS_MAX];

/// A question on its way through the days.
pub(super) struct Scan {
    site: i64,
    from_ms: i64,
    until_ms: i64,
    edges_ms: Vec<i64>,
    conditions: Conditions,
    dimensions: Vec<Axis>,
    /// The paths of pages, where engagement is asked for.
    paths: Option<Texts>,
    pageview: Option<i64>,
    engagement: Option<i64>,
    columns: Vec<Column>,
    groups: Groups,
    /// Visits and visitors so far, by which they are told apart.
    visits: u64,
    visitors: u64,
}

/// By what events are grouped.
enum Axis {
    Time,
    Texts(Texts),
}

impl Scan {
    /// `None` for a question that the columns do not answer.
    pub(super) fn of(query: &StatsQuery, kinds: &Kinds, conditions: Conditions) -> Option<Self> {
        let is_asked = |condition: &Condition| condition.is_of_numbers();
        let all = [&conditions.event, &conditions.visit, &conditions.both];
        if !all.into_iter().flatten().all(is_asked) {
            return None;
        }
        let axis = |dimension: &Dimension| match dimension {
            Dimension::Time => Some(Axis::Time),
            _ => Texts::of(dimension).map(Axis::Texts),
        };
        let dimensions: Vec<Axis> = query.dimensions.iter().map(axis).collect::<Option<_>>()?;
        let paths = if query.needs_engagement() {
            Some(Texts::of(&Dimension::Page)?)
        } else {
            None
        };
        let mut this = Self {
            site: query.site,
            from_ms: query.from_ms,
            until_ms: query.until_ms,
            edges_ms: query.edges_ms.clone(),
            conditions,
            dimensions,
            paths,
            pageview: kinds.number("pageview"),
            engagement: kinds.number("engagement"),
            columns: Vec::new(),
            groups: Groups::default(),
            visits: 0,
            visitors: 0,
        };
        this.columns = this.columns();
        Some(this)
    }

    /// What has to be read of each day, times aside.
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::Events,
            Column::Flags,
            Column::Duration,
            Column::Kind,
        ];
        if self.paths.is_some() {
            columns.extend([Column::Page, Column::Engaged, Column::Scroll]);
        }
        for axis in &self.dimensions {
            if let Axis::Texts(texts) = axis {
                columns.push(Column::of(texts.dictionary));
            }
        }
        let Conditions {
            event, visit, both, ..
        } = &self.conditions;
        for condition in [event, visit, both].into_iter().flatten() {
            condition.each_dictionary(&mut |dictionary| columns.push(Column::of(dictionary)));
        }
        let mut conditions = [event, visit, both].into_iter().flatten();
        if conditions.any(Condition::needs_times) {
            columns.push(Column::Time);
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// What is needed of a day, whose events happened between `first_ms` and `last_ms`; `None` if it is not there.
    pub(super) async fn read(
        &self,
        pool: &Pool,
        day: i64,
        (first_ms, last_ms): (i64, i64),
    ) -> Result<Option<Columns>, StoreError> {
        let mut wanted = self.columns.clone();
        let is_whole = self.from_ms <= first_ms && last_ms < self.until_ms;
        let has_time = self
            .dimensions
            .iter()
            .any(|axis| matches!(axis, Axis::Time));
        if (has_time || !is_whole) && !wanted.contains(&Column::Time) {
            wanted.push(Column::Time);
        }
        Columns::read(pool, self.site, day, &wanted).await
    }

    /// Goes through a day. `None` if there are too many groups.
    pub(super) async fn count(
        mut self,
        pool: &Pool,
        columns: Arc<Columns>,
    ) -> Result<Option<Self>, StoreError> {
        for axis in &mut self.dimensions {
            if let Axis::Texts(texts) = axis {
                texts.learn(pool, &columns).await?;
            }
        }
        if let Some(paths) = &mut self.paths {
            paths.learn(pool, &columns).await?;
        }
        // A day of many events takes milliseconds, in which other tasks want to go on.
        let counting = tokio::task::spawn_blocking(move || {
            let mut groups = std::mem::take(&mut self.groups);
            (self.visits, self.visitors) = Pass::new(&self, &columns).run(&mut groups);
            self.groups = groups;
            self
        });
        let this = counting.await.map_err(|error| {
            StoreError::rejected("count", format!("counting a day ended early: {error}"))
        })?;
        Ok((this.groups.list.len() <= GROUPS_MAX).then_some(this))
    }

    /// Every row of what was gone through since this was asked before, in no order.
    pub(super) fn take_rows(&mut self) -> Rows {
        let dimensions = &self.dimensions;
        let values = |key: Key| {
            let places = dimensions.iter().zip(key);
            let value = |(axis, place): (&Axis, u32)| match axis {
                Axis::Time => StatsValue::Bucket(place as usize),
                Axis::Texts(texts) => StatsValue::Text(texts.met.text(place).to_owned()),
            };
            places.map(value).collect()
        };
        let row = |group: &Group| {
            let mut counts = Counts::default();
            group.sums.add_to(&mut counts);
            (values(group.key), counts)
        };
        std::mem::take(&mut self.groups)
            .list
            .iter()
            .map(row)
            .collect()
    }
}
