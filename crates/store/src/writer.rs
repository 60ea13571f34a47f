//! The write path: a batch of messages, stored in one transaction.

use crate::error::StoreError;
use crate::new_event::{Message, NewEvent};

/// What became of a batch, in events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Events that were new, and are stored.
    pub stored: u64,
    /// Events of first-time messages whose id was stored already: the client sent them again.
    pub duplicate: u64,
    /// Events of messages that were stored already, dead letters included.
    pub redelivered: u64,
    /// What was recorded as dead-lettered, by reason; without the messages that were stored already.
    pub dead_lettered: Vec<(String, u64)>,
}

/// Stores batches under one name, in whose books they are counted. Use one from one task; several may work at the same time.
#[derive(Debug)]
pub struct Writer {}

impl Writer {
    /// Stores `batch` in one transaction: when it returns `Ok` it is committed to disk, and its messages may be settled.
    ///
    /// # Errors
    /// Nothing of the batch is stored then. [`StoreError::is_retryable`] tells whether to try the same batch again (and a commit whose
    /// answer was lost is then recognised by its messages' ids), or to look for the row at fault with [`Writer::probe`].
    ///
    /// # Cancellation
    /// A dropped future rolls back, or leaves a commit that a second try recognises.
    pub async fn append(&mut self, batch: &[Message]) -> Result<Appended, StoreError> {
        let _ = batch;
        todo!()
    }

    /// Goes through everything that [`Writer::append`] would do with `rows`, then rolls back: the way to find the row for which a batch is
    /// rejected, by halving.
    ///
    /// # Errors
    /// As [`Writer::append`].
    pub async fn probe(&mut self, rows: &[NewEvent]) -> Result<(), StoreError> {
        let _ = rows;
        todo!()
    }
}
