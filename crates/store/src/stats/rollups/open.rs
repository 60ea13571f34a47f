//! The days of receipt that are not counted yet, in memory: what makes questions about today as fast as those about days that are over.
//!
//! This process remembers the events of today that it has read, in the order in which columns want them, and reads what is new before
//! each question. The promise is that of rollups: the answer is the one that the events give now.
//!
//! How it knows what is new: the store counts the events of each hour in the transaction that adds or removes them. In an hour whose count
//! has changed, the index tells how many there are in each ten seconds, and those that differ are read again, with their visits as they are
//! now. Whatever changes what was stored before (an erasure, a verdict on bots) raises the site's generation, with which all is read anew.
//! Counts are read before events, so that what is stored meanwhile is noticed by the next question at the latest.
//!
//! Limits: [`EVENTS_MAX`] events of all sites together, of about 100 bytes each, and [`SITES_MAX`] sites; the site that nobody has asked
//! about for longest is forgotten. Of a site with more events than that, or with events of more than [`HOURS_MAX`] hours that are open, the
//! database is asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::build::generation;
use super::columns::{Column, Columns};
use super::day::{Row, Seen, Visit, select};
use super::receipt::{LATE_MS, Received};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::snapshot::DAY_MS;
use crate::stats::kinds::Kinds;
use crate::writer::ledger::HOUR_MS;

const EVENTS_MAX: usize = 500_000;
const SITES_MAX: usize = 100;
/// Three days: a leader leaves one or two open. Ranges that begin at other days would each have others read.
const HOURS_MAX: usize = 72;
const TEN_MS: i64 = 10_000;
/// How far events may have happened before the day on which they were received, in hours.
const LATE_HOURS: i64 = 7 * 24 + 1;
/// Changed hours and tens of seconds that are read one by one; with more of them, everything is read anew.
const RANGES_MAX: usize = 60;

/// What this process remembers of open days. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenDays {
    sites: Arc<Mutex<HashMap<i64, Remembered>>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    asked_at: Instant,
    events: usize,
    /// Of one question at a time; the others wait for what it reads, and find it done.
    open: Arc<tokio::sync::Mutex<Option<Open>>>,
}

/// What is remembered of a site.
#[derive(Debug)]
struct Open {
    from_day: i64,
    generation: i64,
    /// With which the events were read.
    kinds: Kinds,
    /// How many events the site had in each hour.
    hours: BTreeMap<i64, i64>,
    /// And in each ten seconds, of hours that have changed since.
    tens: HashMap<i64, BTreeMap<i64, i64>>,
    /// In the order of visitors, visits and time.
    events: Vec<Event>,
    visits: HashMap<i64, Visit>,
    /// `None` where a number does not fit, which is none that we give.
    columns: Option<Arc<Columns>>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    visitor: Option<i64>,
    session: i64,
    seen: Seen,
}

/// What the database says of a site before its events are read.
struct Now {
    generation: i64,
    hours: BTreeMap<i64, i64>,
}

impl OpenDays {
    /// All columns of the events of a site that were received on `from_day` or later; `None` if there are too many.
    pub(super) async fn columns(
        &self,
        pool: &Pool,
        kinds: &Kinds,
        site: i64,
        from_day: i64,
    ) -> Result<Option<Arc<Columns>>, StoreError> {
        let now = Now::read(pool, site, from_day).await?;
        let first_hour = from_day * DAY_MS / HOUR_MS;
        let of_days = || now.hours.range(first_hour..);
        let events: i64 = of_days().map(|(_, events)| events).sum();
        let events = usize::try_from(events).unwrap_or(0);
        if events > EVENTS_MAX || of_days().count() > HOURS_MAX {
            return Ok(None);
        }
        let open = self.of_site(site, events);
        let mut open = open.lock().await;
        let known = open.take().filter(|open| {
            open.from_day == from_day && open.generation == now.generation && open.kinds == *kinds
        });
        let reader = Reader {
            pool,
            kinds,
            site,
            from_day,
        };
        // While it is read, nothing is remembered: a question that is given up leaves no half of it.
        let next = match known {
            Some(open) => reader.renewed(open, now).await?,
            None => reader.whole(now).await?,
        };
        let columns = next.columns.clone();
        *open = Some(next);
        Ok(columns)
    }

