//! The connections, and the two databases behind them.
//!
//! SQLite has one connection that writes, whose transactions take the write lock at once, and a few that only read: the
//! write-ahead log lets them work at the same time. PostgreSQL has one pool for both.

use std::future::Future;
use std::time::Duration;

use hgpixel_config::{Store as Settings, StoreUrl};
use sqlx::{PgPool, SqlitePool};

use crate::error::StoreError;

mod postgres;
mod sqlite;

/// Open connections to one of the databases. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) backend: Backend,
    /// No call waits longer than this for its answer: the wait for a connection, the statement itself, and a little.
    deadline: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

/// An open transaction that writes.
#[derive(Debug)]
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Runs the body with `$db` as a pool of connections that read; it is compiled once per database.
macro_rules! reading {
    ($pool:expr, $db:ident => $body:expr) => {
        match &$pool.backend {
            $crate::pool::Backend::Sqlite { read: $db, .. } => $body,
            $crate::pool::Backend::Postgres($db) => $body,
        }
    };
    ($pool:expr, $db:ident: $Db:ident => $body:expr) => {
        match &$pool.backend {
            $crate::pool::Backend::Sqlite { read: $db, .. } => {
                type $Db = sqlx::Sqlite;
                $body
            }
            $crate::pool::Backend::Postgres($db) => {
                type $Db = sqlx::Postgres;
                $body
            }
        }
    };
}

/// Runs the body with `$db` as a pool of connections that write; it is compiled once per database.
macro_rules! writing {
    ($pool:expr, $db:ident => $body:expr) => {
        match &$pool.backend {
            $crate::pool::Backend::Sqlite { write: $db, .. } => $body,
            $crate::pool::Backend::Postgres($db) => $body,
        }
    };
    ($pool:expr, $db:ident: $Db:ident => $body:expr) => {
        match &$pool.backend {
            $crate::pool::Backend::Sqlite { write: $db, .. } => {
                type $Db = sqlx::Sqlite;
                $body
            }
            $crate::pool::Backend::Postgres($db) => {
                type $Db = sqlx::Postgres;
                $body
            }
        }
    };
}

/// Runs the body with `$connection` as the connection of a transaction, and, where named, `$Db` as the database's type; it is compiled
/// once per database.
macro_rules! within {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match &mut $transaction {
            $crate::pool::Transaction::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::pool::Transaction::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
    ($transaction:expr, $connection:ident: $Db:ident => $body:expr) => {
        match &mut $transaction {
            $crate::pool::Transaction::Sqlite(transaction) => {
                type $Db = sqlx::Sqlite;
                let $connection = &mut **transaction;
                $body
            }
            $crate::pool::Transaction::Postgres(transaction) => {
                type $Db = sqlx::Postgres;
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

pub(crate) use {reading, within, writing};

impl Pool {
    /// Connects, and fails within the acquire timeout when that is not possible now.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        Self::connect_as(settings, "hgpixel").await
    }

    /// The same under another name, by which a PostgreSQL server tells who is connected.
    pub(crate) async fn connect_as(
        settings: &Settings,
        name: &'static str,
    ) -> Result<Self, StoreError> {
        let acquire = Duration::from_millis(settings.acquire_timeout_ms);
        let statement = Duration::from_millis(settings.statement_timeout_ms);
        let backend = match &settings.url {
            StoreUrl::Sqlite(path) => sqlite::connect(path, settings).await?,
            StoreUrl::Postgres(url) => postgres::connect(url.expose(), settings, name).await?,
        };
        let deadline = acquire + statement + GRACE;
        Ok(Self { backend, deadline })
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        match &self.backend {
            // A deferred transaction that reads and then writes fails when another has written in between.
            Backend::Sqlite { write, .. } => Ok(Transaction::Sqlite(
                write.begin_with("begin immediate").await?,
            )),
            Backend::Postgres(pool) => Ok(Transaction::Postgres(pool.begin().await?)),
        }
    }

    /// Waits for `work`, but not for ever: a server that is frozen, or behind a network that swallows everything, never answers.
    pub(crate) async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.deadline, work)
            .await
            .unwrap_or_else(|_| Err(StoreError::timeout(self.deadline)))
    }

    pub(crate) async fn close(&self) {
        match &self.backend {
            Backend::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }
}

/// What the database's own timeout needs to reach us before ours strikes.
const GRACE: Duration = Duration::from_secs(1);

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await?,
            Self::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }
}
