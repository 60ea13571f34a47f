//! The SQLite file and its settings.

use std::path::Path;
use std::time::{Duration, Instant};

use hgpixel_config::Store as Settings;
use sqlx::SqlitePool;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Backend;
use crate::error::StoreError;

/// Readers are bound by the processor; more of them than this only take memory.
const READERS_MAX: u32 = 4;

pub(super) async fn connect(path: &Path, settings: &Settings) -> Result<Backend, StoreError> {
    if let Some(directory) = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
    {
        tokio::fs::create_dir_all(directory)
            .await
            .map_err(|error| {
                StoreError::unavailable(
                    "io",
                    format!("cannot make {}: {error}", directory.display()),
                )
            })?;
    }
    let acquire = Duration::from_millis(settings.acquire_timeout_ms);
    let options = options(path, acquire);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(acquire)
        .max_lifetime(None)
        .idle_timeout(None);
    let write = connect_new(write, &options, acquire).await?;
    let read = SqlitePoolOptions::new()
        .max_connections(settings.connections_max.clamp(1, READERS_MAX))
        .acquire_timeout(acquire)
        .max_lifetime(None)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Backend::Sqlite { read, write })
}

/// Of processes that open a new file at once, one switches it to the write-ahead log; SQLite does not let the others wait for that, whatever
/// its busy timeout.
async fn connect_new(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
    within: Duration,
) -> Result<SqlitePool, StoreError> {
    const PAUSE: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + within;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            connected => return Ok(connected?),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code == "5")
}

fn options(path: &Path, busy: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // The queue forgets a message once its events are committed here, so this commit must survive a power cut too.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(busy)
        .foreign_keys(false)
        // 16 MiB of log between checkpoints: pages that many batches touch are then written to the file once.
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        // Kibibytes: the pages of the indexes to which a batch adds.
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        // A salt that was deleted must be gone from the file.
        .pragma("secure_delete", "on")
}
