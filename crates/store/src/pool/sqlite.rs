//! The SQLite file and its settings.

use std::path::Path;
use std::time::Duration;

use hgpixel_config::Store as Settings;
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
        .idle_timeout(None)
        .connect_with(options.clone())
        .await?;
    let read = SqlitePoolOptions::new()
        .max_connections(settings.connections_max.clamp(1, READERS_MAX))
        .acquire_timeout(acquire)
        .max_lifetime(None)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Backend::Sqlite { read, write })
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
