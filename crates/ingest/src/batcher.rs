//! The micro-batcher: many requests, few messages.
//!
//! A message costs the queue nearly the same whether it holds one event or five hundred. So the events of concurrent requests are
//! gathered, published together, and their requests answered together:
//!
//! - while nothing is being published, an event is published at once, alone if need be;
//! - otherwise it waits for company, at most [`batch_wait_ms`](hgpixel_config::Ingest::batch_wait_ms) after the first one, or until
//!   the batch is full, or until nothing is being published any more;
//! - no more batches are published side by side than the queue has publishers: a further one would only wait there.
//!
//! **Cancellation.** What has been handed over is published and counted whether or not its request still waits: a client that goes
//! away changes nothing for anybody. **Bounds.** What waits is bounded in bytes and in time; beyond either it is refused, which
//! promises nothing and costs nothing. **Counting** is done here, when the queue has answered, so that the books agree with the
//! queue and not with who was still listening.

mod gathering;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hgpixel_event::{EncodedBatch, EncodedEvent};
use hgpixel_queue::{EventQueue, PublishError};
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep_until;

use crate::metrics::{Metrics, RejectReason};
use gathering::{Due, Gathering, Part, Settings, Taken};
pub(crate) use gathering::{EVENT_BYTES_MAX, WAITING_BYTES_MAX};

/// What became of a request's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All are durable.
    Stored,
    /// None is, or not all, or nobody knows: the request is answered 503.
    NotStored,
}

/// The requests' side. When it is dropped, the publishing side finishes what waits and ends.
pub(crate) struct Batcher(Arc<Shared>);

/// The publishing side: one task.
pub(crate) struct Publishing {
    shared: Arc<Shared>,
    queue: EventQueue,
}

struct Shared {
    gathering: Mutex<Gathering>,
    /// Something may be due. The permit is kept, so that no wake-up between looking and waiting is missed.
    changed: Notify,
    metrics: Arc<Metrics>,
}

/// A batcher whose events wait at most `wait` for company.
pub(crate) fn batcher(
    queue: EventQueue,
    wait: Duration,
    metrics: Arc<Metrics>,
) -> (Batcher, Publishing) {
    let publishers = queue.publishers().max(1);
    let shared = Arc::new(Shared {
        gathering: Mutex::new(Gathering::new(Settings { wait, publishers })),
        changed: Notify::new(),
        metrics,
    });
    let batcher = Batcher(Arc::clone(&shared));
    (batcher, Publishing { shared, queue })
}

impl Batcher {
    /// Hands a request's events over and waits until the queue has answered for all of them. They are refused at once, and all of
    /// them, when too much is waiting already. Dropping the future ends the waiting only.
    pub(crate) async fn publish(&self, events: Vec<EncodedEvent>) -> Outcome {
        let count = events.len();
        let (parts, answers): (Vec<_>, Vec<_>) =
            gathering::parts(events).into_iter().map(Part::of).unzip();
        let entered = self.0.gathering().enter(parts, Instant::now());
        match entered {
            Ok(true) => self.0.changed.notify_one(),
            Ok(false) => {}
            Err(gathering::Full) => {
                self.0.count_refused(count);
                return Outcome::NotStored;
            }
        }
        all(answers).await
    }
}

async fn all(answers: Vec<oneshot::Receiver<Outcome>>) -> Outcome {
    let mut whole = Outcome::Stored;
    for answer in answers {
        // A publishing side that is gone has not stored anything; the process is ending then.
        if answer.await != Ok(Outcome::Stored) {
            whole = Outcome::NotStored;
        }
    }
    whole
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.0.gathering().close();
        self.0.changed.notify_one();
    }
}

impl Publishing {
    /// Publishes until the batcher is dropped and everything is answered.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut in_flight = FuturesUnordered::new();
        loop {
            let due = self.shared.gathering().due(Instant::now());
            let timer = match due {
                Due::Never => return Ok(()),
                Due::Now => {
                    let taken = self.shared.gathering().take(Instant::now());
                    in_flight.extend(self.begin(taken));
                    continue;
                }
                Due::At(at) => Some(at),
                Due::WhenChanged => None,
            };
            tokio::select! {
                Some(()) = in_flight.next() => self.shared.gathering().published(),
                () = self.shared.changed.notified() => {}
                () = ring(timer) => {}
            }
        }
    }

    /// Refuses what is late, and begins to publish the batch, if there is one.
    fn begin(&self, taken: Taken) -> Option<impl Future<Output = ()> + Send + 'static> {
        for late in taken.late {
            self.shared.count_refused(late.events.len());
            answer(late, Outcome::NotStored);
        }
        let is_empty = taken.batch.is_empty();
        let publish = publish(Arc::clone(&self.shared), self.queue.clone(), taken.batch);
        (!is_empty).then_some(publish)
    }
}

async fn ring(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => pending().await,
    }
}

async fn publish(shared: Arc<Shared>, queue: EventQueue, parts: Vec<Part>) {
    let lines: Vec<&EncodedEvent> = parts.iter().flat_map(|part| &part.events).collect();
    let batch = EncodedBatch::of(lines.into_iter());
    let events = batch.events;
    let outcome = match queue.publish(batch).await {
        Ok(()) => {
            shared.metrics.accepted.inc_by(events as u64);
            Outcome::Stored
        }
        Err(PublishError::Refused { reason }) => {
            tracing::debug!(%reason, events, "a batch was refused");
            shared.count_refused(events);
            Outcome::NotStored
        }
        Err(PublishError::Uncertain { reason }) => {
            tracing::debug!(%reason, events, "a batch may or may not arrive");
            shared.metrics.uncertain.inc_by(events as u64);
            Outcome::NotStored
        }
    };
    for part in parts {
        answer(part, outcome);
    }
}

fn answer(part: Part, outcome: Outcome) {
    if part.answer.send(outcome).is_err() {
        tracing::trace!("the client went away before its answer");
    }
}

impl Shared {
    fn gathering(&self) -> MutexGuard<'_, Gathering> {
        // Nothing in there panics half-way through a change.
        self.gathering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count_refused(&self, events: usize) {
        self.metrics.rejected.add(RejectReason::Unavailable, events);
    }
}
