//! Answering from the columns of days: any question but those about properties.
//!
//! Each day is gone through once, visit by visit. Visitors and visits belong to one day and stand side by side in it, so that to count them
//! once in each group it is enough to remember, for each group, who was counted last.

use std::collections::HashMap;
use std::sync::Arc;

use super::columns::{Column, Columns, Numbers, flag};
use super::day;
use super::figures::Sums;
use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::compose::Conditions;
use crate::stats::conditions::Condition;
use crate::stats::dimension::{Dictionary, Dimension, Owner};
use crate::stats::kinds::Kinds;
use crate::stats::{Counts, STATS_DIMENSIONS_MAX, StatsQuery, StatsValue};

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

/// The values of a dimension, in the order in which they were met.
struct Texts {
    dimension: Dimension,
    dictionary: Dictionary,
    met: Vec<String>,
    of_text: HashMap<String, u32>,
    of_number: HashMap<i32, u32>,
}

#[derive(Default)]
struct Groups {
    places: HashMap<Key, u32>,
    groups: Vec<Group>,
}

struct Group {
    key: Key,
    sums: Sums,
    /// Who was counted last, from 1.
    visitor: u64,
    visit: u64,
}

/// A condition on the rows of a day.
enum Check {
    Event(Vec<bool>),
    Visit(Vec<bool>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// One of the visit's events that are in the range passes.
    Done(Box<Self>),
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
        if has_time || !is_whole {
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
        Ok((this.groups.groups.len() <= GROUPS_MAX).then_some(this))
    }

    /// Every row, in no order.
    pub(super) fn finish(self) -> Vec<(Vec<StatsValue>, Counts)> {
        let dimensions = &self.dimensions;
        let values = |key: Key| {
            let places = dimensions.iter().zip(key);
            let value = |(axis, place): (&Axis, u32)| match axis {
                Axis::Time => StatsValue::Bucket(place as usize),
                Axis::Texts(texts) => StatsValue::Text(texts.met[place as usize].clone()),
            };
            places.map(value).collect()
        };
        let row = |group: &Group| {
            let mut counts = Counts::default();
            group.sums.add_to(&mut counts);
            (values(group.key), counts)
        };
        self.groups.groups.iter().map(row).collect()
    }
}

/// One day, ready to be gone through.
struct Pass<'s> {
    scan: &'s Scan,
    columns: &'s Columns,
    times: Option<&'s Numbers>,
    /// For each dimension: where the value of each event or visit is; nothing of time.
    places: Vec<(Owner, Vec<u32>)>,
    event: Vec<Check>,
    visit: Vec<Check>,
    both: Vec<Check>,
    /// Of each event: whether it is one of engagement, and the how-manyth.
    engagement: Vec<Option<u32>>,
    paths: Vec<u32>,
}

/// How much a visit was engaged with the pages of a path in a group.
struct Engaged {
    group: u32,
    path: u32,
    scroll: Option<u64>,
}

impl<'s> Pass<'s> {
    fn new(scan: &'s Scan, columns: &'s Columns) -> Self {
        let checks = |conditions: &[Condition]| -> Vec<Check> {
            let check = |condition: &Condition| Check::of(condition, columns);
            conditions.iter().map(check).collect()
        };
        let places = scan.dimensions.iter().map(|axis| match axis {
            Axis::Time => (Owner::Event, Vec::new()),
            Axis::Texts(texts) => (texts.dictionary.owner(), texts.places(columns)),
        });
        let mut engagements = 0..;
        let kinds = columns.get(Column::Kind);
        let engagement = |place: usize| {
            let is_it = Some(kinds.at(place)) == scan.engagement;
            is_it.then(|| engagements.next()).flatten()
        };
        let paths = scan.paths.as_ref();
        Self {
            // Read only where the range or the question needs them.
            times: columns.find(Column::Time),
            places: places.collect(),
            event: checks(&scan.conditions.event),
            visit: checks(&scan.conditions.visit),
            both: checks(&scan.conditions.both),
            engagement: (0..kinds.above.len()).map(engagement).collect(),
            paths: paths.map_or_else(Vec::new, |paths| paths.places(columns)),
            scan,
            columns,
        }
    }

