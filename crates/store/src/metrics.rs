//! Every metric of the store.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::error::StoreError;
use crate::stats::Source;

#[derive(Debug)]
pub(crate) struct Metrics {
    /// `hgpixel_store_up`: whether the database answered when it was last asked.
    pub(crate) up: IntGauge,
    /// `hgpixel_store_batch_seconds`: from a batch in hand until its commit; failed batches are not in it.
    pub(crate) batch_seconds: Histogram,
    /// `hgpixel_store_answers_total{source}`: questions of figures that were answered, by where from.
    by_source: IntCounterVec,
    rollups: IntCounter,
    events: IntCounter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, StoreError> {
        let metrics = Self::new().map_err(|error| wrong(&error))?;
        registry
            .register(Box::new(metrics.up.clone()))
            .map_err(|error| wrong(&error))?;
        registry
            .register(Box::new(metrics.batch_seconds.clone()))
            .map_err(|error| wrong(&error))?;
        registry
            .register(Box::new(metrics.by_source.clone()))
            .map_err(|error| wrong(&error))?;
        Ok(metrics)
    }

    pub(crate) fn answered(&self, source: Source) {
        match source {
            Source::Rollups => self.rollups.inc(),
            Source::Events => self.events.inc(),
        }
    }

    fn new() -> prometheus::Result<Self> {
        let buckets = vec![
            0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
        ];
        let batch_seconds = HistogramOpts::new(
            "hgpixel_store_batch_seconds",
            "Time from a batch in hand until its commit, of batches that were stored.",
        );
        let by_source = Opts::new(
            "hgpixel_store_answers_total",
            "Questions of figures that were answered, from counted days or from the events alone.",
        );
        let by_source = IntCounterVec::new(by_source, &["source"])?;
        Ok(Self {
            rollups: by_source.with_label_values(&["rollups"]),
            events: by_source.with_label_values(&["events"]),
            by_source,
            up: IntGauge::new(
                "hgpixel_store_up",
                "Whether the database answered when it was last asked.",
            )?,
            batch_seconds: Histogram::with_opts(batch_seconds.buckets(buckets))?,
        })
    }
}

fn wrong(error: &prometheus::Error) -> StoreError {
    StoreError::Invalid(format!("the store's metrics cannot be registered: {error}"))
}
