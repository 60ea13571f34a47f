//! What is in the file of a store, read beside whoever writes it, of whatever version its tables are.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use hgpixel_config::{Store as Settings, StoreUrl};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::SqliteFile;
use crate::error::StoreError;
use crate::migration;

/// Message ids that are asked for at once: one list in JSON, of 35 kB.
const IDS_MAX: usize = 1_000;

/// The SQLite file of a store.
#[derive(Clone, Debug)]
pub struct StoreFile {
    file: SqliteFile,
}

/// What a store has seen the end of, as of one moment.
#[derive(Debug, Default)]
pub struct Settled {
    /// Events that were accepted and came to their end: stored, duplicate or dead-lettered, of all instances. Replays are taken off: they
    /// come to an end once more and were accepted once.
    pub events: i64,
    /// Those of the messages asked for that are stored.
    pub messages: HashSet<Uuid>,
}

/// How much is in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreContents {
    /// The version of the tables.
    pub schema_version: i64,
    /// Events of each site, by its key.
    pub events_by_site: BTreeMap<String, i64>,
    /// Visits of all sites.
    pub sessions: i64,
}

impl StoreFile {
    /// The version of the tables that this program makes; it reads older ones by bringing them up to date.
    pub fn schema_version() -> i64 {
        migration::newest()
    }

    /// The file that the settings name; `None` if they name another database.
    pub fn of(settings: &Settings) -> Option<Self> {
        match &settings.url {
            StoreUrl::Sqlite(path) => Some(Self::at(path)),
            StoreUrl::Postgres(_) => None,
        }
    }

    /// The file at `path`.
    pub fn at(path: &Path) -> Self {
        Self {
            file: SqliteFile::new(path),
        }
    }

    /// As a file of SQLite's.
    pub fn file(&self) -> &SqliteFile {
        &self.file
    }

    /// What came to its end, and which of `messages` did, both as of one moment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn settled(&self, messages: &[Uuid]) -> Result<Settled, StoreError> {
        let mut connection = self.file.open_to_read().await?;
        let settled = settled(&mut connection, messages).await;
        connection.close().await?;
        settled
    }

    /// Counts what is in it. It reads one index of all events: seconds for some ten millions.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of a store.
    pub async fn contents(&self) -> Result<StoreContents, StoreError> {
        let mut connection = self.file.open_to_read().await?;
        let contents = contents(&mut connection).await;
        connection.close().await?;
        contents
    }
}

async fn settled(
    connection: &mut SqliteConnection,
    messages: &[Uuid],
) -> Result<Settled, StoreError> {
    let mut snapshot = connection.begin().await?;
    let mut settled = Settled {
        events: sqlx::query_scalar(include_str!("../../sql/sqlite/books.settled.sql"))
            .fetch_one(&mut *snapshot)
            .await?,
        ..Settled::default()
    };
    for ids in messages.chunks(IDS_MAX) {
        let list: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        let stored: Vec<Uuid> =
            sqlx::query_scalar(include_str!("../../sql/sqlite/batches.stored.sql"))
                .bind(serde_json::to_string(&list).expect("a list of texts"))
                .fetch_all(&mut *snapshot)
                .await?;
        settled.messages.extend(stored);
    }
    snapshot.rollback().await?;
    Ok(settled)
}

async fn contents(connection: &mut SqliteConnection) -> Result<StoreContents, StoreError> {
    let mut snapshot = connection.begin().await?;
    let events: Vec<(String, i64)> =
        sqlx::query_as(include_str!("../../sql/sqlite/sites.events.sql"))
            .fetch_all(&mut *snapshot)
            .await?;
    let contents = StoreContents {
        schema_version: sqlx::query_scalar(migration::VERSION)
            .fetch_one(&mut *snapshot)
            .await?,
        events_by_site: events.into_iter().collect(),
        sessions: sqlx::query_scalar(include_str!("../../sql/sqlite/sessions.count.sql"))
            .fetch_one(&mut *snapshot)
            .await?,
    };
    snapshot.rollback().await?;
    Ok(contents)
}
