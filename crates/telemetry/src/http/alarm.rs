//! One timer per connection for all of its deadlines.
//!
//! A deadline that is set with every request and never met would cost two turns of the runtime's shared timer wheel per
//! request. Here, setting one is a comparison: each poll of the connection collects the nearest deadline of whoever is
//! waiting, and the connection moves its one timer only when that is nearer than what it is set to. A timer that rings too
//! early finds nothing expired and is set again; at most that happens once per shortest deadline.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A moment of one connection: microseconds since it was accepted.
pub(super) type Moment = u64;

/// The later side of every deadline.
const NEVER: Moment = Moment::MAX;

/// All access is from the connection's own task (a body that was carried elsewhere only reads the time), so the atomics
/// order nothing: they are there because the parts of a connection share it.
#[derive(Debug)]
pub(super) struct Alarm {
    accepted: Instant,
    now: AtomicU64,
    due: AtomicU64,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self {
            accepted: Instant::now(),
            now: AtomicU64::new(0),
            due: AtomicU64::new(NEVER),
        }
    }

    /// Begins a poll of the connection: reads the clock, and forgets the deadlines, for whoever still waits asks again.
    pub(super) fn begin_poll(&self) {
        self.due.store(NEVER, Ordering::Relaxed);
        self.now.store(self.read_clock(), Ordering::Relaxed);
    }

    /// When the current poll began. Good enough for deadlines, and free.
    pub(super) fn now(&self) -> Moment {
        self.now.load(Ordering::Relaxed)
    }

    /// This very moment.
    pub(super) fn read_clock(&self) -> Moment {
        Moment::try_from(self.accepted.elapsed().as_micros()).unwrap_or(NEVER)
    }

    /// Whether `deadline` has come. If not, the connection is polled again at that time: call it in every poll while waiting.
    pub(super) fn has_come(&self, deadline: Moment) -> bool {
        if self.now() >= deadline {
            return true;
        }
        if deadline < self.due.load(Ordering::Relaxed) {
            self.due.store(deadline, Ordering::Relaxed);
        }
        false
    }

    /// The nearest deadline of this poll.
    pub(super) fn due(&self) -> Option<Moment> {
        Some(self.due.load(Ordering::Relaxed)).filter(|&due| due != NEVER)
    }

    pub(super) fn instant(&self, moment: Moment) -> tokio::time::Instant {
        (self.accepted + Duration::from_micros(moment)).into()
    }
}

/// A span of time in the unit of [`Moment`], at most a day: longer than any deadline of a connection makes sense, and no sum
/// of a moment and a span can overflow.
pub(super) fn span_of_ms(ms: u64) -> Moment {
    ms.min(24 * 60 * 60 * 1_000) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_deadline_of_a_poll_counts() {
        let alarm = Alarm::new();
        alarm.begin_poll();
        assert!(!alarm.has_come(9_000_000));
        assert!(!alarm.has_come(6_000_000));
        assert!(!alarm.has_come(7_000_000));
        assert_eq!(alarm.due(), Some(6_000_000));
    }

    #[test]
    fn a_deadline_lasts_one_poll() {
        let alarm = Alarm::new();
        assert!(!alarm.has_come(6_000_000));
        alarm.begin_poll();
        assert_eq!(alarm.due(), None);
    }

    #[test]
    fn what_has_come_is_not_waited_for() {
        let alarm = Alarm::new();
        alarm.begin_poll();
        assert!(alarm.has_come(0));
        assert_eq!(alarm.due(), None);
    }
}
