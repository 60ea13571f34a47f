//! What to do with a damaged file: set it aside, and read out of it what can be read.
//!
//! SQLite walks a table until it meets a damaged page. So a table is read from its beginning, then from its end, and the rows
//! between the two places are asked for one by one. A batch whose bytes were changed inside an intact page is not noticed
//! here; the worker finds that it cannot be decoded.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use hgpixel_event::Clock;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Row as _};
use tracing::warn;
use uuid::Uuid;

use super::file::{self, Opened};
use super::owner::beside;

/// Rows between two damaged places that are asked for one by one: about a second's worth.
const GAP_MAX: i64 = 20_000;

/// How many rows were read out of a damaged file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Salvaged {
    pub(super) batches: u64,
    pub(super) dead_letters: u64,
}

/// Renames the file and its log, so that SQLite still finds the two together.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = beside(path, &format!("corrupt-{}", Clock::system().now_ms()));
    std::fs::rename(path, &aside)?;
    let with = |path: &Path, ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    match std::fs::rename(with(path, "-wal"), with(&aside, "-wal")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The index of the log; SQLite makes it anew.
    match std::fs::remove_file(with(path, "-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(aside),
    }
}

/// Copies what can be read of the damaged file into the new one.
pub(super) async fn salvage(damaged: &Path, new: &mut Opened) -> sqlx::Result<Salvaged> {
    let mut old = match file::options(damaged).connect().await {
        Ok(old) => old,
        Err(error) => {
            warn!(error = %error, "nothing of the damaged queue file can be read");
            return Ok(Salvaged::default());
        }
    };
    let ledger = file::ledger(&mut old).await.unwrap_or_default();
    let batches = Table {
        name: "batches",
        columns: "seq, id, events, replayed, body",
        last_seq: Some(ledger.last_seq).filter(|seq| *seq > 0),
    };
    let letters = Table {
        name: "dead_letters",
        columns: "seq, id, reason, detail, at_ms, line",
        last_seq: None,
    };
    let batches = readable(&mut old, &batches).await;
    let letters = readable(&mut old, &letters).await;

    let mut salvaged = Salvaged::default();
    sqlx::query("begin immediate")
        .execute(&mut new.connection)
        .await?;
    for row in batches.values() {
        salvaged.batches += u64::from(copy_batch(row, &mut new.connection).await);
    }
    for row in letters.values() {
        salvaged.dead_letters += u64::from(copy_letter(row, &mut new.connection).await);
    }
    new.ledger.last_seq = ledger
        .last_seq
        .max(batches.keys().last().copied().unwrap_or(0));
    new.ledger.accepted = ledger.accepted.max(0);
    sqlx::query("update ledger set last_seq = $1, accepted = $2")
        .bind(new.ledger.last_seq)
        .bind(new.ledger.accepted)
        .execute(&mut new.connection)
        .await?;
    sqlx::query("commit").execute(&mut new.connection).await?;
    new.depth = salvaged.batches;
    Ok(salvaged)
}

struct Table {
    name: &'static str,
    columns: &'static str,
    /// The highest number of a row, where it is known.
    last_seq: Option<i64>,
}

/// Every row of a table that SQLite can reach, by its number.
async fn readable(old: &mut SqliteConnection, table: &Table) -> BTreeMap<i64, SqliteRow> {
    let Table { name, columns, .. } = table;
    let mut rows = BTreeMap::new();
    let forwards = format!("select {columns} from {name} order by seq");
    if read_until_damage(old, forwards, &mut rows).await {
        return rows;
    }
    let reached = rows.keys().last().copied().unwrap_or(0);
    let backwards = format!("select {columns} from {name} where seq > {reached} order by seq desc");
    let mut upper = BTreeMap::new();
    read_until_damage(old, backwards, &mut upper).await;
    let known_end = upper.keys().next().copied();
    let known_end = known_end.or(table.last_seq.map(|last| last.saturating_add(1)));
    let end = known_end
        .unwrap_or(i64::MAX)
        .min(reached.saturating_add(GAP_MAX));
    for seq in reached.saturating_add(1)..end {
        let one = format!("select {columns} from {name} where seq = {seq}");
        read_until_damage(old, one, &mut rows).await;
    }
    rows.append(&mut upper);
    rows
}

/// Whether all rows were read.
async fn read_until_damage(
    old: &mut SqliteConnection,
    query: String,
    rows: &mut BTreeMap<i64, SqliteRow>,
) -> bool {
    // Made of names and numbers of ours.
    let mut found = sqlx::query(sqlx::AssertSqlSafe(query))
        .persistent(false)
        .fetch(old);
    loop {
        match found.try_next().await {
            Ok(Some(row)) => {
                if let Ok(seq) = row.try_get(0) {
                    rows.insert(seq, row);
                }
            }
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Whether the row is whole, and copied.
async fn copy_batch(row: &SqliteRow, new: &mut SqliteConnection) -> bool {
    let copy = async {
        sqlx::query(
            "insert into batches (seq, id, events, replayed, body) values ($1, $2, $3, $4, $5)",
        )
        .bind(row.try_get::<i64, _>(0)?)
        .bind(row.try_get::<Uuid, _>(1)?)
        .bind(row.try_get::<i64, _>(2)?)
        .bind(row.try_get::<i64, _>(3)?)
        .bind(row.try_get::<Vec<u8>, _>(4)?)
        .execute(new)
        .await
    };
    kept(&copy.await)
}

async fn copy_letter(row: &SqliteRow, new: &mut SqliteConnection) -> bool {
    let copy = async {
        sqlx::query(
            "insert into dead_letters (seq, id, reason, detail, at_ms, line) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(row.try_get::<i64, _>(0)?)
        .bind(row.try_get::<Uuid, _>(1)?)
        .bind(row.try_get::<String, _>(2)?)
        .bind(row.try_get::<String, _>(3)?)
        .bind(row.try_get::<i64, _>(4)?)
        .bind(row.try_get::<String, _>(5)?)
        .execute(new)
        .await
    };
    kept(&copy.await)
}

fn kept<T>(copied: &sqlx::Result<T>) -> bool {
    if let Err(error) = copied {
        warn!(error = %error, "a row of the damaged queue file is left behind");
    }
    copied.is_ok()
}
