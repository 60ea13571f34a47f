//! A copy of a local file, made into what a copy of the store lacks.
//!
//! The file is copied first and the store after it, so that an event is in one of the two at least: it leaves the file only after it is
//! stored. Three things are then set right in the copy ([`QueueFile::settle_copy`]):
//!
//! - Batches that the store's copy has go out. They would be harmless for two days, for which the store knows a message again, and
//!   after that their events would be booked as duplicates of themselves.
//! - Dead letters of the meantime come in: their batches count as settled in the store's copy, and the letters are all that is left.
//! - The ledger's `accepted` becomes what makes the books balance as they did: the store's copy holds events that were accepted after
//!   the file was copied.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hgpixel_config::{Queue as Settings, QueueUrl};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use uuid::Uuid;

use super::file;
use super::owner::Owner;
use crate::error::QueueError;

/// Batches that are taken out by one statement: one list in JSON, of some kilobytes.
const BATCHES_MAX: usize = 1_000;

/// The file of a local queue as a whole, to copy it or to put another in its place.
#[derive(Clone, Debug)]
pub struct QueueFile {
    path: PathBuf,
}

/// The file is this process' own: no server starts on it for as long as this value lives.
#[derive(Debug)]
pub struct QueueOwner {
    _owner: Owner,
}

/// A batch that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingBatch {
    /// Its message's id.
    pub id: Uuid,
    /// Events that were accepted with it: none if it is a replay.
    pub accepted: i64,
}

/// The queue at one moment.
#[derive(Clone, Debug, Default)]
pub struct QueueContents {
    /// Events ever accepted.
    pub accepted: i64,
    /// What waits, in order.
    pub batches: Vec<WaitingBatch>,
    /// Events in it, those of replays included.
    pub events: i64,
    /// How many dead letters there are.
    pub dead_letters: i64,
}

/// A queue that takes and settles nothing for as long as this value lives.
#[derive(Debug)]
pub struct StandingQueue {
    connection: SqliteConnection,
    contents: QueueContents,
}

