//! Moving a whole store from a SQLite file to a PostgreSQL database: the way from one process to a fleet.
//!
//! The promise: **afterwards the database holds what the file holds, row by row, or there is an error and nobody serves from it.** Every
//! event is there once, under its id, so that one that is sent again after the move is a duplicate as it was before. Figures, pages of
//! events, logins and tokens are the same.
//!
//! It can be this simple because both databases have the same tables and columns, and every number in them is copied as it is: those of
//! sites and people, of the rows of the dictionaries, of sessions. What an event means is then the same where its row and the rows of the
//! dictionaries are the same, and that is what is compared.
//!
//! # What becomes of each table
//!
//! ```text
//! sites, users, roles, invitations, logins, login_links, tokens,        copied: hashes stay hashes, a cookie and a token go on working
//! shared_links, kept, audit
//! verdicts, verdict_sweeps                                              copied: a sweep that is under way goes on where it was
//! meta                                                                  copied: the secret of the installation
//! salts                                                                 copied from yesterday on: older ones are to be forgotten
//! counters, books, totals, tallies                                      copied: they count on (the writers' epochs, what was stored)
//! batches                                                               copied: a message that comes again is known
//! pages, referrers, clients, campaigns, places, people, kinds,          copied with their numbers
//! channels
//! visits, sessions, events                                              copied; events into partitions of weeks, as the leader makes them
//! rollup_days, rollups, rollup_marks                                    copied: what they name by number has kept it
//! sqlite_sequence                                                       becomes the identities, so that no number is given twice
//! schema_versions                                                       left out: the database has its own, of the same version
//! ```
//!
//! Nothing is derived anew but indexes and the planner's statistics. A test ([`tables`]) fails for a table that is not in this list.
//!
//! # One at a time
//!
//! The file is locked for as long as the move takes: nobody else can have it open, so what is read is of one moment. The database is in the
//! hands of one move (an advisory lock) and nobody else (no other connection of hgpixel's may be there).
//!
//! # Killed at any moment
//!
//! The table `hgpixel_transfer` in the database says which store is being moved and how many rows of each table have arrived; it changes in the
//! transaction of these rows. Another try reads on behind them, in the same order. **While that table is there, no process opens the
//! database** ([`ensure_whole`]); it goes in the transaction that ends the move. A try of another store, or of this one after it changed,
//! is refused: it is known by the number of rows of every table and a checksum of the small ones.
//!
//! # Compared
//!
//! When all has arrived, both sides are read once more from end to end, and each table compared by its number of rows and a checksum that
//! does not depend on their order (`checksum`). A row is compared in PostgreSQL's binary form, which both sides are brought to.
//!
//! Absent: other directions; what waits in a queue, and dead letters (the command looks after these); the settings.

mod checksum;
mod columns;
mod compare;
mod copy;
mod source;
mod tables;
mod target;

use hgpixel_config::{Store as Settings, StoreUrl};
use hgpixel_event::Clock;

use crate::error::StoreError;
use crate::pool::{Backend, Pool};

pub use checksum::Checksum;
pub use compare::TransferredTable;

use copy::Planned;
use source::Source;
use target::Target;

/// What to do about an earlier move that did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierTransfer {
    /// Go on where it was.
    GoOn,
    /// Throw away what has arrived, and begin anew.
    Forget,
}

/// How far a move is; see [`Transfer::run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferStep {
    /// So many more rows have arrived, and are committed.
    Copied(u64),
    /// So many more rows of the database were read and summed up.
    Compared(u64),
}

/// A move that has begun: both sides are locked, and all that can be refused was.
#[derive(Debug)]
pub struct Transfer {
    source: Source,
    target: Target,
    tables: Vec<Planned>,
    batch_rows: u64,
}

/// Rows of one transaction: long enough that its end costs little, and a second's work at most.
const BATCH_ROWS: u64 = 20_000;

