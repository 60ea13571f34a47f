//! Being built.

use crate::backend::{ConsumerBackend, QueueBackend};
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;

#[derive(Clone, Debug)]
pub(crate) struct AmqpQueue;

#[derive(Debug)]
pub(crate) struct AmqpConsumer;

impl QueueBackend for AmqpQueue {
    type Consumer = AmqpConsumer;
    fn publishers(&self) -> usize {
        1
    }
    async fn consume(&self) -> Result<AmqpConsumer, QueueError> {
        Err(QueueError::Closed)
    }
    fn accepted_before(&self) -> u64 {
        0
    }
    async fn close(&self) {}
}

impl ConsumerBackend for AmqpConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        Err(QueueError::Closed)
    }
    async fn settle(&mut self, _: &[DeliveryTag]) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }
    async fn pause(&mut self) {}
    async fn resume(&mut self) -> Result<(), QueueError> {
        Ok(())
    }
}
impl AmqpQueue {
    pub(crate) fn open(
        _u: &hgpixel_config::SecretUrl,
        _s: &hgpixel_config::Queue,
        _c: crate::line::Counter,
        _st: crate::state::State,
        _m: crate::metrics::Metrics,
    ) -> Result<Self, QueueError> {
        Ok(Self)
    }
}

#[derive(Debug)]
pub(crate) struct AmqpDeadLetters;

impl AmqpDeadLetters {
    pub(crate) async fn open(
        _: &hgpixel_config::SecretUrl,
        _: &hgpixel_config::Queue,
    ) -> Result<Self, QueueError> {
        Ok(Self)
    }
    pub(crate) async fn list(
        &mut self,
        _limit: usize,
    ) -> Result<Vec<crate::DeadLetter>, QueueError> {
        Err(QueueError::Closed)
    }
    pub(crate) async fn replay(&mut self, _limit: usize) -> Result<u64, QueueError> {
        Err(QueueError::Closed)
    }
    pub(crate) async fn purge(&mut self) -> Result<u64, QueueError> {
        Err(QueueError::Closed)
    }
}
