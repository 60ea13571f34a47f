//! Queue → enrich → store → settle.
//!
//! The promise: a batch is settled only after its events are committed or set aside as dead letters, so whatever is killed,
//! every event that the queue held is stored once or dead-lettered once. While the database is away the worker holds what it
//! has and takes no more; after a minute it gives its deliveries back, once, so that the broker does not lose patience.
//!
//! The worker decides what is poison, and keeps the books. It knows no HTTP and no databases: a store batch is whole messages,
//! and how it is written is the store's.

mod dead;
mod enrichment;
mod metrics;
mod reading;
mod storing;

use std::time::Duration;

use anyhow::Context;
use hgpixel_event::Clock;
use hgpixel_queue::{Consumer, Delivery, EventQueue, QueueError};
use hgpixel_store::EventStore;
use hgpixel_telemetry::{Condition, Health, Lifecycle};
use prometheus::Registry;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

pub use enrichment::Enrichment;
use metrics::Metrics;
use storing::{Batch, Storing};

/// A store that fails for so long makes the worker give its deliveries back: a broker closes a channel that leaves a delivery
/// unacknowledged for 30 minutes, and counts that against each of them.
const PATIENCE_MS: i64 = 60_000;
/// How often readiness is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What a worker needs.
pub struct Deps {
    pub settings: hgpixel_config::Worker,
    /// The name under which the books of this worker are kept: the same after a restart, and no other worker's.
    pub instance: String,
    pub queue: EventQueue,
    pub store: EventStore,
    pub clock: Clock,
    pub registry: Registry,
    pub health: Health,
    pub lifecycle: Lifecycle,
}

/// Starts a worker, which runs until the process stops.
///
/// # Errors
/// When its metrics are registered already.
pub fn start(deps: Deps) -> anyhow::Result<()> {
    let metrics = Metrics::register(&deps.registry).context("register the worker's metrics")?;
    let (failing_since_ms, failing) = watch::channel(None);
    let storing = Storing {
        instance: deps.instance,
        queue: deps.queue.clone(),
        store: deps.store,
        clock: deps.clock.clone(),
        metrics,
        lifecycle: deps.lifecycle.clone(),
        failing_since_ms,
    };
    // One batch is stored while the next one is gathered; a third waits in the queue.
    let (to_store, batches) = mpsc::channel(1);
    let (stored, done) = mpsc::channel(1);
    let worker = Worker {
        enrichment: Enrichment::new(deps.settings.agent_cache_entries),
        settings: deps.settings,
        clock: deps.clock,
        condition: deps.health.condition("worker"),
        failing,
        to_store: Some(to_store),
        done,
        gathered: Batch::default(),
        gather_until: None,
        is_storing: false,
        is_paused: false,
    };
    deps.lifecycle
        .spawn("worker-store", store_batches(storing, batches, stored));
    deps.lifecycle
        .spawn("worker", worker.run(deps.queue, deps.lifecycle.clone()));
    Ok(())
}

