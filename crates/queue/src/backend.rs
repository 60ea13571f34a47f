//! The contract between the handle and its backends.
//!
//! Publishing is not in it: a backend takes messages out of the [`crate::line::Counter`] that it was opened with, and answers
//! each. It keeps [`crate::state::State`] true.

use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;

/// One kind of queue.
pub(crate) trait QueueBackend {
    type Consumer: ConsumerBackend;

    /// How many messages are made durable side by side.
    fn publishers(&self) -> usize;

    /// Begins with the oldest batch that is not settled.
    async fn consume(&self) -> Result<Self::Consumer, QueueError>;

    /// Events published into this queue by earlier runs of this process, as far as it is this process' alone.
    fn accepted_before(&self) -> u64;

    /// Refuses what is in line, finishes what was taken, writes what was settled, and lets go.
    async fn close(&self);
}

/// One reader of a queue.
pub(crate) trait ConsumerBackend {
    /// The next batch, as soon as there is one. It waits through outages. Dropping the future loses no batch.
    async fn next(&mut self) -> Result<Delivery, QueueError>;

    /// Forgets the batches of these tags. A tag of an earlier session is ignored.
    async fn settle(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError>;

    /// Gives everything back that is not settled, and takes nothing until `resume`.
    async fn pause(&mut self);

    /// Takes batches again, the oldest first.
    async fn resume(&mut self) -> Result<(), QueueError>;
}
