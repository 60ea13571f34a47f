//! All that ingest holds: the sites and the salts, as they were within the last second or so.
//!
//! While the store is away the last good snapshot goes on being used. Until the first one is there, nothing is accepted.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use hgpixel_store::{EventStore, Site, Snapshot};
use hgpixel_telemetry::{Condition, Lifecycle};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::metrics::Metrics;

/// A reading that takes longer is given up; the next one comes soon.
const READING_MAX: Duration = Duration::from_secs(5);

/// The current snapshot. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Current(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    snapshot: Option<Arc<Snapshot>>,
    /// Sites that this process has created since the running or last reading began; that reading may have missed them.
    added: Vec<Site>,
}

impl Current {
    pub(crate) fn get(&self) -> Option<Arc<Snapshot>> {
        // A snapshot is replaced whole: after a panic the lock holds a good one.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.snapshot.clone()
    }

    /// Makes a site known at once that this process has just created.
    pub(crate) fn add(&self, site: Site) {
        let mut known = self.write();
        if let Some(snapshot) = known.snapshot.as_mut() {
            let snapshot = Arc::make_mut(snapshot);
            snapshot.sites.insert(site.key.clone(), site.clone());
        }
        known.added.push(site);
    }

    fn begin_reading(&self) {
        self.write().added.clear();
    }

    fn end_reading(&self, mut snapshot: Snapshot) {
        let mut known = self.write();
        for site in &known.added {
            snapshot.sites.insert(site.key.clone(), site.clone());
        }
        known.snapshot = Some(Arc::new(snapshot));
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the snapshot current until the process stops.
pub(crate) struct Refresher {
    pub(crate) current: Current,
    pub(crate) store: EventStore,
    pub(crate) every: Duration,
    pub(crate) condition: Condition,
    pub(crate) metrics: Arc<Metrics>,
}

impl Refresher {
    pub(crate) async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                () = lifecycle.stopping() => return Ok(()),
                _ = ticks.tick() => {}
            }
            failing = self.refresh(failing).await;
        }
    }

    /// Reads once; whether it failed. A failure is logged when it begins and when it ends, not each second.
    async fn refresh(&self, was_failing: bool) -> bool {
        self.current.begin_reading();
        let error = match timeout(READING_MAX, self.store.snapshot()).await {
            Ok(Ok(snapshot)) => {
                self.current.end_reading(snapshot);
                self.condition.set_ready();
                if was_failing {
                    tracing::info!("sites and salts can be read again");
                }
                return false;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer in {} s", READING_MAX.as_secs()),
        };
        self.metrics.snapshot_errors.inc();
        if !was_failing {
            tracing::warn!(%error, "sites and salts cannot be read; the last ones are used");
        }
        if self.current.get().is_none() {
            self.condition
                .set_unready("the store has not been read yet");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_that_is_created_during_a_reading_stays_known() {
        let empty = || Snapshot {
            sites: std::collections::HashMap::new(),
            salts: Vec::new(),
            secret: [0; 32],
        };
        let site = Site::new(1, "shop".parse().unwrap());
        let current = Current::default();
        let is_known = || current.get().unwrap().sites.contains_key("shop");
        current.begin_reading();
        current.end_reading(empty());
        current.begin_reading();
        current.add(site);
        assert!(is_known());
        current.end_reading(empty());
        assert!(is_known());
        // The next reading begins after the creation: what it does not find is gone.
        current.begin_reading();
        current.end_reading(empty());
        assert!(!is_known());
    }
}
