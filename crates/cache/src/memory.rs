//! Entries in this process, bounded by their weight in bytes.

use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache;

use crate::lookup::{Entry, Lookup};

/// What is kept beside key and bytes: a slot of the hash table, nodes of lists, counters; about so much. Without it a million
/// empty entries would weigh nothing.
const ENTRY_OVERHEAD_BYTES: usize = 128;

/// Cheap to clone; clones share the entries.
#[derive(Clone, Debug)]
pub(crate) struct MemoryTier {
    entries: Cache<String, Entry>,
}

impl MemoryTier {
    /// At most `bytes_max` of keys, bytes and overhead; beyond it the least useful entries go.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(bytes_max)
            .weigher(|key: &String, entry: &Entry| weight(key, entry))
            .expire_after(EachByItsOwnTtl)
            .build();
        Self { entries }
    }

    pub(crate) fn get(&self, key: &str) -> Lookup {
        self.entries.get(key).map_or(Lookup::Miss, Lookup::Hit)
    }

    pub(crate) fn put(&self, key: &str, entry: Entry) {
        self.entries.insert(key.to_owned(), entry);
    }
}

fn weight(key: &str, entry: &Entry) -> u32 {
    let bytes = key.len() + entry.bytes.len() + ENTRY_OVERHEAD_BYTES;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

struct EachByItsOwnTtl;

impl Expiry<String, Entry> for EachByItsOwnTtl {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn memory_stays_below_its_bound() {
        let bytes_max = 100 * 1024;
        let tier = MemoryTier::new(bytes_max);
        for n in 0..1_000 {
            let entry = Entry {
                bytes: Bytes::from(vec![0; 1_000]),
                ttl: Duration::from_mins(1),
            };
            tier.put(&format!("key {n}"), entry);
        }
        tier.entries.run_pending_tasks();
        assert!(tier.entries.weighted_size() <= bytes_max);
        assert!(tier.entries.entry_count() > 50, "it keeps what fits");
    }
}
