//! The file: locked, checked, and read from one end to the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use hgpixel_event::Clock;
use sha2::{Digest, Sha256};
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnection, SqliteLockingMode, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use uuid::Uuid;

use super::checksum::Checksum;
use super::columns::{self, Column};
use super::copy::Planned;
use super::tables::{Order, Size, Table};
use crate::error::StoreError;
use crate::file::SqliteFile;
use crate::snapshot::DAY_MS;
use crate::{migration, partition};

/// A command that has the file open ends within this time; a server does not.
const BUSY: Duration = Duration::from_secs(2);
/// Rows that SQLite's thread may be ahead of ours: the longest, figures and columns of a day, may have a megabyte.
const AHEAD_ROWS: usize = 64;

/// The file of a store, which nobody else can open for as long as this value lives.
#[derive(Debug)]
pub(super) struct Source {
    connection: SqliteConnection,
    path: PathBuf,
}

/// Why a file cannot be moved.
fn refused(path: &Path, why: impl std::fmt::Display) -> StoreError {
    StoreError::Transfer(format!("{}: {why}", path.display()))
}

impl Source {
    /// Locks the file, and goes through all of it.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(refused(path, "there is no such file"));
        }
        let options = SqliteFile::new(path)
            .options()
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(BUSY)
            // Kibibytes: rows of a table whose order is not that of the file.
            .pragma("cache_size", "-65536")
            .row_buffer_size(AHEAD_ROWS);
        let connection = options.connect().await;
        let connection = connection.map_err(|error| unreadable(path, &error))?;
        let mut source = Self {
            connection,
            path: path.to_owned(),
        };
        source.lock().await?;
        source.ensure_current().await?;
        source.check().await?;
        Ok(source)
    }

    /// For as long as the transaction is open, which is until the end, nobody else reads or writes.
    async fn lock(&mut self) -> Result<(), StoreError> {
        let locked = sqlx::query("begin exclusive")
            .execute(&mut self.connection)
            .await;
        match locked {
            Ok(_) => Ok(()),
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }

    async fn ensure_current(&mut self) -> Result<(), StoreError> {
        let has_versions: i64 = self
            .one(include_str!("../../sql/sqlite/has_versions.sql"))
            .await?;
        if has_versions == 0 {
            return Err(refused(
                &self.path,
                "this SQLite file is no store of hgpixel's",
            ));
        }
        let version: i64 = self.one(migration::VERSION).await?;
        let path = self.path.display();
        match version.cmp(&migration::newest()) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(StoreError::Schema(format!(
                "{path}: its tables have version {version}, this program knows {} at most: run a later hgpixel",
                migration::newest()
            ))),
            std::cmp::Ordering::Less => Err(StoreError::Schema(format!(
                "{path}: its tables have version {version}, this program moves those of version {}: bring them up to date first, with \
                 HGPIXEL_STORE__URL=sqlite:{path} hgpixel migrate",
                migration::newest()
            ))),
        }
    }

    /// Goes through the whole file, indexes included.
    async fn check(&mut self) -> Result<(), StoreError> {
        let verdict: String = self.one("pragma integrity_check(1)").await?;
        match verdict.as_str() {
            "ok" => Ok(()),
            found => Err(refused(
                &self.path,
                format_args!("it is damaged ({found}): restore a backup and move that"),
            )),
        }
    }

    /// How many rows of a table there are to move.
    pub(super) async fn plan(
        &mut self,
        table: &'static Table,
        columns: Vec<Column>,
        clock: &Clock,
    ) -> Result<Planned, StoreError> {
        let filter = match table.name {
            "salts" => {
                let yesterday = clock.now_ms().div_euclid(DAY_MS) - 1;
                format!(" where day >= {yesterday}")
            }
            _ => String::new(),
        };
        let count = format!("select count(*) from {}{filter}", table.name);
        let rows: i64 = self.one(&count).await?;
        Ok(Planned {
            table,
            columns,
            filter,
            rows: rows.unsigned_abs(),
            moved: 0,
        })
    }

    /// By which a store is known, as it is now: the number of rows of every table, and what is in the small ones.
    pub(super) async fn identity(&mut self, tables: &[Planned]) -> Result<String, StoreError> {
        let mut hash = Sha256::new();
        for planned in tables {
            let table = planned.table;
            // All of its rows, not those of the plan: salts grow old between two tries.
            let sum = match table.size {
                Size::Small => self.sum_of(planned, "").await?,
                Size::Large => Checksum::default(),
            };
            let count = format!("select count(*) from {}", table.name);
            let rows: i64 = self.one(&count).await?;
            hash.update(format!("{}:{rows}:{sum}\n", table.name));
        }
        // The place of the newest event: it tells, where their number does not, that some went and others came.
        let last: Option<i64> = self.one("select max(rowid) from events").await?;
        hash.update(last.unwrap_or(0).to_be_bytes());
        let mut identity = String::with_capacity(64);
        for byte in hash.finalize() {
            write!(identity, "{byte:02x}").expect("a text takes everything");
        }
        Ok(identity)
    }

    /// The rows of a table in its order, but for the first `skipped`.
    pub(super) fn rows(
        &mut self,
        planned: &Planned,
        skipped: u64,
    ) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        let order = match planned.table.order {
            Order::Key => planned.table.key,
            Order::Arrival => "rowid",
        };
        let rest = format!(
            "{} order by {order} limit -1 offset {skipped}",
            planned.filter
        );
        self.select(planned, &rest)
    }

    /// The rows of a table by its key.
    pub(super) fn rows_by_key(
        &mut self,
        planned: &Planned,
    ) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        let rest = format!("{} order by {}", planned.filter, planned.table.key);
        self.select(planned, &rest)
    }

    fn select(
        &mut self,
        planned: &Planned,
        rest: &str,
    ) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        let select = format!(
            "select {} from {}{rest}",
            columns::list(&planned.columns),
            planned.table.name
        );
        // Names of ours and numbers alone are put into this text.
        sqlx::query(AssertSqlSafe(select))
            .persistent(false)
            .fetch(&mut self.connection)
    }

    /// The checksum of the rows of a table that move, read as they lie.
    pub(super) async fn sum(&mut self, planned: &Planned) -> Result<Checksum, StoreError> {
        self.sum_of(planned, &planned.filter).await
    }

    async fn sum_of(&mut self, planned: &Planned, filter: &str) -> Result<Checksum, StoreError> {
        let mut sum = Checksum::default();
        let mut bytes = Vec::new();
        let mut rows = self.select(planned, filter);
        while let Some(row) = rows.try_next().await? {
            bytes.clear();
            columns::encode(&row, &planned.columns, &mut bytes)?;
            sum.add(&bytes);
        }
        Ok(sum)
    }

    /// The weeks that have events and may have a partition.
    pub(super) async fn weeks(
        &mut self,
        clock: &Clock,
        weeks_ahead: u32,
    ) -> Result<Vec<i64>, StoreError> {
        // Site by site, which is how the index has them.
        let ends = "select min(first), max(last) from (
             select (select min(event_id) from events where site = s.id) as first,
                    (select max(event_id) from events where site = s.id) as last
             from sites s
           )";
        let (first, last): (Option<Uuid>, Option<Uuid>) =
            sqlx::query_as(ends).fetch_one(&mut self.connection).await?;
        let Some((first, last)) = first.zip(last) else {
            return Ok(Vec::new());
        };
        let has_events = "select exists (
             select 1 from sites s
             where exists (select 1 from events where site = s.id and event_id >= $1 and event_id < $2)
           )";
        let mut weeks = Vec::new();
        // One that is empty would cost every question a look.
        for week in partition::weeks(first, last, clock, weeks_ahead) {
            let (from, until) = partition::bounds(week);
            let is_wanted: bool = sqlx::query_scalar(has_events)
                .bind(from)
                .bind(until)
                .fetch_one(&mut self.connection)
                .await?;
            if is_wanted {
                weeks.push(week);
            }
        }
        Ok(weeks)
    }

    /// The highest number that a table has ever given to a row, as far as the file knows.
    pub(super) async fn last_number(&mut self, table: &Table) -> Result<i64, StoreError> {
        let name = table.name;
        let select = format!(
            "select max(
               coalesce((select max(id) from {name}), 0),
               coalesce((select seq from sqlite_sequence where name = '{name}'), 0)
             )"
        );
        self.one(&select).await
    }

    async fn one<T>(&mut self, select: &str) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
    {
        // Names of ours alone are put into these texts.
        sqlx::query_scalar(AssertSqlSafe(select.to_owned()))
            .persistent(false)
            .fetch_one(&mut self.connection)
            .await
            .map_err(|error| unreadable(&self.path, &error))
    }

    /// Lets others open the file again. What is wrong with it now does not matter: everything has arrived.
    pub(super) async fn close(mut self) {
        sqlx::query("rollback")
            .execute(&mut self.connection)
            .await
            .ok();
        self.connection.close().await.ok();
    }
}

fn unreadable(path: &Path, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let primary = code
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xFF);
    match primary {
        // BUSY, LOCKED.
        Some(5 | 6) => refused(
            path,
            "another process has it open: stop it, and start it no more on this file",
        ),
        // NOTADB.
        Some(26) => refused(path, "this is no SQLite file"),
        _ => refused(path, format_args!("it cannot be read: {error}")),
    }
}
