//! Being built.

use crate::backend::{ConsumerBackend, QueueBackend};
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;

#[derive(Clone, Debug)]
pub(crate) struct LocalQueue;

#[derive(Debug)]
pub(crate) struct LocalConsumer;

impl QueueBackend for LocalQueue {
    type Consumer = LocalConsumer;
    fn publishers(&self) -> usize {
        1
    }
    async fn consume(&self) -> Result<LocalConsumer, QueueError> {
        Err(QueueError::Closed)
    }
    fn accepted_before(&self) -> u64 {
        0
    }
    async fn close(&self) {}
}

impl ConsumerBackend for LocalConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        Err(QueueError::Closed)
    }
    async fn settle(&mut self, _: &[DeliveryTag]) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }
    async fn pause(&mut self) {}
    async fn resume(&mut self) {}
}
impl LocalQueue {
    pub(crate) async fn open(
        _path: &std::path::Path,
        _s: &hgpixel_config::Queue,
        _c: crate::line::Counter,
        _st: crate::state::State,
        _m: crate::metrics::Metrics,
    ) -> Result<Self, QueueError> {
        Ok(Self)
    }
}

#[derive(Debug)]
pub(crate) struct LocalDeadLetters;

impl LocalDeadLetters {
    pub(crate) async fn open(
        _: &std::path::Path,
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
