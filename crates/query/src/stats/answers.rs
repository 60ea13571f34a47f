//! Answers, remembered for a while and computed once at a time.
//!
//! An answer is **fresh** for a few seconds where more may still happen in its range, and for a minute where not (late events do arrive).
//! After that it is still given, while one task computes it again, until it is [`STALE_FACTOR`] times as old: nobody waits for what was
//! known a moment ago, and no answer is older than that. Requests for what is being computed wait for that one computation, in
//! this process; what one process computed, the others find in Redis.
//!
//! The key holds the whole question, its instants, and the site's generation, which is raised by whatever changes what was said before: its
//! settings, an erasure. Errors are not remembered.
//!
//! Bounds: an entry is at most what the cache takes, and there are at most as many computations as requests.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use hgpixel_cache::Cache;
use hgpixel_event::Clock;
use hgpixel_store::StoreError;
use hgpixel_telemetry::Lifecycle;
use tokio::sync::watch;

use super::metrics::StatsMetrics;

/// How many times longer than it is fresh an answer may be given.
pub(crate) const STALE_FACTOR: u32 = 6;
/// How long an answer about what is over is fresh.
pub(crate) const FRESH_CLOSED: Duration = Duration::from_secs(60);

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Hit,
    Stale,
    Miss,
    Bypass,
}

impl Found {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// Whether a remembered answer will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Any,
    Computed,
}

/// The body of an answer, and when it was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    at_ms: i64,
    body: Bytes,
}

type Landed = Result<Known, Arc<StoreError>>;
type Flight = watch::Receiver<Option<Landed>>;
type Flights = Arc<Mutex<HashMap<String, Flight>>>;

#[derive(Clone)]
pub(crate) struct Answers {
    cache: Cache,
    clock: Clock,
    lifecycle: Lifecycle,
    metrics: StatsMetrics,
    flights: Flights,
}

impl Answers {
    pub(crate) fn new(
        cache: Cache,
        clock: Clock,
        lifecycle: Lifecycle,
        metrics: StatsMetrics,
    ) -> Self {
        Self {
            cache,
            clock,
            lifecycle,
            metrics,
            flights: Flights::default(),
        }
    }

    /// The answer under `key`, remembered or by `compute`, which runs to its end even if nobody waits any more.
    pub(crate) async fn get<F>(
        &self,
        key: &str,
        fresh: Duration,
        wish: Wish,
        compute: impl FnOnce() -> F,
    ) -> (Result<Bytes, Arc<StoreError>>, Found)
    where
        F: Future<Output = Result<Bytes, StoreError>> + Send + 'static,
    {
        if wish == Wish::Any
            && let Some(known) = self.remembered(key, fresh).await
        {
            if self.age(&known) < fresh {
                self.metrics.hit.inc();
                return (Ok(known.body), Found::Hit);
            }
            // Whoever refreshes it already does it for all.
            self.flight(key, fresh, compute);
            self.metrics.stale.inc();
            return (Ok(known.body), Found::Stale);
        }
        let (flight, is_new) = self.flight(key, fresh, compute);
        let found = match (wish, is_new) {
            (Wish::Computed, _) => {
                self.metrics.bypass.inc();
                Found::Bypass
            }
            (Wish::Any, Begun::Now) => {
                self.metrics.miss.inc();
                Found::Miss
            }
            (Wish::Any, Begun::Before) => {
                self.metrics.joined.inc();
                Found::Miss
            }
        };
        (landed(flight).await.map(|known| known.body), found)
    }

    /// What is remembered and not too old to be given.
    async fn remembered(&self, key: &str, fresh: Duration) -> Option<Known> {
        let known = Known::decode(self.cache.get(key).await?)?;
        (self.age(&known) < fresh * STALE_FACTOR).then_some(known)
    }

    fn age(&self, known: &Known) -> Duration {
        let age_ms = self.clock.now_ms().saturating_sub(known.at_ms);
        // Another process' clock may be ahead.
        Duration::from_millis(u64::try_from(age_ms).unwrap_or(0))
    }

    /// Joins the computation under `key`, or begins it.
    fn flight<F>(&self, key: &str, fresh: Duration, compute: impl FnOnce() -> F) -> (Flight, Begun)
    where
        F: Future<Output = Result<Bytes, StoreError>> + Send + 'static,
    {
        // Held for a look-up and an insertion only.
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match flights.entry(key.to_owned()) {
            Entry::Occupied(flight) => return (flight.get().clone(), Begun::Before),
            Entry::Vacant(place) => place,
        };
        let (landing, flight) = watch::channel(None);
        place.insert(flight.clone());
        drop(flights);
        let (this, key, computed) = (self.clone(), key.to_owned(), compute());
        self.lifecycle.spawn_minor("stats-answer", async move {
            // Dropped at the end, a panic's too, and only after the cache has the answer: no gap in which it would be computed twice.
            let _departure = Departure {
                flights: Arc::clone(&this.flights),
                key: key.clone(),
            };
            // Of a moment before the events were read, lest it looks younger than it is.
            let at_ms = this.clock.now_ms();
            let timer = this.metrics.seconds.start_timer();
            let computed = computed.await;
            timer.observe_duration();
            let landed = computed.map(|body| Known { at_ms, body }).map_err(Arc::new);
            landing.send_replace(Some(landed.clone()));
            if let Ok(known) = landed {
                let ttl = fresh * STALE_FACTOR;
                this.cache.put(&key, known.encode(), ttl).await;
            }
        });
        (flight, Begun::Now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Now,
    Before,
}

/// Takes a computation out of the list when it is over.
struct Departure {
    flights: Flights,
    key: String,
}

impl Drop for Departure {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.key);
    }
}

async fn landed(mut flight: Flight) -> Landed {
    match flight.wait_for(Option::is_some).await {
        Ok(landed) => landed.clone().unwrap_or_else(|| Err(lost())),
        Err(_) => Err(lost()),
    }
}

/// The computation panicked, or the process stops.
fn lost() -> Arc<StoreError> {
    Arc::new(StoreError::Unavailable {
        code: "lost".to_owned(),
        detail: "the answer's computation was given up".to_owned(),
    })
}

impl Known {
    /// The time in eight bytes, and the body.
    fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(8 + self.body.len());
        bytes.put_i64(self.at_ms);
        bytes.put_slice(&self.body);
        bytes.freeze()
    }

    fn decode(bytes: Bytes) -> Option<Self> {
        let (at_ms, _) = bytes.split_first_chunk::<8>()?;
        let at_ms = i64::from_be_bytes(*at_ms);
        Some(Self {
            at_ms,
            body: bytes.slice(8..),
        })
    }
}
