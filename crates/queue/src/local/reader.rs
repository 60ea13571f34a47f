//! The task that reads batches for a consumer, oldest first, a few ahead.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Row as _};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::file::{self, unusable};
use super::recent::Row;
use crate::error::QueueError;

/// Read ahead: with the largest batches 4 MiB.
const AHEAD: usize = 16;
/// Rows and bytes of one look into the file.
const LOOK_ROWS: i64 = 64;
const LOOK_BYTES: usize = 4 * 1024 * 1024;
/// How soon a batch is noticed that another process has put back.
const POLL: Duration = Duration::from_secs(1);

pub(super) type Rows = mpsc::Receiver<Result<Row, QueueError>>;

struct Reader {
    shared: Arc<Shared>,
    connection: SqliteConnection,
    /// The newest row that was sent.
    position: i64,
    rows: mpsc::Sender<Result<Row, QueueError>>,
}

/// Reads from the beginning of the file until it is stopped.
pub(super) async fn start(
    shared: &Arc<Shared>,
    stop: CancellationToken,
) -> Result<Rows, QueueError> {
    let connection = file::options(&shared.path)
        .pragma("query_only", "true")
        .connect()
        .await
        .map_err(|error| unusable(&shared.path, &error))?;
    let (rows, received) = mpsc::channel(AHEAD);
    let reader = Reader {
        shared: Arc::clone(shared),
        connection,
        position: 0,
        rows,
    };
    shared.tasks.spawn(async move {
        let mut reader = reader;
        tokio::select! {
            () = stop.cancelled() => {}
            () = reader.run() => {}
        }
        file::close(reader.connection).await;
    });
    Ok(received)
}

impl Reader {
    async fn run(&mut self) {
        if let Err(error) = self.try_run().await {
            // An error means that the consumer is gone.
            drop(self.rows.send(Err(error)).await);
        }
    }

    async fn try_run(&mut self) -> Result<(), QueueError> {
        let shared = Arc::clone(&self.shared);
        loop {
            // Interest is registered before the look, so that what is committed in between is not slept through.
            let arrived = shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let rows = self.look().await?;
            if rows.is_empty() {
                // A poll that ends without news looks again all the same: for the rows of other processes.
                timeout(POLL, arrived).await.unwrap_or_default();
                continue;
            }
            for row in rows {
                self.position = row.seq;
                if self.rows.send(Ok(row)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<Row>, QueueError> {
        let recent = self.shared.lock_recent().after(self.position);
        if let Some(row) = recent {
            return Ok(vec![row]);
        }
        self.look_into_file()
            .await
            .map_err(|error| unusable(&self.shared.path, &file::describe(&error)))
    }

    async fn look_into_file(&mut self) -> sqlx::Result<Vec<Row>> {
        let mut found = sqlx::query(
            "select seq, id, events, replayed, body from batches where seq > $1 order by seq limit $2",
        )
        .bind(self.position)
        .bind(LOOK_ROWS)
        .fetch(&mut self.connection);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.try_next().await? {
            let row = read_row(&row)?;
            bytes += row.body.len();
            rows.push(row);
            if bytes >= LOOK_BYTES {
                break;
            }
        }
        Ok(rows)
    }
}

pub(super) fn read_row(row: &SqliteRow) -> sqlx::Result<Row> {
    Ok(Row {
        seq: row.try_get(0)?,
        id: row.try_get(1)?,
        events: usize::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0),
        replayed: row.try_get(3)?,
        body: row.try_get(4)?,
    })
}
