//! Every metric of this crate, with its labels, begun at zero.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::error::{PublishError, QueueError, Reason};

/// Half a commit on a fast disk, up to a little more than the default timeout.
const SECONDS: [f64; 13] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];
/// A lone event, up to a full micro-batch.
const EVENTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) publish_seconds: Histogram,
    pub(crate) batch_events: Histogram,
    pub(crate) publish_results: IntCounterVec,
    pub(crate) inflight_bytes: IntGauge,
    pub(crate) up: IntGauge,
    pub(crate) blocked: IntGauge,
    pub(crate) depth_batches: IntGauge,
    pub(crate) reconnects: IntCounter,
    pub(crate) channel_errors: IntCounter,
    pub(crate) delivered: IntCounterVec,
    pub(crate) settled: IntCounter,
    pub(crate) unrouted: IntCounter,
    pub(crate) disk_free_bytes: IntGauge,
    pub(crate) commits: IntCounter,
    pub(crate) corrupt: IntCounter,
    pub(crate) salvaged: IntCounter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, QueueError> {
        Self::try_register(registry).map_err(|error| QueueError::Metrics {
            detail: error.to_string(),
        })
    }

    fn try_register(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let counters = |name: &str, help: &str, label: &str, values: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            for value in values {
                counters.with_label_values(&[value]);
            }
            prometheus::Result::Ok(counters)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let histogram = Histogram::with_opts(options)?;
            registry.register(Box::new(histogram.clone()))?;
            prometheus::Result::Ok(histogram)
        };

        let mut results = vec!["ok"];
        results.extend(Reason::ALL.map(Reason::label));
        Ok(Self {
            publish_seconds: histogram(
                "hgpixel_queue_publish_seconds",
                "From a batch's hand-over to its durable acceptance or refusal",
                &SECONDS,
            )?,
            batch_events: histogram(
                "hgpixel_queue_batch_events",
                "Events in a published batch",
                &EVENTS,
            )?,
            publish_results: counters(
                "hgpixel_queue_publish_results_total",
                "Batches handed over for publishing, by what became of them",
                "result",
                &results,
            )?,
            inflight_bytes: gauge(
                "hgpixel_queue_inflight_bytes",
                "Bytes handed over for publishing and not yet answered",
            )?,
            up: gauge("hgpixel_queue_up", "1 while batches can be published")?,
            blocked: gauge(
                "hgpixel_queue_blocked",
                "1 while the broker takes nothing for want of disk or memory",
            )?,
            depth_batches: gauge(
                "hgpixel_queue_depth_batches",
                "Batches that wait for a worker, as last seen",
            )?,
            reconnects: counter(
                "hgpixel_queue_reconnects_total",
                "Connections to the broker made after the first",
            )?,
            channel_errors: counter(
                "hgpixel_queue_channel_errors_total",
                "Channels that the broker closed or that were given up",
            )?,
            delivered: counters(
                "hgpixel_queue_deliveries_total",
                "Batches delivered to this process, by whether they may have been delivered before",
                "redelivered",
                &["false", "true"],
            )?,
            settled: counter(
                "hgpixel_queue_settled_total",
                "Deliveries settled by this process",
            )?,
            unrouted: counter(
                "hgpixel_queue_unrouted_total",
                "Batches that arrived by the alternate exchange: somebody removed a binding",
            )?,
            disk_free_bytes: gauge(
                "hgpixel_queue_disk_free_bytes",
                "Free bytes on the disk of the local queue's file, as last seen; 0 with a broker",
            )?,
            commits: counter(
                "hgpixel_queue_commits_total",
                "Transactions of the local queue; each makes all batches durable that waited for it",
            )?,
            corrupt: counter(
                "hgpixel_queue_corrupt_total",
                "Local queue files found damaged at start, set aside and salvaged",
            )?,
            salvaged: counter(
                "hgpixel_queue_salvaged_total",
                "Batches read out of damaged local queue files",
            )?,
        })
    }

    /// Books what became of one message.
    pub(crate) fn record_result(&self, outcome: Result<(), PublishError>) {
        let result = match outcome {
            Ok(()) => "ok",
            Err(error) => error.reason().label(),
        };
        self.publish_results.with_label_values(&[result]).inc();
    }
}
