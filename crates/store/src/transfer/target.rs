//! The database: in our hands alone, empty or half filled by the same move, and half filled until the end.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use hgpixel_config::Store as Settings;
use hgpixel_event::Clock;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::EarlierTransfer;
use super::columns::{self, Column, Kind};
use super::copy::Planned;
use super::tables::{MADE_AT_START, TABLES, Table};
use crate::error::StoreError;
use crate::pool::{Backend, Pool};
use crate::{migration, partition};

/// By which the server knows our connections, and we those of others.
const NAME: &str = "hgpixel migrate-store";
/// "hgpmoves", as a number: the advisory lock of the move.
const LOCK: i64 = 0x6867_706D_6F76_6573;
/// The server needs a moment to notice that a try was killed.
const LOCK_WAIT: &str = "set lock_timeout = '10s'";
/// How long a server may take for one answer: it may be busy, and tables large.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// Whether the database is half filled. (It may not have the table: it is looked up by its name.)
pub(super) const IS_HALF_FILLED: &str = "select to_regclass('hgpixel_transfer') is not null";

/// Bytes of rows, cut anywhere.
pub(super) type Pieces<'t> = BoxStream<'t, Result<Vec<u8>, sqlx::Error>>;

/// The database, for as long as it is filled.
#[derive(Debug)]
pub(super) struct Target {
    connection: PgConnection,
    pool: Pool,
}

fn refused(why: impl Into<String>) -> StoreError {
    StoreError::Transfer(why.into())
}

impl Target {
    /// Connects, and sees to it that we are alone and the tables are there.
    pub(super) async fn open(
        settings: &Settings,
        clock: &Clock,
        earlier: EarlierTransfer,
    ) -> Result<Self, StoreError> {
        let pool = Pool::connect_as(settings, NAME).await?;
        let Backend::Postgres(db) = &pool.backend else {
            return Err(refused("the database is no PostgreSQL"));
        };
        let connection = db.acquire().await?.detach();
        let mut target = Self { connection, pool };
        target.lock().await?;
        target.ensure_alone().await?;
        let is_half_filled = target.is_half_filled().await?;
        if !is_half_filled {
            // Before the tables are changed: another's are left as they are.
            target.ensure_empty().await?;
        }
        migration::migrate(&target.pool, clock).await?;
        partition::prepare(&target.pool, clock, settings.partition_weeks_ahead).await?;
        if is_half_filled && earlier == EarlierTransfer::Forget {
            target.forget().await?;
        }
        Ok(target)
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(&mut self.connection).await?;
        Ok(())
    }

