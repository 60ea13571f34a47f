//! The tables: the same on both databases, migrated once, refused when they are not ours.

use hgpixel_config::{SecretUrl, StoreUrl};
use hgpixel_store::{EventStore, StoreError};
use prometheus::Registry;

use crate::support::{Place, ask, for_each_backend, site};

for_each_backend!(
    migrating_again_changes_nothing,
    a_later_version_is_refused,
    an_earlier_version_asks_for_migration,
);

async fn migrating_again_changes_nothing(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    EventStore::migrate(&place.settings, &place.clock)
        .await
        .unwrap();
    assert_eq!(store.sites().await.unwrap(), [site]);
}

async fn open_error(place: &Place) -> StoreError {
    EventStore::open(&place.settings, place.clock.clone(), &Registry::new())
        .await
        .unwrap_err()
}

async fn a_later_version_is_refused(place: Place) {
    ask(
        &place,
        "insert into schema_versions (version, name, at_ms) values (999, 'later', 0)",
    )
    .await;
    assert!(matches!(open_error(&place).await, StoreError::Schema(text) if text.contains("999")));
    let migrated = EventStore::migrate(&place.settings, &place.clock).await;
    assert!(matches!(migrated, Err(StoreError::Schema(_))));
}

async fn an_earlier_version_asks_for_migration(place: Place) {
    ask(&place, "delete from schema_versions").await;
    assert!(
        matches!(open_error(&place).await, StoreError::Schema(text) if text.contains("hgpixel migrate"))
    );
}

#[tokio::test]
async fn a_store_without_tables_asks_for_migration() {
    for place in [Place::empty_sqlite(), Place::empty_postgres().await] {
        assert!(
            matches!(open_error(&place).await, StoreError::Schema(text) if text.contains("hgpixel migrate"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_migrate_at_once() {
    for place in [Place::empty_sqlite(), Place::empty_postgres().await] {
        let migrate = || EventStore::migrate(&place.settings, &place.clock);
        let migrated = tokio::join!(migrate(), migrate(), migrate(), migrate());
        for result in [migrated.0, migrated.1, migrated.2, migrated.3] {
            result.unwrap();
        }
        place.open().await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_said_soon_and_without_its_password() {
    let mut place = Place::empty_sqlite();
    let port = hgpixel_testkit::free_port();
    place.settings.url = StoreUrl::Postgres(SecretUrl::new(format!(
        "postgres://u:s3cret@127.0.0.1:{port}/d"
    )));
    place.settings.acquire_timeout_ms = 500;
    let started = std::time::Instant::now();
    let error = open_error(&place).await;
    assert!(error.is_retryable(), "{error}");
    assert!(started.elapsed().as_secs() < 3);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

/// Tables and columns with the kind of their type.
#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (Place::sqlite().await, Place::postgres().await);
    let in_sqlite = "select m.name || '.' || c.name || ' ' || case lower(c.type) \
                       when 'bigint' then 'integer' else lower(c.type) end \
                     from sqlite_master m join pragma_table_info(m.name) c \
                     where m.type = 'table' and m.name not like 'sqlite%' order by 1";
    let in_postgres = "select table_name || '.' || column_name || ' ' || case \
                         when data_type in ('bigint', 'integer', 'smallint') then 'integer' \
                         when data_type in ('bytea', 'uuid') then 'blob' else data_type end \
                       from information_schema.columns \
                       where table_schema = 'public' and table_name !~ '^events_' \
                       order by (table_name || '.' || column_name) collate \"C\"";
    let mut columns: Vec<String> = ask(&sqlite, in_sqlite)
        .await
        .lines()
        .map(str::to_owned)
        .collect();
    columns.sort();
    let mut others: Vec<String> = ask(&postgres, in_postgres)
        .await
        .lines()
        .map(str::to_owned)
        .collect();
    others.sort();
    assert!(columns.len() > 100, "{columns:?}");
    assert_eq!(columns, others);
}

/// Every statement that stands in a file is one that its database understands: a shared one by both.
#[tokio::test]
async fn every_statement_prepares() {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let (sqlite, postgres) = (Place::sqlite().await, Place::postgres().await);
    let (StoreUrl::Sqlite(path), StoreUrl::Postgres(url)) =
        (&sqlite.settings.url, &postgres.settings.url)
    else {
        panic!("one of each");
    };
    let mut lite = sqlx::SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    let mut pg = sqlx::PgConnection::connect(url.expose()).await.unwrap();
    let mut prepared = 0;
    for (name, sql) in statements() {
        let text = || AssertSqlSafe(sql.clone());
        if !name.starts_with("postgres/") {
            lite.prepare(sqlx::SqlSafeStr::into_sql_str(text()))
                .await
                .unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        }
        if !name.starts_with("sqlite/") {
            pg.prepare(sqlx::SqlSafeStr::into_sql_str(text()))
                .await
                .unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error}"));
        }
        prepared += 1;
    }
    assert!(prepared > 40, "{prepared}");
}

/// The files of `sql`, put together where the program puts them together.
fn statements() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let mut statements = Vec::new();
    for folder in ["", "sqlite", "postgres"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let text = read(&path);
            let values = |columns: usize| {
                let places: Vec<String> = (1..=columns).map(|n| format!("${n}")).collect();
                format!("values ({})\n", places.join(", "))
            };
            let whole = match name.as_str() {
                "visits.upsert.sql" => {
                    format!(
                        "insert into visits (site, visitor, session, started_ms, last_ms) {}{text}",
                        values(5)
                    )
                }
                "sessions.upsert.sql" => format!(
                    "insert into sessions (session, started_ms, visitor, site, duration_ms, pageviews, events, entry_page, \
                     exit_page, referrer, campaign, client, place, channel, bot, interactions) {}{text}",
                    values(16)
                ),
                "postgres/visits_insert.sql" => {
                    format!("{text}{}", read(&root.join("visits.upsert.sql")))
                }
                "postgres/visits_answers.sql" => format!(
                    "with answers as (select site, visitor, session, started_ms, last_ms from visits)\n{text}"
                ),
                "postgres/sessions_insert.sql" => {
                    format!("{text}{}", read(&root.join("sessions.upsert.sql")))
                }
                "view.rows.sql" => {
                    format!("with found as materialized (select * from events {text}")
                }
                "verdict.clients.sql"
                | "view.clients.sql"
                | "view.kinds.sql"
                | "view.places.sql" => {
                    format!("{text} ($1)")
                }
                _ => text,
            };
            statements.push((name, whole));
        }
    }
    statements
}