    /// What is remembered of a site that has so many events, room being made for them.
    fn of_site(&self, site: i64, events: usize) -> Arc<tokio::sync::Mutex<Option<Open>>> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sites.remove(&site);
        let open = known.map_or_else(Arc::default, |remembered| remembered.open);
        let held = |sites: &HashMap<i64, Remembered>| -> usize {
            sites.values().map(|remembered| remembered.events).sum()
        };
        while sites.len() >= SITES_MAX || held(&sites) + events > EVENTS_MAX {
            let oldest = sites
                .iter()
                .min_by_key(|(_, remembered)| remembered.asked_at);
            let Some(oldest) = oldest.map(|(site, _)| *site) else {
                break;
            };
            sites.remove(&oldest);
        }
        let remembered = Remembered {
            asked_at: Instant::now(),
            events,
            open: Arc::clone(&open),
        };
        sites.insert(site, remembered);
        open
    }
}

impl Now {
    async fn read(pool: &Pool, site: i64, from_day: i64) -> Result<Self, StoreError> {
        let generation = generation(pool, site).await?;
        let hours = include_str!("../../../sql/rollup.hours.sql");
        let hours: Vec<(i64, i64)> = reading!(pool, db => sqlx::query_as(hours)
            .bind(site)
            .bind(from_day * DAY_MS / HOUR_MS - LATE_HOURS)
            .fetch_all(db)
            .await?);
        Ok(Self {
            generation,
            hours: hours.into_iter().collect(),
        })
    }
}

/// From one instant until another.
type Range = (i64, i64);

#[derive(Clone, Copy)]
struct Reader<'q> {
    pool: &'q Pool,
    kinds: &'q Kinds,
    site: i64,
    from_day: i64,
}

