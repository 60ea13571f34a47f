//! Rows of a table from the file to the database, batch by batch.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteRow;

use super::columns::{self, Column};
use super::source::Source;
use super::tables::Table;
use super::target::{PATIENCE, Target};
use super::{TransferStep, in_table};
use crate::error::StoreError;

/// What is sent at once: enough that the number of messages does not matter.
const SEND_BYTES: usize = 64 * 1024;
/// A batch ends here too: rows of figures are long.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// A table, and how far it is.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) table: &'static Table,
    /// In PostgreSQL's order.
    pub(super) columns: Vec<Column>,
    /// The condition of the rows that move; none as a rule.
    pub(super) filter: String,
    /// How many move.
    pub(super) rows: u64,
    /// How many have arrived.
    pub(super) moved: u64,
}

impl Planned {
    pub(super) fn has_identity(&self) -> bool {
        self.columns.iter().any(|column| column.is_identity)
    }
}

type SourceRows<'s> = BoxStream<'s, Result<SqliteRow, sqlx::Error>>;

/// Copies the rows that have not arrived.
pub(super) async fn copy(
    source: &mut Source,
    target: &mut Target,
    planned: &mut Planned,
    batch_rows: u64,
    progress: &dyn Fn(TransferStep),
) -> Result<(), StoreError> {
    let mut rows = source.rows(planned, planned.moved);
    while planned.moved < planned.rows {
        let batch = copy_batch(&mut rows, target.connection(), planned, batch_rows);
        // A server that swallows everything must not hold us for ever.
        let batch = tokio::time::timeout(PATIENCE, batch)
            .await
            .unwrap_or_else(|_| Err(StoreError::timeout(PATIENCE)));
        let copied = batch.map_err(|error| in_table(planned.table.name, error))?;
        if copied == 0 {
            break;
        }
        planned.moved += copied;
        progress(TransferStep::Copied(copied));
    }
    Ok(())
}

/// Copies the next rows and notes how many have arrived, in one transaction. Returns how many those were; 0 at the end.
async fn copy_batch(
    rows: &mut SourceRows<'_>,
    connection: &mut PgConnection,
    planned: &Planned,
    batch_rows: u64,
) -> Result<u64, StoreError> {
    let mut transaction = connection.begin().await?;
    let statement = format!(
        "copy {} ({}) from stdin (format binary)",
        planned.table.name,
        columns::list(&planned.columns)
    );
    let mut copy = transaction.copy_in_raw(&statement).await?;
    let mut bytes = columns::HEADER.to_vec();
    let (mut copied, mut sent) = (0, 0);
    while copied < batch_rows && sent < BATCH_BYTES {
        let Some(row) = rows.try_next().await? else {
            break;
        };
        columns::encode(&row, &planned.columns, &mut bytes)?;
        copied += 1;
        if bytes.len() >= SEND_BYTES {
            sent += bytes.len();
            copy.send(bytes.as_slice()).await?;
            bytes.clear();
        }
    }
    bytes.extend(columns::TRAILER);
    copy.send(bytes.as_slice()).await?;
    copy.finish().await?;
    sqlx::query("update hgpixel_transfer set moved = moved + $2 where name = $1")
        .bind(planned.table.name)
        .bind(copied.cast_signed())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(copied)
}
