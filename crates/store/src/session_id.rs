//! The numbers of sessions: unique without asking anybody, and in the order of time.
//!
//! ```text
//! 25 bits minute of the start since 2020 │ 14 bits epoch of the writer │ 24 bits counter
//! ```
//!
//! The store gives each writer an epoch of its own when it opens. Because the minute stands first, the sessions of a range of
//! time lie side by side in the primary key, which thus needs no index by time beside it.

/// 2020-01-01T00:00:00Z.
const BEGINNING_MS: i64 = 1_577_836_800_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const MINUTE_SHIFT: u32 = 38;
const MINUTES: i64 = 1 << 25;
const EPOCHS: i64 = 1 << 14;
const COUNTER_SHIFT: u32 = 24;
/// Sessions that a writer may number before it needs another epoch.
pub(crate) const COUNTER_MAX: i64 = 1 << COUNTER_SHIFT;

/// The number of a session that starts at `started_ms`, made by the writer of `epoch` as its `counter`th.
pub(crate) fn session_id(started_ms: i64, epoch: i64, counter: i64) -> i64 {
    // Times before 2020 and after 2083 are no visitor's; they share a minute rather than wrap into another's.
    let minute = started_ms
        .saturating_sub(BEGINNING_MS)
        .div_euclid(MINUTE_MS)
        .clamp(0, MINUTES - 1);
    (minute << MINUTE_SHIFT)
        | (epoch.rem_euclid(EPOCHS) << COUNTER_SHIFT)
        | counter.rem_euclid(COUNTER_MAX)
}

/// The numbers between which lie those of all sessions that have an event in a range of time. A session may begin up to a day before
/// the minute in its number, and lasts two weeks at most.
pub(crate) fn range(from_ms: i64, until_ms: i64) -> (i64, i64) {
    let first = session_id(from_ms.saturating_sub(15 * DAY_MS), 0, 0);
    let last = session_id(
        until_ms.saturating_add(2 * DAY_MS),
        EPOCHS - 1,
        COUNTER_MAX - 1,
    );
    (first, last)
}

/// The minute in which the session was thought to start when it was numbered.
#[cfg(test)]
pub(crate) fn born_ms(session: i64) -> i64 {
    (session >> MINUTE_SHIFT) * MINUTE_MS + BEGINNING_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_unique_and_sort_by_their_start() {
        let start_ms = 1_790_000_000_000;
        let id = session_id(start_ms, 3, 4);
        assert_eq!(born_ms(id), start_ms - start_ms % MINUTE_MS);
        assert_ne!(id, session_id(start_ms, 3, 5));
        assert_ne!(id, session_id(start_ms, 4, 4));
        assert!(
            session_id(start_ms + MINUTE_MS, 0, 0)
                > session_id(start_ms, EPOCHS - 1, COUNTER_MAX - 1)
        );
    }

    #[test]
    fn impossible_times_stay_positive() {
        assert!(session_id(-1, 0, 1) > 0);
        assert!(session_id(i64::MAX / 2, EPOCHS - 1, COUNTER_MAX - 1) > 0);
    }
}
