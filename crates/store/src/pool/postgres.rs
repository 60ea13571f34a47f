//! The PostgreSQL server and its settings.

use std::str::FromStr;
use std::time::Duration;

use hgpixel_config::Store as Settings;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

use super::Backend;
use crate::error::StoreError;

/// A connection that has been idle longer than this is asked whether it lives before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(30);
/// That question must be answered within this time, or the connection is thrown away.
const ALIVE_WITHIN: Duration = Duration::from_millis(500);
/// Connections are renewed, so that what a server keeps for each cannot grow for ever.
const LIFETIME_MAX: Duration = Duration::from_mins(30);

pub(super) async fn connect(
    url: &str,
    settings: &Settings,
    name: &str,
) -> Result<Backend, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections_max.max(1))
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .max_lifetime(LIFETIME_MAX)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > IDLE_TRUSTED {
                    alive(connection).await?;
                }
                Ok(true)
            })
        })
        // The pool asks too, but would wait for ever where a network swallows the answer, and keep the connection's place.
        .after_release(|connection, _| {
            Box::pin(async move {
                alive(connection).await?;
                Ok(true)
            })
        })
        .connect_with(options(url, settings)?.application_name(name))
        .await?;
    warn_of_unsafe_settings(&pool).await?;
    Ok(Backend::Postgres(pool))
}

fn options(url: &str, settings: &Settings) -> Result<PgConnectOptions, StoreError> {
    // The parser's message may quote the address, and with it the password.
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        StoreError::Invalid(
            "store.url: the address of the PostgreSQL server cannot be read".to_owned(),
        )
    })?;
    let statement_timeout_ms = settings.statement_timeout_ms.to_string();
    Ok(options.options([
        ("statement_timeout", statement_timeout_ms.as_str()),
        // The server lets go of the locks of a client that vanished without a word.
        ("idle_in_transaction_session_timeout", "60000"),
        ("tcp_keepalives_idle", "30"),
        ("tcp_keepalives_interval", "10"),
        ("tcp_keepalives_count", "3"),
        // Filters are bound values; a plan that ignores them would choose the wrong index for rare ones.
        ("plan_cache_mode", "force_custom_plan"),
        ("jit", "off"),
        // Joins are written in the order in which they should run; to try all others takes longer than to run them.
        ("join_collapse_limit", "1"),
    ]))
}

async fn alive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    tokio::time::timeout(ALIVE_WITHIN, connection.ping())
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

/// What "durable" means rests on the server; where it was told to be fast instead, the operator should hear of it.
async fn warn_of_unsafe_settings(pool: &PgPool) -> Result<(), StoreError> {
    let settings: Vec<(String, String)> =
        sqlx::query_as(include_str!("../../sql/postgres/unsafe_settings.sql"))
            .fetch_all(pool)
            .await?;
    for (name, value) in settings {
        tracing::warn!(
            setting = name,
            value,
            "the database server may lose committed events in a power cut"
        );
    }
    Ok(())
}
