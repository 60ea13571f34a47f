//! Every metric of the worker.

use hgpixel_store::Appended;
use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use crate::dead::REASONS;

/// What the worker counts, in events. The counters start from the store's books of this instance, so that what a killed
/// process had committed and nobody had scraped is not lost.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Events that are in the store, each counted once.
    stored: IntCounter,
    /// Events that were in the store already because their client sent them again.
    duplicate: IntCounter,
    /// Events that came again from the queue after they were stored.
    redelivered: IntCounter,
    /// Events that came back from the dead letters: the books balance with these on the side of what was accepted.
    replayed: IntCounter,
    /// Events that were set aside, by reason.
    dead_lettered: IntCounterVec,
    /// From receipt to commit, in seconds, per event.
    event_age: Histogram,
    /// Store batches that had to be tried again.
    retries: IntCounter,
}

impl Metrics {
    /// # Errors
    /// When a metric of that name is registered already.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            stored: IntCounter::new("hgpixel_events_stored_total", "Events stored.")?,
            duplicate: IntCounter::new(
                "hgpixel_events_duplicate_total",
                "Events that their client had sent before, eaten by the store.",
            )?,
            redelivered: IntCounter::new(
                "hgpixel_events_redelivered_total",
                "Events of queue messages that had been stored before, skipped.",
            )?,
            replayed: IntCounter::new(
                "hgpixel_events_replayed_total",
                "Events that came back from the dead letters, and were stored, eaten or set aside once more.",
            )?,
            dead_lettered: IntCounterVec::new(
                Opts::new(
                    "hgpixel_events_dead_lettered_total",
                    "Events set aside because they cannot be stored.",
                ),
                &["reason"],
            )?,
            event_age: Histogram::with_opts(
                // From a healthy fleet (tens of milliseconds) to a queue that was left for an hour.
                HistogramOpts::new(
                    "hgpixel_event_age_seconds",
                    "Age of events when they are committed, since receipt.",
                )
                .buckets(vec![
                    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3_600.0,
                ]),
            )?,
            retries: IntCounter::new(
                "hgpixel_worker_store_retries_total",
                "Store batches that had to be tried again.",
            )?,
        };
        for reason in REASONS {
            metrics.dead_lettered.with_label_values(&[reason]);
        }
        let collectors: [Box<dyn Collector>; 7] = [
            Box::new(metrics.stored.clone()),
            Box::new(metrics.duplicate.clone()),
            Box::new(metrics.redelivered.clone()),
            Box::new(metrics.replayed.clone()),
            Box::new(metrics.dead_lettered.clone()),
            Box::new(metrics.event_age.clone()),
            Box::new(metrics.retries.clone()),
        ];
        for collector in collectors {
            registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// Goes on where this instance's books stand.
    pub(crate) fn start_from(&self, books: &[(String, u64)]) {
        for (account, events) in books {
            match account.as_str() {
                "stored" => self.stored.inc_by(*events),
                "duplicate" => self.duplicate.inc_by(*events),
                "redelivered" => self.redelivered.inc_by(*events),
                "replayed" => self.replayed.inc_by(*events),
                account => {
                    if let Some(reason) = account.strip_prefix("dead_lettered.") {
                        self.dead_lettered
                            .with_label_values(&[reason])
                            .inc_by(*events);
                    }
                }
            }
        }
    }

    pub(crate) fn appended(&self, appended: &Appended) {
        self.stored.inc_by(appended.stored);
        self.duplicate.inc_by(appended.duplicate);
        self.redelivered.inc_by(appended.redelivered);
        self.replayed.inc_by(appended.replayed);
        for (reason, events) in &appended.dead_lettered {
            self.dead_lettered
                .with_label_values(&[reason])
                .inc_by(*events);
        }
    }

    pub(crate) fn committed(&self, age_ms: i64) {
        // An age is at most the queue's: far below 2^52 milliseconds.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        self.event_age.observe(age_ms.max(0) as f64 / 1_000.0);
    }

    pub(crate) fn retried(&self) {
        self.retries.inc();
    }
}
