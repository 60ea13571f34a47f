//! The file: how it is opened, what is in it, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};
use tracing::warn;

use super::salvage;
use crate::error::QueueError;
use crate::metrics::Metrics;

const PAGE_BYTES: u64 = 4_096;

/// What settling and dead letters may take beyond the file's size: a worker must be able to set a poison event aside when the
/// queue is full, or it could never empty it.
const RESERVE_PAGES: u64 = 4_096;

/// Rises when an older program would misunderstand the file.
const VERSION: i64 = 1;

/// `last_seq` and `accepted` are in one row, which every publishing transaction changes: rows get their numbers from it and
/// not from the table, which would begin again at 1 when it is empty.
const SCHEMA: &str = "
begin immediate;
create table if not exists ledger (
    one integer primary key check (one = 1),
    accepted integer not null,
    last_seq integer not null
) strict;
create table if not exists batches (
    seq integer primary key,
    id blob not null,
    events integer not null,
    replayed integer not null,
    body blob not null
) strict;
create table if not exists dead_letters (
    seq integer primary key,
    id blob not null,
    reason text not null,
    detail text not null,
    at_ms integer not null,
    line text not null
) strict;
insert into ledger (one, accepted, last_seq) values (1, 0, 0) on conflict do nothing;
pragma user_version = 1;
commit;
";

/// The counts that outlive every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// Events ever accepted.
    pub(super) accepted: i64,
    /// The number of the newest row.
    pub(super) last_seq: i64,
}

/// An open file, ready for the writer.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: SqliteConnection,
    pub(super) ledger: Ledger,
    /// Batches in it.
    pub(super) depth: u64,
    pub(super) pages_max: u64,
}

/// Opens the file, or makes it. A damaged one is set aside, and what can be read of it goes into a new one.
pub(super) async fn open_or_salvage(
    path: &Path,
    bytes_max: u64,
    metrics: &Metrics,
) -> Result<Opened, QueueError> {
    match open(path, bytes_max).await {
        Ok(opened) => Ok(opened),
        Err(Fault::Damaged(detail)) => {
            warn!(file = %path.display(), detail, "the queue file is damaged; setting it aside");
            metrics.corrupt.inc();
            let aside = salvage::set_aside(path).map_err(|error| unusable(path, &error))?;
            let mut opened = open(path, bytes_max).await.map_err(|fault| match fault {
                Fault::Damaged(detail) | Fault::Unusable(detail) => unusable(path, &detail),
            })?;
            let salvaged = salvage::salvage(&aside, &mut opened)
                .await
                .map_err(|error| unusable(path, &error))?;
            metrics.salvaged.inc_by(salvaged.batches);
            warn!(
                aside = %aside.display(),
                batches = salvaged.batches,
                dead_letters = salvaged.dead_letters,
                "salvaged what could be read of the damaged queue file"
            );
            Ok(opened)
        }
        Err(Fault::Unusable(detail)) => Err(unusable(path, &detail)),
    }
}

/// How every connection to the file is made.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .page_size(4_096)
        // Another process that puts dead letters back holds the write lock for some milliseconds.
        .busy_timeout(Duration::from_secs(5))
        // The log keeps the size of the largest group otherwise.
        .pragma("journal_size_limit", "16777216")
        .disable_statement_logging()
}

/// How many pages the file may have when nothing but publishing fills it.
pub(super) fn pages_max(bytes_max: u64) -> u64 {
    (bytes_max / PAGE_BYTES).max(16)
}

/// Sets the size of the file, with or without the reserve.
pub(super) async fn limit_pages(
    connection: &mut SqliteConnection,
    pages_max: u64,
    with_reserve: bool,
) -> sqlx::Result<()> {
    let pages = if with_reserve {
        pages_max + RESERVE_PAGES
    } else {
        pages_max
    };
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "pragma max_page_count = {pages}"
    )))
    .execute(connection)
    .await?;
    Ok(())
}

/// The numbers of the row `ledger`.
pub(super) async fn ledger(connection: &mut SqliteConnection) -> sqlx::Result<Ledger> {
    let row = sqlx::query("select accepted, last_seq from ledger")
        .fetch_one(connection)
        .await?;
    Ok(Ledger {
        accepted: row.try_get(0)?,
        last_seq: row.try_get(1)?,
    })
}

enum Fault {
    Damaged(String),
    Unusable(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        if is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Unusable(error.to_string())
        }
    }
}

async fn open(path: &Path, bytes_max: u64) -> Result<Opened, Fault> {
    let mut connection = options(path).create_if_missing(true).connect().await?;
    check(&mut connection).await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
    let pages_max = pages_max(bytes_max);
    limit_pages(&mut connection, pages_max, false).await?;
    let ledger = ledger(&mut connection).await?;
    let depth: i64 = sqlx::query_scalar("select count(*) from batches")
        .fetch_one(&mut connection)
        .await?;
    Ok(Opened {
        connection,
        ledger,
        depth: depth.unsigned_abs(),
        pages_max,
    })
}

/// Looks through the whole file once; about a second for half a gigabyte, and next to nothing for the few pages of a queue
/// that is kept empty.
async fn check(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let verdict: String = sqlx::query_scalar("pragma quick_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if verdict != "ok" {
        return Err(Fault::Damaged(verdict));
    }
    let version: i64 = sqlx::query_scalar("pragma user_version")
        .fetch_one(&mut *connection)
        .await?;
    let (tables, ours): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where name in ('ledger', 'batches', 'dead_letters')) from sqlite_schema",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (tables, ours, version) {
        (0, ..) | (_, 3, VERSION) => Ok(()),
        (_, 3, later) => Err(Fault::Unusable(format!(
            "it has version {later}, this program reads version {VERSION}"
        ))),
        _ => Err(Fault::Unusable(
            "it is a SQLite file of something else".to_owned(),
        )),
    }
}

/// `SQLITE_CORRUPT` or `SQLITE_NOTADB`.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(11 | 26))
}

/// What went wrong, and what to do where only that helps: a damaged file is salvaged at the start, when nobody else has it open.
/// To rename it under open connections would let the last of them to close take the new file's log away.
pub(super) fn describe(error: &sqlx::Error) -> String {
    if is_damage(error) {
        format!(
            "{error}; the file is damaged, so restart this process: it sets the file aside, and salvages what can be read"
        )
    } else {
        error.to_string()
    }
}

/// `SQLITE_FULL`: the file is at its size, or the disk is full.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(13)
}

/// `SQLITE_BUSY`: another process held the write lock for longer than the timeout, so nothing was begun.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(5)
}

/// SQLite's extended codes keep the primary one in their lowest byte.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

pub(super) fn unusable(path: &Path, detail: &impl ToString) -> QueueError {
    QueueError::File {
        path: path.to_owned(),
        detail: detail.to_string(),
    }
}

/// Ends the connection; the last one to end moves the log into the file.
pub(super) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        warn!(error = %error, "closing the queue file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_damaged_file_says_that_a_restart_salvages_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        std::fs::write(&path, b"no queue at all ".repeat(1_000)).unwrap();
        let error = options(&path).connect().await.unwrap_err();
        assert!(is_damage(&error), "{error}");
        let said = describe(&error);
        assert!(said.contains("restart this process"), "{said}");
        let other = describe(&sqlx::Error::RowNotFound);
        assert!(!other.contains("restart"), "{other}");
    }
}
