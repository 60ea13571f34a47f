//! The metrics of this crate, all of them.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::lookup::Lookup;

/// `hgpixel_cache_requests_total`. Every value of its labels is there from the start, at zero.
#[derive(Clone, Debug)]
pub(crate) struct CacheMetrics {
    pub(crate) memory: TierMetrics,
    pub(crate) redis: TierMetrics,
}

/// One tier's lookups by what came of them.
#[derive(Clone, Debug)]
pub(crate) struct TierMetrics {
    hit: IntCounter,
    miss: IntCounter,
    corrupt: IntCounter,
    error: IntCounter,
    bypass: IntCounter,
}

impl CacheMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "hgpixel_cache_requests_total",
                "Lookups in the cache by tier (memory, then redis) and result: hit, miss, corrupt (not what we wrote: a miss), \
                 error (failed or late, puts included), bypass (known to be away: not asked).",
            ),
            &["tier", "result"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        Ok(Self {
            memory: TierMetrics::of("memory", &requests),
            redis: TierMetrics::of("redis", &requests),
        })
    }
}

impl TierMetrics {
    fn of(tier: &str, requests: &IntCounterVec) -> Self {
        let result = |name| requests.with_label_values(&[tier, name]);
        Self {
            hit: result("hit"),
            miss: result("miss"),
            corrupt: result("corrupt"),
            error: result("error"),
            bypass: result("bypass"),
        }
    }

    pub(crate) fn count(&self, lookup: &Lookup) {
        match lookup {
            Lookup::Hit(_) => self.hit.inc(),
            Lookup::Miss => self.miss.inc(),
            Lookup::Corrupt => self.corrupt.inc(),
            Lookup::Failed => self.error.inc(),
            Lookup::Bypassed => self.bypass.inc(),
        }
    }

    pub(crate) fn count_failed_put(&self) {
        self.error.inc();
    }
}
