//! What ingest holds of the store: sites and secrets, small enough to be read whole each second.

use std::collections::HashMap;
use std::fmt;

use hgpixel_event::SiteKey;

use crate::site::Site;

/// A consistent picture of what ingest needs to take events while the store is away.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Every site by its key.
    pub sites: HashMap<SiteKey, Site>,
    /// The salts of today and, where already made, of yesterday and tomorrow; ascending by day. Today's is always there.
    pub salts: Vec<DailySalt>,
    /// The installation's secret, made once, the same for every process: the key of what must outlive a day.
    pub secret: [u8; 32],
}

/// The key of one day's visitor ids. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct DailySalt {
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// The key.
    pub bytes: [u8; 32],
}

impl Snapshot {
    /// The salt of the day in which `now_ms` lies. A snapshot that is older than its salts has none for today.
    pub fn salt(&self, now_ms: i64) -> Option<&DailySalt> {
        let day = now_ms.div_euclid(DAY_MS);
        self.salts.iter().find(|salt| salt.day == day)
    }
}

pub(crate) const DAY_MS: i64 = 24 * 3_600_000;

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("sites", &self.sites.len())
            .field("salts", &self.salts)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DailySalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DailySalt")
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}
