//! A commit whose answer was lost: did it happen?
//!
//! The same batch comes again. If its first commit happened, its messages are known, and counting it as redelivered would leave its
//! events in the books as stored and in nobody's counters. So what the first try would have answered is kept until the answer is
//! known, with a line of the books by which to tell.

use uuid::Uuid;

use super::Appended;
use super::ledger::Line;
use crate::error::StoreError;
use crate::pool::{Transaction, within};

/// What is kept from before a commit until after it.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The batch's messages, sorted.
    pub(super) messages: Vec<Uuid>,
    /// What is to be answered if it was committed.
    pub(super) appended: Appended,
    /// A line of the books as that commit left it. Without one the batch changed nothing that anybody counts.
    pub(super) line: Option<Line>,
}

impl Doubt {
    /// Whether this is the batch in doubt, and its commit happened. Asked in a transaction that has met the batch's messages, and so has
    /// waited for the end of the first.
    pub(super) async fn happened(
        &self,
        transaction: &mut Transaction,
        instance: &str,
        messages: &[Uuid],
    ) -> Result<bool, StoreError> {
        let Some(line) = self.line.as_ref().filter(|_| self.messages == messages) else {
            return Ok(false);
        };
        let select = include_str!("../../sql/books.account.sql");
        let events: Option<i64> = within!(*transaction, db => sqlx::query_scalar(select)
            .bind(instance)
            .bind(&line.account)
            .fetch_optional(db)
            .await?);
        // Only this writer writes these books. Lines only grow, and without the commit this one stands lower.
        Ok(events.is_some_and(|events| events >= line.events))
    }
}
