//! What is remembered of one site's open days.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Today;
use super::change::Change;
use super::part::{Event, Part, columns};
use super::settled::{Settled, Settling};
use crate::pool::Pool;
use crate::stats::kinds::Kinds;

/// Events that are gone through rather than settled, at most, where there are few.
const FRESH_MIN: usize = 1_000;
/// And which part of those that are settled, where there are many.
const FRESH_PART: usize = 16;

/// What is remembered of a site.
#[derive(Debug)]
pub(super) struct Open {
    from_day: i64,
    generation: i64,
    /// With which the events were read.
    kinds: Kinds,
    /// How many events the site had in each hour.
    pub(super) hours: BTreeMap<i64, i64>,
    /// And in each ten seconds, of hours that have changed since.
    pub(super) tens: HashMap<i64, BTreeMap<i64, i64>>,
    /// `None` of what cannot be told in columns, which is nothing that we give.
    settled: Option<Arc<Settled>>,
    /// Who is not settled any more.
    moved: HashSet<i64>,
    /// All that these did, and everyone who was never settled.
    fresh: Part,
    /// As it is now, for questions.
    today: Option<Today>,
    next: Option<Next>,
}

/// Everyone, as they will be settled soon.
#[derive(Debug)]
struct Next {
    settled: watch::Receiver<Option<Arc<Settled>>>,
    /// Who did something after that began.
    moved: HashSet<i64>,
    /// Ends with what is remembered.
    _settling: JoinSet<()>,
}

impl Open {
    pub(super) fn new(from_day: i64, generation: i64, kinds: Kinds) -> Self {
        Self {
            from_day,
            generation,
            kinds,
            hours: BTreeMap::new(),
            tens: HashMap::new(),
            settled: Settled::of_nobody().map(Arc::new),
            moved: HashSet::new(),
            fresh: Part::default(),
            today: None,
            next: None,
        }
    }

    pub(super) fn is_of(&self, from_day: i64, generation: i64, kinds: &Kinds) -> bool {
        self.from_day == from_day && self.generation == generation && self.kinds == *kinds
    }

    pub(super) fn today(&self) -> Option<Today> {
        self.today.clone()
    }

    /// Puts events in the place of those that happened in some ranges.
    pub(super) fn take(&mut self, mut change: Change) {
        self.tens.extend(std::mem::take(&mut change.tens));
        self.hours = std::mem::take(&mut change.now.hours);
        let is_as_it_was = change.ranges.is_empty() && self.today.is_some();
        if is_as_it_was {
            return;
        }
        if let Some(settled) = self.settled.clone() {
            self.replace(&settled, change);
            self.today = self.pieces(settled);
        }
    }

    fn replace(&mut self, settled: &Settled, mut change: Change) {
        change.part.sort();
        let mut touched = settled.visitors_at(|time_ms| change.is_about(time_ms));
        let is_gone = |event: &Event| change.is_about(event.time_ms());
        let visitors = |events: &[Event]| -> Vec<i64> {
            let events = events.iter().filter(|event| is_gone(event));
            events.filter_map(|event| event.visitor).collect()
        };
        touched.extend(visitors(&change.part.events));
        touched.extend(visitors(&self.fresh.events));
        for visitor in touched {
            let is_settled = !self.moved.contains(&visitor);
            if is_settled && settled.is_still(visitor, &change) {
                continue;
            }
            if is_settled {
                self.moved.insert(visitor);
                let events = settled.part.of_visitor(visitor);
                self.fresh.extend(&settled.part, events);
            }
            if let Some(next) = &mut self.next {
                next.moved.insert(visitor);
            }
        }
        self.fresh.retain(|event| !is_gone(event));
        let is_fresh = |event: &&Event| {
            let mut visitor = event.visitor.iter();
            visitor.all(|visitor| self.moved.contains(visitor))
        };
        let events = change.part.events.iter().filter(is_fresh);
        self.fresh.extend(&change.part, events);
        self.fresh.sort();
    }

    fn pieces(&self, settled: Arc<Settled>) -> Option<Today> {
        let mut moved = Part::default();
        for visitor in &self.moved {
            let events = settled.part.of_visitor(*visitor);
            moved.extend(&settled.part, events);
        }
        moved.sort();
        Some(Today {
            moved: Arc::new(columns(&moved.to_day())?),
            unmoved: Arc::new(settled.without(&self.moved)),
            fresh: Arc::new(columns(&self.fresh.to_day())?),
            settled,
        })
    }

    /// Makes use of what was settled meanwhile.
    pub(super) fn install(&mut self) {
        let Some(next) = &self.next else {
            return;
        };
        let settled = next.settled.borrow().clone();
        let is_given_up = next.settled.has_changed().is_err();
        if settled.is_none() && !is_given_up {
            return;
        }
        let next = self.next.take();
        if let Some((settled, next)) = settled.zip(next) {
            self.settled = Some(settled);
            self.moved = next.moved;
            let moved = &self.moved;
            self.fresh
                .retain(|event| event.visitor.is_none_or(|visitor| moved.contains(&visitor)));
            self.today = None;
        }
    }

    /// Begins to settle everyone, where much is fresh.
    pub(super) fn settle_if_due(&mut self, pool: &Pool, site: i64) {
        let settled = self
            .settled
            .as_ref()
            .map_or(0, |settled| settled.part.events.len());
        let who_opted_out = self
            .fresh
            .events
            .partition_point(|event| event.visitor.is_none());
        let fresh = self.fresh.events.len() - who_opted_out;
        if fresh > FRESH_MIN.max(settled / FRESH_PART) {
            self.settle(pool, site);
        }
    }

