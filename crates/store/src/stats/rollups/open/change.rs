//! What the database has of a site that is not remembered.

use std::collections::{BTreeMap, HashMap};

use super::part::{Event, Part};
use super::site::Open;
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::snapshot::DAY_MS;
use crate::stats::kinds::Kinds;
use crate::stats::rollups::build::generation;
use crate::stats::rollups::day::{Row, select};
use crate::stats::rollups::receipt::{LATE_MS, Received};
use crate::writer::ledger::HOUR_MS;

const TEN_MS: i64 = 10_000;
/// How far events may have happened before the day on which they were received, in hours.
const LATE_HOURS: i64 = 7 * 24 + 1;
/// Changed hours and tens of seconds that are read one by one; with more of them, everything is read anew.
const RANGES_MAX: usize = 60;

/// From one instant until another.
type Range = (i64, i64);

/// What takes the place of all events that happened in some ranges.
#[derive(Debug)]
pub(super) struct Change {
    /// Whether this is everything there is.
    pub(super) is_whole: bool,
    pub(super) now: Now,
    /// How many events the site has in each ten seconds, of hours that have changed.
    pub(super) tens: HashMap<i64, BTreeMap<i64, i64>>,
    pub(super) ranges: Vec<Range>,
    /// In no order; visits as they are now.
    pub(super) part: Part,
}

/// What the database says of a site before its events are read.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) generation: i64,
    /// How many events the site has in each hour.
    pub(super) hours: BTreeMap<i64, i64>,
}

impl Now {
    pub(super) async fn read(pool: &Pool, site: i64, from_day: i64) -> Result<Self, StoreError> {
        let generation = generation(pool, site).await?;
        let hours = include_str!("../../../../sql/rollup.hours.sql");
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

impl Change {
    pub(super) fn is_about(&self, time_ms: i64) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|(from_ms, until_ms)| (*from_ms..*until_ms).contains(&time_ms))
    }
}

#[derive(Clone, Copy)]
pub(super) struct Reader<'q> {
    pub(super) pool: &'q Pool,
    pub(super) kinds: &'q Kinds,
    pub(super) site: i64,
    pub(super) from_day: i64,
}

impl Reader<'_> {
    pub(super) async fn whole(self, now: Now) -> Result<Change, StoreError> {
        let begin_ms = self.from_day * DAY_MS - LATE_MS;
        // What came late happened before, at any time.
        let first_hour = begin_ms.div_euclid(HOUR_MS);
        let mut ranges = vec![(i64::MIN / 2, first_hour * HOUR_MS)];
        let hours = now.hours.range(first_hour..);
        let hours = hours.filter(|(_, events)| **events > 0);
        ranges.extend(hours.map(|(hour, _)| (hour * HOUR_MS, (hour + 1) * HOUR_MS)));
        self.of(true, now, HashMap::new(), ranges).await
    }

    /// What has changed since.
    pub(super) async fn since(self, known: &Open, now: Now) -> Result<Change, StoreError> {
        let hours = known.hours.keys().chain(now.hours.keys());
        let mut changed: Vec<i64> = hours
            .filter(|hour| known.hours.get(hour) != now.hours.get(hour))
            .copied()
            .collect();
        changed.sort_unstable();
        changed.dedup();
        let mut tens = HashMap::new();
        let mut ranges = Vec::new();
        for hour in changed {
            let of_hour = self.tens(hour).await?;
            ranges.extend(differing(hour, known.tens.get(&hour), &of_hour));
            tens.insert(hour, of_hour);
        }
        if ranges.len() > RANGES_MAX {
            return self.whole(now).await;
        }
        self.of(false, now, tens, ranges).await
    }

    async fn tens(self, hour: i64) -> Result<BTreeMap<i64, i64>, StoreError> {
        let per_hour = HOUR_MS / TEN_MS;
        let select = include_str!("../../../../sql/rollup.tens.sql");
        let tens: Vec<(i64, i64)> = reading!(self.pool, db => sqlx::query_as(select)
            .bind(self.site)
            .bind(hour * per_hour)
            .bind((hour + 1) * per_hour)
            .fetch_all(db)
            .await?);
        Ok(tens.into_iter().collect())
    }

    /// The events of these ranges as they are now.
    async fn of(
        self,
        is_whole: bool,
        now: Now,
        tens: HashMap<i64, BTreeMap<i64, i64>>,
        ranges: Vec<Range>,
    ) -> Result<Change, StoreError> {
        let received = Received {
            from_day: self.from_day,
            until_day: i64::from(i32::MAX),
        };
        let mut part = Part::default();
        for (from_ms, until_ms) in &ranges {
            let statement = select(
                self.pool, self.kinds, self.site, received, *from_ms, *until_ms,
            );
            let take = |row: Row| {
                part.visits.insert(row.session, row.visit(None)?);
                part.events.push(Event {
                    visitor: row.visitor,
                    session: row.session,
                    seen: row.seen(0, self.kinds)?,
                });
                Ok(())
            };
            statement.each_row(self.pool, take).await?;
        }
        Ok(Change {
            is_whole,
            now,
            tens,
            ranges,
            part,
        })
    }
}

/// What of an hour is to be read again: the tens of seconds whose counts differ, those side by side as one.
fn differing(
    hour: i64,
    before: Option<&BTreeMap<i64, i64>>,
    now: &BTreeMap<i64, i64>,
) -> Vec<Range> {
    let Some(before) = before else {
        return vec![(hour * HOUR_MS, (hour + 1) * HOUR_MS)];
    };
    let per_hour = HOUR_MS / TEN_MS;
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
    ranges
}
