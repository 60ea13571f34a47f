//! The metrics of answers; those of requests are the server's, those of the tiers the cache's.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

#[derive(Clone, Debug)]
pub(crate) struct StatsMetrics {
    pub(crate) hit: IntCounter,
    pub(crate) stale: IntCounter,
    pub(crate) miss: IntCounter,
    pub(crate) joined: IntCounter,
    pub(crate) bypass: IntCounter,
    pub(crate) seconds: Histogram,
}

impl StatsMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let answers = IntCounterVec::new(
            Opts::new(
                "hgpixel_stats_answers_total",
                "Answers of figures by where they came from: hit (remembered), stale (remembered, and computed again meanwhile), miss \
                 (computed), joined (computed for somebody else at the same time), bypass (computed because the client wanted it).",
            ),
            &["result"],
        )?;
        let seconds = Histogram::with_opts(
            HistogramOpts::new(
                "hgpixel_stats_seconds",
                "How long it took to compute an answer of figures.",
            )
            .buckets(vec![0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        )?;
        registry.register(Box::new(answers.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        let result = |name| answers.with_label_values(&[name]);
        Ok(Self {
            hit: result("hit"),
            stale: result("stale"),
            miss: result("miss"),
            joined: result("joined"),
            bypass: result("bypass"),
            seconds,
        })
    }
}
