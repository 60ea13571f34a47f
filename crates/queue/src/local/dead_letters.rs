//! The dead letters of a local file: a table beside the batches.
//!
//! This works without the owner's lock, beside the process that has it: SQLite's own locks keep the two apart, and the running
//! reader notices the rows that a replay adds.

use std::path::{Path, PathBuf};

use hgpixel_config::Queue as Settings;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Row as _};
use uuid::Uuid;

use super::file;
use super::group::{NewBatch, push_batches};
use crate::dead_letter::DeadLetter;
use crate::error::QueueError;
use crate::replay::batches_of;

/// Letters of one transaction: a running process waits for no longer than it takes.
const LETTERS_MAX: i64 = 512;

#[derive(Debug)]
pub(crate) struct LocalDeadLetters {
    path: PathBuf,
    /// `None` while there is no file, and so no letter.
    connection: Option<SqliteConnection>,
}

impl LocalDeadLetters {
    pub(crate) async fn open(path: &Path, settings: &Settings) -> Result<Self, QueueError> {
        let unusable = |error: &sqlx::Error| file::unusable(path, error);
        let mut connection = None;
        if path.exists() {
            let mut opened = file::options(path)
                .connect()
                .await
                .map_err(|error| unusable(&error))?;
            let pages_max = file::pages_max(settings.local_bytes_max);
            file::limit_pages(&mut opened, pages_max, true)
                .await
                .map_err(|error| unusable(&error))?;
            connection = Some(opened);
        }
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    pub(crate) async fn list(&mut self, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let Some(connection) = &mut self.connection else {
            return Ok(Vec::new());
        };
        oldest(connection, i64::try_from(limit).unwrap_or(i64::MAX))
            .await
            .map(|letters| letters.into_iter().map(|(_, letter)| letter).collect())
            .map_err(|error| failed(&self.path, &error))
    }

    pub(crate) async fn replay(&mut self, limit: usize) -> Result<u64, QueueError> {
        let Some(connection) = &mut self.connection else {
            return Ok(0);
        };
        let mut left = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut replayed = 0;
        while left > 0 {
            let moved = replay_some(connection, left.min(LETTERS_MAX))
                .await
                .map_err(|error| failed(&self.path, &error))?;
            if moved == 0 {
                break;
            }
            left -= moved;
            replayed += moved.unsigned_abs();
        }
        Ok(replayed)
    }

    pub(crate) async fn purge(&mut self) -> Result<u64, QueueError> {
        let Some(connection) = &mut self.connection else {
            return Ok(0);
        };
        sqlx::query("delete from dead_letters")
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
            .map_err(|error| failed(&self.path, &error))
    }
}

/// Moves the oldest letters into the batches, in one transaction.
async fn replay_some(connection: &mut SqliteConnection, limit: i64) -> sqlx::Result<i64> {
    sqlx::query("begin immediate")
        .execute(&mut *connection)
        .await?;
    match try_replay_some(connection, limit).await {
        Ok(moved) => {
            sqlx::query("commit").execute(connection).await?;
            Ok(moved)
        }
        Err(error) => {
            // SQLite may have rolled back by itself.
            drop(sqlx::query("rollback").execute(connection).await);
            Err(error)
        }
    }
}

async fn try_replay_some(connection: &mut SqliteConnection, limit: i64) -> sqlx::Result<i64> {
    let letters = oldest(connection, limit).await?;
    let Some((last, _)) = letters.last() else {
        return Ok(0);
    };
    let lines: Vec<&str> = letters
        .iter()
        .map(|(_, letter)| letter.line.as_str())
        .collect();
    let batches: Vec<NewBatch> = batches_of(&lines)
        .into_iter()
        .map(|replay| NewBatch {
            id: Uuid::now_v7(),
            events: replay.batch.events,
            replayed: true,
            body: replay.batch.bytes,
        })
        .collect();
    let mut insert = sqlx::QueryBuilder::new("");
    // They were accepted when they were first published.
    push_batches(&mut insert, &batches, 0);
    insert.build().fetch_all(&mut *connection).await?;
    sqlx::query("delete from dead_letters where seq <= $1")
        .bind(last)
        .execute(connection)
        .await?;
    Ok(i64::try_from(letters.len()).unwrap_or(i64::MAX))
}

async fn oldest(
    connection: &mut SqliteConnection,
    limit: i64,
) -> sqlx::Result<Vec<(i64, DeadLetter)>> {
    sqlx::query(
        "select seq, id, reason, detail, at_ms, line from dead_letters order by seq limit $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        let letter = DeadLetter {
            id: row.try_get(1)?,
            reason: row.try_get(2)?,
            detail: row.try_get(3)?,
            at_ms: row.try_get(4)?,
            line: row.try_get(5)?,
        };
        Ok((row.try_get(0)?, letter))
    })
    .collect()
}

fn failed(path: &Path, error: &sqlx::Error) -> QueueError {
    if file::is_full(error) || file::is_busy(error) {
        return QueueError::Unavailable {
            detail: error.to_string(),
        };
    }
    file::unusable(path, error)
}
