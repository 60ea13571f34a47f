//! How many events a client may send, and a site may get, of this process: so many a second, and a burst.
//!
//! The generic cell rate algorithm: per key one number, the time at which its budget is whole again. An event moves it by one
//! interval; a request that would move it further than the burst ahead of now is refused and moves nothing. IPv6 clients are
//! counted by their /64, which is what one customer gets. The map is bounded: a flood from more addresses than it holds forgets
//! the budgets of the least recent ones, and never memory.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::generations::Generations;

/// Keys remembered at a time: 100,000 entries take about 5 MB.
const KEYS_MAX: usize = 100_000;

pub(crate) struct Limiter<Key> {
    interval: Duration,
    burst: u32,
    started: Instant,
    budgets: Mutex<Budgets<Key>>,
}

struct Budgets<Key> {
    /// When each key's budget is whole again, since the start.
    whole_at: Generations<Key, Duration>,
    aged_at: Duration,
}

impl<Key: Hash + Eq> Limiter<Key> {
    /// `events_per_s` of 0 means no limit.
    pub(crate) fn new(events_per_s: u32, burst: u32) -> Option<Self> {
        if events_per_s == 0 {
            return None;
        }
        Some(Self {
            interval: Duration::from_secs(1) / events_per_s,
            burst: burst.max(1),
            started: Instant::now(),
            budgets: Mutex::new(Budgets {
                whole_at: Generations::new(KEYS_MAX),
                aged_at: Duration::ZERO,
            }),
        })
    }

    /// Says how long to wait if not even one event could be paid for. Costs nothing.
    pub(crate) fn check(&self, key: &Key) -> Result<(), Duration> {
        let now = self.started.elapsed();
        self.spent(&self.budgets(), now, key, 1).map(drop)
    }

    /// Spends `events` of the budget of `key`, or says how long to wait. The monotonic clock is used, so a clock that is set does
    /// not matter.
    pub(crate) fn spend(&self, key: Key, events: usize) -> Result<(), Duration> {
        self.spend_at(self.started.elapsed(), key, events)
    }

    fn spend_at(&self, now: Duration, key: Key, events: usize) -> Result<(), Duration> {
        let mut budgets = self.budgets();
        budgets.age(now, self.interval * self.burst);
        let spent = self.spent(&budgets, now, &key, events)?;
        budgets.whole_at.put(key, spent);
        Ok(())
    }

    /// When the budget would be whole again after `events` more, or how long to wait before they could be spent.
    fn spent(
        &self,
        budgets: &Budgets<Key>,
        now: Duration,
        key: &Key,
        events: usize,
    ) -> Result<Duration, Duration> {
        // A request of more events than the whole burst could never pass, so it costs the whole burst.
        let events = u32::try_from(events).unwrap_or(u32::MAX).min(self.burst);
        let whole_at = budgets.whole_at.get(key);
        let spent = whole_at.unwrap_or_default().max(now) + self.interval * events;
        let wait = spent.saturating_sub(now + self.interval * self.burst);
        if wait.is_zero() { Ok(spent) } else { Err(wait) }
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets<Key>> {
        // The map holds plain numbers: after a panic they are as good as before.
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Key: Hash + Eq> Budgets<Key> {
    /// After the time of a whole budget an untouched entry says nothing that its absence does not say.
    fn age(&mut self, now: Duration, budget: Duration) {
        if now.saturating_sub(self.aged_at) > budget {
            self.whole_at.age();
            self.aged_at = now;
        }
    }
}

/// What shares one budget: an IPv4 address, or the first 64 bits of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    V4(u32),
    V6(u64),
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.to_bits()),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "203.0.113.7";

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn spend(limiter: &Limiter<Network>, ms: u64, address: &str, events: usize) -> bool {
        let network = Network::of(address.parse().unwrap());
        limiter.spend_at(at(ms), network, events).is_ok()
    }

    #[test]
    fn a_burst_passes_and_then_one_event_an_interval() {
        let limiter = Limiter::new(50, 200).unwrap();
        let passed = (0..1_000).filter(|_| spend(&limiter, 0, CLIENT, 1)).count();
        assert_eq!(passed, 200);
        assert!(!spend(&limiter, 19, CLIENT, 1));
        assert!(spend(&limiter, 20, CLIENT, 1));
        assert!(!spend(&limiter, 20, CLIENT, 1));
        let passed = (21..=1_020)
            .filter(|ms| spend(&limiter, *ms, CLIENT, 1))
            .count();
        assert_eq!(passed, 50);
        assert!(spend(&limiter, 60_000, CLIENT, 200));
        assert!(!spend(&limiter, 60_000, CLIENT, 1));
    }

    #[test]
    fn events_count_and_not_requests() {
        let limiter = Limiter::new(50, 200).unwrap();
        assert!(spend(&limiter, 0, CLIENT, 100));
        assert!(spend(&limiter, 0, CLIENT, 100));
        assert!(!spend(&limiter, 0, CLIENT, 100));
        // What was refused has cost nothing.
        assert!(spend(&limiter, 2_000, CLIENT, 100));
    }

    #[test]
    fn a_refusal_tells_when_it_would_pass() {
        let limiter = Limiter::new(50, 200).unwrap();
        assert!(spend(&limiter, 0, CLIENT, 200));
        let wait = limiter.spend_at(at(0), Network::of(CLIENT.parse().unwrap()), 100);
        assert_eq!(wait, Err(at(2_000)));
        assert!(spend(&limiter, 2_000, CLIENT, 100));
    }

    #[test]
    fn a_request_larger_than_the_burst_passes_when_the_budget_is_whole() {
        let limiter = Limiter::new(10, 20).unwrap();
        assert!(spend(&limiter, 0, CLIENT, 100));
        assert!(!spend(&limiter, 0, CLIENT, 1));
        assert!(!spend(&limiter, 1_999, CLIENT, 100));
        assert!(spend(&limiter, 2_000, CLIENT, 100));
    }

    #[test]
    fn an_ipv6_network_shares_one_budget_and_others_do_not() {
        let limiter = Limiter::new(1, 1).unwrap();
        assert!(spend(&limiter, 0, "2001:db8:0:1::1", 1));
        assert!(!spend(&limiter, 0, "2001:db8:0:1:ffff::9", 1));
        assert!(spend(&limiter, 0, "2001:db8:0:2::1", 1));
        assert!(spend(&limiter, 0, "192.0.2.1", 1));
        assert!(!spend(&limiter, 0, "::ffff:192.0.2.1", 1));
        assert!(spend(&limiter, 0, "192.0.2.2", 1));
    }

    #[test]
    fn a_million_addresses_stay_within_the_bound() {
        let limiter = Limiter::new(50, 200).unwrap();
        for bits in 0..1_000_000_u32 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(bits));
            assert!(limiter.spend_at(at(0), Network::of(address), 1).is_ok());
        }
        assert!(limiter.budgets.lock().unwrap().whole_at.len() <= KEYS_MAX);
    }

    #[test]
    fn what_is_whole_again_is_forgotten() {
        let limiter = Limiter::new(50, 200).unwrap();
        assert!(spend(&limiter, 0, CLIENT, 1));
        assert!(spend(&limiter, 5_000, "192.0.2.1", 1));
        assert!(spend(&limiter, 10_000, "192.0.2.1", 1));
        let forgotten = Network::of(CLIENT.parse().unwrap());
        assert_eq!(
            limiter.budgets.lock().unwrap().whole_at.get(&forgotten),
            None
        );
    }

    #[test]
    fn zero_switches_the_limit_off() {
        assert!(Limiter::<Network>::new(0, 200).is_none());
    }
}
