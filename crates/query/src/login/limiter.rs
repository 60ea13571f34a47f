//! At most five failed logins a minute from one address (IPv6: one /64).
//!
//! A login that succeeds is taken back, so that people who log in often are not guessers. The memory is bounded.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hgpixel_event::Clock;

use super::generations::Generations;

/// Attempts that may follow each other at once.
const BURST: i64 = 5;
/// After them, one attempt each.
const INTERVAL_MS: i64 = 12_000;
/// How long to wait when the limit is reached.
pub(crate) const PAUSE: Duration = Duration::from_secs(12);
/// A tenth of what the limits of ingest may hold: far fewer people log in.
const ADDRESSES_MAX: usize = 10_000;

pub(crate) struct LoginLimiter {
    clock: Clock,
    /// For each address, when its allowance is whole again, in milliseconds since 1970 UTC (GCRA's theoretical arrival time).
    seen: Mutex<Generations<IpAddr, i64>>,
}

/// An attempt that was let through.
#[derive(Debug)]
pub(crate) struct Attempt(IpAddr);

impl LoginLimiter {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            seen: Mutex::new(Generations::new(ADDRESSES_MAX)),
        }
    }

    /// Counts an attempt as failed from the start, so that many at once do not slip through. `None`: one too many.
    pub(crate) fn attempt(&self, address: IpAddr) -> Option<Attempt> {
        let address = network_of(address);
        let now_ms = self.clock.now_ms();
        let mut seen = self.seen();
        // A clock that was set back must not lock anybody out for longer than a full allowance takes.
        let latest_ms = now_ms + BURST * INTERVAL_MS;
        let whole_ms = seen.get(&address).unwrap_or(0).clamp(now_ms, latest_ms);
        let is_one_too_many = whole_ms > latest_ms - INTERVAL_MS;
        if is_one_too_many {
            seen.set(address, whole_ms);
            return None;
        }
        seen.set(address, whole_ms + INTERVAL_MS);
        Some(Attempt(address))
    }

    /// The attempt succeeded and does not count.
    pub(crate) fn forgive(&self, attempt: &Attempt) {
        let mut seen = self.seen();
        let whole_ms = seen.get(&attempt.0).unwrap_or(0);
        seen.set(attempt.0, whole_ms - INTERVAL_MS);
    }

    fn seen(&self) -> MutexGuard<'_, Generations<IpAddr, i64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    fn limiter() -> (LoginLimiter, Clock) {
        let clock = Clock::manual(NOW_MS);
        (LoginLimiter::new(clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_thousand_guesses_in_a_minute_are_nine_tries() {
        let (limiter, clock) = limiter();
        let mut tried = 0;
        for _ in 0..1_000 {
            tried += usize::from(limiter.attempt(address("203.0.113.9")).is_some());
            clock.advance_ms(60);
        }
        assert_eq!(tried, 9);
    }

    #[test]
    fn neighbours_of_one_network_share_an_allowance_and_others_do_not() {
        let (limiter, _) = limiter();
        for _ in 0..5 {
            assert!(limiter.attempt(address("2001:db8::1")).is_some());
        }
        assert!(limiter.attempt(address("2001:db8::2")).is_none());
        assert!(limiter.attempt(address("2001:db8:0:1::1")).is_some());
        assert!(limiter.attempt(address("203.0.113.9")).is_some());
    }

    #[test]
    fn a_success_does_not_count() {
        let (limiter, _) = limiter();
        for _ in 0..100 {
            let attempt = limiter.attempt(address("203.0.113.9")).unwrap();
            limiter.forgive(&attempt);
        }
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out_for_long() {
        let (limiter, clock) = limiter();
        for _ in 0..5 {
            limiter.attempt(address("203.0.113.9"));
        }
        clock.advance_ms(-1_000_000_000);
        assert!(limiter.attempt(address("203.0.113.9")).is_none());
        clock.advance_ms(INTERVAL_MS);
        assert!(limiter.attempt(address("203.0.113.9")).is_some());
    }

    #[test]
    fn memory_is_bounded_under_a_million_addresses() {
        let (limiter, _) = limiter();
        for n in 0..1_000_000_u32 {
            limiter.attempt(IpAddr::from(n.to_be_bytes()));
        }
        assert!(limiter.seen().len() <= ADDRESSES_MAX);
    }
}
