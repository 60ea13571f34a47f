//! The worker's end of the queue.

use crate::amqp::AmqpConsumer;
use crate::backend::ConsumerBackend;
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;
use crate::local::LocalConsumer;
use crate::metrics::Metrics;
use crate::queue::EventQueue;

/// Receives batches, oldest first. Dropped, it gives back everything that is not settled.
#[derive(Debug)]
pub struct Consumer {
    backend: Backend,
    metrics: Metrics,
    /// The queue ends when its last handle does, and settling needs it.
    _queue: EventQueue,
}

#[derive(Debug)]
enum Backend {
    Local(LocalConsumer),
    Amqp(AmqpConsumer),
}

impl Consumer {
    pub(crate) fn local(consumer: LocalConsumer, metrics: Metrics, queue: EventQueue) -> Self {
        Self {
            backend: Backend::Local(consumer),
            metrics,
            _queue: queue,
        }
    }

    pub(crate) fn amqp(consumer: AmqpConsumer, metrics: Metrics, queue: EventQueue) -> Self {
        Self {
            backend: Backend::Amqp(consumer),
            metrics,
            _queue: queue,
        }
    }

    /// The next batch. Waits until there is one, through outages and pauses; `queue.prefetch_batches` unsettled ones are the
    /// most that a broker hands out. Cancel safe: a batch is either returned, or still to come.
    ///
    /// # Errors
    /// When the queue is closed, or cannot be read and will not be without a person's help.
    pub async fn next(&mut self) -> Result<Delivery, QueueError> {
        let delivery = match &mut self.backend {
            Backend::Local(local) => local.next().await?,
            Backend::Amqp(amqp) => amqp.next().await?,
        };
        let redelivered = if delivery.redelivered {
            "true"
        } else {
            "false"
        };
        self.metrics
            .delivered
            .with_label_values(&[redelivered])
            .inc();
        Ok(delivery)
    }

    /// Forgets these batches: they have been stored or set aside. A tag from before a reconnection or a pause settles nothing;
    /// its batch comes again, under the id by which the store knows it.
    ///
    /// # Errors
    /// When the queue is closed. The batches then come again.
    pub async fn settle(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError> {
        match &mut self.backend {
            Backend::Local(local) => local.settle(tags).await?,
            Backend::Amqp(amqp) => amqp.settle(tags).await?,
        }
        self.metrics.settled.inc_by(tags.len() as u64);
        Ok(())
    }

    /// Whether nothing more can come until something is settled: the broker has handed out as many batches as it may. A worker
    /// that gathers batches has to store what it has then, however little it is.
    pub fn is_exhausted(&self) -> bool {
        match &self.backend {
            Backend::Local(_) => false,
            Backend::Amqp(amqp) => amqp.is_exhausted(),
        }
    }

    /// Gives every unsettled batch back to the queue, once, and takes none until [`Consumer::resume`]: for a store that is away
    /// for longer than a broker waits for its acknowledgements.
    pub async fn pause(&mut self) {
        match &mut self.backend {
            Backend::Local(local) => local.pause().await,
            Backend::Amqp(amqp) => amqp.pause().await,
        }
    }

    /// Takes batches again; those that were given back are marked as redelivered.
    ///
    /// # Errors
    /// When the queue is closed, or the file cannot be read.
    pub async fn resume(&mut self) -> Result<(), QueueError> {
        match &mut self.backend {
            Backend::Local(local) => local.resume().await,
            Backend::Amqp(amqp) => amqp.resume().await,
        }
    }
}
