//! Remember an answer for a while; a failing cache is a miss, never an error.
//!
//! An **entry** is some bytes under a key, for at most its time to live. It may be forgotten earlier at any moment: when memory is
//! short, when Redis evicts it, when Redis is away. So callers keep nothing here that they could not compute again, and no
//! signature of [`Cache::get`] and [`Cache::put`] knows an error.
//!
//! There is always a tier in this process, bounded by weight. Behind it there may be Redis, which the processes share: what one
//! computed, the others find. An entry that comes from Redis stays in this process only for what is left of its time.
//!
//! **Promises.** `get` returns only bytes that were `put` under the very same key (Redis' values carry a version and a checksum
//! over key and bytes; anything else is a miss). Neither call waits longer than [`OPERATION_DEADLINE`] for Redis, and while Redis is
//! known to be away neither waits at all. Both are cancel safe.
//!
//! Absent on purpose: invalidation (put a generation into the key), single flight and any knowledge of what is cached.
#![warn(missing_docs)]

mod breaker;
mod envelope;
mod lookup;
mod memory;
mod metrics;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hgpixel_config::CacheUrl;
use prometheus::Registry;

use crate::lookup::{Entry, Lookup, Stored};
use crate::memory::MemoryTier;
use crate::metrics::{CacheMetrics, TierMetrics};
use crate::redis::RedisTier;

pub use crate::redis::OPERATION_DEADLINE;

/// The largest entry that is kept, key not counted. A larger answer is cheaper to compute again than to move and to hold.
pub const ENTRY_BYTES_MAX: usize = 1024 * 1024;

/// A handle to the cache. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Cache {
    memory: MemoryTier,
    redis: Option<Arc<RedisTier>>,
    metrics: CacheMetrics,
}

/// Why a cache could not be set up. Only ever a mistake in the settings or in the composition: Redis being away is none.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The URL of Redis cannot be used. The message quotes no part of it, since it may hold a password.
    #[error("cache.url is not a usable Redis address: {0}")]
    Url(String),
    /// The registry already holds the metrics of a cache.
    #[error("registering the metrics of the cache: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl Cache {
    /// Sets the cache up as `settings` say. Does not connect: the first use of Redis does.
    ///
    /// # Errors
    /// When the URL cannot be used, or when `registry` already holds a cache's metrics.
    ///
    /// # Panics
    /// With a Redis URL outside a tokio runtime.
    pub fn open(settings: &hgpixel_config::Cache, registry: &Registry) -> Result<Self, CacheError> {
        let redis = match &settings.url {
            CacheUrl::Memory => None,
            CacheUrl::Redis(url) => Some(Arc::new(RedisTier::open(url.expose())?)),
        };
        Ok(Self {
            memory: MemoryTier::new(settings.memory_bytes_max),
            redis,
            metrics: CacheMetrics::register(registry)?,
        })
    }

    /// The bytes that were put under `key`, unless they are too old, were forgotten, or cannot be had right now.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let found = self.memory.get(key);
        self.metrics.memory.count(&found);
        if let Lookup::Hit(entry) = found {
            return Some(entry.bytes);
        }
        let entry = counted_hit(self.redis.as_ref()?.get(key).await, &self.metrics.redis)?;
        self.memory.put(key, entry.clone());
        Some(entry.bytes)
    }

    /// Remembers `bytes` under `key` for at most `ttl`, in place of what was there. Nothing is kept of an entry larger than
    /// [`ENTRY_BYTES_MAX`] or of one whose `ttl` is less than a millisecond.
    pub async fn put(&self, key: &str, bytes: Bytes, ttl: Duration) {
        if bytes.len() > ENTRY_BYTES_MAX || ttl < Duration::from_millis(1) {
            return;
        }
        let entry = Entry { bytes, ttl };
        self.memory.put(key, entry.clone());
        if let Some(redis) = &self.redis
            && redis.put(key, &entry).await == Stored::Failed
        {
            self.metrics.redis.count_failed_put();
        }
    }
}

fn counted_hit(lookup: Lookup, metrics: &TierMetrics) -> Option<Entry> {
    metrics.count(&lookup);
    match lookup {
        Lookup::Hit(entry) => Some(entry),
        Lookup::Miss | Lookup::Corrupt | Lookup::Failed | Lookup::Bypassed => None,
    }
}