impl Transfer {
    /// Takes both sides, checks the file from end to end, and brings the database's tables up to date. What can be refused is refused
    /// before anything is moved, and a database of others is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for other databases than SQLite and PostgreSQL, in this direction. [`StoreError::Transfer`] when the file is
    /// none of a store, damaged, or open elsewhere; when the database holds anything else than an earlier try of the same move, or
    /// somebody is connected to it. [`StoreError::Schema`] when the file's tables are not of this program's version.
    pub async fn begin(
        from: &StoreUrl,
        to: &Settings,
        clock: &Clock,
        earlier: EarlierTransfer,
    ) -> Result<Self, StoreError> {
        let (StoreUrl::Sqlite(path), StoreUrl::Postgres(_)) = (from, &to.url) else {
            return Err(StoreError::Invalid(
                "a store moves from a SQLite file to a PostgreSQL database, and no other way: give --from sqlite:PATH and \
                 --to postgres://USER:PASSWORD@HOST/DATABASE"
                    .to_owned(),
            ));
        };
        let mut source = Source::open(path).await?;
        let mut target = Target::open(to, clock, earlier).await?;
        let columns = target.columns().await?;
        let mut tables = Vec::with_capacity(tables::TABLES.len());
        for table in tables::TABLES {
            let columns = columns::of_table(table, &columns)?;
            tables.push(source.plan(table, columns, clock).await?);
        }
        let identity = source.identity(&tables).await?;
        target.begin(&identity, &mut tables).await?;
        let weeks = source.weeks(clock, to.partition_weeks_ahead).await?;
        target.make_partitions(weeks).await?;
        Ok(Self {
            source,
            target,
            tables,
            batch_rows: BATCH_ROWS,
        })
    }

    /// With transactions of so many rows at most.
    #[must_use]
    pub fn batch_rows(mut self, rows: u64) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// How many rows there are to move.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// How many of them an earlier try has moved.
    pub fn moved(&self) -> u64 {
        let moved = |table: &Planned| table.moved.min(table.rows);
        self.tables.iter().map(moved).sum()
    }

    /// Copies what is missing, compares everything, and ends the move: from then on processes may open the database. Tells `progress` of
    /// each batch, after its commit.
    ///
    /// # Errors
    /// What was committed stays, and another try goes on from there. [`StoreError::Transfer`] when a table differs after all.
    ///
    /// # Cancellation
    /// As an error.
    pub async fn run(
        mut self,
        progress: &dyn Fn(TransferStep),
    ) -> Result<Vec<TransferredTable>, StoreError> {
        for planned in &mut self.tables {
            copy::copy(
                &mut self.source,
                &mut self.target,
                planned,
                self.batch_rows,
                progress,
            )
            .await?;
        }
        let mut transferred = Vec::with_capacity(self.tables.len());
        for planned in &self.tables {
            let compared = compare::compare(&mut self.source, &mut self.target, planned, progress);
            transferred.push(compared.await?);
        }
        for planned in &self.tables {
            if planned.has_identity() {
                let last = self.source.last_number(planned.table).await?;
                self.target.number_from(planned.table, last).await?;
            }
        }
        self.target.end().await?;
        self.source.close().await;
        Ok(transferred)
    }
}

/// Refuses a database that is not wholly moved yet.
///
/// # Errors
/// [`StoreError::Schema`].
pub(crate) async fn ensure_whole(pool: &Pool) -> Result<(), StoreError> {
    let Backend::Postgres(db) = &pool.backend else {
        return Ok(());
    };
    let is_half_filled: bool = sqlx::query_scalar(target::IS_HALF_FILLED)
        .fetch_one(db)
        .await?;
    if is_half_filled {
        return Err(StoreError::Schema(
            "a store is being moved to this database, and has not arrived wholly: let `hgpixel migrate-store` come to its end, or run \
             it again"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What went wrong with a table, said with its name.
fn in_table(table: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable { code, detail } => StoreError::Unavailable {
            code,
            detail: format!("table {table}: {detail}"),
        },
        StoreError::Rejected { code, detail } => StoreError::Rejected {
            code,
            detail: format!("table {table}: {detail}"),
        },
        other => other,
    }
}
