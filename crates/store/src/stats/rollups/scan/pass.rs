//! Going through one day, visit by visit.

use std::collections::HashMap;
use std::ops::Range;

use super::check::Check;
use super::{Axis, Key, Scan};
use crate::stats::conditions::Condition;
use crate::stats::dimension::Owner;
use crate::stats::rollups::columns::{Column, Columns, Numbers, flag};
use crate::stats::rollups::figures::Sums;

#[derive(Default)]
pub(super) struct Groups {
    places: HashMap<Key, u32>,
    last: Option<(Key, u32)>,
    pub(super) list: Vec<Group>,
}

pub(super) struct Group {
    pub(super) key: Key,
    pub(super) sums: Sums,
    /// Who was counted last, from 1.
    visitor: u64,
    visit: u64,
}

impl Groups {
    fn place(&mut self, key: Key) -> u32 {
        // Most events are in the group of the one before.
        if let Some((last, place)) = self.last
            && last == key
        {
            return place;
        }
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.list.push(Group {
                key,
                sums: Sums::default(),
                visitor: 0,
                visit: 0,
            });
        }
        self.last = Some((key, place));
        place
    }
}

/// One day, ready to be gone through.
pub(super) struct Pass<'s> {
    scan: &'s Scan,
    columns: &'s Columns,
    times: Option<&'s Numbers>,
    /// For each dimension: where the value of each event or visit is; nothing of time.
    places: Vec<(Owner, Vec<u32>)>,
    event: Vec<Check>,
    visit: Vec<Check>,
    both: Vec<Check>,
    /// Of each event: whether it is one of engagement, and the how-manyth. Nothing where that is not asked for.
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
    pub(super) fn new(scan: &'s Scan, columns: &'s Columns) -> Self {
        let checks = |conditions: &[Condition]| -> Vec<Check> {
            let check = |condition: &Condition| Check::of(condition, columns);
            conditions.iter().map(check).collect()
        };
        let places = scan.dimensions.iter().map(|axis| match axis {
            Axis::Time => (Owner::Event, Vec::new()),
            Axis::Texts(texts) => (texts.dictionary.owner(), texts.places(columns)),
        });
        let paths = scan.paths.as_ref();
        Self {
            // Read only where the range or the question needs them.
            times: columns.find(Column::Time),
            places: places.collect(),
            event: checks(&scan.conditions.event),
            visit: checks(&scan.conditions.visit),
            both: checks(&scan.conditions.both),
            engagement: paths.map_or_else(Vec::new, |_| engagement(columns, scan.engagement)),
            paths: paths.map_or_else(Vec::new, |paths| paths.places(columns)),
            scan,
            columns,
        }
    }

    /// Returns how many visits and visitors there were up to the end of this day.
    pub(super) fn run(&self, groups: &mut Groups) -> (u64, u64) {
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
                || flags & flag::MOVED != 0
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
                let sums = &mut groups.list[pair.group as usize].sums;
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
        let group = &mut groups.list[place as usize];
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
        if let Some(said) = self.engagement.get(event).copied().flatten() {
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

    fn event_passes(&self, event: usize, visit: usize, events: Range<usize>) -> bool {
        let mut checks = self.event.iter().chain(&self.both);
        checks.all(|check| self.passes(check, Some(event), visit, events.clone()))
    }

    fn visit_passes(&self, check: &Check, visit: usize, events: Range<usize>) -> bool {
        self.passes(check, None, visit, events)
    }

    fn passes(
        &self,
        check: &Check,
        event: Option<usize>,
        visit: usize,
        events: Range<usize>,
    ) -> bool {
        let passes = |check: &Check| self.passes(check, event, visit, events.clone());
        match check {
            Check::Event(passing) => event.is_some_and(|event| passing[event]),
            Check::Visit(passing) => passing[visit],
            Check::All(inner) => inner.iter().all(passes),
            Check::Any(inner) => inner.iter().any(passes),
            Check::Not(inner) => !passes(inner),
            Check::Done(steps) => self.has_done(steps, visit, events),
        }
    }

    fn has_done(&self, steps: &[Check], visit: usize, events: Range<usize>) -> bool {
        let time_ms = |event: usize| self.times.map_or(0, |times| times.at(event));
        let done_ms = |check: &Check, from_ms: i64| {
            let is_it = |event: &usize| {
                self.is_in_range(*event)
                    && time_ms(*event) >= from_ms
                    && self.passes(check, Some(*event), visit, events.clone())
            };
            // Events stand in the order of time.
            events.clone().find(is_it).map(time_ms)
        };
        let done = steps
            .iter()
            .try_fold(i64::MIN, |from_ms, check| done_ms(check, from_ms));
        done.is_some()
    }
}

fn engagement(columns: &Columns, kind: Option<i64>) -> Vec<Option<u32>> {
    let mut before = 0..;
    let kinds = columns.get(Column::Kind);
    let number = |event: usize| {
        let is_it = Some(kinds.at(event)) == kind;
        is_it.then(|| before.next()).flatten()
    };
    (0..kinds.above.len()).map(number).collect()
}

/// A visit that is gone through.
struct Who {
    visit: usize,
    flags: u32,
    visit_number: u64,
    visitor_number: u64,
}
