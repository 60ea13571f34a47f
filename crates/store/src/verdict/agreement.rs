//! The lock under which writers and whoever sets a verdict agree on which verdicts are in force.
//!
//! On PostgreSQL an advisory lock that ends with its transaction: writers share it, who sets a verdict has it alone and waits for those who
//! write just now. Its queue is fair, so that neither waits for ever. SQLite has one writing transaction at a time, which is the same.

use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

/// The counter that says which verdicts are in force, on all sites together.
const REVISION: &str = "verdicts";
/// "hgpbots", as a number.
const LOCK: i64 = 0x0068_6770_626F_7473;

const GET: &str = include_str!("../../sql/counters.get.sql");

/// The revision that is in force until the transaction ends.
pub(crate) async fn shared(transaction: &mut Transaction) -> Result<i64, StoreError> {
    lock(transaction, "select pg_advisory_xact_lock_shared($1)").await?;
    let found: Option<i64> = within!(*transaction, db => sqlx::query_scalar(GET)
        .bind(REVISION)
        .fetch_optional(db)
        .await?);
    Ok(found.unwrap_or(0))
}

/// Waits until nobody writes who may not know what comes next. To be called before anything else in the transaction is locked.
pub(super) async fn alone(transaction: &mut Transaction) -> Result<(), StoreError> {
    lock(transaction, "select pg_advisory_xact_lock($1)").await
}

/// The next revision, in force from the end of the transaction.
pub(super) async fn raise(transaction: &mut Transaction) -> Result<i64, StoreError> {
    let next = include_str!("../../sql/counters.next.sql");
    Ok(within!(*transaction, db => sqlx::query_scalar(next).bind(REVISION).fetch_one(db).await?))
}

/// The revision that is in force now, and may not be in a moment.
pub(crate) async fn revision(pool: &Pool) -> Result<i64, StoreError> {
    let found: Option<i64> =
        reading!(pool, db => sqlx::query_scalar(GET).bind(REVISION).fetch_optional(db).await?);
    Ok(found.unwrap_or(0))
}

/// The lock is a statement of its own: the next one sees what was committed while it waited.
async fn lock(transaction: &mut Transaction, lock: &'static str) -> Result<(), StoreError> {
    if let Transaction::Postgres(postgres) = transaction {
        sqlx::query(lock)
            .bind(LOCK)
            .execute(&mut **postgres)
            .await?;
    }
    Ok(())
}
