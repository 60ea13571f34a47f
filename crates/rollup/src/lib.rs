//! Keep what time changes current: rotate salts, make partitions ahead, forget what is needed for 48 hours only and what is older
//! than its site keeps it, end what a verdict about bots began, and count the figures of days that are over.
//!
//! One process does it at a time, whoever holds the database's lock; the others look each few seconds whether it is free. Every
//! piece of work is idempotent, so a leader that is killed in the middle, or two that believe to lead for a moment, do no
//! harm. The promise that depends on it: the salts of a day are gone 48 hours after they were made, and a week's partition is
//! there before the week. Figures depend on nothing here: what is not counted yet is read from the events.

mod figures;
mod metrics;

use std::time::Duration;

use anyhow::Context;
use hgpixel_store::{EventStore, Leadership, StoreError};
use hgpixel_telemetry::Lifecycle;
use prometheus::Registry;
use tokio::time::{MissedTickBehavior, interval};

use metrics::Metrics;

/// How often a process asks for the lock, and a leader for its health.
const LOOK: Duration = Duration::from_secs(5);
/// How often the leader does its round: far more often than anything it keeps can expire.
const ROUND_LOOKS: u32 = 12;

/// What the leader's work needs.
pub struct Deps {
    pub store: EventStore,
    pub registry: Registry,
    pub lifecycle: Lifecycle,
}

/// Takes part in the leader's election until the process stops.
///
/// # Errors
/// When its metrics are registered already.
pub fn start(deps: Deps) -> anyhow::Result<()> {
    let metrics = Metrics::register(&deps.registry).context("register the leader's metrics")?;
    let lifecycle = deps.lifecycle.clone();
    deps.lifecycle
        .spawn("leader", run(deps.store, metrics, lifecycle));
    Ok(())
}

async fn run(store: EventStore, metrics: Metrics, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut leadership = None;
    let mut looks_since_round = 0;
    loop {
        tokio::select! {
            () = lifecycle.stopping() => return Ok(()),
            _ = look.tick() => {}
        }
        let led = leadership.is_some();
        leadership = keep_or_take(&store, leadership).await;
        metrics.leads(leadership.is_some());
        if leadership.is_none() {
            continue;
        }
        looks_since_round += 1;
        if !led || looks_since_round >= ROUND_LOOKS {
            looks_since_round = 0;
            round(&store, &metrics).await;
            figures::roll_up(&store, &metrics, &lifecycle, &mut leadership).await;
        }
    }
}

/// The lock, if it is still or newly ours.
async fn keep_or_take(store: &EventStore, held: Option<Leadership>) -> Option<Leadership> {
    if let Some(mut leadership) = held {
        if leadership.is_held().await {
            return Some(leadership);
        }
        tracing::warn!("lost the leader's lock");
    }
    match store.try_lead().await {
        Ok(leadership) => {
            if leadership.is_some() {
                tracing::info!(
                    "leads: rotates salts, makes partitions, prunes, applies retention, counts days that are over"
                );
            }
            leadership
        }
        Err(error) => {
            tracing::debug!(%error, "could not ask for the leader's lock");
            None
        }
    }
}

/// One round of the leader's work. A piece that fails is tried again in the next round; the others do not wait for it.
async fn round(store: &EventStore, metrics: &Metrics) {
    metrics.did("rotate_salts", &store.rotate_salts().await);
    metrics.did("prepare_partitions", &store.prepare_partitions().await);
    let pruned = store.prune().await;
    if let Ok(rows) = &pruned {
        tracing::debug!(rows, "pruned");
    }
    metrics.did("prune", &pruned);
    let forgotten = store.apply_retention().await;
    if let Ok(rows @ 1..) = &forgotten {
        tracing::info!(rows, "forgot what is older than its site keeps it");
    }
    metrics.did("apply_retention", &forgotten);
    let swept = store.apply_verdicts().await;
    if let Ok(sites @ 1..) = &swept {
        tracing::info!(
            sites,
            "applied verdicts about bots to what was stored before"
        );
    }
    metrics.did("apply_verdicts", &swept);
}

impl Metrics {
    /// Counts a piece of work, and says when it failed.
    fn did<T>(&self, task: &'static str, result: &Result<T, StoreError>) {
        self.count(task, result.is_ok());
        if let Err(error) = result {
            tracing::warn!(task, %error, "a piece of the leader's work failed, it is tried again in a minute");
        }
    }
}
