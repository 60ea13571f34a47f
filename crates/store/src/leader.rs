//! One leader at a time, by a lock of the database.

/// The right to do what one process alone should do: rotate salts, make partitions, prune. It ends when it is dropped, and when
/// the connection that holds it is lost: ask [`Leadership::is_held`] before each piece of work.
#[derive(Debug)]
pub struct Leadership {}

impl Leadership {
    /// Whether the lock is still ours: on PostgreSQL one round trip on the connection that holds it.
    pub async fn is_held(&mut self) -> bool {
        todo!()
    }
}