impl Reader<'_> {
    async fn whole(self, now: Now) -> Result<Open, StoreError> {
        let begin_ms = self.from_day * DAY_MS - LATE_MS;
        // What came late happened before, at any time.
        let first_hour = begin_ms.div_euclid(HOUR_MS);
        let mut ranges = vec![(i64::MIN / 2, first_hour * HOUR_MS)];
        let hours = now.hours.range(first_hour..);
        let hours = hours.filter(|(_, events)| **events > 0);
        ranges.extend(hours.map(|(hour, _)| (hour * HOUR_MS, (hour + 1) * HOUR_MS)));
        let open = Open {
            from_day: self.from_day,
            generation: now.generation,
            kinds: self.kinds.clone(),
            hours: now.hours,
            tens: HashMap::new(),
            events: Vec::new(),
            visits: HashMap::new(),
            columns: None,
        };
        self.with(open, &ranges).await
    }

    /// With what has changed.
    async fn renewed(self, mut open: Open, now: Now) -> Result<Open, StoreError> {
        let hours = open.hours.keys().chain(now.hours.keys());
        let mut changed: Vec<i64> = hours
            .filter(|hour| open.hours.get(hour) != now.hours.get(hour))
            .copied()
            .collect();
        changed.sort_unstable();
        changed.dedup();
        let mut ranges = Vec::new();
        for hour in &changed {
            ranges.extend(self.changed(&mut open, *hour).await?);
        }
        if ranges.len() > RANGES_MAX {
            return self.whole(now).await;
        }
        open.hours = now.hours;
        if ranges.is_empty() {
            return Ok(open);
        }
        self.with(open, &ranges).await
    }

    /// What of an hour is to be read again: the tens of seconds whose counts differ, those side by side as one.
    async fn changed(self, open: &mut Open, hour: i64) -> Result<Vec<Range>, StoreError> {
        let per_hour = HOUR_MS / TEN_MS;
        let select = include_str!("../../../sql/rollup.tens.sql");
        let tens: Vec<(i64, i64)> = reading!(self.pool, db => sqlx::query_as(select)
            .bind(self.site)
            .bind(hour * per_hour)
            .bind((hour + 1) * per_hour)
            .fetch_all(db)
            .await?);
        let now: BTreeMap<i64, i64> = tens.into_iter().collect();
        let Some(before) = open.tens.insert(hour, now.clone()) else {
            return Ok(vec![(hour * HOUR_MS, (hour + 1) * HOUR_MS)]);
        };
        let mut ranges: Vec<Range> = Vec::new();
        for ten in hour * per_hour..(hour + 1) * per_hour {
            if before.get(&ten) == now.get(&ten) {
                continue;
            }
            match ranges.last_mut() {
                Some((_, until_ms)) if *until_ms == ten * TEN_MS => *until_ms += TEN_MS,
                _ => ranges.push((ten * TEN_MS, (ten + 1) * TEN_MS)),
            }
        }
        Ok(ranges)
    }

    /// With the events of these ranges as they are now.
    async fn with(self, mut open: Open, ranges: &[Range]) -> Result<Open, StoreError> {
        let received = Received {
            from_day: self.from_day,
            until_day: i64::from(i32::MAX),
        };
        let mut new = Vec::new();
        for (from_ms, until_ms) in ranges {
            let statement = select(
                self.pool, self.kinds, self.site, received, *from_ms, *until_ms,
            );
            let take = |row: Row| {
                open.visits.insert(row.session, row.visit(None)?);
                new.push(Event {
                    visitor: row.visitor,
                    session: row.session,
                    seen: row.seen(0, self.kinds)?,
                });
                Ok(())
            };
            statement.each_row(self.pool, take).await?;
        }
        let ranges = ranges.to_vec();
        // Milliseconds of work, in which other tasks want to go on.
        let merging = tokio::task::spawn_blocking(move || {
            open.merge(new, &ranges);
            open
        });
        merging.await.map_err(|error| {
            StoreError::rejected("count", format!("reading today ended early: {error}"))
        })
    }
}

impl Open {
    /// Puts events in the place of those that happened in these ranges.
    fn merge(&mut self, mut new: Vec<Event>, ranges: &[Range]) {
        let is_gone = |event: &Event| {
            let time_ms = event.seen.number(Column::Time);
            ranges
                .iter()
                .any(|(from_ms, until_ms)| (*from_ms..*until_ms).contains(&time_ms))
        };
        self.events.retain(|event| !is_gone(event));
        new.sort_unstable_by_key(Event::order);
        let old = std::mem::take(&mut self.events);
        self.events.reserve_exact(old.len() + new.len());
        let mut new = new.into_iter().peekable();
        for event in old {
            let order = event.order();
            while let Some(earlier) = new.next_if(|next| next.order() < order) {
                self.events.push(earlier);
            }
            self.events.push(event);
        }
        self.events.extend(new);
        self.columns = self.to_columns().map(Arc::new);
    }

    fn to_columns(&self) -> Option<Columns> {
        let mut visits: Vec<Visit> = Vec::new();
        let mut events = Vec::with_capacity(self.events.len());
        let (mut last, mut visitors, mut number) = (None, 0, 0);
        for event in &self.events {
            let visit = (event.visitor, event.session);
            if last != Some(visit) {
                let is_other = last.is_none_or(|(visitor, _)| visitor != event.visitor);
                visitors += u32::from(is_other);
                number = u32::try_from(visits.len()).unwrap_or(u32::MAX);
                if let Some(of) = self.visits.get(&event.session) {
                    visits.push(of.with_visitor(event.visitor.map(|_| visitors)));
                }
                last = Some(visit);
            }
            events.push(event.seen.of_visit(number));
        }
        let column = |column: Column| Some((column, column.numbers(&visits, &events)?));
        Column::ALL.into_iter().map(column).collect()
    }
}

impl Event {
    fn order(&self) -> (Option<i64>, i64, i64) {
        (self.visitor, self.session, self.seen.number(Column::Time))
    }
}
