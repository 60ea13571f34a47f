//! Event ids: UUID version 7 (RFC 9562), whose first 48 bits are the milliseconds since 1970.

use uuid::{Builder, Uuid, Variant};

use crate::limits::{CLIENT_TIME_FUTURE_MS, CLIENT_TIME_PAST_MS};

/// The greatest time in an id.
const TIME_MS_MAX: i64 = (1 << 48) - 1;

/// Whether a client's time may be believed: at most a week behind the server's clock (an event kept while offline) and at most
/// ten minutes ahead of it (a clock that is a little off).
pub fn is_plausible_time(time_ms: i64, now_ms: i64) -> bool {
    let age_ms = now_ms.saturating_sub(time_ms);
    (-CLIENT_TIME_FUTURE_MS..=CLIENT_TIME_PAST_MS).contains(&age_ms)
}

/// The client's id, if it is a version 7 UUID of a plausible time; partitions by time can hold no other.
pub fn usable_id(id: Uuid, now_ms: i64) -> Option<Uuid> {
    let is_v7 = id.get_version_num() == 7 && id.get_variant() == Variant::RFC4122;
    (is_v7 && is_plausible_time(id_time_ms(id), now_ms)).then_some(id)
}

/// The id with its time moved by `by_ms` and all other bits as they are, so that equal ids stay equal and others do not meet.
pub fn moved_id(id: Uuid, by_ms: i64) -> Uuid {
    let time_ms = id_time_ms(id).saturating_add(by_ms).clamp(0, TIME_MS_MAX);
    let rest = id.as_u128() & ((1 << 80) - 1);
    Uuid::from_u128(u128::from(time_ms.unsigned_abs()) << 80 | rest)
}

/// A new id for an event of `time_ms`: 48 bits of time, 74 bits of the system's randomness.
///
/// # Panics
/// When the operating system has no randomness to give, which no supported system does after boot.
pub fn assigned_id(time_ms: i64) -> Uuid {
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("the operating system gives randomness");
    Builder::from_unix_timestamp_millis(u64::try_from(time_ms).unwrap_or(0), &random).into_uuid()
}

/// The milliseconds since 1970 in a version 7 id.
pub fn id_time_ms(id: Uuid) -> i64 {
    // 48 bits always fit into an i64.
    i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    #[test]
    fn an_assigned_id_carries_its_time_and_is_usable() {
        let id = assigned_id(NOW_MS - 5);
        assert_eq!(id_time_ms(id), NOW_MS - 5);
        assert_eq!(usable_id(id, NOW_MS), Some(id));
        assert_ne!(assigned_id(NOW_MS), assigned_id(NOW_MS));
    }

    #[test]
    fn ids_outside_the_window_or_of_another_version_are_not_usable() {
        let at = |offset_ms| usable_id(assigned_id(NOW_MS + offset_ms), NOW_MS).is_some();
        assert!(at(-CLIENT_TIME_PAST_MS));
        assert!(!at(-CLIENT_TIME_PAST_MS - 1));
        assert!(at(CLIENT_TIME_FUTURE_MS));
        assert!(!at(CLIENT_TIME_FUTURE_MS + 1));
        assert_eq!(usable_id(Uuid::new_v4(), NOW_MS), None);
        assert_eq!(usable_id(Uuid::nil(), NOW_MS), None);
        assert_eq!(usable_id(Uuid::max(), NOW_MS), None);
    }

    #[test]
    fn a_moved_id_keeps_all_but_its_time() {
        let id = assigned_id(NOW_MS);
        let moved = moved_id(id, -3_600_000);
        assert_eq!(id_time_ms(moved), NOW_MS - 3_600_000);
        assert_eq!(
            (moved.get_version_num(), moved.get_variant()),
            (7, Variant::RFC4122)
        );
        assert_eq!(moved_id(moved, 3_600_000), id);
        assert_eq!(id_time_ms(moved_id(id, i64::MIN)), 0);
        assert_eq!(id_time_ms(moved_id(id, i64::MAX)), TIME_MS_MAX);
    }

    #[test]
    fn extreme_times_are_implausible_and_do_not_overflow() {
        assert!(!is_plausible_time(i64::MIN, NOW_MS));
        assert!(!is_plausible_time(i64::MAX, NOW_MS));
        assert!(is_plausible_time(NOW_MS, NOW_MS));
    }
}
