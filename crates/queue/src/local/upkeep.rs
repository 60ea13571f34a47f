//! What the file needs besides batches: room, and to become small again.

use sqlx::sqlite::SqliteConnection;

/// Free pages that are given back to the disk at a time, and how many an idle file may keep.
const VACUUM_PAGES: i64 = 2_048;
const FREE_PAGES_KEPT: i64 = 1_024;

/// Writes and removes as much as a full micro-batch needs: it fails while a batch would, for want of pages or of disk.
pub(super) async fn try_room(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let tried = sqlx::raw_sql(
        "begin immediate;
         insert into batches (seq, id, events, replayed, body) values (-1, x'', 0, 0, zeroblob(262144));
         delete from batches where seq = -1;
         update ledger set accepted = accepted;
         commit",
    )
    .execute(&mut *connection)
    .await;
    if tried.is_err() {
        // There may be nothing left to roll back.
        drop(sqlx::query("rollback").execute(connection).await);
    }
    tried.map(drop)
}

/// Gives the disk back what a backlog has left behind, a little at a time.
pub(super) async fn shrink(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let free: i64 = sqlx::query_scalar("pragma freelist_count")
        .fetch_one(&mut *connection)
        .await?;
    if free <= FREE_PAGES_KEPT {
        return Ok(());
    }
    let pages = VACUUM_PAGES.min(free - FREE_PAGES_KEPT);
    // A pragma's argument cannot be bound; this one is a number of ours.
    let vacuum = format!("pragma incremental_vacuum({pages}); pragma wal_checkpoint(truncate)");
    sqlx::raw_sql(sqlx::AssertSqlSafe(vacuum))
        .execute(connection)
        .await?;
    Ok(())
}
