//! The handle: one type, whichever backend is behind it. What is the same for both is done here, once.

use std::time::Duration;

use hgpixel_config::{Queue as Settings, QueueUrl};
use hgpixel_event::EncodedBatch;
use prometheus::Registry;
use tokio::sync::watch;

use crate::amqp::AmqpQueue;
use crate::backend::QueueBackend;
use crate::consumer::Consumer;
use crate::dead_letter::DeadLetter;
use crate::error::{PublishError, QueueError, Reason};
use crate::line::{Line, Message, line};
use crate::local::LocalQueue;
use crate::metrics::Metrics;
use crate::state::{QueueState, State};

/// A queue of batches. Cheap to clone; the clones are one queue.
#[derive(Clone, Debug)]
pub struct EventQueue {
    line: Line,
    state: State,
    metrics: Metrics,
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    Local(LocalQueue),
    Amqp(AmqpQueue),
}

impl EventQueue {
    /// Opens the queue that the settings name, and registers its metrics.
    ///
    /// A local file is made if it is missing, locked, and, if it is damaged, set aside and salvaged. A broker is connected to in
    /// the background: the call does not wait for it ([`EventQueue::check`] does), and batches are refused until it stands.
    ///
    /// # Errors
    /// When the file is in use by another process or cannot be used, or the registry has these metrics already.
    pub async fn open(settings: &Settings, registry: &Registry) -> Result<Self, QueueError> {
        let metrics = Metrics::register(registry)?;
        let state = State::new(metrics.clone());
        let timeout = Duration::from_millis(settings.publish_timeout_ms);
        let (line, counter) = line(settings.inflight_bytes_max, timeout);
        let backend = match &settings.url {
            QueueUrl::Local(path) => Backend::Local(
                LocalQueue::open(path, settings, counter, state.clone(), metrics.clone()).await?,
            ),
            QueueUrl::Amqp(url) => Backend::Amqp(AmqpQueue::open(
                url,
                settings,
                counter,
                state.clone(),
                metrics.clone(),
            )?),
        };
        Ok(Self {
            line,
            state,
            metrics,
            backend,
        })
    }

    /// Waits, for at most 5 s, until the queue is known to work or known not to. A broker that cannot be reached yet is no error.
    ///
    /// # Errors
    /// [`QueueError::Mismatch`], on which a program should not start, or [`QueueError::Access`], which somebody may put right
    /// while it runs.
    pub async fn check(&self) -> Result<(), QueueError> {
        self.state.check(Duration::from_secs(5)).await
    }

    /// Publishes a batch. `Ok` means that it is on disk.
    ///
    /// It answers within `queue.publish_timeout_ms` and 150 ms, and at once while the queue is known not to take anything. A
    /// caller that stops waiting cancels nothing: the batch may be published all the same.
    ///
    /// # Errors
    /// By whether the batch may still arrive.
    pub async fn publish(&self, batch: EncodedBatch) -> Result<(), PublishError> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a batch has at most some hundred events"
        )]
        self.metrics.batch_events.observe(batch.events as f64);
        self.publish_message(Message::batch(batch)).await
    }

    /// Sets aside an event that cannot be stored. `Ok` means that it is on disk; the delivery that held it may then be settled.
    ///
    /// # Errors
    /// As for [`EventQueue::publish`]; the same letter sent again may be kept twice.
    pub async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), PublishError> {
        self.publish_message(Message::dead_letter(letter.clone()))
            .await
    }

    /// How many batches are made durable side by side. A further one waits in line, so it may as well wait for company.
    pub fn publishers(&self) -> usize {
        match &self.backend {
            Backend::Local(local) => local.publishers(),
            Backend::Amqp(amqp) => amqp.publishers(),
        }
    }

    /// Starts to consume.
    ///
    /// # Errors
    /// [`QueueError::Consumed`] when a local file has a consumer already.
    pub async fn consume(&self) -> Result<Consumer, QueueError> {
        let metrics = self.metrics.clone();
        match &self.backend {
            Backend::Local(local) => Ok(Consumer::local(
                local.consume().await?,
                metrics,
                self.clone(),
            )),
            Backend::Amqp(amqp) => Ok(Consumer::amqp(amqp.consume().await?, metrics, self.clone())),
        }
    }

    /// Whether the queue works at the moment, for readiness; it also wakes whoever waits for a change.
    pub fn state(&self) -> watch::Receiver<QueueState> {
        self.state.watch()
    }

    /// Events that were published into this file before it was opened this time, so that a count of accepted events goes on
    /// where it stood. 0 on a broker, which is everybody's.
    pub fn accepted_before(&self) -> u64 {
        match &self.backend {
            Backend::Local(local) => local.accepted_before(),
            Backend::Amqp(amqp) => amqp.accepted_before(),
        }
    }

    /// Takes nothing more, finishes what publishers have taken, and lets go of the file or the broker. Clones are closed too.
    pub async fn close(self) {
        match &self.backend {
            Backend::Local(local) => local.close().await,
            Backend::Amqp(amqp) => amqp.close().await,
        }
    }

    async fn publish_message(&self, message: Message) -> Result<(), PublishError> {
        let timer = self.metrics.publish_seconds.start_timer();
        let outcome = match self.state.refusal() {
            // A full file has a reserve for them, without which a poisoned batch could never make room.
            Some(Reason::Full | Reason::DiskLow) if message.is_dead_letter() => {
                self.line.publish(message).await
            }
            Some(reason) => Err(PublishError::Refused { reason }),
            None => self.line.publish(message).await,
        };
        timer.observe_duration();
        self.metrics.record_result(outcome);
        self.metrics
            .inflight_bytes
            .set(i64::try_from(self.line.bytes_in_flight()).unwrap_or(i64::MAX));
        outcome
    }
}
