//! At most ten wrong passwords an hour for one account, each after a longer wait than the last, from however many addresses.
//!
//! Three are free, for fingers that slip. The wait is told and kept whether or not there is such an account. Somebody else can thus keep
//! a person from logging in by password for a while; a link from an owner of the server still works, and so do logins that are open.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hgpixel_event::Clock;
use sha2::{Digest, Sha256};

use super::generations::Generations;

const FREE: u32 = 3;
const IN_AN_HOUR: u32 = 10;
const HOUR_MS: i64 = 3_600_000;
/// As many accounts as the limiter by address remembers addresses; guesses that name ever new accounts are its matter.
const ACCOUNTS_MAX: usize = 10_000;

pub(crate) struct AccountLimiter {
    clock: Clock,
    seen: Mutex<Generations<[u8; 16], Wrong>>,
}

/// The wrong passwords of an account.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last_ms: i64,
}

impl AccountLimiter {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            seen: Mutex::new(Generations::new(ACCOUNTS_MAX)),
        }
    }

    /// Counts an attempt as wrong from the start, so that many at once do not slip through.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn attempt(&self, account: &str) -> Result<(), Duration> {
        let key = key(account);
        let now_ms = self.clock.now_ms();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(&key);
        // After an hour of rest all is forgotten; a clock that was set back must not lock anybody out for longer.
        let wrong = known.filter(|wrong| (0..HOUR_MS).contains(&(now_ms - wrong.last_ms)));
        let count = wrong.map_or(0, |wrong| wrong.count);
        if let Some(wrong) = wrong {
            let wait_ms = wrong.last_ms + pause_ms(count) - now_ms;
            if wait_ms > 0 {
                return Err(Duration::from_millis(wait_ms.unsigned_abs()));
            }
        }
        let wrong = Wrong {
            count: count + 1,
            last_ms: now_ms,
        };
        seen.set(key, wrong);
        Ok(())
    }

    /// The password was right: what went before does not count.
    pub(crate) fn forgive(&self, account: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Wrong {
            count: 0,
            last_ms: i64::MIN / 2,
        };
        seen.set(key(account), nothing);
    }
}

/// How long after the last wrong password another may be tried: 2 s, 4 s … 128 s, and an hour after the tenth.
fn pause_ms(count: u32) -> i64 {
    match count {
        0..FREE => 0,
        FREE..IN_AN_HOUR => 1_000 << (count - FREE + 1),
        _ => HOUR_MS,
    }
}

/// The addresses of those who fail to log in are nobody's to keep, not even in memory.
fn key(account: &str) -> [u8; 16] {
    let digest = Sha256::digest(account);
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: &str = "anna@example.com";

    fn limiter() -> (AccountLimiter, Clock) {
        let clock = Clock::manual(1_790_000_000_000);
        (AccountLimiter::new(clock.clone()), clock)
    }

    #[test]
    fn a_thousand_guesses_in_an_hour_are_ten_tries() {
        let (limiter, clock) = limiter();
        let mut tried = 0;
        for _ in 0..1_000 {
            tried += usize::from(limiter.attempt(ANNA).is_ok());
            clock.advance_ms(3_500);
        }
        assert_eq!(tried, 10);
        assert!(limiter.attempt("ben@example.com").is_ok());
        clock.advance_ms(HOUR_MS);
        assert!(limiter.attempt(ANNA).is_ok());
    }

    #[test]
    fn the_wait_grows_and_is_told() {
        let (limiter, clock) = limiter();
        for _ in 0..3 {
            assert!(limiter.attempt(ANNA).is_ok());
        }
        for seconds in [2, 4, 8, 16, 32, 64, 128] {
            assert_eq!(limiter.attempt(ANNA), Err(Duration::from_secs(seconds)));
            clock.advance_ms(i64::try_from(seconds).unwrap() * 1_000);
            assert!(limiter.attempt(ANNA).is_ok());
        }
        assert_eq!(limiter.attempt(ANNA), Err(Duration::from_hours(1)));
    }

    #[test]
    fn a_right_password_wipes_the_slate() {
        let (limiter, _) = limiter();
        for _ in 0..100 {
            assert!(limiter.attempt(ANNA).is_ok());
            limiter.forgive(ANNA);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, _) = limiter();
        for n in 0..100_000 {
            limiter.attempt(&n.to_string()).unwrap();
        }
        assert!(limiter.seen.lock().unwrap().len() <= ACCOUNTS_MAX);
    }
}