    /// Settles everyone in the background, and returns what will tell when that is done; `None` where there is nobody to be settled.
    pub(super) fn settle(
        &mut self,
        pool: &Pool,
        site: i64,
    ) -> Option<watch::Receiver<Option<Arc<Settled>>>> {
        if self.next.is_none() && !self.moved.is_empty() {
            let settling = Settling {
                site,
                generation: self.generation,
                before: self.settled.clone()?,
                moved: self.moved.clone(),
                fresh: self.fresh.clone(),
            };
            self.next = Some(Next::begin(settling, pool.clone()));
        }
        self.next.as_ref().map(|next| next.settled.clone())
    }
}

impl Next {
    fn begin(settling: Settling, pool: Pool) -> Self {
        let (done, settled) = watch::channel(None);
        let mut task = JoinSet::new();
        task.spawn(async move {
            match settling.settle(&pool).await {
                Ok(settled) => {
                    done.send_replace(settled.map(Arc::new));
                }
                Err(error) => {
                    tracing::debug!(%error, "today is not settled, its events are gone through");
                }
            }
        });
        Self {
            settled,
            moved: HashSet::new(),
            _settling: task,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fastrand::Rng;

    use super::*;
    use crate::stats::rollups::columns::{Column, Columns, flag};
    use crate::stats::rollups::day::{Seen, Visit};
    use crate::stats::rollups::open::change::Now;

    const TEN_MS: i64 = 10_000;

    /// What a site really has: who did something at which time. A visitor has one visit.
    #[derive(Default)]
    struct Site(BTreeMap<(Option<i64>, i64), i64>);

    impl Site {
        /// Everything that happened in these ranges.
        fn change(&self, ranges: Vec<(i64, i64)>) -> Change {
            let mut change = Change {
                is_whole: false,
                now: Now {
                    generation: 0,
                    hours: BTreeMap::new(),
                },
                tens: HashMap::new(),
                ranges,
                part: Part::default(),
            };
            let lasting = |session: i64| {
                let times = self.0.iter().filter(|(_, of)| **of == session);
                Visit::lasting(times.count() as u64)
            };
            for (&(visitor, time_ms), &session) in &self.0 {
                if change.is_about(time_ms) {
                    let seen = Seen::at(time_ms);
                    let event = Event {
                        visitor,
                        session,
                        seen,
                    };
                    change.part.events.push(event);
                    change.part.visits.insert(session, lasting(session));
                }
            }
            change
        }
    }

    /// As many visits and events as columns count, by how long the visits were.
    fn counted(columns: &Columns) -> BTreeMap<i64, (i64, i64)> {
        let [events, flags, durations] =
            [Column::Events, Column::Flags, Column::Duration].map(|column| columns.get(column));
        let mut counted: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for visit in 0..events.above.len() {
            if flags.at(visit) & i64::from(flag::MOVED) == 0 {
                let sum = counted.entry(durations.at(visit)).or_default();
                *sum = (sum.0 + 1, sum.1 + events.at(visit));
            }
        }
        counted
    }

    fn added(
        mut one: BTreeMap<i64, (i64, i64)>,
        other: BTreeMap<i64, (i64, i64)>,
    ) -> BTreeMap<i64, (i64, i64)> {
        for (key, (visits, events)) in other {
            let sum = one.entry(key).or_default();
            *sum = (sum.0 + visits, sum.1 + events);
        }
        one
    }

    #[test]
    fn what_is_settled_and_what_is_fresh_are_everything_once() {
        let mut rng = Rng::with_seed(1);
        let mut site = Site::default();
        let mut open = Open::new(0, 0, Kinds::default());
        let mut settling: Option<(watch::Sender<Option<Arc<Settled>>>, Settling)> = None;
        let mut installed = 0;
        for round in 0..500 {
            let mut ranges = Vec::new();
            for _ in 0..rng.usize(..3) {
                let ten = rng.i64(0..200) * TEN_MS;
                ranges.push((ten, ten + TEN_MS));
                let visitor = (rng.u8(..8) > 0).then(|| rng.i64(0..100));
                let event = (visitor, ten + rng.i64(0..TEN_MS));
                // Sometimes they are read again, and nothing is new.
                if rng.u8(..8) > 0 {
                    site.0.insert(event, visitor.unwrap_or(1_000));
                }
            }
            open.take(site.change(ranges));
            match &settling {
                None if rng.u8(..8) == 0 => {
                    let (done, settled) = watch::channel(None);
                    open.next = Some(Next {
                        settled,
                        moved: HashSet::new(),
                        _settling: JoinSet::new(),
                    });
                    let next = Settling {
                        site: 0,
                        generation: 0,
                        before: open.settled.clone().unwrap(),
                        moved: open.moved.clone(),
                        fresh: open.fresh.clone(),
                    };
                    settling = Some((done, next));
                }
                Some(_) if rng.u8(..5) == 0 => {
                    let (done, next) = settling.take().unwrap();
                    let settled = Settled::of(next.part(), HashMap::new());
                    done.send_replace(settled.map(Arc::new));
                    installed += 1;
                }
                _ => {}
            }
            open.install();
            open.take(site.change(Vec::new()));
            let today = open.today().unwrap();
            let mut all = Part::default();
            let whole = site.change(vec![(0, i64::MAX)]).part;
            all.extend(&whole, &whole.events);
            all.sort();
            let expected = counted(&columns(&all.to_day()).unwrap());
            let known = added(counted(&today.unmoved), counted(&today.fresh));
            assert_eq!(known, expected, "round {round}");
            let settled = added(counted(&today.unmoved), counted(&today.moved));
            assert_eq!(settled, counted(&today.settled.without(&HashSet::new())));
        }
        assert!(installed > 20, "{installed}");
    }
}
