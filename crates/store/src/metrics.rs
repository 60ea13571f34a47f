//! Every metric of the store.

use prometheus::{Histogram, HistogramOpts, IntGauge, Registry};

use crate::error::StoreError;

#[derive(Debug)]
pub(crate) struct Metrics {
    /// `hgpixel_store_up`: whether the database answered when it was last asked.
    pub(crate) up: IntGauge,
    /// `hgpixel_store_batch_seconds`: from a batch in hand until its commit; failed batches are not in it.
    pub(crate) batch_seconds: Histogram,
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
        Ok(metrics)
    }

    fn new() -> prometheus::Result<Self> {
        let buckets = vec![
            0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
        ];
        let batch_seconds = HistogramOpts::new(
            "hgpixel_store_batch_seconds",
            "Time from a batch in hand until its commit, of batches that were stored.",
        );
        Ok(Self {
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