    /// Returns how many visits and visitors there were up to the end of this day.
    fn run(&self, groups: &mut Groups) -> (u64, u64) {
        let (mut visits, mut visitors) = (self.scan.visits, self.scan.visitors);
        let (counts, flags) = (
            self.columns.get(Column::Events),
            self.columns.get(Column::Flags),
        );
        let mut until = 0;
        let mut engaged = Vec::new();
        for visit in 0..counts.above.len() {
            let from = until;
            until += usize::try_from(counts.at(visit)).unwrap_or(0);
            let flags = u32::try_from(flags.at(visit)).unwrap_or(0);
            visits += 1;
            visitors += u64::from(flags & flag::FIRST != 0);
            let is_left_out = flags & flag::BOT != 0 && !self.scan.conditions.with_bots;
            if is_left_out
                || !self
                    .visit
                    .iter()
                    .all(|check| self.visit_passes(check, visit, from..until))
            {
                continue;
            }
            let who = Who {
                visit,
                flags,
                visit_number: visits,
                visitor_number: visitors,
            };
            engaged.clear();
            for event in from..until {
                if self.is_in_range(event) && self.event_passes(event, visit, from..until) {
                    self.add(groups, &who, event, &mut engaged);
                }
            }
            for pair in &engaged {
                let sums = &mut groups.groups[pair.group as usize].sums;
                sums.engaged_pages += 1;
                if let Some(scroll) = pair.scroll {
                    sums.scroll_sum += scroll;
                    sums.scroll_pages += 1;
                }
            }
        }
        (visits, visitors)
    }

    fn add(&self, groups: &mut Groups, who: &Who, event: usize, engaged: &mut Vec<Engaged>) {
        let is_identified = who.flags & flag::IDENTIFIED != 0;
        let place = groups.place(self.key(event, who.visit));
        let group = &mut groups.groups[place as usize];
        let kind = Some(self.columns.get(Column::Kind).at(event));
        let is_engagement = kind == self.scan.engagement;
        group.sums.events += u64::from(!is_engagement);
        if kind == self.scan.pageview {
            group.sums.pageviews += 1;
            group.sums.identified_pageviews += u64::from(is_identified);
        }
        if !is_identified {
            return;
        }
        if group.visit != who.visit_number {
            group.visit = who.visit_number;
            group.sums.visits += 1;
            group.sums.bounces += u64::from(who.flags & flag::BOUNCED != 0);
            let duration_ms = self.columns.get(Column::Duration).at(who.visit);
            group.sums.duration_ms += duration_ms.cast_unsigned();
        }
        if group.visitor != who.visitor_number {
            group.visitor = who.visitor_number;
            group.sums.visitors += 1;
        }
        if let Some(said) = self.engagement[event].filter(|_| self.scan.paths.is_some()) {
            let said = |column| self.columns.get(column).at(said as usize).cast_unsigned();
            group.sums.engaged_ms += said(Column::Engaged).saturating_sub(1);
            let scroll = said(Column::Scroll).checked_sub(1);
            let path = self.paths[event];
            let is_it = |pair: &&mut Engaged| pair.group == place && pair.path == path;
            match engaged.iter_mut().find(is_it) {
                Some(pair) => pair.scroll = pair.scroll.max(scroll),
                None => engaged.push(Engaged {
                    group: place,
                    path,
                    scroll,
                }),
            }
        }
    }

    fn key(&self, event: usize, visit: usize) -> Key {
        let mut key = Key::default();
        for (place, (axis, (owner, places))) in key
            .iter_mut()
            .zip(self.scan.dimensions.iter().zip(&self.places))
        {
            *place = match (axis, owner) {
                (Axis::Time, _) => self.bucket(event),
                (Axis::Texts(_), Owner::Event) => places[event],
                (Axis::Texts(_), Owner::Visit) => places[visit],
            };
        }
        key
    }