    async fn lock(&mut self) -> Result<(), StoreError> {
        // What follows takes as long as the tables are large.
        self.run("set statement_timeout = 0").await?;
        self.run(LOCK_WAIT).await?;
        let locked = sqlx::query("select pg_advisory_lock($1)")
            .bind(LOCK)
            .execute(&mut self.connection)
            .await;
        match locked {
            Ok(_) => Ok(()),
            Err(error) if is_lock_timeout(&error) => Err(refused(
                "another `hgpixel migrate-store` is at work on this database",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Nobody of ours is connected. Whoever comes later is refused by [`super::ensure_whole`].
    async fn ensure_alone(&mut self) -> Result<(), StoreError> {
        let select = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'hgpixel'";
        let others: i64 = sqlx::query_scalar(select)
            .fetch_one(&mut self.connection)
            .await?;
        if others > 0 {
            return Err(refused(
                "processes of hgpixel are connected to the database: stop all of them until the store has arrived",
            ));
        }
        Ok(())
    }

    async fn is_half_filled(&mut self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(IS_HALF_FILLED)
            .fetch_one(&mut self.connection)
            .await?)
    }

    /// Nothing is there but what a process makes when it starts.
    async fn ensure_empty(&mut self) -> Result<(), StoreError> {
        let mut filled = Vec::new();
        for table in TABLES.iter().map(|table| table.name) {
            if MADE_AT_START.contains(&table) {
                continue;
            }
            // Names of ours alone are put into these texts.
            let is_there = format!("select to_regclass('{table}') is not null");
            let has_rows = format!("select exists (select 1 from {table})");
            if self.tells(is_there).await? && self.tells(has_rows).await? {
                filled.push(table);
            }
        }
        if filled.is_empty() {
            return Ok(());
        }
        Err(refused(format!(
            "the database holds something already (in the tables {}), and stores cannot be put together: give an empty one. (If an earlier \
             `hgpixel migrate-store` has filled it, that came to its end.)",
            filled.join(", ")
        )))
    }

    async fn tells(&mut self, select: String) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(AssertSqlSafe(select))
            .persistent(false)
            .fetch_one(&mut self.connection)
            .await?)
    }

    /// Throws away what an earlier try has brought.
    async fn forget(&mut self) -> Result<(), StoreError> {
        let mut transaction = self.connection.begin().await?;
        for table in TABLES {
            let truncate = format!("truncate {}", table.name);
            sqlx::query(AssertSqlSafe(truncate))
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("drop table hgpixel_transfer")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The columns of all tables, in their order.
    pub(super) async fn columns(&mut self) -> Result<Vec<Column>, StoreError> {
        let select =
            "select table_name::text, column_name::text, udt_name::text, is_identity = 'YES'
             from information_schema.columns
             where table_schema = current_schema()
             order by table_name, ordinal_position";
        let rows: Vec<(String, String, String, bool)> = sqlx::query_as(select)
            .fetch_all(&mut self.connection)
            .await?;
        let ours = |(table, ..): &(String, String, String, bool)| {
            TABLES.iter().any(|known| known.name == table)
        };
        rows.into_iter()
            .filter(ours)
            .map(|(table, name, kind, is_identity)| {
                let kind = Kind::of(&kind).ok_or_else(|| {
                    refused(format!("{table}.{name} is of the unknown type {kind}"))
                })?;
                Ok(Column {
                    table,
                    name,
                    kind,
                    is_identity,
                })
            })
            .collect()
    }

    /// Begins the move of the store that `identity` names, or learns how many rows an earlier try of it has moved.
    pub(super) async fn begin(
        &mut self,
        identity: &str,
        tables: &mut [Planned],
    ) -> Result<(), StoreError> {
        if !self.is_half_filled().await? {
            self.mark(identity, tables).await?;
        }
        // Whoever connected before the mark was there is seen now, and whoever comes after it sees it.
        self.ensure_alone().await?;
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("select name, source, moved from hgpixel_transfer")
                .fetch_all(&mut self.connection)
                .await?;
        // The identity names the tables too: another version of this program does not go on either.
        if rows.iter().any(|(_, source, _)| source != identity) {
            return Err(refused(
                "the database is half filled from another store, or from this one as it was before it changed: `--start-over` throws away \
                 what has arrived here, and begins anew with the file as it is now",
            ));
        }
        let moved: HashMap<String, i64> = rows
            .into_iter()
            .map(|(name, _, moved)| (name, moved))
            .collect();
        for planned in tables {
            let moved = moved.get(planned.table.name);
            planned.moved = moved.copied().unwrap_or(0).unsigned_abs();
        }
        Ok(())
    }

    async fn mark(&mut self, identity: &str, tables: &[Planned]) -> Result<(), StoreError> {
        let mut transaction = self.connection.begin().await?;
        for made in MADE_AT_START {
            let delete = format!("delete from {made}");
            sqlx::query(AssertSqlSafe(delete))
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("create table hgpixel_transfer (name text primary key, source text not null, moved bigint not null)")
            .execute(&mut *transaction)
            .await?;
        for planned in tables {
            sqlx::query("insert into hgpixel_transfer (name, source, moved) values ($1, $2, 0)")
                .bind(planned.table.name)
                .bind(identity)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn make_partitions(&mut self, weeks: Vec<i64>) -> Result<(), StoreError> {
        partition::make_all(&mut self.connection, weeks).await
    }

    /// A transaction in which rows arrive.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The rows of a table as they lie, for [`columns::Rows`] to take apart.
    pub(super) async fn rows(&mut self, planned: &Planned) -> Result<Pieces<'_>, StoreError> {
        self.pieces(planned, "").await
    }

    /// The rows of a table by its key, in the order that SQLite has too: of bytes.
    pub(super) async fn rows_by_key(
        &mut self,
        planned: &Planned,
    ) -> Result<Pieces<'_>, StoreError> {
        let is_text = |name: &str| {
            let mut columns = planned.columns.iter();
            columns.any(|column| column.name == name && column.kind == Kind::Text)
        };
        let keys = planned.table.key.split(", ").map(|name| {
            let collation = if is_text(name) { " collate \"C\"" } else { "" };
            format!("\"{name}\"{collation}")
        });
        let order = format!(" order by {}", keys.collect::<Vec<_>>().join(", "));
        self.pieces(planned, &order).await
    }

    async fn pieces(&mut self, planned: &Planned, tail: &str) -> Result<Pieces<'_>, StoreError> {
        let copy = format!(
            "copy (select {} from {}{}{tail}) to stdout (format binary)",
            columns::list(&planned.columns),
            planned.table.name,
            planned.filter
        );
        let pieces = self.connection.copy_out_raw(&copy).await?;
        Ok(pieces.map_ok(|piece| piece.to_vec()).boxed())
    }

    /// From now on the table's own numbers are higher than `last`.
    pub(super) async fn number_from(&mut self, table: &Table, last: i64) -> Result<(), StoreError> {
        if last == 0 {
            return Ok(());
        }
        sqlx::query("select setval(pg_get_serial_sequence($1, 'id'), $2)")
            .bind(table.name)
            .bind(last)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Opens the database to everybody.
    pub(super) async fn end(mut self) -> Result<(), StoreError> {
        for table in TABLES {
            // Without, the first questions would be planned as if the tables were empty.
            let analyze = format!("analyze {}", table.name);
            sqlx::query(AssertSqlSafe(analyze))
                .execute(&mut self.connection)
                .await?;
        }
        self.run("drop table hgpixel_transfer").await?;
        self.connection.close().await?;
        self.pool.close().await;
        Ok(())
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "55P03")
}
