//! How long to wait before the next attempt to connect.

use std::time::Duration;

use crate::error::QueueError;

const FIRST: Duration = Duration::from_millis(100);
/// So soon is a broker found that listens again. With the time for which it is left alone then, that is less than two seconds.
const UNREACHABLE_MAX: Duration = Duration::from_millis(600);
/// Wrong credentials or arguments wait for a person; asking often only fills the broker's log.
const REFUSED_MAX: Duration = Duration::from_secs(5);

/// Delays that double, each shortened at random by up to a half, so that a hundred processes do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The delay after this fault.
    pub(super) fn after(&mut self, fault: &QueueError) -> Duration {
        let most = if fault.is_retryable() {
            UNREACHABLE_MAX
        } else {
            REFUSED_MAX
        };
        let delay = self.next.min(most);
        self.next = (delay * 2).min(REFUSED_MAX);
        delay.mul_f64(0.5 + jitter() / 2.0)
    }
}

/// Between 0 and 1.
fn jitter() -> f64 {
    let mut byte = [0; 1];
    // Without randomness there is no jitter, and nothing else is lost.
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(fault: &QueueError, count: usize) -> Vec<Duration> {
        let mut backoff = Backoff::new();
        (0..count).map(|_| backoff.after(fault)).collect()
    }

    #[test]
    fn delays_grow_and_stay_within_their_bounds() {
        let away = QueueError::Unavailable {
            detail: String::new(),
        };
        let refused = QueueError::Access {
            detail: String::new(),
        };
        assert!(
            delays(&away, 50)
                .iter()
                .all(|delay| *delay <= UNREACHABLE_MAX)
        );
        let long = delays(&refused, 50);
        assert!(long[0] <= FIRST && long[0] >= FIRST / 2);
        assert!(long[40] >= REFUSED_MAX / 2 && long[40] <= REFUSED_MAX);
    }
}