impl QueueFile {
    /// The file that the settings name; `None` if they name a broker.
    pub fn of(settings: &Settings) -> Option<Self> {
        match &settings.url {
            QueueUrl::Local(path) => Some(Self { path: path.clone() }),
            QueueUrl::Amqp(_) => None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock by which a server owns its file. Makes the file's folder if need be.
    ///
    /// # Errors
    /// [`QueueError::InUse`] while a server has it.
    pub fn own(&self) -> Result<QueueOwner, QueueError> {
        Owner::of(&self.path).map(|owner| QueueOwner { _owner: owner })
    }

    /// Stops the file beside its server, and looks into it. Publishing waits meanwhile: drop it within milliseconds.
    ///
    /// # Errors
    /// When the file cannot be read, or another holds its write lock for five seconds.
    pub async fn stand_still(&self) -> Result<StandingQueue, QueueError> {
        let stand = async {
            let mut connection = file::options(&self.path)
                .create_if_missing(false)
                .connect()
                .await?;
            sqlx::query("begin immediate")
                .execute(&mut connection)
                .await?;
            let contents = contents(&mut connection).await?;
            Ok(StandingQueue {
                connection,
                contents,
            })
        };
        stand.await.map_err(|error| self.failed(&error))
    }

    /// What is in a copy.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn copy_contents(copy: &Path) -> Result<QueueContents, QueueError> {
        let read = async {
            let mut connection = copy_options(copy).connect().await?;
            let contents = contents(&mut connection).await;
            connection.close().await?;
            contents
        };
        read.await.map_err(|error| file::unusable(copy, &error))
    }

    /// Makes `copy`, a copy of this file of a moment ago, fit a copy of the store that was made after it: takes out what is `stored`
    /// there, adds the dead letters that have come since, and says what was `accepted`.
    ///
    /// # Errors
    /// When either file cannot be read, or the copy cannot be written.
    pub async fn settle_copy(
        &self,
        copy: &Path,
        stored: &HashSet<Uuid>,
        accepted: i64,
    ) -> Result<QueueContents, QueueError> {
        let settle = async {
            let mut connection = copy_options(copy).connect().await?;
            let settled = self.settle(&mut connection, stored, accepted).await;
            connection.close().await?;
            settled
        };
        settle.await.map_err(|error| file::unusable(copy, &error))
    }

    async fn settle(
        &self,
        copy: &mut SqliteConnection,
        stored: &HashSet<Uuid>,
        accepted: i64,
    ) -> sqlx::Result<QueueContents> {
        sqlx::query("attach database $1 as live")
            .bind(self.path.to_string_lossy())
            .execute(&mut *copy)
            .await?;
        // Their numbers may begin again at 1 when there are none, so letters are compared by what they say.
        sqlx::query(
            "insert into main.dead_letters (id, reason, detail, at_ms, line)
             select id, reason, detail, at_ms, line from live.dead_letters now
             where not exists (
                select 1 from main.dead_letters old
                where old.id = now.id and old.at_ms = now.at_ms and old.line = now.line
             )
             order by seq",
        )
        .execute(&mut *copy)
        .await?;
        sqlx::query("detach database live")
            .execute(&mut *copy)
            .await?;
        let stored: Vec<String> = stored.iter().map(|id| id.simple().to_string()).collect();
        for some in stored.chunks(BATCHES_MAX) {
            sqlx::query("delete from batches where id in (select unhex(value) from json_each($1))")
                .bind(format!("{some:?}"))
                .execute(&mut *copy)
                .await?;
        }
        sqlx::query("update ledger set accepted = $1")
            .bind(accepted)
            .execute(&mut *copy)
            .await?;
        contents(copy).await
    }

    fn failed(&self, error: &sqlx::Error) -> QueueError {
        if file::is_busy(error) {
            QueueError::Unavailable {
                detail: error.to_string(),
            }
        } else {
            file::unusable(&self.path, error)
        }
    }
}

impl StandingQueue {
    /// What is in it.
    pub fn contents(&self) -> &QueueContents {
        &self.contents
    }

    /// Lets it go on.
    pub async fn release(self) -> QueueContents {
        let Self {
            mut connection,
            contents,
        } = self;
        // Closing ends the transaction too, if this fails.
        sqlx::query("rollback").execute(&mut connection).await.ok();
        file::close(connection).await;
        contents
    }
}

impl QueueContents {
    /// Events that were accepted and wait, but for the batches that are `settled` elsewhere.
    pub fn waiting(&self, settled: &HashSet<Uuid>) -> i64 {
        let waits = |batch: &&WaitingBatch| !settled.contains(&batch.id);
        let waiting = self.batches.iter().filter(waits);
        waiting.map(|batch| batch.accepted).sum()
    }

    /// The ids of what waits.
    pub fn ids(&self) -> Vec<Uuid> {
        self.batches.iter().map(|batch| batch.id).collect()
    }
}

/// Without the write-ahead log: a copy is one file.
fn copy_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .disable_statement_logging()
}

async fn contents(connection: &mut SqliteConnection) -> sqlx::Result<QueueContents> {
    let ledger = file::ledger(connection).await?;
    // The bodies are not read: they stand behind what is, on pages of their own where they are large.
    let rows: Vec<(Uuid, i64, bool)> =
        sqlx::query_as("select id, events, replayed from batches order by seq")
            .fetch_all(&mut *connection)
            .await?;
    let dead_letters = sqlx::query_scalar("select count(*) from dead_letters")
        .fetch_one(&mut *connection)
        .await?;
    let batch = |(id, events, replayed): &(Uuid, i64, bool)| WaitingBatch {
        id: *id,
        accepted: if *replayed { 0 } else { *events },
    };
    Ok(QueueContents {
        accepted: ledger.accepted,
        batches: rows.iter().map(batch).collect(),
        events: rows.iter().map(|(_, events, _)| events).sum(),
        dead_letters,
    })
}
