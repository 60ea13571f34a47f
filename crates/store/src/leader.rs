//! One leader at a time, by a lock of the database.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::error::StoreError;
use crate::pool::{Backend, Pool};

/// "hgpleads", as a number: the advisory lock that the leader holds.
const LOCK: i64 = 0x6867_706C_6561_6473;
/// A connection that does not answer within this time is taken for lost, and the lock with it.
const ALIVE_WITHIN: Duration = Duration::from_secs(2);

/// The right to do what one process alone should do: rotate salts, make partitions, prune. It ends when it is dropped, and when
/// the connection that holds it is lost: ask [`Leadership::is_held`] before each piece of work.
#[derive(Debug)]
pub struct Leadership {
    /// A connection of its own, for the lock lives as long as it. SQLite has one process, which leads without a lock.
    connection: Option<PgConnection>,
}

impl Leadership {
    pub(crate) async fn try_take(pool: &Pool) -> Result<Option<Self>, StoreError> {
        let Backend::Postgres(postgres) = &pool.backend else {
            return Ok(Some(Self { connection: None }));
        };
        let mut connection = postgres.acquire().await?.detach();
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        Ok(taken.then_some(Self {
            connection: Some(connection),
        }))
    }

    /// Whether the lock is still ours: on PostgreSQL one round trip on the connection that holds it, 2 s at most.
    pub async fn is_held(&mut self) -> bool {
        let Some(connection) = &mut self.connection else {
            return true;
        };
        matches!(
            tokio::time::timeout(ALIVE_WITHIN, connection.ping()).await,
            Ok(Ok(()))
        )
    }

    /// Gives the lock up now. (Dropping gives it up as well, once the server has noticed.)
    pub async fn resign(self) {
        let Some(connection) = self.connection else {
            return;
        };
        if let Ok(Err(error)) = tokio::time::timeout(ALIVE_WITHIN, unlock(connection)).await {
            tracing::debug!(%error, "the leader's connection did not close in order");
        }
    }
}

async fn unlock(mut connection: PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(LOCK)
        .execute(&mut connection)
        .await?;
    connection.close().await
}