    /// In which bucket of time an event is that is in the range.
    fn bucket(&self, event: usize) -> u32 {
        let time_ms = self
            .times
            .map_or(self.scan.from_ms, |times| times.at(event));
        let after = self.scan.edges_ms.partition_point(|edge| *edge <= time_ms);
        u32::try_from(after.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn is_in_range(&self, event: usize) -> bool {
        self.times
            .is_none_or(|times| (self.scan.from_ms..self.scan.until_ms).contains(&times.at(event)))
    }

    fn event_passes(&self, event: usize, visit: usize, events: std::ops::Range<usize>) -> bool {
        let mut checks = self.event.iter().chain(&self.both);
        checks.all(|check| self.passes(check, Some(event), visit, events.clone()))
    }

    fn visit_passes(&self, check: &Check, visit: usize, events: std::ops::Range<usize>) -> bool {
        self.passes(check, None, visit, events)
    }

    fn passes(
        &self,
        check: &Check,
        event: Option<usize>,
        visit: usize,
        events: std::ops::Range<usize>,
    ) -> bool {
        let passes = |check: &Check| self.passes(check, event, visit, events.clone());
        match check {
            Check::Event(passing) => event.is_some_and(|event| passing[event]),
            Check::Visit(passing) => passing[visit],
            Check::All(inner) => inner.iter().all(passes),
            Check::Any(inner) => inner.iter().any(passes),
            Check::Not(inner) => !passes(inner),
            Check::Done(inner) => events.clone().any(|event| {
                self.is_in_range(event) && self.passes(inner, Some(event), visit, events.clone())
            }),
        }
    }
}

/// A visit that is gone through.
struct Who {
    visit: usize,
    flags: u32,
    visit_number: u64,
    visitor_number: u64,
}

impl Groups {
    fn place(&mut self, key: Key) -> u32 {
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.groups.push(Group {
                key,
                sums: Sums::default(),
                visitor: 0,
                visit: 0,
            });
        }
        place
    }
}

impl Texts {
    /// `None` for a dimension without a dictionary.
    fn of(dimension: &Dimension) -> Option<Self> {
        Some(Self {
            dimension: dimension.clone(),
            dictionary: dimension.home().dictionary()?,
            met: Vec::new(),
            of_text: HashMap::new(),
            of_number: HashMap::new(),
        })
    }

    /// Looks up the numbers of a day that were not met before.
    async fn learn(&mut self, pool: &Pool, columns: &Columns) -> Result<(), StoreError> {
        let mut new = columns.get(Column::of(self.dictionary)).different();
        new.retain(|number| !self.of_number.contains_key(number));
        if new.is_empty() {
            return Ok(());
        }
        let known = day::texts(pool, &self.dimension, &new).await?;
        let nothing = self.dimension.nothing();
        for number in new {
            let text = known.get(&number).map_or(nothing, String::as_str);
            let place = self.place(text);
            self.of_number.insert(number, place);
        }
        Ok(())
    }

    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.of_text.get(text) {
            return *place;
        }
        let place = u32::try_from(self.met.len()).unwrap_or(u32::MAX);
        self.met.push(text.to_owned());
        self.of_text.insert(text.to_owned(), place);
        place
    }

    /// Where the value of each row of the day is.
    fn places(&self, columns: &Columns) -> Vec<u32> {
        columns
            .get(Column::of(self.dictionary))
            .mapped(|number| self.of_number.get(&number).copied().unwrap_or_default())
    }
}

impl Check {
    fn of(condition: &Condition, columns: &Columns) -> Self {
        let all =
            |inner: &[Condition]| inner.iter().map(|inner| Self::of(inner, columns)).collect();
        match condition {
            Condition::Number(dictionary, numbers) => {
                let wanted: std::collections::HashSet<i32> = numbers.iter().copied().collect();
                let column = columns.get(Column::of(*dictionary));
                let passing = column.mapped(|number| wanted.contains(&number));
                match dictionary.owner() {
                    Owner::Event => Self::Event(passing),
                    Owner::Visit => Self::Visit(passing),
                }
            }
            // Not asked of columns.
            Condition::Value(..) => Self::Any(Vec::new()),
            Condition::All(inner) => Self::All(all(inner)),
            Condition::Any(inner) => Self::Any(all(inner)),
            Condition::Not(inner) => Self::Not(Box::new(Self::of(inner, columns))),
            Condition::Done(inner) => Self::Done(Box::new(Self::of(inner, columns))),
        }
    }
}

impl Condition {
    /// Whether it is about numbers of dictionaries alone.
    fn is_of_numbers(&self) -> bool {
        match self {
            Self::Number(..) => true,
            Self::Value(..) => false,
            Self::All(inner) | Self::Any(inner) => inner.iter().all(Self::is_of_numbers),
            Self::Not(inner) | Self::Done(inner) => inner.is_of_numbers(),
        }
    }

    fn each_dictionary(&self, look: &mut impl FnMut(Dictionary)) {
        match self {
            Self::Number(dictionary, _) => look(*dictionary),
            Self::Value(..) => {}
            Self::All(inner) | Self::Any(inner) => {
                for inner in inner {
                    inner.each_dictionary(look);
                }
            }
            Self::Not(inner) | Self::Done(inner) => inner.each_dictionary(look),
        }
    }
}
