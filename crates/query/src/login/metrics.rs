//! The metrics of this crate; those of requests are the server's, those of the cache the cache's.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// `hgpixel_logins_total`: attempts to log in by result.
pub(crate) struct LoginMetrics {
    pub(crate) ok: IntCounter,
    pub(crate) refused: IntCounter,
    pub(crate) limited: IntCounter,
}

impl LoginMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let logins = IntCounterVec::new(
            Opts::new(
                "hgpixel_logins_total",
                "Attempts to log in by result: ok, refused (unknown, used or expired), limited (too many from one address).",
            ),
            &["result"],
        )?;
        registry.register(Box::new(logins.clone()))?;
        let result = |name| logins.with_label_values(&[name]);
        Ok(Self {
            ok: result("ok"),
            refused: result("refused"),
            limited: result("limited"),
        })
    }
}
