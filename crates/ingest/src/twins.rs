//! One click of a page with the old script arrives twice, and is one event.
//!
//! The old script attaches its listeners twice, so that one click sends two events which differ in nothing, or in the millisecond
//! or two that lie between the listeners. They carry no id. Here such a pair gets one id, and the store then keeps it once.
//!
//! The id is made of what the two have in common (site, ids of user and session, type, data, page) and of the time, rounded down
//! to [`WINDOW_MS`]. No rounding can join all pairs that are close: some lie on both sides of a boundary. Those are joined by a
//! short memory of this process. What remains: a pair across a boundary whose halves reach two ingest processes is counted
//! twice, about one in [`WINDOW_MS`] of the pairs that differ by a millisecond. And two true events of one visitor that are equal
//! in everything and closer than [`WINDOW_MS`] are counted once; fingers are slower than that.
//!
//! Only the types that the old script's own listeners send are paired. Its page views and custom events come once.

use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::generations::Generations;

/// Twins are a few milliseconds apart; the fastest double clicks about 60.
const WINDOW_MS: i64 = 40;

/// Events remembered: many seconds' worth of old-script clicks, in about 1 MB.
const REMEMBERED_MAX: usize = 16_384;

/// What twins have in common.
#[derive(Clone, Copy)]
pub(crate) struct Twin<'a> {
    /// The installation's secret, so that ids tell nothing about who clicked.
    pub(crate) secret: &'a [u8; 32],
    pub(crate) site: i64,
    pub(crate) user_id: &'a str,
    pub(crate) session_id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) data: &'a str,
    pub(crate) url: &'a str,
}

pub(crate) struct Twins {
    seen: Mutex<Generations<[u8; 32], First>>,
}

/// The first of what may become a pair.
#[derive(Clone, Copy)]
struct First {
    time_ms: i64,
    id: Uuid,
}

/// Whether the old script's listeners send this type.
pub(crate) fn may_be_twin(kind: &str) -> bool {
    matches!(
        kind,
        "click" | "button_click" | "outbound_link" | "form_submit" | "performance_metrics"
    )
}

impl Twins {
    pub(crate) fn new() -> Self {
        Self {
            seen: Mutex::new(Generations::new(REMEMBERED_MAX)),
        }
    }

    /// The id of an event at `time_ms`, and whether it is the second of a pair.
    pub(crate) fn id(&self, twin: Twin<'_>, time_ms: i64) -> (Uuid, bool) {
        let common = twin.digest();
        // The map holds plain values: after a panic they are as good as before.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = seen.get(&common)
            && (time_ms - first.time_ms).abs() < WINDOW_MS
        {
            return (first.id, true);
        }
        let id = id_of(&common, time_ms);
        seen.put(common, First { time_ms, id });
        (id, false)
    }
}

/// A version 7 id whose time is the start of the window and whose random bits are the digest's.
fn id_of(common: &[u8; 32], time_ms: i64) -> Uuid {
    let window_ms = time_ms - time_ms.rem_euclid(WINDOW_MS);
    let bits = common
        .first_chunk::<10>()
        .expect("a digest has more than 10 bytes");
    Builder::from_unix_timestamp_millis(u64::try_from(window_ms).unwrap_or(0), bits).into_uuid()
}

impl Twin<'_> {
    fn digest(&self) -> [u8; 32] {
        // The two readings of a page's performance may differ by a little; one page load has one.
        let data = match self.kind {
            "performance_metrics" => "",
            _ => self.data,
        };
        let mut digest = Sha256::new();
        digest.update(self.secret);
        digest.update(self.site.to_be_bytes());
        for part in [self.user_id, self.session_id, self.kind, data, self.url] {
            // With its length, so that ("ab", "c") and ("a", "bc") differ.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use hgpixel_event::{id_time_ms, usable_id};

    use super::*;

    const NOON_MS: i64 = 1_790_000_000_000;
    const CLICK: Twin<'_> = Twin {
        secret: &[7; 32],
        site: 1,
        user_id: "user",
        session_id: "session",
        kind: "click",
        data: r#"{"element":"A"}"#,
        url: "https://example.com/",
    };

    #[test]
    fn twins_have_one_id_wherever_the_boundary_lies() {
        for start in 0..2 * WINDOW_MS {
            for gap in [0, 1, 2, 5] {
                let twins = Twins::new();
                let (first, is_second) = twins.id(CLICK, NOON_MS + start);
                assert!(!is_second);
                assert_eq!(twins.id(CLICK, NOON_MS + start + gap), (first, true));
                // They may also arrive the other way round.
                let twins = Twins::new();
                let (second, _) = twins.id(CLICK, NOON_MS + start + gap);
                assert_eq!(twins.id(CLICK, NOON_MS + start), (second, true));
            }
        }
    }

    #[test]
    fn two_processes_agree_but_at_the_boundary() {
        let agree = |time_ms: i64| {
            Twins::new().id(CLICK, time_ms).0 == Twins::new().id(CLICK, time_ms + 1).0
        };
        let agreeing = (0..WINDOW_MS).filter(|offset| agree(NOON_MS + offset));
        assert_eq!(agreeing.count() + 1, usize::try_from(WINDOW_MS).unwrap());
    }

    #[test]
    fn two_real_clicks_stay_two() {
        let twins = Twins::new();
        let ids: std::collections::HashSet<Uuid> = (0..20)
            .map(|click| twins.id(CLICK, NOON_MS + click * 60).0)
            .collect();
        assert_eq!(ids.len(), 20);
    }

    #[test]
    fn whatever_differs_makes_two_events() {
        let twins = Twins::new();
        let others = [
            CLICK,
            Twin {
                secret: &[8; 32],
                ..CLICK
            },
            Twin { site: 2, ..CLICK },
            Twin {
                user_id: "users",
                session_id: "ession",
                ..CLICK
            },
            Twin {
                kind: "button_click",
                ..CLICK
            },
            Twin { data: "", ..CLICK },
            Twin {
                url: "https://example.com/a",
                ..CLICK
            },
        ];
        let ids: std::collections::HashSet<Uuid> = others
            .iter()
            .map(|twin| twins.id(*twin, NOON_MS).0)
            .collect();
        assert_eq!(ids.len(), others.len());
    }

    #[test]
    fn two_readings_of_one_page_load_are_one() {
        let twins = Twins::new();
        let reading = |data| Twin {
            kind: "performance_metrics",
            data,
            ..CLICK
        };
        let (first, _) = twins.id(reading(r#"{"totalTime":812}"#), NOON_MS);
        assert_eq!(
            twins.id(reading(r#"{"totalTime":813}"#), NOON_MS + 1),
            (first, true)
        );
    }

    #[test]
    fn the_id_is_a_usable_one_of_its_time() {
        let (id, _) = Twins::new().id(CLICK, NOON_MS + 17);
        assert_eq!(usable_id(id, NOON_MS), Some(id));
        assert!((0..WINDOW_MS).contains(&(NOON_MS + 17 - id_time_ms(id))));
    }
}
