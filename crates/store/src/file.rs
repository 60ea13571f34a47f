//! A SQLite file as a whole: to copy it while others write to it, to see whether it is sound, and to move it as one file.
//!
//! It works beside a serving process, and knows nothing of what is in the file: see [`StoreFile`] for that.

mod contents;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

pub use contents::{Settled, StoreContents, StoreFile};

use crate::error::StoreError;

/// How long somebody else's lock is waited for. A transaction of the worker's holds one for some milliseconds.
const BUSY: Duration = Duration::from_secs(10);

/// A SQLite file of any use, by its path.
#[derive(Clone, Debug)]
pub struct SqliteFile {
    path: PathBuf,
}

impl SqliteFile {
    /// The file at `path`, which nothing looks at yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is committed now to `to`, which must be empty or absent: one file, without a log, without what was deleted.
    ///
    /// It is SQLite's `vacuum into`, which holds one read transaction for as long as it takes: nobody waits for it, and the log of the
    /// file grows meanwhile. Its online backup would begin again each time that another process writes, and so would not end under
    /// a steady load. Nothing is forced to the disk: that is the caller's.
    ///
    /// # Errors
    /// When the file cannot be read, or `to` not be written.
    pub async fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let mut from = self.options().connect().await?;
        let copied = sqlx::query("vacuum into $1")
            .bind(text(to)?)
            .execute(&mut from)
            .await;
        from.close().await?;
        copied?;
        Ok(())
    }

    /// How many bytes a copy will have, about: what the file holds, its free pages left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn live_bytes(&self) -> Result<u64, StoreError> {
        let mut file = self.options().connect().await?;
        let size = "select (p.page_count - f.freelist_count) * s.page_size
             from pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
        let bytes: Result<i64, _> = sqlx::query_scalar(size).fetch_one(&mut file).await;
        file.close().await?;
        Ok(bytes?.unsigned_abs())
    }

    /// Goes through the whole file, indexes included.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what SQLite found, [`StoreError::Unavailable`] when it cannot even be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut file = self.options().read_only(true).connect().await?;
        let verdict: Result<String, _> = sqlx::query_scalar("pragma integrity_check(1)")
            .fetch_one(&mut file)
            .await;
        file.close().await?;
        match verdict?.as_str() {
            "ok" => Ok(()),
            found => Err(StoreError::Invalid(format!(
                "{} is damaged: {found}",
                self.path.display()
            ))),
        }
    }

    /// Moves the log into the file, so that it can be moved as one. Tells whether it could: not while anybody has the file open, which
    /// SQLite knows by its locks.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub async fn fold(&self) -> Result<bool, StoreError> {
        let mut file = self
            .options()
            .busy_timeout(Duration::ZERO)
            .connect()
            .await?;
        let folded = sqlx::query("pragma journal_mode = delete")
            .execute(&mut file)
            .await;
        file.close().await?;
        match folded {
            Err(error) if is_busy(&error) => Ok(false),
            folded => folded.map(|_| true).map_err(StoreError::from),
        }
    }

    pub(crate) fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .busy_timeout(BUSY)
            .foreign_keys(false)
            .disable_statement_logging()
    }

    async fn open_to_read(&self) -> Result<SqliteConnection, StoreError> {
        Ok(self.options().connect().await?)
    }
}

/// `SQLITE_BUSY`, in the lowest byte of an extended code.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xFF == 5)
}

fn text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| {
        StoreError::Invalid(format!(
            "{} is no text in UTF-8: choose another name",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn made(path: &Path) -> SqliteConnection {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .connect()
            .await
            .unwrap();
        let fill = "create table t (a text not null);
            insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
            select 'a text of some length, number ' || i from n";
        sqlx::raw_sql(fill).execute(&mut connection).await.unwrap();
        connection
    }

    async fn rows(path: &Path) -> i64 {
        let mut file = SqliteFile::new(path).open_to_read().await.unwrap();
        sqlx::query_scalar("select count(*) from t")
            .fetch_one(&mut file)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_copy_has_what_was_committed_and_not_what_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("it's.db"));
        let mut writer = made(&from).await;
        sqlx::raw_sql("begin immediate; delete from t where rowid > 10")
            .execute(&mut writer)
            .await
            .unwrap();
        SqliteFile::new(&from).copy_to(&to).await.unwrap();
        assert_eq!(rows(&to).await, 1_000);
        SqliteFile::new(&to).check().await.unwrap();
        let again = SqliteFile::new(&from).copy_to(&to).await;
        assert!(again.is_err(), "a file that is there was written over");
    }

    #[tokio::test]
    async fn a_damaged_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        made(&path).await.close().await.unwrap();
        let file = SqliteFile::new(&path);
        file.check().await.unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // The header of the last page, a leaf of the table.
        let at = bytes.len() - 4_096;
        bytes[at..at + 8].fill(0xFF);
        std::fs::write(&path, bytes).unwrap();
        assert!(file.check().await.is_err());
    }

    #[tokio::test]
    async fn a_file_that_somebody_has_open_is_not_folded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let other = made(&path).await;
        let file = SqliteFile::new(&path);
        assert!(!file.fold().await.unwrap());
        other.close().await.unwrap();
        assert!(file.fold().await.unwrap());
        assert!(!folder.path().join("a.db-wal").exists());
        assert_eq!(rows(&path).await, 1_000);
    }
}
