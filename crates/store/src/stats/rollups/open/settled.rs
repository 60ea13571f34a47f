//! Visitors of today whose events change no more, most probably: counted as a day that is over is.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::change::Change;
use super::part::{Event, Part, columns};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::site;
use crate::stats::dimension::Dimension;
use crate::stats::rollups::columns::{Column, Columns};
use crate::stats::rollups::{Rolled, count};

/// Everything here is as it was when it was settled.
#[derive(Debug)]
pub(in crate::stats::rollups) struct Settled {
    pub(super) part: Part,
    columns: Columns,
    /// Whose each visit is, in the order of columns.
    visitors: Vec<Option<i64>>,
    /// By the names of what is counted.
    figures: HashMap<&'static str, Vec<u8>>,
}

/// Who is to be settled.
#[derive(Debug)]
pub(super) struct Settling {
    pub(super) site: i64,
    pub(super) generation: i64,
    pub(super) before: Arc<Settled>,
    /// Who of these is not as they were, and all that they did.
    pub(super) moved: HashSet<i64>,
    pub(super) fresh: Part,
}

impl Settled {
    /// `None` where a number does not fit, which is none that we give.
    pub(super) fn of_nobody() -> Option<Self> {
        Self::of(Part::default(), HashMap::new())
    }

    pub(super) fn of(part: Part, figures: HashMap<&'static str, Vec<u8>>) -> Option<Self> {
        let mut visits: Vec<(Option<i64>, i64)> = Vec::new();
        let of_events = part.events.iter();
        visits.extend(of_events.map(|event| (event.visitor, event.session)));
        visits.dedup();
        Some(Self {
            columns: columns(&part.to_day())?,
            visitors: visits.into_iter().map(|(visitor, _)| visitor).collect(),
            part,
            figures,
        })
    }

    /// By a name of what is counted; `None` if it is not.
    pub(in crate::stats::rollups) fn figures(&self, name: &str) -> Option<&[u8]> {
        self.figures.get(name).map(Vec::as_slice)
    }

    /// Who did something at a time that is among these.
    pub(super) fn visitors_at(&self, is_among: impl Fn(i64) -> bool) -> HashSet<i64> {
        let times = self.columns.get(Column::Time);
        let events = self.part.events.iter().enumerate();
        let at = events.filter(|(place, _)| is_among(times.at(*place)));
        at.filter_map(|(_, event)| event.visitor).collect()
    }

    /// Whether a visitor's events and visits are after a change what they are here.
    pub(super) fn is_still(&self, visitor: i64, change: &Change) -> bool {
        let visit = |part: &Part, event: &Event| part.visits.get(&event.session).copied();
        let now = change.part.of_visitor(visitor);
        let here = self.part.of_visitor(visitor).iter();
        let mut here = here.filter(|event| change.is_about(event.time_ms()));
        now.iter().all(|event| {
            here.next() == Some(event) && visit(&self.part, event) == visit(&change.part, event)
        }) && here.next().is_none()
    }

    /// All columns but for the visits of some.
    pub(super) fn without(&self, visitors: &HashSet<i64>) -> Columns {
        let visits = visitors.iter().flat_map(|visitor| self.visits_of(*visitor));
        self.columns.without(visits)
    }

    fn visits_of(&self, visitor: i64) -> Range<usize> {
        let visitors = &self.visitors;
        let from = visitors.partition_point(|other| *other < Some(visitor));
        let until = visitors.partition_point(|other| *other <= Some(visitor));
        from..until
    }
}

impl Settling {
    /// `None` if the site is not as it was.
    pub(super) async fn settle(self, pool: &Pool) -> Result<Option<Settled>, StoreError> {
        let site = pool.bounded(site::by_id(pool, self.site)).await?;
        let Some(site) = site.filter(|site| site.generation == self.generation) else {
            return Ok(None);
        };
        let ended_early =
            |error| StoreError::rejected("count", format!("today ended early: {error}"));
        let ordering = tokio::task::spawn_blocking(move || {
            let part = self.part();
            let people = part.to_day().of_people();
            (part, people)
        });
        let (part, people) = ordering.await.map_err(ended_early)?;
        // What colours there are is not remembered.
        let is_known = |rolled: &Rolled<'_>| *rolled != Rolled::By(&Dimension::FavouriteColour);
        let wanted = Rolled::each().filter(is_known);
        let figures = count::figures(pool, people, &site.zone(), wanted).await?;
        let settling =
            tokio::task::spawn_blocking(move || Settled::of(part, figures.into_iter().collect()));
        settling.await.map_err(ended_early)
    }
    /// All that everyone did who can be settled.
    pub(super) fn part(self) -> Part {
        let is_fresh = |event: &&Event| event.visitor.is_some();
        let is_settled = |event: &&Event| {
            let mut visitor = event.visitor.iter();
            visitor.all(|visitor| !self.moved.contains(visitor))
        };
        let mut part = Part::default();
        let before = &self.before.part;
        part.extend(before, before.events.iter().filter(is_settled));
        part.extend(&self.fresh, self.fresh.events.iter().filter(is_fresh));
        part.sort();
        part
    }
}
