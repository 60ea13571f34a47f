//! The days of receipt that are not counted yet, in memory: what makes questions about today as fast as those about days that are over.
//!
//! This process remembers the events of today that it has read, and reads what is new before each question (`change`). The promise is that
//! of rollups: the answer is the one that the events give now.
//!
//! How it knows what is new: the store counts the events of each hour in the transaction that adds or removes them. In an hour whose count
//! has changed, the index tells how many there are in each ten seconds, and those that differ are read again, with their visits as they are
//! now. Whatever changes what was stored before (an erasure, a verdict on bots) raises the site's generation, with which all is read anew.
//! Counts are read before events, so that what is stored meanwhile is noticed by the next question at the latest.
//!
//! # Settled and fresh
//!
//! Going through a hundred thousand events takes milliseconds, and most of them will not change any more. So what is remembered is held in
//! two: most visitors are *settled*, with figures and columns as a day that is over has them; who has come since, or is here again, is
//! *fresh*, and gone through. The figures of a settled visitor who is here again are subtracted: visitors, visits and all that is counted of
//! them belong to one visitor, so that they can be taken off as they were added. Once a sixteenth has moved, everything is settled anew,
//! in the background, while questions are answered from what there is.
//!
//! Limits: [`EVENTS_MAX`] events of all sites together, of some 200 bytes each (twice that while they are settled anew), and [`SITES_MAX`] sites; the site that nobody has asked
//! about for longest is forgotten. Of a site with more events than that, or with events of more than [`HOURS_MAX`] hours that are open, the
//! database is asked. Events of who opted out, who is no visitor, are never settled.

mod change;
mod part;
mod settled;
mod site;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::columns::Columns;
use crate::error::StoreError;
use crate::pool::Pool;
use crate::snapshot::DAY_MS;
use crate::stats::kinds::Kinds;
use crate::writer::ledger::HOUR_MS;

use change::{Now, Reader};
use site::Open;

pub(super) use settled::Settled;

const EVENTS_MAX: usize = 500_000;
const SITES_MAX: usize = 100;
/// Three days: a leader leaves one or two open. Ranges that begin at other days would each have others read.
const HOURS_MAX: usize = 72;

/// What this process remembers of open days. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenDays {
    sites: Arc<Mutex<HashMap<i64, Remembered>>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    asked_at: Instant,
    events: usize,
    open: Arc<OfSite>,
}

/// Of one question at a time; the others wait for what it reads, and find it done.
type OfSite = tokio::sync::Mutex<Option<Open>>;

/// What is remembered of a site, for one question.
#[derive(Clone, Debug)]
pub(super) struct Today {
    /// With the figures of those visitors, too, who are not settled any more.
    pub(super) settled: Arc<Settled>,
    /// What these had done by then.
    pub(super) moved: Arc<Columns>,
    /// All others who are settled.
    pub(super) unmoved: Arc<Columns>,
    /// What everyone else has done.
    pub(super) fresh: Arc<Columns>,
}

impl OpenDays {
    /// The events of a site that were received on `from_day` or later; `None` if there are too many.
    pub(super) async fn today(
        &self,
        pool: &Pool,
        kinds: &Kinds,
        site: i64,
        from_day: i64,
    ) -> Result<Option<Today>, StoreError> {
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
        let reader = Reader {
            pool,
            kinds,
            site,
            from_day,
        };
        let change = match &mut *open {
            Some(known) if known.is_of(from_day, now.generation, kinds) => {
                known.install();
                reader.since(known, now).await?
            }
            _ => reader.whole(now).await?,
        };
        let mut next = match open.take() {
            Some(known) if !change.is_whole => known,
            _ => Open::new(from_day, change.now.generation, kinds.clone()),
        };
        // Milliseconds of work, in which other tasks want to go on. Nothing is remembered meanwhile: of a question that is given up, no half.
        let taking = tokio::task::spawn_blocking(move || {
            next.take(change);
            next
        });
        let mut next = taking.await.map_err(|error| {
            StoreError::rejected("count", format!("reading today ended early: {error}"))
        })?;
        next.settle_if_due(pool, site);
        let today = next.today();
        *open = Some(next);
        Ok(today)
    }

    /// Ends when everything that is remembered of a site is settled, or it cannot be.
    pub(crate) async fn settle(&self, pool: &Pool, site: i64) {
        let open = self.known(site);
        let settling = match &open {
            Some(open) => open
                .lock()
                .await
                .as_mut()
                .and_then(|open| open.settle(pool, site)),
            None => None,
        };
        if let Some(mut settling) = settling
            && settling.changed().await.is_err()
        {
            tracing::debug!(site, "today stays unsettled");
        }
    }

    fn known(&self, site: i64) -> Option<Arc<OfSite>> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites
            .get(&site)
            .map(|remembered| Arc::clone(&remembered.open))
    }

    /// What is remembered of a site that has so many events, room being made for them.
    fn of_site(&self, site: i64, events: usize) -> Arc<OfSite> {
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
