//! An event that could not be stored.

use uuid::Uuid;

/// One event that could not be stored, kept for a person to look at and to replay; or a whole batch that the broker gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's id, or the batch's.
    pub id: Uuid,
    /// Why, in one word of a small set (a metric's label).
    pub reason: String,
    /// Why, in the words of whoever refused it.
    pub detail: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The event's encoded line; or the whole encoded batch.
    pub line: String,
}