/// Stores one batch after the other until there are no more, or the process stops in the middle of an outage.
async fn store_batches(
    storing: Storing,
    mut batches: mpsc::Receiver<Batch>,
    stored: mpsc::Sender<Batch>,
) -> anyhow::Result<()> {
    let Ok(mut writer) = storing.open_writer().await else {
        return Ok(());
    };
    while let Some(mut batch) = batches.recv().await {
        if storing.store(&mut writer, &mut batch).await.is_err()
            || stored.send(batch).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

/// The queue's end of the worker: gathers batches, hands them over, settles them when they are stored.
struct Worker {
    settings: hgpixel_config::Worker,
    enrichment: Enrichment,
    clock: Clock,
    condition: Condition,
    failing: watch::Receiver<Option<i64>>,
    /// Gone once no more batches will come.
    to_store: Option<mpsc::Sender<Batch>>,
    done: mpsc::Receiver<Batch>,
    gathered: Batch,
    /// When the gathered batch has waited long enough for company.
    gather_until: Option<Instant>,
    is_storing: bool,
    is_paused: bool,
}

impl Worker {
    async fn run(mut self, queue: EventQueue, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let mut consumer = tokio::select! {
            () = lifecycle.stopping() => return Ok(()),
            consumer = queue.consume() => consumer.context("consume the queue")?,
        };
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let stopping = lifecycle.stopping();
        tokio::pin!(stopping);
        loop {
            let has_room = self.gathered.events < self.settings.batch_events;
            tokio::select! {
                () = &mut stopping => break,
                Some(batch) = self.done.recv() => self.settle(&mut consumer, &batch).await?,
                delivery = consumer.next(), if has_room => self.gather(&delivery.context("read the queue")?),
                () = sleep_until(self.gather_until.unwrap_or_else(Instant::now)), if self.is_ripe_later() => {}
                _ = look.tick() => self.look(&mut consumer).await?,
            }
            // A broker that waits for us sends no company to wait for.
            self.hand_over_if_ripe(consumer.is_exhausted());
        }
        self.finish(&mut consumer).await
    }

    fn gather(&mut self, delivery: &Delivery) {
        let read = reading::read(delivery, &self.enrichment, &self.clock);
        self.gathered.events += delivery.events.max(1);
        self.gathered.messages.push(read.message);
        self.gathered.dead.extend(read.dead);
        self.gathered.given_up.extend(read.given_up);
        self.gathered.tags.push(delivery.tag);
        let wait = Duration::from_millis(self.settings.batch_wait_ms);
        self.gather_until
            .get_or_insert_with(|| Instant::now() + wait);
    }

    /// Whether the gathered batch only waits for company, and the store for it.
    fn is_ripe_later(&self) -> bool {
        !self.is_storing && self.gather_until.is_some()
    }

    fn hand_over_if_ripe(&mut self, is_exhausted: bool) {
        let is_full = self.gathered.events >= self.settings.batch_events;
        let has_waited = self
            .gather_until
            .is_some_and(|until| until <= Instant::now());
        let is_ripe = is_full || has_waited || (is_exhausted && self.gathered.events > 0);
        if !self.is_storing && is_ripe {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        self.gather_until = None;
        let batch = std::mem::take(&mut self.gathered);
        // The channel has room: there is one batch at a time. It is closed only when the store's task ended with the process.
        self.is_storing = self
            .to_store
            .as_ref()
            .is_some_and(|to_store| to_store.try_send(batch).is_ok());
    }

    async fn settle(&mut self, consumer: &mut Consumer, batch: &Batch) -> anyhow::Result<()> {
        self.is_storing = false;
        match consumer.settle(&batch.tags).await {
            Ok(()) => Ok(()),
            Err(QueueError::Unavailable { detail }) => {
                tracing::warn!(
                    detail,
                    "could not settle a batch, it will come again and be recognised"
                );
                Ok(())
            }
            Err(error) => Err(error).context("settle a batch"),
        }
    }

    /// Keeps readiness true, and gives deliveries back in a long outage of the store.
    async fn look(&mut self, consumer: &mut Consumer) -> anyhow::Result<()> {
        let failing_ms = self
            .failing
            .borrow()
            .map(|since_ms| self.clock.now_ms() - since_ms);
        let is_long = failing_ms.is_some_and(|ms| ms >= PATIENCE_MS);
        match failing_ms {
            Some(_) if is_long => self
                .condition
                .set_unready("the store has been failing for a minute"),
            _ => self.condition.set_ready(),
        }
        if is_long && !self.is_paused {
            tracing::warn!(
                "the store has been failing for a minute, giving the unsettled batches back to the queue"
            );
            consumer.pause().await;
            self.is_paused = true;
        } else if failing_ms.is_none() && self.is_paused {
            consumer.resume().await.context("consume the queue again")?;
            self.is_paused = false;
        }
        Ok(())
    }

    /// Stores and settles what is in hand. What was only read ahead goes back to the queue.
    async fn finish(mut self, consumer: &mut Consumer) -> anyhow::Result<()> {
        loop {
            if !self.is_storing && self.gathered.events > 0 {
                self.hand_over();
            }
            if !self.is_storing {
                self.to_store = None;
                return Ok(());
            }
            let Some(batch) = self.done.recv().await else {
                return Ok(());
            };
            self.settle(consumer, &batch).await?;
        }
    }
}
