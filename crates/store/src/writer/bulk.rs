//! The statements that carry a whole batch: the only ones that differ between the databases, for speed.
//!
//! PostgreSQL takes a column as one array; SQLite takes rows, a few hundred a statement.

use uuid::Uuid;

use super::rows::{EventRow, SessionRow, Traits, VisitRow};
use crate::error::StoreError;
use crate::pool::Transaction;

pub(crate) mod postgres;
mod sqlite;

/// Records the messages, and returns those that were not recorded before.
pub(super) async fn insert_batches(
    transaction: &mut Transaction,
    ids: &[Uuid],
    at_ms: i64,
) -> Result<Vec<Uuid>, StoreError> {
    match transaction {
        Transaction::Sqlite(db) => sqlite::insert_batches(db, ids, at_ms).await,
        Transaction::Postgres(db) => postgres::insert_batches(db, ids, at_ms).await,
    }
}

/// Offers a session to each visitor, and returns the sessions in which they are. The rows must be sorted by site and visitor, each of
/// which may come once.
pub(super) async fn upsert_visits(
    transaction: &mut Transaction,
    rows: &[VisitRow],
) -> Result<Vec<VisitRow>, StoreError> {
    match transaction {
        Transaction::Sqlite(db) => sqlite::upsert_visits(db, rows).await,
        Transaction::Postgres(db) => postgres::upsert_visits(db, rows).await,
    }
}

/// Reads what the sessions' first events said. A session of which no event is stored yet is missing from the answer.
pub(super) async fn traits(
    transaction: &mut Transaction,
    sessions: &[(i32, i64)],
) -> Result<Vec<Traits>, StoreError> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    match transaction {
        Transaction::Sqlite(db) => sqlite::traits(db, sessions).await,
        Transaction::Postgres(db) => postgres::traits(db, sessions).await,
    }
}

/// Stores the events, and returns those that were not stored before. The rows must be sorted by site and id.
pub(super) async fn insert_events(
    transaction: &mut Transaction,
    rows: &[EventRow<'_>],
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    match transaction {
        Transaction::Sqlite(db) => sqlite::insert_events(db, rows).await,
        Transaction::Postgres(db) => postgres::insert_events(db, rows).await,
    }
}

/// Adds to the sessions. The rows must be sorted by site and session, each of which may come once.
pub(super) async fn upsert_sessions(
    transaction: &mut Transaction,
    rows: &[SessionRow],
) -> Result<(), StoreError> {
    match transaction {
        Transaction::Sqlite(db) => sqlite::upsert_sessions(db, rows).await,
        Transaction::Postgres(db) => postgres::upsert_sessions(db, rows).await,
    }
}
