//! A table of the file against that of the database.

use futures_util::TryStreamExt;

use super::checksum::Checksum;
use super::columns::{self, Rows};
use super::copy::Planned;
use super::source::Source;
use super::target::{PATIENCE, Pieces, Target};
use super::{TransferStep, in_table};
use crate::error::StoreError;

/// A table that has arrived as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    /// Its name.
    pub name: &'static str,
    /// Of its rows, which both sides have.
    pub checksum: Checksum,
}

/// Reads both sides from end to end.
///
/// # Errors
/// [`StoreError::Transfer`] where they differ, with the place of the first row that does.
pub(super) async fn compare(
    source: &mut Source,
    target: &mut Target,
    planned: &Planned,
    progress: &dyn Fn(TransferStep),
) -> Result<TransferredTable, StoreError> {
    let name = planned.table.name;
    let sums = async {
        let theirs = sum_of_target(target, planned, progress);
        tokio::try_join!(source.sum(planned), theirs)
    };
    let (checksum, arrived) = sums.await.map_err(|error| in_table(name, error))?;
    if checksum == arrived {
        return Ok(TransferredTable { name, checksum });
    }
    let place = first_difference(source, target, planned).await;
    let place = place.map_err(|error| in_table(name, error))?;
    Err(StoreError::Transfer(format!(
        "table {name} has not arrived as it was: {} rows with the checksum {checksum} in the file, {} rows with {arrived} in the database; \
         {}. Nobody can open the database; `--start-over` moves everything again",
        checksum.rows,
        arrived.rows,
        match place {
            Some(place) => format!("by {} they differ first at row {place}", planned.table.key),
            None => format!("by {} all rows are the same now", planned.table.key),
        }
    )))
}

async fn sum_of_target(
    target: &mut Target,
    planned: &Planned,
    progress: &dyn Fn(TransferStep),
) -> Result<Checksum, StoreError> {
    let mut sum = Checksum::default();
    let mut rows = TargetRows::of(target.rows(planned).await?);
    let mut told = 0;
    while let Some(row) = rows.next().await? {
        sum.add(row);
        // A bar that is moved for each row costs more than the row.
        if sum.rows - told >= TOLD_ROWS {
            progress(TransferStep::Compared(sum.rows - told));
            told = sum.rows;
        }
    }
    progress(TransferStep::Compared(sum.rows - told));
    Ok(sum)
}

const TOLD_ROWS: u64 = 10_000;

/// The place of the first row, by the table's key, that is not the same on both sides, counted from 1.
async fn first_difference(
    source: &mut Source,
    target: &mut Target,
    planned: &Planned,
) -> Result<Option<u64>, StoreError> {
    let mut ours = source.rows_by_key(planned);
    let mut theirs = TargetRows::of(target.rows_by_key(planned).await?);
    let mut bytes = Vec::new();
    let mut place = 1;
    loop {
        let our = ours.try_next().await?;
        bytes.clear();
        if let Some(row) = &our {
            columns::encode(row, &planned.columns, &mut bytes)?;
        }
        match (our, theirs.next().await?) {
            (None, None) => return Ok(None),
            (Some(_), Some(their)) if bytes == their => place += 1,
            _ => return Ok(Some(place)),
        }
    }
}

/// The rows of the database, one by one.
struct TargetRows<'t> {
    pieces: Pieces<'t>,
    rows: Rows,
}

impl<'t> TargetRows<'t> {
    fn of(pieces: Pieces<'t>) -> Self {
        Self {
            pieces,
            rows: Rows::default(),
        }
    }

    async fn next(&mut self) -> Result<Option<&[u8]>, StoreError> {
        while !self.rows.has_next()? {
            let piece = tokio::time::timeout(PATIENCE, self.pieces.try_next())
                .await
                .map_err(|_| StoreError::timeout(PATIENCE))??;
            match piece {
                Some(piece) => self.rows.push(&piece),
                None if self.rows.is_over() => return Ok(None),
                None => {
                    return Err(StoreError::unavailable(
                        "protocol",
                        "the rows of the database end in the middle of one",
                    ));
                }
            }
        }
        self.rows.next()
    }
}
