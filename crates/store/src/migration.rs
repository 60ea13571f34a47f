//! The tables and their versions.
//!
//! A version is a file of the same name in two folders, one per database. All that are missing are applied in one
//! transaction, under a lock, so that several processes may start at once.

use hgpixel_event::Clock;

use crate::error::StoreError;
use crate::pool::{Backend, Pool, Transaction, reading, within};
use crate::transfer;

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_tables"),
    migration!(2, "0002_sites"),
    migration!(3, "0003_stats"),
    migration!(4, "0004_dashboard"),
    migration!(5, "0005_rollups"),
    migration!(6, "0006_bots"),
];

/// "hgpixel", as a number: the advisory lock under which tables are changed.
const LOCK: i64 = 0x0068_6770_6978_656C;

/// Applies what is missing.
pub(crate) async fn migrate(pool: &Pool, clock: &Clock) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    if let Transaction::Postgres(postgres) = &mut transaction {
        // Large tables take longer than a query may.
        sqlx::query("set local statement_timeout = 0")
            .execute(&mut **postgres)
            .await?;
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut **postgres)
            .await?;
    }
    let create = include_str!("../sql/migration.create_table.sql");
    within!(transaction, db => sqlx::query(create).execute(db).await?.rows_affected());
    let version: i64 = within!(transaction, db => sqlx::query_scalar(VERSION).fetch_one(db).await?);
    ensure_known(version)?;
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.version > version)
    {
        apply(&mut transaction, migration, clock).await?;
    }
    transaction.commit().await
}

async fn apply(
    transaction: &mut Transaction,
    migration: &Migration,
    clock: &Clock,
) -> Result<(), StoreError> {
    match transaction {
        Transaction::Sqlite(sqlite) => sqlx::raw_sql(migration.sqlite)
            .execute(&mut **sqlite)
            .await
            .map(|_| ())?,
        Transaction::Postgres(postgres) => sqlx::raw_sql(migration.postgres)
            .execute(&mut **postgres)
            .await
            .map(|_| ())?,
    }
    let record = include_str!("../sql/migration.record.sql");
    within!(*transaction, db => sqlx::query(record)
        .bind(migration.version)
        .bind(migration.name)
        .bind(clock.now_ms())
        .execute(db).await?.rows_affected());
    tracing::info!(
        migration = migration.name,
        "the store's tables were migrated"
    );
    Ok(())
}

pub(crate) const VERSION: &str = include_str!("../sql/migration.version.sql");

/// The version of the tables that this program makes.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Whether the tables are of this program's version, and hold a whole store.
pub(crate) async fn ensure_current(pool: &Pool) -> Result<(), StoreError> {
    if !has_versions(pool).await? {
        return Err(StoreError::Schema(
            "the store has no tables yet: run `hgpixel migrate`".to_owned(),
        ));
    }
    let version: i64 = reading!(pool, db => sqlx::query_scalar(VERSION).fetch_one(db).await?);
    ensure_known(version)?;
    if version < newest() {
        return Err(StoreError::Schema(format!(
            "the store's tables have version {version}, this program needs {}: run `hgpixel migrate`",
            newest()
        )));
    }
    transfer::ensure_whole(pool).await
}

fn ensure_known(version: i64) -> Result<(), StoreError> {
    if version > newest() {
        return Err(StoreError::Schema(format!(
            "the store's tables have version {version}, this program knows {} at most: run a later hgpixel",
            newest()
        )));
    }
    Ok(())
}

async fn has_versions(pool: &Pool) -> Result<bool, StoreError> {
    let found: i64 = match &pool.backend {
        Backend::Sqlite { read, .. } => {
            sqlx::query_scalar(include_str!("../sql/sqlite/has_versions.sql"))
                .fetch_one(read)
                .await?
        }
        Backend::Postgres(pool) => {
            sqlx::query_scalar(include_str!("../sql/postgres/has_versions.sql"))
                .fetch_one(pool)
                .await?
        }
    };
    Ok(found > 0)
}
