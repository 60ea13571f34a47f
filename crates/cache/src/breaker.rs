//! Whether Redis may be asked at all: closed while it answers, open from its first failure until a probe succeeded.
//!
//! Probes run beside the requests, one at a time, so that no request ever pays for a connection that is being tried.

use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    open: AtomicBool,
}

impl Breaker {
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Opens it. True for the one caller that opened it, who then sees to the probes.
    pub(crate) fn trip(&self) -> bool {
        !self.open.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_failures_trips_it() {
        let breaker = Breaker::default();
        assert!(!breaker.is_open());
        assert!(breaker.trip());
        assert!(!breaker.trip());
        assert!(breaker.is_open());
        breaker.close();
        assert!(!breaker.is_open());
        assert!(breaker.trip());
    }
}
