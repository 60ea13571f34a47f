//! A local file has one consumer at a time: two would each receive every batch.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Shared;
use crate::error::QueueError;

/// The right to consume, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lease(Arc<Shared>);

impl Lease {
    pub(super) fn take(shared: &Arc<Shared>) -> Result<Self, QueueError> {
        if shared.consumed.swap(true, Ordering::AcqRel) {
            return Err(QueueError::Consumed);
        }
        Ok(Self(Arc::clone(shared)))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.lock_recent().clear();
        self.0.consumed.store(false, Ordering::Release);
    }
}
