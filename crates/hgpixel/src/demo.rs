//! `hgpixel demo`: realistic traffic through the real ingest path.
//!
//! The past is filled first, with a progress bar: the last week by sending, seven weeks before it by writing (`past`). Then a visit comes
//! every few seconds until the process stops. The traffic is made up: a shop, a blog and a manual under `.example`, visitors from
//! addresses that nobody has, weekends, a day in the news, a newsletter, and a checkout that not everybody finishes.

mod past;
mod places;
mod sender;
mod traffic;
mod world;

use std::time::Duration;

use anyhow::Context;
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::Clock;
use hgpixel_store::EventStore;
use indicatif::ProgressBar;
use url::Url;

pub(crate) use places::database as places;

use past::Past;
use sender::Sender;
use traffic::{Beacon, Traffic};

use crate::say;

/// How far back the traffic reaches: within the week that a client's time may lie in the past, with a reserve.
const PAST_MS: i64 = (7 * 24 - 2) * 3_600_000;
/// How far back the part reaches that is written.
const DISTANT_PAST_MS: i64 = 59 * 24 * 3_600_000;
/// Requests under way at once.
const CONCURRENT_MAX: usize = 16;

/// Sends traffic to a server.
pub(crate) struct Demo {
    clock: Clock,
    sender: Sender,
    traffic: Traffic,
}

impl Demo {
    /// Traffic for the server at `base`. The same `seed` makes the same visits.
    pub(crate) fn new(base: &Url, clock: Clock, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            clock,
            sender: Sender::new(base)?,
            traffic: Traffic::new(seed),
        })
    }

    /// Writes `events` events of the weeks before those days straight into a store of our own.
    pub(crate) async fn write_past(
        &mut self,
        events: u64,
        store: EventStore,
        places: GeoDatabase,
    ) -> anyhow::Result<()> {
        let bar = say::progress("writing the past", events, "events");
        let mut past = Past::open(store, places).await?;
        let mut written = 0;
        while written < events {
            let now_ms = self.clock.now_ms();
            let (from_ms, until_ms) = (now_ms - DISTANT_PAST_MS, now_ms - PAST_MS);
            let start_ms = self.traffic.moment_ms(from_ms, until_ms, now_ms);
            for beacon in self.traffic.visit(start_ms, now_ms) {
                written += beacon.events;
                past.add(&beacon).await?;
            }
            bar.set_position(written);
        }
        past.flush().await?;
        bar.finish_and_clear();
        Ok(())
    }

    /// Sends `events` events (to the end of the last visit) of the past days.
    pub(crate) async fn fill(&mut self, events: u64) -> anyhow::Result<u64> {
        let bar = say::progress("sending visits", events, "events");
        let mut under_way = tokio::task::JoinSet::new();
        let mut sent = 0;
        while sent < events {
            for beacon in self.past_visit() {
                sent += beacon.events;
                if under_way.len() >= CONCURRENT_MAX {
                    finish_one(&mut under_way, &bar).await?;
                }
                let sender = self.sender.clone();
                under_way.spawn(async move { sender.send(&beacon).await.map(|()| beacon.events) });
            }
        }
        while !under_way.is_empty() {
            finish_one(&mut under_way, &bar).await?;
        }
        bar.finish_and_clear();
        Ok(sent)
    }

    /// Sends a visit every few seconds, until it is dropped or the server refuses for good.
    pub(crate) async fn keep_lively(&mut self) -> anyhow::Result<()> {
        loop {
            let now_ms = self.clock.now_ms();
            let start_ms = self.traffic.moment_ms(now_ms - 4 * 60_000, now_ms, now_ms);
            for beacon in self.traffic.visit(start_ms, now_ms) {
                self.sender.send(&beacon).await?;
            }
            tokio::time::sleep(Duration::from_millis(self.traffic.pause_ms())).await;
        }
    }

    fn past_visit(&mut self) -> Vec<Beacon> {
        let now_ms = self.clock.now_ms();
        let start_ms = self.traffic.moment_ms(now_ms - PAST_MS, now_ms, now_ms);
        self.traffic.visit(start_ms, now_ms)
    }
}

async fn finish_one(
    under_way: &mut tokio::task::JoinSet<anyhow::Result<u64>>,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    if let Some(done) = under_way.join_next().await {
        bar.inc(done.context("a request was abandoned")??);
    }
    Ok(())
}
